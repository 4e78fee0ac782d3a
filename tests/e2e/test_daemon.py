# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon on a real lab: what it logs, what Prometheus would scrape, and what must not disturb it."""
import os
import socket
import subprocess

from daemons import ETCD, PORT, Etcd, Manager, Patroni
from lab import LEASEWATCH, wait_until


def promtool(text):
    return subprocess.run(["promtool", "check", "metrics"], input=text, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=60)


def report(path):
    return subprocess.run([LEASEWATCH, "report", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=60)


def test_incident(quick_lab, daemon, healed, tmp_path):
    """Counted while healthy, reported while stalled, over when it is over."""
    healed(quick_lab)
    manager = Manager(str(tmp_path / "notify"))
    d = daemon(env=manager.env)
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
    wait_until("the status", lambda: [line for line in manager.lines() if line.startswith("STATUS=") and
                                      f"STALL of {quick_lab.scope}/patroni1: endpoint_silent at " in line], 10)
    page = d.scrape()
    checked = promtool(page)
    assert checked.returncode == 0 and not checked.stdout, checked.stdout
    quick_lab("heal")
    wait_until("its end", lambda: d.value("stalls_ended_total", cause="endpoint_silent", **ours) and
               d.value("stall_active", **ours) == 0, 60)
    assert [e["phase"] for e in d.events(event="stall", patroni__scope=quick_lab.scope)][-1] == "end"
    assert "pid" not in page and promtool(open(d.textfile).read()).returncode == 0

    totals = d.value("requests_total")
    assert d.stop() == 0 and not os.path.exists(d.textfile)
    # The log holds what was counted, although successful requests are not logged one by one.
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
    # Metrics that nobody keeps up to date are worse than none.
    d.configure(requests="each", textfile=d.textfile + "2")
    d.reload()
    wait_until("the other textfile", lambda: os.path.exists(d.textfile + "2"), 30)
    assert not os.path.exists(d.textfile)
    d.configure(requests="each", textfile="/nowhere/leasewatch.prom")
    d.reload()
    wait_until("the complaint", lambda: "cannot write the metrics to '/nowhere/leasewatch.prom'" in d.stderr(), 10)
    assert "keeping the old one" in d.stderr() and os.path.exists(d.textfile + "2")
    wait_until("requests one by one", lambda: os.path.exists(d.log) and d.events(event="request", outcome="ok"), 30)
    # An error in a new configuration changes nothing.
    d.configure(extra="colour = blue")
    d.reload()
    wait_until("the complaint", lambda: "unknown key 'colour' in section [log]" in d.stderr(), 10)
    n = len(d.events(event="request"))
    wait_until("more requests", lambda: len(d.events(event="request")) > n, 30)
    # A log that cannot be opened: counted, said once, over by itself.
    late = os.path.join(d.directory, "late")
    d.configure(requests="each", log=os.path.join(late, "log"))
    d.reload()
    wait_until("lost lines", lambda: d.value("log_lines_lost_total") > 1, 30)
    assert d.value("log_writable") == 0
    os.mkdir(late)
    wait_until("it to work", lambda: d.value("log_writable") == 1, 30)
    assert d.stderr().count("lines are being lost") == 1 and "works again" in d.stderr()
    lost = d.events(log=os.path.join(late, "log"), event="lost", reason="log")
    assert [e["count"] for e in lost] == [d.value("log_lines_lost_total")]
    assert d.stop() == 0


def knock(words, read=False):
    """A client that sends this and waits; None if it was refused."""
    guest = socket.create_connection(("127.0.0.1", PORT), timeout=5)
    guest.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
    guest.sendall(words)
    try:
        return guest.recv(65536) if read else guest
    except OSError:
        return None


def sockets(pid):
    found = 0
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            found += os.readlink(f"/proc/{pid}/fd/{fd}").startswith("socket:")
        except FileNotFoundError:
            pass
    return found


class Dripping:
    """Clients that send a byte now and then, and come back when they are sent away."""

    def __init__(self, count):
        self.guests = [None] * count
        self.returned = 0

    def drip(self):
        for i, guest in enumerate(self.guests):
            try:
                guest.send(b"G")
            except (AttributeError, OSError) as error:
                if isinstance(error, BlockingIOError):
                    continue
                if guest:
                    guest.close()
                    self.returned += 1
                self.guests[i] = guest = socket.socket(type=socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
                guest.connect_ex(("127.0.0.1", PORT))

    def end(self):
        for guest in self.guests:
            guest.close()


def test_slow_clients_block_nobody(daemon):
    d = daemon()
    d.ready()
    slow = Dripping(400)
    for _ in range(20):
        slow.drip()
        assert "leasewatch_build_info" in d.scrape()
        assert sockets(d.process.pid) < 160 + 3  # those that were let in, not all that came
    assert slow.returned > 400
    slow.end()
    wait_until("them to be gone", lambda: sockets(d.process.pid) <= 3, 30)
    assert d.stop() == 0


def test_clients_do_no_harm(daemon):
    """Slow ones, silent ones, garbage, and many: their time is short, and the watching goes on."""
    d = daemon()
    d.ready()
    with Etcd(ETCD, 2379), Patroni("guests", "m1", f"{ETCD}:2379") as patroni:
        wait_until("the process", lambda: d.events(event="process", patroni__scope="guests"), 30)
        counted = {"event": "requests", "patroni__scope": "guests", "etcd__rpc": "lease/keepalive"}
        patroni.run(1 << 30, 30)
        wait_until("its requests", lambda: d.events(**counted), 30)
        memory = d.value("resident_memory_bytes")
        guests = [knock([b"GET /metr", b"\x00\xff\x16\x03 garbage\r\n\r\n", b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
                         b"", b"GET /metrics HTTP/1.1\r\nContent-Length: 99999999\r\nHost: x\r\n\r\n" + b"x" * 5000][i % 5])
                  for i in range(40)]
        told = len(d.events(**counted))
        wait_until("the log to go on", lambda: len(d.events(**counted)) > told, 30)

        def scraped():
            try:
                return d.scrape()
            except OSError:
                return None
        assert "leasewatch_build_info" in wait_until("room for a scrape", scraped, 60)
        for guest in guests:
            guest.close()
        for words, status in ((b"POST /metrics HTTP/1.1\r\nHost: x\r\n\r\n", b"405"), (b"GET / HTTP/1.0\r\n\r\n", b"404"),
                              (b"HEAD /metrics HTTP/1.0\r\n\r\n", b"200")):
            answer = wait_until("an answer", lambda words=words: knock(words, read=True), 30)
            assert answer.split(b" ")[1] == status
        for _ in range(100):
            assert "leasewatch_build_info" in wait_until("a page", scraped, 30)
    # All descriptors would be too many: each Patroni that is watched, and there are others, has some.
    wait_until("connections", lambda: sockets(d.process.pid) <= 3, 60)
    assert d.value("resident_memory_bytes") < memory + (4 << 20)
    assert not d.events(event="lost")
    assert d.stop() == 0
