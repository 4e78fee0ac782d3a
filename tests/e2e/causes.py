# SPDX-License-Identifier: GPL-2.0-or-later
"""What leasewatch must report for each fault, and how a test sees it: for labs in the clear, over TLS and with the v2 API."""
import dataclasses
import os

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
    # glibc asks the next nameserver after 5 s: the lookup succeeds, but too late.
    "dns-first-silent": Expect("dns", "etcd", "/etc/hosts", "127.0.", {"dns.outcome": "in_flight"}),
    "dns-slow": Expect("dns", "etcd", "/etc/hosts", evidence={"dns.outcome": "in_flight"}),
    "dns-servfail": Expect("dns", "etcd", "/etc/hosts", "SERVFAIL", {"dns.outcome": "servfail"}),
    "dns-nxdomain": Expect("dns", "etcd", "does not exist", "no such name", {"dns.outcome": "nxdomain"}),
}

# What Patroni copes with, and what else must be seen.
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


def rows(table, *chosen):
    """The rows to be tested: those chosen, as each takes half a minute; with LEASEWATCH_TEST_WHOLE=1 all."""
    return list(table) if os.environ.get("LEASEWATCH_TEST_WHOLE") else list(chosen)


def stall_of(t, fault):
    """The first report of the stall that began after the fault. A fault that restarts Patroni is there only
    once the new one asks: where that takes so long that renewals are missed before, the next report counts."""
    stalls = t.events(event="stall")
    ours = {e["stall_id"] for e in stalls if e["phase"] == "begin" and e["ts_s"] >= fault["at"]}
    told = [e for e in stalls if e["stall_id"] in ours and e["phase"] != "end"]
    while told and told[0]["cause"] == "not_attempted" and told[0]["ts_s"] < fault["effective_at"]:
        told.pop(0)
    return told[0] if told else None


def check_words(stall, expect):
    assert stall["cause"] == expect.cause, stall
    assert expect.hint in stall["hint"], stall
    assert expect.headline in stall["headline"], stall
    for key, value in expect.evidence.items():
        assert stall["evidence"].get(key) == value, stall


def check_where(lab, stall, expect, fault):
    if expect.where == "member":
        assert stall["endpoint"] == fault["endpoint"]
    elif expect.where == "etcd":
        # By its address where nobody has said its name since leasewatch looks.
        assert stall["endpoint"] in [at for i in (1, 2, 3) for at in
                                     (lab.endpoint(f"etcd{i}"), f"127.0.{lab.net}.1{i}:2379")]
    else:
        assert "endpoint" not in stall


def see_cause(lab, t, name, expect):
    """The fault, its stall and the recovery, seen by a trace that has just begun."""
    wait_until("two renewals", lambda: len(t.renewals()) >= 2, 20)
    assert not t.events(event="stall")

    fault = lab.fault(name)
    begin = wait_until("the stall", lambda: stall_of(t, fault), 40)
    check_words(begin, expect)
    check_where(lab, begin, expect, fault)
    if expect.cause != "lease_lost":
        assert begin["lease.remaining_s"] > 0

    lab("heal")
    t.wait_for(40, event="stall", phase="end", stall_id=begin["stall_id"])
    # The first loops after a recovery come early; none of them may look late.
    healthy = len(t.renewals())
    stalls = len(t.events(event="stall", phase="begin"))
    wait_until("three renewals", lambda: len(t.renewals()) >= healthy + 3, 30)
    assert t.stop() == 2
    assert len(t.events(event="stall", phase="begin")) == stalls
    assert len(t.events(event="stall", phase="end")) == stalls


def see_none(lab, t, name, seen):
    """The fault, and renewals that go on, seen by a trace that has just begun."""
    wait_until("two renewals", lambda: len(t.renewals()) >= 2, 20)
    fault = lab.fault(name)
    before = len(t.renewals())
    wait_until("four renewals", lambda: len(t.renewals()) >= before + 4, 40)
    if name in ("kill", "reset"):
        assert t.renewals()[-1]["endpoint"] != fault["endpoint"]
        t.wait_for(1, event="note", note="switch", endpoint=t.renewals()[-1]["endpoint"])
    if seen:
        t.wait_for(15, **seen)
    assert t.stop() == 0
    assert not t.events(event="stall")
