# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon under systemd: what it reports, and the rights that it keeps."""
import contextlib
import os
import re
import socket

import pytest

from daemons import NET, PORT, Manager
from lab import Lab, wait_until

# Bits of capability sets (linux/capability.h).
DAC_READ_SEARCH, SETGID, SETUID, SYS_PTRACE, SYS_ADMIN, PERFMON, BPF, CHECKPOINT_RESTORE = (
    1 << n for n in (2, 6, 7, 19, 21, 38, 39, 40))
IN_EFFECT = SYS_PTRACE | PERFMON | BPF | CHECKPOINT_RESTORE
# Permitted on top: what only the reader uses, which the loop may have to start again.
KEPT = IN_EFFECT | DAC_READ_SEARCH | SETGID | SETUID


@pytest.mark.parametrize("abstract", [False, True])
def test_manager_is_told(daemon, tmp_path, abstract):
    manager = Manager(f"@leasewatch-test-{os.getpid()}-{NET}" if abstract else str(tmp_path / "notify"))
    d = daemon(env={**manager.env, "WATCHDOG_USEC": "900000"})
    assert manager.wait("READY=1") == ["READY=1"]
    manager.wait("STATUS=")
    wait_until("the watchdog", lambda: manager.lines().count("WATCHDOG=1") >= 4, 30)
    manager.forget()
    d.reload()
    manager.wait("READY=1")
    assert manager.lines().index("RELOADING=1") < manager.lines().index("READY=1")
    assert re.fullmatch(r"MONOTONIC_USEC=\d+", manager.wait("MONOTONIC_USEC=")[0])
    manager.forget()
    assert d.stop() == 0
    manager.wait("STATUS=Stopping")
    assert manager.lines()[-2:] == ["STOPPING=1", "STATUS=Stopping"]


def answers(host):
    with contextlib.suppress(OSError), socket.create_connection((host, PORT), timeout=5):
        return True
    return False


def test_another_address_at_the_same_port(daemon):
    d = daemon()
    d.ready()
    assert not answers("127.0.0.2")
    for address, more in (("0.0.0.0", True), ("127.0.0.1", False)):
        d.configure(address=address)
        d.reload()
        wait_until(f"metrics at {address}", lambda more=more: answers("127.0.0.2") == more, 30)
        assert d.value("log_writable") == 1
    assert "cannot serve" not in d.stderr()
    # If the new one cannot be used, the old one stays.
    with socket.create_server(("127.0.0.3", PORT)):
        d.configure(address="0.0.0.0")
        d.reload()
        wait_until("the complaint", lambda: "keeping the old one" in d.stderr(), 30)
        assert d.value("log_writable") == 1
    assert d.stop() == 0


def test_watchdog_is_for_another(daemon, tmp_path):
    manager = Manager(str(tmp_path / "notify"))
    d = daemon(env={**manager.env, "WATCHDOG_USEC": "300000", "WATCHDOG_PID": "1"})
    d.ready()
    for _ in range(2):  # two turns of what is done once a second
        os.remove(d.textfile)
        d.ready()
    assert not [line for line in manager.lines() if line.startswith("WATCHDOG")]
    assert d.stop() == 0


def test_manager_is_told_why(daemon, tmp_path):
    manager = Manager(str(tmp_path / "notify"))
    d = daemon(env=manager.env, log=tmp_path / "none" / "log")
    assert "cannot write the log" in d.failed()
    assert manager.wait("ERRNO=") == ["ERRNO=2"] and manager.wait("STATUS=cannot write the log")
    assert "READY=1" not in manager.lines()


@pytest.fixture(scope="module")
def tls_lab():
    lab = Lab("rights", "--tls", "--ttl", "30", "--loop-wait", "3", "--retry-timeout", "10")
    yield lab
    lab.down()


def rights(pid):
    """Of every thread: CapPrm, CapEff, CapBnd, CapInh, CapAmb and NoNewPrivs, together."""
    found = []
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/status") as status:
            found.append(dict(re.findall(r"^(Cap\w+|NoNewPrivs):\s+(\w+)$", status.read(), re.MULTILINE)))
    return found


def test_rights(tls_lab, daemon, healed, tmp_path):
    """What it keeps is enough to follow a Patroni that is restarted, to the names it looks up and into its TLS."""
    healed(tls_lab)
    manager = Manager(str(tmp_path / "notify"))
    d = daemon(env=manager.env, requests="each", extra="max_size = 12288")
    manager.wait("READY=1")
    # A thread that was hooking while they went has its own, and ends.
    wait_until("one thread", lambda: len(os.listdir(f"/proc/{d.process.pid}/task")) == 1, 60)
    have, = rights(d.process.pid)
    for which in ("CapPrm", "CapEff", "CapBnd"):
        assert int(have[which], 16) & ~SYS_ADMIN == (IN_EFFECT if which == "CapEff" else KEPT), have
    if tuple(map(int, re.findall(r"\d+", os.uname().release)[:2])) >= (6, 10):
        assert not int(have["CapBnd"], 16) & SYS_ADMIN, have
    assert have["NoNewPrivs"] == "1" and int(have["CapAmb"], 16) == int(have["CapInh"], 16) == 0

    tls_lab.fault("dns-slow")
    pid = tls_lab.pid("patroni1")
    ours = {"process__pid": pid, "patroni__scope": tls_lab.scope}
    wait_until("the new process", lambda: d.events(event="process", phase="found", **ours), 60)
    wait_until("its lookups", lambda: d.events(event="dns", source="getaddrinfo", process__pid=pid), 60)
    wait_until("its renewals", lambda: d.events(event="request", etcd__rpc="lease/keepalive", outcome="ok", **ours), 60)
    assert "'max_size' in [log] no longer does anything" in d.stderr()
    os.rename(d.log, d.log + ".away")
    d.reload()
    wait_until("a new log", lambda: os.path.exists(d.log), 30)
    assert "cannot" not in d.stderr()
    assert d.stop() == 0
