# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon on a real lab: what it logs, what Prometheus would scrape, and what must not disturb it."""
import json
import os
import re
import signal
import socket
import subprocess
import urllib.request

import pytest

from lab import LEASEWATCH, wait_until, worker

PORT = 29780 + worker()


class Daemon:
    def __init__(self, directory, **options):
        self.directory = directory
        self.log = os.path.join(directory, "leasewatch.log")
        self.textfile = os.path.join(directory, "leasewatch.prom")
        self.conf = os.path.join(directory, "leasewatch.conf")
        self.errors = os.path.join(directory, "stderr")
        self.configure(**options)
        with open(self.errors, "w") as err:
            self.process = subprocess.Popen([LEASEWATCH, "daemon", "-c", self.conf], stderr=err,
                                            stdout=subprocess.DEVNULL)

    def configure(self, requests="summary", log=None, port=PORT, extra=""):
        with open(self.conf, "w") as conf:
            conf.write(f"[log]\nfile = {log or self.log}\nrequests = {requests}\ninterval = 1\n{extra}\n"
                       f"[metrics]\nlisten = 127.0.0.1:{port}\ntextfile = {self.textfile}\ntextfile_interval = 1\n")

    def events(self, log=None, **fields):
        wanted = {key.replace("__", "."): value for key, value in fields.items()}
        with open(log or self.log) as lines:
            events = [json.loads(line) for line in lines.read().split("\n")[:-1]]
        return [e for e in events if all(e.get(k) == v for k, v in wanted.items())]

    def stderr(self):
        with open(self.errors) as err:
            return err.read()

    def scrape(self, port=PORT):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as page:
            return page.read().decode()

    def value(self, name, **labels):
        """The sum of the samples of this name that have these labels."""
        total = None
        for line in self.scrape().split("\n"):
            found = re.fullmatch(r"leasewatch_([a-z_]+)(?:{(.*)})? (\S+)", line)
            if not found or found[1] != name:
                continue
            have = dict(re.findall(r'([a-z_]+)="([^"]*)"', found[2] or ""))
            if all(have.get(k) == v for k, v in labels.items()):
                total = (total or 0) + float(found[3])
        return total

    def ready(self):
        def up():
            assert self.process.poll() is None, self.stderr()
            return os.path.exists(self.textfile)
        wait_until("the daemon", up, 30)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)


@pytest.fixture
def daemon(tmp_path):
    started = []

    def start(**options):
        directory = tmp_path / str(len(started))
        directory.mkdir()
        started.append(Daemon(str(directory), **options))
        return started[-1]

    yield start
    for d in started:
        if d.process.poll() is None:
            d.process.kill()
            d.process.wait()


def promtool(text):
    return subprocess.run(["promtool", "check", "metrics"], input=text, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=60)


