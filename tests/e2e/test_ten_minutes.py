# SPDX-License-Identifier: GPL-2.0-or-later
"""Ten minutes in which everything happens that happens to a healthy cluster: not one alarm."""
import os
import subprocess
import sys
import time

import pytest

from lab import LAB, Lab, wait_until

MINUTES = 10
LOG_BYTES = 20000  # Patroni's, rotated several times meanwhile


@pytest.fixture
def pair():
    """A leader and a replica: Patroni 3.0.2 renews a replica's lease at every second loop, here every 20 s."""
    lab = Lab("ten", "--patronis", "2", "--ttl", "40", "--loop-wait", "10", "--retry-timeout", "10",
              "--log-level", "DEBUG", "--log-bytes", str(LOG_BYTES))
    yield lab
    lab.down()


def patronictl(lab, *args):
    subprocess.run([LAB, "patronictl", "--name", lab.name, "--", *args], check=True, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, timeout=90)


def load(seconds):
    """Both cores busy, and a third that competes with them."""
    code = f"import time\nend = time.monotonic() + {seconds}\nwhile time.monotonic() < end: pass"
    busy = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(3)]
    for process in busy:
        process.wait()


def switchover(lab):
    leader = lab.status()["leader_key"]["member"]
    other = {"patroni1": "patroni2", "patroni2": "patroni1"}[leader]
    patronictl(lab, "switchover", "--force", "--master", leader, "--candidate", other)
    wait_until("the new leader", lambda: (lab.status()["leader_key"] or {}).get("member") == other, 60)


def test_ten_healthy_minutes(pair, trace):
    t = trace(pair)
    end = time.monotonic() + 60 * MINUTES
    wait_until("renewals of both", lambda: len({e["patroni.member"] for e in t.renewals()}) == 2, 60)
    scope = pair.scope
    patronictl(pair, "reload", "--force", scope)
    pair.fault("rolling-restart")
    pair.fault("move-leader")
    load(45)
    pair.fault("close-idle")
    patronictl(pair, "restart", "--force", scope, "patroni2")
    switchover(pair)
    pair.fault("rolling-restart")
    patronictl(pair, "pause", scope)
    time.sleep(25)  # what a paused cluster does by itself
    patronictl(pair, "resume", scope)
    switchover(pair)
    pair.fault("move-leader")
    # Until all of Patroni's own slow cycles have come round: its list of etcd's members, every 300 s.
    while time.monotonic() < end:
        time.sleep(1)
        assert t.process.poll() is None, t.stderr()
    rotated = f"/proc/{pair.pid('patroni1')}/root/run/leasewatch-lab/patroni1/patroni.log.1"
    assert os.path.exists(rotated)
    assert not t.events(event="stall"), t.events(event="stall")
    assert t.stop() == 0
    for member in ("patroni1", "patroni2"):
        assert len(t.renewals(patroni__member=member)) >= 60 * MINUTES / 20 - 5
    assert t.events(event="note", note="election")
    assert len(t.events(event="request", etcd__rpc="cluster/member/list", outcome="ok")) >= 2
