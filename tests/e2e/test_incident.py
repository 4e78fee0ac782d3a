# SPDX-License-Identifier: GPL-2.0-or-later
"""The incident: one member answers everything but renewals. Seen live, and seen by a late-comer."""
import time

from lab import seconds


def renewal_sent_at(stall):
    return seconds(stall["ts"]) - stall["in_flight_s"]


def test_incident_from_its_beginning(incident_lab, trace, healed):
    healed(incident_lab)
    t = trace()
    t.wait_for(15, event="request", etcd__rpc="lease/keepalive", outcome="ok")
    assert not t.events(event="stall")
    fault = incident_lab.fault("incident")

    begin = t.wait_for(30, event="stall", phase="begin")
    assert begin["cause"] == "endpoint_silent"
    assert begin["endpoint"] == fault["endpoint"]
    assert begin["lease.ttl_s"] == 70
    assert seconds(begin["ts"]) - renewal_sent_at(begin) < 1.2
    last_ok = [k for k in t.events(event="request", etcd__rpc="lease/keepalive", outcome="ok")
               if k["ts"] < begin["ts"]][-1]
    expiry = seconds(last_ok["ts"]) - last_ok["duration_s"] + 70
    assert abs(seconds(begin["ts"]) + begin["lease.remaining_s"] - expiry) < 0.01, last_ok

    named = t.wait_for(15, event="stall", phase="update", cause="endpoint_error")
    assert named["evidence"]["etcd.error.message"] == "etcdserver: request timed out"
    assert named["evidence"]["etcd.error.code"] == 14
    assert "DNS" in named["hint"] and "2380" in named["hint"]
    assert named["endpoint"] == fault["endpoint"]
    state = t.wait_for(5, event="endpoint", endpoint=fault["endpoint"], state="half_healthy")
    assert state["matrix"]["keepalive"] in ("hanging", "error")
    assert "ok" in (state["matrix"].get("read"), state["matrix"].get("write"))

    incident_lab("heal")
    end = t.wait_for(40, event="stall", phase="end")
    assert end["result"] == "recovered"
    at = len(t.events(event="stall"))
    time.sleep(12)
    assert len(t.events(event="stall")) == at
    assert t.stop() == 2
    assert len(t.events(event="stall", phase="begin")) == 1
    summary = t.events(event="summary")[0]
    assert summary["verdict"] == "stalled" and summary["stalls"] == 1


def test_attached_in_the_middle(incident_lab, trace, healed):
    healed(incident_lab)
    fault = incident_lab.fault("incident")
    time.sleep(8)  # the first renewal is well on its way
    t = trace()
    begin = t.wait_for(20, event="stall", phase="begin")
    assert begin["endpoint"] == fault["endpoint"]
    assert begin["cause"] in ("endpoint_silent", "endpoint_error")
    named = t.wait_for(15, event="stall", cause="endpoint_error")
    assert named["evidence"]["etcd.error.code"] == 14
    # On the connection that was open before us: nothing was connected meanwhile.
    assert not [c for c in t.events(event="connect", endpoint=fault["endpoint"]) if c["ts"] < begin["ts"]]
    incident_lab("heal")
    assert t.wait_for(40, event="stall", phase="end")["result"] == "recovered"
    assert t.stop() == 2
