# SPDX-License-Identifier: GPL-2.0-or-later
"""The incident: one member answers everything but renewals. Seen live, and seen by a late-comer."""
import time

from lab import SLOW, STALL_AFTER_S, seconds, wait_until


def renewal_sent_at(stall):
    return seconds(stall["ts"]) - stall["in_flight_s"]


def stall_of(t, fault):
    """The stall that the fault made. Bringing it about moves etcd's leader, which may hold up one renewal
    for more than a second: that is a stall of its own, over before the fault is effective."""
    over = {e["stall_id"] for e in t.events(event="stall", phase="end")
            if seconds(e["ts"]) < fault["effective_at"]}
    begins = [e for e in t.events(event="stall", phase="begin") if e["stall_id"] not in over]
    return begins[0] if begins else None


def see_incident(lab, t):
    """The incident and the recovery, seen by a trace that has just begun; how the stall began."""
    t.wait_for(15, event="request", etcd__rpc="lease/keepalive", outcome="ok")
    assert not t.events(event="stall")
    fault = lab.fault("incident")

    begin = wait_until("the stall", lambda: stall_of(t, fault), 30)
    assert begin["cause"] == "endpoint_silent"
    assert begin["endpoint"] == fault["endpoint"]
    assert begin["lease.ttl_s"] == 70
    assert seconds(begin["ts"]) - renewal_sent_at(begin) < STALL_AFTER_S + 0.2 * SLOW
    last_ok = [k for k in t.events(event="request", etcd__rpc="lease/keepalive", outcome="ok")
               if k["ts"] < begin["ts"]][-1]
    expiry = seconds(last_ok["ts"]) - last_ok["duration_s"] + 70
    assert abs(seconds(begin["ts"]) + begin["lease.remaining_s"] - expiry) < 0.01, last_ok

    named = t.wait_for(15, event="stall", phase="update", cause="endpoint_error",
                       stall_id=begin["stall_id"])
    assert named["evidence"]["etcd.error.message"] == "etcdserver: request timed out"
    assert named["evidence"]["etcd.error.code"] == 14
    assert "DNS" in named["hint"] and "2380" in named["hint"]
    assert named["endpoint"] == fault["endpoint"]
    state = t.wait_for(5, event="endpoint", endpoint=fault["endpoint"], state="half_healthy")
    assert state["matrix"]["keepalive"] in ("hanging", "error")
    # Others pass, in whatever time.
    assert {state["matrix"].get("read"), state["matrix"].get("write")} & {"ok", "slow"}

    lab("heal")
    end = t.wait_for(40, event="stall", phase="end", stall_id=begin["stall_id"])
    assert end["result"] == "recovered"
    return begin


def test_incident_from_its_beginning(incident_lab, trace, healed):
    healed(incident_lab)
    t = trace(incident_lab)
    begin = see_incident(incident_lab, t)
    at = len(t.events(event="stall"))
    time.sleep(12)
    assert len(t.events(event="stall")) == at
    assert t.stop() == 2
    assert t.events(event="stall", phase="begin")[-1] == begin
    assert t.events(event="summary")[0]["verdict"] == "stalled"


def test_attached_in_the_middle(incident_lab, trace, healed):
    healed(incident_lab)
    fault = incident_lab.fault("incident")
    time.sleep(8)  # the first renewal is well on its way
    t = trace(incident_lab)
    begin = t.wait_for(20, event="stall", phase="begin")
    assert begin["endpoint"] == fault["endpoint"]
    assert begin["cause"] in ("endpoint_silent", "endpoint_error")
    named = t.wait_for(15, event="stall", cause="endpoint_error")
    assert named["evidence"]["etcd.error.code"] == 14
    # On the connection that was open before us: nothing was connected meanwhile.
    assert not [c for c in t.events(event="connect", endpoint=fault["endpoint"]) if c["ts"] < begin["ts"]]
    incident_lab("heal")
    assert t.wait_for(40, event="stall", phase="end", stall_id=begin["stall_id"])["result"] == "recovered"
    assert t.stop() == 2
