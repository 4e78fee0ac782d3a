# SPDX-License-Identifier: GPL-2.0-or-later
"""Every fault of the lab that stalls the lease: the right cause at the right endpoint with the right advice,
the first time; silence before and after."""
import dataclasses

import pytest

from lab import wait_until


@dataclasses.dataclass
class Expect:
    cause: str
    where: str = "member"  # "member": the fault's own; "etcd": any of the lab's; "none"
    hint: str = ""  # words of the hint
    headline: str = ""  # and of the headline
    evidence: dict = dataclasses.field(default_factory=dict)


CAUSES = {
    "freeze": Expect("endpoint_silent", hint="stopped, overloaded", headline="accepts connections"),
    "freeze-all": Expect("endpoint_silent", "etcd", "stopped, overloaded"),
    "sick-behind-one": Expect("endpoint_silent", hint="stopped, overloaded"),
    "very-slow": Expect("endpoint_silent", hint="overloaded"),
    "no-quorum": Expect("endpoint_silent", hint="cut off from the other members"),
    "blackhole": Expect("network_loss", hint="firewall"),
    "blackhole-all": Expect("network_loss", "etcd", "firewall"),
    "kill-all": Expect("connect_refused", "etcd", "start etcd", "refuses connections"),
    # A RST that answers the SYN is a refusal; one that ends a connection at work is a reset.
    "reset-all": Expect("connect_refused", "etcd", "start etcd"),
    "reset-answer-all": Expect("connection_reset", "etcd", "proxy", "reset the connection"),
    "cut-answer-all": Expect("connection_reset", "etcd", "proxy", "closed the connection"),
    # Patroni's write is refused with "requested lease not found", or its renewal answered without a TTL.
    "revoke": Expect("lease_lost", "etcd", "revoked", "no longer exists"),
    "revoke-unseen": Expect("lease_lost", "etcd", "revoked", "no longer exists"),
    "learner": Expect("endpoint_error", hint="learner", evidence={"http.response.status_code": 503}),
    "stop-patroni": Expect("not_attempted", "none", "kill -CONT", "stopped"),
    "hang-postgres": Expect("not_attempted", "none", "PostgreSQL", "PostgreSQL"),
    "dns-silent": Expect("dns", "etcd", "/etc/hosts", "127.0.", {"dns.outcome": "in_flight"}),
    # glibc asks the next nameserver after 5 s: the look-up succeeds, too late.
    "dns-first-silent": Expect("dns", "etcd", "/etc/hosts", "127.0.", {"dns.outcome": "in_flight"}),
    "dns-slow": Expect("dns", "etcd", "/etc/hosts", evidence={"dns.outcome": "in_flight"}),
    "dns-servfail": Expect("dns", "etcd", "/etc/hosts", "SERVFAIL", {"dns.outcome": "servfail"}),
    "dns-nxdomain": Expect("dns", "etcd", "does not exist", "no such name", {"dns.outcome": "nxdomain"}),
}


def stall_of(t, fault):
    """The first stall that began after the fault was begun."""
    begins = [e for e in t.events(event="stall", phase="begin") if e["ts_s"] >= fault["at"]]
    return begins[0] if begins else None


def check_words(stall, expect):
    assert stall["cause"] == expect.cause, stall
    assert expect.hint in stall["hint"], stall
    assert expect.headline in stall["headline"], stall
    for key, value in expect.evidence.items():
        assert stall["evidence"].get(key) == value, stall


@pytest.mark.parametrize("name", CAUSES)
def test_cause(quick_lab, trace, healed, name):
    expect = CAUSES[name]
    healed(quick_lab)
    t = trace(quick_lab)
    wait_until("two renewals", lambda: len(t.renewals()) >= 2, 20)
    assert not t.events(event="stall")

    fault = quick_lab.fault(name)
    begin = wait_until("the stall", lambda: stall_of(t, fault), 40)
    check_words(begin, expect)
    if expect.where == "member":
        assert begin["endpoint"] == fault["endpoint"]
    elif expect.where == "etcd":
        # By its address where nobody has said its name since leasewatch looks.
        assert begin["endpoint"] in [at for i in (1, 2, 3) for at in
                                     (quick_lab.endpoint(f"etcd{i}"), f"127.0.{quick_lab.net}.1{i}:2379")]
    else:
        assert "endpoint" not in begin
    if expect.cause != "lease_lost":
        assert begin["lease.remaining_s"] > 0

    quick_lab("heal")
    t.wait_for(40, event="stall", phase="end", stall_id=begin["stall_id"])
    # The first loops after a recovery come early; none of them may look late.
    healthy = len(t.renewals())
    stalls = len(t.events(event="stall", phase="begin"))
    wait_until("three renewals", lambda: len(t.renewals()) >= healthy + 3, 30)
    assert t.stop() == 2
    assert len(t.events(event="stall", phase="begin")) == stalls
    assert len(t.events(event="stall", phase="end")) == stalls


# fault: what is to be seen of it besides
COPED_WITH = {
    "kill": None,
    "reset": None,
    "slow": {"event": "endpoint", "state": "slow"},
    "reset-answer": {"event": "request", "outcome": "reset"},
    "cut-answer": {"event": "request", "outcome": "closed"},
    "two-behind-one": {"event": "note", "note": "several_members"},
    "dns-truncate": {"event": "dns", "network__transport": "tcp"},
    "move-leader": {"event": "note", "note": "election"},
}


@pytest.mark.parametrize("name", COPED_WITH)
def test_no_stall(quick_lab, trace, healed, name):
    """What Patroni copes with: its renewals go on, and there is no alarm."""
    healed(quick_lab)
    t = trace(quick_lab)
    wait_until("two renewals", lambda: len(t.renewals()) >= 2, 20)
    fault = quick_lab.fault(name)
    before = len(t.renewals())
    wait_until("four renewals", lambda: len(t.renewals()) >= before + 4, 40)
    if name in ("kill", "reset"):
        assert t.renewals()[-1]["endpoint"] != fault["endpoint"]
        t.wait_for(1, event="note", note="switch", endpoint=t.renewals()[-1]["endpoint"])
    seen = COPED_WITH[name]
    if seen:
        t.wait_for(15, **seen)
    assert t.stop() == 0
    assert not t.events(event="stall")


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
    quick_lab.fault("freeze-all")
    t.wait_for(20, event="stall", phase="begin")
    quick_lab.fault("kill-patroni")
    assert t.wait_for(10, event="stall", phase="end")["result"] == "exited"
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
