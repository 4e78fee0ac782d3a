# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab and leasewatch as the end-to-end tests drive them: as a user would, by their commands."""
import calendar
import json
import os
import signal
import subprocess
import time

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
LAB = os.path.join(ROOT, "tools", "lab", "lab")
LEASEWATCH = os.environ.get("LEASEWATCH", os.path.join(ROOT, "build", "leasewatch"))

# How many times slower an emulated guest (tests/vm) is than its host.
SLOW = float(os.environ.get("LEASEWATCH_TEST_SLOW", "1"))
# Healthy renewals are also slower there: for --stall-after, whose default is 1.
STALL_AFTER_S = SLOW
# Extra options for every trace, such as --hooks.
TRACE_OPTIONS = os.environ.get("LEASEWATCH_TEST_TRACE", "").split()


def wait_until(what, condition, timeout, step=0.05 * SLOW):
    """The condition's first true value; fails the test when there is none within timeout seconds."""
    end = time.monotonic() + timeout * SLOW
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(step)
    raise AssertionError(f"waited {timeout} s for {what}")


def worker():
    """The number of this process among those that run the tests side by side."""
    return int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])


class Lab:
    """A running lab; ends with the test process, whatever happens.

    Each has a scope and addresses of its own: leasewatch watches every Patroni of the host, also those of
    the labs of the other workers.
    """

    started = 0

    def __init__(self, name, *options):
        Lab.started += 1
        self.sick = False
        self.net = int(os.environ.get("LAB_NET", "0")) + 16 * worker() + Lab.started
        self.name = f"{name}-{os.getpid()}"
        # How Patroni renews its lease there.
        self.renewal = "v2/put leader" if "--v2" in options else "lease/keepalive"
        self.process = subprocess.Popen(
            [LAB, "up", "--with-parent", "--name", self.name, "--net", str(self.net),
             "--ready-timeout", str(100 * SLOW), *options],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        lines = []
        for line in self.process.stdout:
            lines.append(line)
            if line.strip() == f"ready {self.name}":
                return
        raise AssertionError("the lab did not come up:\n" + "".join(lines))

    def __call__(self, command, *args):
        done = subprocess.run([LAB, command, "--name", self.name, *args], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=180 * SLOW)
        self.sick = self.sick or command == "fault"
        assert done.returncode == 0, f"lab {command} {args}: {done.stdout}"
        self.sick = self.sick and command != "heal"
        return done.stdout

    def fault(self, name, *args):
        return json.loads(self("fault", name, "--json", *args))

    def status(self):
        return json.loads(self("status", "--json"))

    def pid(self, name):
        return int(self("pid", name))

    @property
    def scope(self):
        return f"demo{self.net}"

    def endpoint(self, member):
        return f"{member}.lab{self.net}:2379"

    def is_ours(self, event):
        """Is this about this lab, as far as known?"""
        scope, endpoint = event.get("patroni.scope"), event.get("endpoint")
        if scope is not None:
            return scope == self.scope
        return endpoint is None or f".lab{self.net}:" in endpoint

    def down(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30 * SLOW)


class Trace:
    """leasewatch trace -j, its lines read as they come: those about one lab, or all (lab None)."""

    def __init__(self, directory, lab, *options):
        self.lab = lab
        self.path = os.path.join(directory, "trace.json")
        self.errors = os.path.join(directory, "trace.err")
        with open(self.path, "w") as out, open(self.errors, "w") as err:
            self.process = subprocess.Popen([LEASEWATCH, "trace", "-j", "--stall-after", str(STALL_AFTER_S),
                                             *TRACE_OPTIONS, *options], stdout=out, stderr=err)

    def all_events(self):
        with open(self.path) as log:
            lines = log.read().split("\n")[:-1]
        events = [json.loads(line) for line in lines]
        for e in events:
            e["ts_s"] = seconds(e["ts"])
        return events

    def events(self, **fields):
        """The events so far whose fields have these values (`__` for a dot)."""
        wanted = {key.replace("__", "."): value for key, value in fields.items()}
        return [e for e in self.all_events() if (not self.lab or self.lab.is_ours(e)) and
                all(e.get(k) == v for k, v in wanted.items())]

    def renewals(self, **fields):
        rpc = self.lab.renewal if self.lab else "lease/keepalive"
        return self.events(event="request", etcd__rpc=rpc, outcome="ok", **fields)

    def wait_for(self, timeout, **fields):
        def found():
            assert self.process.poll() is None or self.events(**fields), self.stderr()
            return self.events(**fields)
        return wait_until(f"{fields} in {self.path}", found, timeout)[0]

    def stderr(self):
        with open(self.errors) as err:
            return err.read()

    def stop(self):
        """End it as Ctrl-C does; the exit status, had it watched this lab alone."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        status = self.process.wait(20 * SLOW)
        assert not [e for e in self.all_events() if e["event"] == "lost"]
        if status == 2:
            assert [e for e in self.all_events() if e["event"] == "stall"]
            return 2 if self.events(event="stall") else 0
        return status


def seconds(ts):
    """An RFC 3339 time stamp of ours as seconds since 1970."""
    whole, _, fraction = ts.rstrip("Z").partition(".")
    return calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) + float("0." + fraction)
