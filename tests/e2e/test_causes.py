# SPDX-License-Identifier: GPL-2.0-or-later
"""Every fault of the lab that stalls the lease: the right cause at the right endpoint with the right advice,
the first time; silence before and after."""
import pytest

from causes import CAUSES, COPED_WITH, see_cause, see_none, stall_of
from lab import wait_until


@pytest.mark.parametrize("name", CAUSES)
def test_cause(quick_lab, trace, healed, name):
    healed(quick_lab)
    see_cause(quick_lab, trace(quick_lab), name, CAUSES[name])


@pytest.mark.parametrize("name", COPED_WITH)
def test_no_stall(quick_lab, trace, healed, name):
    """What Patroni copes with: its renewals go on, and there is no alarm."""
    healed(quick_lab)
    see_none(quick_lab, trace(quick_lab), name, COPED_WITH[name])


def test_full_etcd_is_half_healthy(quick_lab, trace, healed):
    """NOSPACE: renewals pass and writes do not. No stall; the endpoint says what is the matter."""
    healed(quick_lab)
    t = trace(quick_lab)
    t.wait_for(20, event="request", etcd__rpc="lease/keepalive", outcome="ok")
    quick_lab.fault("nospace")
    state = t.wait_for(60, event="endpoint", state="half_healthy")
    assert (state["matrix"]["write"], state["matrix"]["keepalive"]) == ("error", "ok")
    assert "NOSPACE" in state["sentence"]
    refused = t.wait_for(1, event="request", outcome="error", endpoint=state["endpoint"])
    assert refused["etcd.error.code"] == 8
    assert t.stop() == 0
    assert not t.events(event="stall")


def test_starved_patroni_is_a_delay_of_this_host(quick_lab, trace, healed):
    """Patroni gets next to no CPU: never the endpoint's fault."""
    healed(quick_lab)
    t = trace(quick_lab)
    wait_until("two renewals", lambda: len(t.renewals()) >= 2, 20)
    quick_lab.fault("starve-patroni")
    t.wait_for(90, event="stall", phase="begin")
    causes = {e["cause"] for e in t.events(event="stall")}
    assert causes <= {"local_delay", "not_attempted"}
    quick_lab("heal")
    t.wait_for(40, event="stall", phase="end")
    assert t.stop() == 2
    # An answer that came while Patroni did not run says how long it lay there.
    assert max(e["unread_s"] for e in t.events(event="request") if "unread_s" in e) > 0.3


def test_patroni_restarts(quick_lab, trace, healed):
    healed(quick_lab)
    t = trace(quick_lab)
    first = quick_lab.pid("patroni1")
    wait_until("a renewal", t.renewals, 20)
    fault = quick_lab.fault("freeze-all")
    begin = wait_until("the stall", lambda: stall_of(t, fault), 20)
    quick_lab.fault("kill-patroni")
    assert t.wait_for(10, event="stall", phase="end", stall_id=begin["stall_id"])["result"] == "exited"
    t.wait_for(5, event="process", phase="exited", process__pid=first)
    quick_lab("heal")
    second = quick_lab.pid("patroni1")
    assert second != first
    t.wait_for(20, event="process", phase="found", process__pid=second)
    wait_until("renewals of the new process", lambda: t.renewals(process__pid=second), 30)
    t.stop()
    # Its very first request was seen, so it was picked up before it.
    calls = t.events(event="request", process__pid=second)
    assert calls and calls[0]["outcome"] != "unobserved"
    assert t.events(event="process", phase="found")[-1]["process.pid"] == second
