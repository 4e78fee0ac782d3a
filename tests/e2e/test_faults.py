# SPDX-License-Identifier: GPL-2.0-or-later
"""Every fault of the lab: the right cause at the right endpoint, the first time; silence before and after."""
import time

import pytest

from lab import wait_until

# fault: (the first cause, whether it is at the endpoint that the fault names)
FAULTS = {
    "freeze": ("endpoint_silent", True),
    "blackhole": ("network_loss", True),
    "no-quorum": ("endpoint_silent", True),
    "freeze-all": ("endpoint_silent", False),
    "blackhole-all": ("network_loss", False),
    "kill-all": ("connect_refused", False),
    # A RST that answers the SYN is a refusal; one that ends a connection at work is a reset.
    "reset-all": ("connect_refused", False),
    "stop-patroni": ("not_attempted", False),
}


def renewals(t):
    return len(t.events(event="request", etcd__rpc="lease/keepalive", outcome="ok"))


@pytest.mark.parametrize("name", FAULTS)
def test_fault(quick_lab, trace, healed, name):
    cause, at_endpoint = FAULTS[name]
    healed(quick_lab)
    t = trace()
    t.only_pid = quick_lab.pid("patroni1")
    wait_until("two renewals", lambda: renewals(t) >= 2, 20)
    assert not t.events(event="stall")

    fault = quick_lab.fault(name)
    begin = t.wait_for(20, event="stall", phase="begin")
    assert begin["cause"] == cause
    if at_endpoint:
        assert begin["endpoint"] == fault["endpoint"]
    elif cause != "not_attempted":
        assert begin["endpoint"].startswith("etcd") and begin["endpoint"].endswith(".lab:2379")
    assert begin["lease.remaining_s"] > 0 and begin["hint"] and begin["headline"]

    quick_lab("heal")
    t.wait_for(40, event="stall", phase="end")
    # The first loops after a recovery come early; none of them may look late.
    after = renewals(t)
    wait_until("three renewals", lambda: renewals(t) >= after + 3, 30)
    ends = t.events(event="stall", phase="end")
    assert t.stop() == 2
    assert ends[-1]["ts"] >= t.events(event="stall")[-1]["ts"]
    assert len(ends) == 1


@pytest.mark.parametrize("name", ["kill", "reset"])
def test_one_member_gone_is_no_stall(quick_lab, trace, healed, name):
    """Patroni goes to the next etcd at once: its renewals go on there, and there is no alarm."""
    healed(quick_lab)
    t = trace()
    t.only_pid = quick_lab.pid("patroni1")
    wait_until("a renewal", lambda: renewals(t) >= 1, 20)
    fault = quick_lab.fault(name)
    before = renewals(t)
    wait_until("two renewals", lambda: renewals(t) >= before + 2, 30)
    last = t.events(event="request", etcd__rpc="lease/keepalive", outcome="ok")[-1]
    assert last["endpoint"] != fault["endpoint"]
    assert t.stop() == 0
    assert not t.events(event="stall")


def test_patroni_restarts(quick_lab, trace, healed):
    healed(quick_lab)
    t = trace()
    first = quick_lab.pid("patroni1")
    wait_until("a renewal", lambda: renewals(t) >= 1, 20)
    quick_lab.fault("freeze-all")
    t.wait_for(20, event="stall", phase="begin")
    quick_lab.fault("kill-patroni")
    assert t.wait_for(10, event="stall", phase="end")["result"] == "exited"
    t.wait_for(5, event="process", phase="exited", process__pid=first)
    quick_lab("heal")
    second = quick_lab.pid("patroni1")
    assert second != first
    t.wait_for(20, event="process", phase="found", process__pid=second)
    wait_until("renewals of the new process",
               lambda: t.events(event="request", etcd__rpc="lease/keepalive", outcome="ok",
                                process__pid=second), 30)
    time.sleep(0.2)
    t.stop()
    # Its very first request was seen, so it was picked up before it.
    calls = t.events(event="request", process__pid=second)
    assert calls and calls[0]["outcome"] != "unobserved"
    assert t.events(event="process", phase="found")[-1]["process.pid"] == second