def report(path):
    return subprocess.run([LEASEWATCH, "report", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=60)


def test_incident(quick_lab, daemon, healed):
    """Counted while healthy, told and shown while stalled, over when it is over."""
    healed(quick_lab)
    d = daemon()
    d.ready()
    ours = {"scope": quick_lab.scope}
    wait_until("a renewal", lambda: d.value("lease_refreshes_total", outcome="ok", **ours), 30)
    wait_until("its line", lambda: d.events(event="requests", etcd__rpc="lease/keepalive"), 30)
    assert not d.events(event="request", outcome="ok", etcd__rpc="lease/keepalive", patroni__scope=quick_lab.scope)
    assert 0 < d.value("lease_remaining_seconds", **ours) <= 30
    assert d.value("stall_active", **ours) == 0

    fault = quick_lab.fault("freeze")
    wait_until("the stall", lambda: d.value("stall_active", cause="endpoint_silent", **ours) == 1, 60)
    assert d.value("requests_in_flight", endpoint=quick_lab.endpoint(fault["member"])) >= 1
    page = d.scrape()
    checked = promtool(page)
    assert checked.returncode == 0 and not checked.stdout, checked.stdout
    quick_lab("heal")
    wait_until("its end", lambda: d.value("stalls_ended_total", cause="endpoint_silent", **ours) and
               d.value("stall_active", **ours) == 0, 60)
    assert [e["phase"] for e in d.events(event="stall", patroni__scope=quick_lab.scope)][-1] == "end"
    assert "pid" not in page and promtool(open(d.textfile).read()).returncode == 0

    totals = d.value("requests_total")
    assert d.stop() == 0
    # What the log holds is what was counted, though healthy requests were not told one by one.
    told = sum(e.get("count", 1) for e in d.events() if e["event"] in ("request", "requests"))
    summary = d.events(event="summary")[0]
    assert told >= totals > 0
    assert summary["stalls"] >= 1
    done = report(d.log)
    assert done.returncode == 2, done.stderr


def test_reload(quick_lab, daemon):
    d = daemon()
    d.ready()
    wait_until("requests", lambda: d.events(event="requests"), 30)
    os.rename(d.log, d.log + ".old")
    d.configure(requests="each")
    d.process.send_signal(signal.SIGHUP)
    wait_until("requests one by one", lambda: os.path.exists(d.log) and d.events(event="request", outcome="ok"), 30)
    # What is wrong in a new configuration changes nothing.
    d.configure(extra="colour = blue")
    d.process.send_signal(signal.SIGHUP)
    wait_until("the complaint", lambda: "there is no key 'colour' in section [log]" in d.stderr(), 10)
    n = len(d.events(event="request"))
    wait_until("more requests", lambda: len(d.events(event="request")) > n, 30)
    # A log that cannot be opened: counted, said once, over by itself.
    late = os.path.join(d.directory, "late")
    d.configure(requests="each", log=os.path.join(late, "log"))
    d.process.send_signal(signal.SIGHUP)
    wait_until("lost lines", lambda: d.value("log_lines_lost_total") > 1, 30)
    assert d.value("log_writable") == 0
    os.mkdir(late)
    wait_until("it to work", lambda: d.value("log_writable") == 1, 30)
    assert d.stderr().count("lines are being lost") == 1 and "works again" in d.stderr()
    lost = d.events(log=os.path.join(late, "log"), event="lost", reason="log")
    assert [e["count"] for e in lost] == [d.value("log_lines_lost_total")]
    assert d.stop() == 0


def test_clients_do_no_harm(quick_lab, daemon):
    d = daemon()
    d.ready()
    guests = []
    for i in range(40):
        guest = socket.create_connection(("127.0.0.1", PORT))
        guest.sendall([b"GET /metr", b"\x00\xff\x16\x03 garbage\r\n\r\n", b""][i % 3])
        guests.append(guest)
    # They hold all the room that there is; their time is short, and the watching goes on.
    before = d.events(event="requests")
    wait_until("the log to go on", lambda: len(d.events(event="requests")) > len(before), 30)

    def scraped():
        try:
            return d.scrape()
        except OSError:
            return None
    assert "leasewatch_build_info" in wait_until("room for a scrape", scraped, 60)
    for guest in guests:
        guest.close()
    assert not d.events(event="lost")
    assert d.stop() == 0


def test_second_daemon(daemon, tmp_path):
    first = daemon()
    first.ready()
    second = daemon()
    assert second.process.wait(20) == 1
    assert f"cannot serve metrics at 127.0.0.1 port {PORT}: Address already in use" in second.stderr()
    third = daemon(port=PORT + 100, log=first.log)
    assert third.process.wait(20) == 1
    assert "another daemon writes to it" in third.stderr()
    assert first.stop() == 0


@pytest.mark.parametrize("text, words", [
    ("[log]\nfile = stdout\ncolour = blue\n", "line 3: there is no key 'colour' in section [log]"),
    ("[watch]\nstall_after = soon\n", "line 2: stall_after = soon: must be a number of seconds"),
    ("[metrics]\nlisten = localhost:1\n", "line 2: listen = localhost:1: must be a numeric address"),
    ("\nhello\n", "line 2: neither [section] nor key = value"),
])
def test_bad_configuration(tmp_path, text, words):
    conf = tmp_path / "conf"
    conf.write_text(text)
    for args in ([], ["--check-config"]):
        done = subprocess.run([LEASEWATCH, "daemon", "-c", conf, *args], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=30)
        assert done.returncode == 1 and words in done.stderr and not done.stdout


def test_killed_in_a_line(daemon):
    """What was cut by kill -9 stays one bad line; the next daemon's log begins on a line of its own."""
    d = daemon()
    d.ready()
    d.process.kill()
    d.process.wait()
    with open(d.log, "a") as log:
        log.write('{"ts":"2026-01-02T03:04:05.123456Z","ev')
    with open(d.errors, "w") as err:
        d.process = subprocess.Popen([LEASEWATCH, "daemon", "-c", d.conf], stderr=err)
    os.remove(d.textfile)
    d.ready()
    assert d.stop() == 0
    lines = open(d.log).read().split("\n")
    assert lines[-1] == ""
    bad = 0
    for line in lines[:-1]:
        try:
            json.loads(line)
        except ValueError:
            bad += 1
    assert bad == 1
