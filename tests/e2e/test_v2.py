# SPDX-License-Identifier: GPL-2.0-or-later
"""Patroni uses etcd's v2 API, where the leader key itself is the lease: the same findings as with v3."""
import pytest

from causes import CAUSES, COPED_WITH, rows, see_cause, see_none
from lab import wait_until

# There are no leases to revoke: a Patroni that finds the leader key gone takes it again. A learner passes writes on.
V2_CAUSES = {name: CAUSES[name] for name in CAUSES if name not in ("revoke", "revoke-unseen", "learner")}
# The answers do not say which member gave them.
V2_COPED_WITH = {name: COPED_WITH[name] for name in COPED_WITH if name != "two-behind-one"}


@pytest.mark.parametrize("name", rows(
    V2_CAUSES, "freeze", "no-quorum", "blackhole", "cut-answer-all", "hang-postgres"))
def test_cause_with_v2(v2_lab, trace, healed, name):
    healed(v2_lab)
    see_cause(v2_lab, trace(v2_lab), name, V2_CAUSES[name])


@pytest.mark.parametrize("name", rows(V2_COPED_WITH, "move-leader"))
def test_no_stall_with_v2(v2_lab, trace, healed, name):
    healed(v2_lab)
    see_none(v2_lab, trace(v2_lab), name, V2_COPED_WITH[name])


def test_healthy_with_v2(v2_lab, trace):
    """A starting replica asks for the list of etcds, and then waits indefinitely for the leader key to go."""
    t = trace(v2_lab)
    wait_until("a renewal", t.renewals, 20)
    leader = v2_lab.status()["leader_key"]["member"]
    replica = {"patroni1": "patroni2", "patroni2": "patroni1"}[leader]
    v2_lab.fault("restart-patroni", "--patroni", replica)
    pid = v2_lab.pid(replica)
    t.wait_for(20, event="request", etcd__rpc="v2/machines", outcome="ok", process__pid=pid)
    wait_until("three watches", lambda: len(t.events(etcd__rpc="v2/watch", process__pid=pid)) >= 3, 40)
    assert t.stop() == 0
    assert not t.events(event="stall")
    watches = t.events(event="request", etcd__rpc="v2/watch", process__pid=pid)
    assert {e["outcome"] for e in watches} == {"ok"} and max(e["duration_s"] for e in watches) > 2
    assert {e["patroni.member"] for e in t.renewals()} == {leader}
    renewal = t.renewals()[-1]
    assert renewal["lease.ttl_s"] == 30 and renewal["patroni.role"] == "leader" and "lease.id" not in renewal
