# SPDX-License-Identifier: GPL-2.0-or-later
"""Patroni uses etcd's v2 API, where the leader key itself is the lease: the same findings as with the v3 API."""
import pytest

from causes import CAUSES, COPED_WITH, rows, see_cause, see_none
from lab import Lab

# There are no leases to revoke: a Patroni that finds the leader key gone takes it again. A learner passes writes on.
V2_CAUSES = {name: CAUSES[name] for name in CAUSES if name not in ("revoke", "revoke-unseen", "learner")}
# The answers do not say which member gave them.
V2_COPED_WITH = {name: COPED_WITH[name] for name in COPED_WITH if name != "two-behind-one"}


@pytest.fixture(scope="module")
def v2_lab():
    lab = Lab("v2", "--v2", "--ttl", "30", "--loop-wait", "3", "--retry-timeout", "10")
    yield lab
    lab.down()


@pytest.mark.parametrize("name", rows(V2_CAUSES, "freeze"))
def test_cause_with_v2(v2_lab, trace, healed, name):
    healed(v2_lab)
    see_cause(v2_lab, trace(v2_lab), name, V2_CAUSES[name])


@pytest.mark.parametrize("name", rows(V2_COPED_WITH, "slow"))
def test_no_stall_with_v2(v2_lab, trace, healed, name):
    healed(v2_lab)
    see_none(v2_lab, trace(v2_lab), name, V2_COPED_WITH[name])
