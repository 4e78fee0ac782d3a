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


def wait_until(what, condition, timeout, step=0.05):
    """The condition's first true value; fails the test when there is none within timeout seconds."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(step)
    raise AssertionError(f"waited {timeout} s for {what}")


class Lab:
    """A running lab; ends with the test process, whatever happens."""

    def __init__(self, name, *options):
        self.name = name
        self.process = subprocess.Popen(
            [LAB, "up", "--with-parent", "--name", name, *options], stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True)
        lines = []
        for line in self.process.stdout:
            lines.append(line)
            if line.strip() == f"ready {name}":
                return
        raise AssertionError("the lab did not come up:\n" + "".join(lines))

    def __call__(self, command, *args):
        done = subprocess.run([LAB, command, "--name", self.name, *args], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=120)
        assert done.returncode == 0, f"lab {command} {args}: {done.stdout}"
        return done.stdout

    def fault(self, name, *args):
        return json.loads(self("fault", name, "--json", *args))

    def status(self):
        return json.loads(self("status", "--json"))

    def pid(self, name):
        return int(self("pid", name))

    def down(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)


class Trace:
    """leasewatch trace -j, its lines read as they come."""

    def __init__(self, directory, *options):
        self.only_pid = None  # the events of another lab's Patroni are nobody's business
        self.path = os.path.join(directory, "trace.json")
        self.errors = os.path.join(directory, "trace.err")
        with open(self.path, "w") as out, open(self.errors, "w") as err:
            self.process = subprocess.Popen([LEASEWATCH, "trace", "-j", *options], stdout=out, stderr=err)

    def events(self, **fields):
        """The events so far whose fields have these values (`__` for a dot)."""
        with open(self.path) as log:
            lines = log.read().split("\n")[:-1]
        events = [json.loads(line) for line in lines]
        wanted = {key.replace("__", "."): value for key, value in fields.items()}
        if self.only_pid:
            events = [e for e in events if e.get("process.pid") in (None, self.only_pid)]
        return [e for e in events if all(e.get(k) == v for k, v in wanted.items())]

    def wait_for(self, timeout, **fields):
        def found():
            assert self.process.poll() is None or self.events(**fields), self.stderr()
            return self.events(**fields)
        return wait_until(f"{fields} in {self.path}", found, timeout)[0]

    def stderr(self):
        with open(self.errors) as err:
            return err.read()

    def stop(self):
        """End it as Ctrl-C does; the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(20)


def seconds(ts):
    """An RFC 3339 time stamp of ours as seconds since 1970."""
    whole, _, fraction = ts.rstrip("Z").partition(".")
    return calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) + float("0." + fraction)
