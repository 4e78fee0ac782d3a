# SPDX-License-Identifier: GPL-2.0-or-later
"""Faults of etcd itself: sick, dead, no quorum, full, a learner, a revoked lease."""
import os
import shutil
import signal
import time

import etcdapi
import firewall
import layout
import procs
import sockets
from etcdapi import Etcd, EtcdError
from layout import LEARNER, PEER_PORT, LabError
from registry import fault, who

TITLE = "The etcds"
# Go's src/net/hosts.go, cacheMaxAge: its resolver re-reads /etc/hosts after this many seconds.
GO_HOSTS_CACHE_S = 5.0
# How long Patroni is stopped before and after the moment of its renewal.
WAKE_S = 0.2


@fault("incident", "member")
def incident(target):
    """One etcd cannot resolve its peers: only lease renewals through it fail, after 7 s."""
    options, member = target.options, target.member
    if options.v2:
        raise LabError("the incident is of lease keepalives, and the v2 API has none: see freeze")
    if options.etcds < 3:
        raise LabError("the incident needs three etcds")
    others = target.others
    make_follower(options, member)
    layout.write_in_place(layout.hosts_file(member), layout.hosts_text(options, without=others))
    # Nothing shows when etcd has read the file again, but it cannot take longer than this.
    time.sleep(GO_HOSTS_CACHE_S + 0.2)
    witness = Etcd(options, others[0])
    lease = witness.grant(60)
    try:
        procs.wait_until(
            lambda: keepalives_fail(options, member, lease),
            20,
            f"{member} still forwards keepalives to the leader",
            step=0.2,
        )
    finally:
        witness.revoke(lease)
    leader = etcdapi.find_leader(options)
    return f"{who(member)} cannot resolve its peers; {leader} leads"


def make_follower(options, member):
    """Only a follower shows the fault."""
    if etcdapi.find_leader(options) == member:
        other = next(name for name in options.etcd_names() if name != member)
        etcdapi.move_leader(options, member, other)
    procs.wait_until(
        lambda: etcdapi.find_leader(options) not in (None, member),
        10,
        f"the leadership cannot be moved away from {member}",
    )


def keepalives_fail(options, member, lease):
    """Cuts the member's open connections to its peers, and tries to renew a lease of the lab's own."""
    sockets.cut(sockets.of_process(procs.pid(member), PEER_PORT))
    api = Etcd(options, member)
    try:
        api.keepalive(lease, timeout=2.0)
        return False
    except EtcdError:
        pass
    try:
        api.range("health")
    except EtcdError:
        return False
    return True


@fault("freeze", "member")
def freeze(target):
    """One etcd is stopped (SIGSTOP): its kernel accepts connections, it never answers."""
    procs.stop(target.member)
    return f"{who(target.member)} is stopped"


@fault("freeze-all", None)
def freeze_all(target):
    """Every etcd is stopped (SIGSTOP)."""
    for name in target.options.etcd_names():
        if procs.state(name) == "running":
            procs.stop(name)
    return f"{', '.join(target.options.etcd_names())} are stopped"


def kill_running(names):
    for name in names:
        if procs.state(name) != "dead":
            procs.kill(name)


@fault("kill", "member")
def kill(target):
    """One etcd is killed (SIGKILL): connections are reset, then refused."""
    procs.kill(target.member)
    return f"{who(target.member)} is killed"


@fault("kill-all", None)
def kill_all(target):
    """Every etcd is killed (SIGKILL): connections are reset, then refused."""
    kill_running(target.options.etcd_names())
    return f"{', '.join(target.options.etcd_names())} are killed"


@fault("no-quorum", "member")
def no_quorum(target):
    """All etcds but one are killed: the survivor has no quorum and no leader."""
    if target.options.etcds < 2:
        raise LabError("a single etcd is its own quorum")
    kill_running(target.others)
    survivor = Etcd(target.options, target.member)

    def leaderless():
        try:
            return survivor.status()[1] is None
        except EtcdError:
            return False

    procs.wait_until(leaderless, 10, f"{target.member} still believes in a leader")
    return f"{', '.join(target.others)} are killed, {who(target.member)} is alone"


@fault("revoke", "patroni", lasting=False)
def revoke(target):
    """Patroni's lease is revoked: a write is refused, and Patroni gets another lease."""
    if target.options.v2:
        # In the v2 API the leader key itself has the TTL.
        etcdapi.any_member(target.options, lambda api: api.delete_v2(layout.leader_path()))
        return f"the leader key of {target.patroni} is deleted"
    lease = etcdapi.member_lease(target.options, target.patroni)
    if not lease:
        raise LabError(f"{target.patroni} has no lease")
    etcdapi.any_member(target.options, lambda api: api.revoke(lease))
    return f"lease {int(lease):x} of {target.patroni} is revoked"


@fault("revoke-unseen", "patroni", lasting=False)
def revoke_unseen(target):
    """As revoke, just before a renewal, which is answered with 200 and no TTL."""
    name, options = target.patroni, target.options
    if options.v2:
        raise LabError("there are no leases in the v2 API: see revoke")
    lease = etcdapi.member_lease(options, name)
    if not lease:
        raise LabError(f"{name} has no lease")
    # The watch would notify Patroni at once, and it would not renew: so it must be stopped.
    began = sockets.next_burst(options, name)
    time.sleep(max(0.0, began + options.loop_wait - WAKE_S - time.monotonic()))
    procs.stop(name)
    etcdapi.any_member(options, lambda api: api.revoke(lease))
    time.sleep(max(0.0, began + options.loop_wait + WAKE_S - time.monotonic()))
    procs.send_signal(name, signal.SIGCONT)
    return f"lease {int(lease):x} of {name} is revoked"


@fault("nospace", "member")
def nospace(target):
    """The NOSPACE alarm is raised on one etcd: all refuse writes, renewals still work."""
    api = Etcd(target.options, target.member)
    api.raise_no_space()

    def refused():
        try:
            api.grant(1)
        except EtcdError as error:
            return "space exceeded" in str(error)
        return False

    procs.wait_until(refused, 5, f"{target.member} still takes writes")
    return f"{who(target.member)} has no space left: no etcd takes writes"


@fault("learner", "member")
def learner(target):
    """A learner answers in place of one etcd: it refuses all but serializable reads."""
    options, member = target.options, target.member
    url = f"http://{layout.address(LEARNER)}:{PEER_PORT}"
    add_learner(options, url)
    if procs.state(LEARNER) == "dead":
        start_learner(options, member, url)
    needed = etcdapi.any_member(options, lambda api: api.revision())

    def has_the_data():
        try:
            return Etcd(options, LEARNER).revision() >= needed
        except EtcdError:
            return False

    procs.wait_until(has_the_data, 20, "the learner does not catch up")
    firewall.detour(member, layout.address(LEARNER))
    for name in options.patroni_names():
        limit = options.retry_timeout
        for connection in sockets.wait_idle(name, layout.address(member), limit):
            sockets.close_by_server(connection)
    return f"a learner ({layout.address(LEARNER)}) answers as {who(member)}"


def add_learner(options, url):
    """Adds a learner to the cluster. The etcds refuse while they have been connected for less than 5 s
    (etcd's server.go, HealthInterval)."""
    why = []

    def added():
        try:
            if not etcdapi.find_learners(options):
                etcdapi.any_member(options, lambda api: api.add_learner(url))
            return True
        except EtcdError as error:
            why[:] = [str(error)]
            return False

    procs.wait_until(added, 15, lambda: why[0], step=0.3)


def start_learner(options, member, url):
    shutil.rmtree(f"{layout.directory(LEARNER)}/data", ignore_errors=True)
    os.makedirs(layout.directory(LEARNER), exist_ok=True)
    layout.write(layout.hosts_file(LEARNER), layout.hosts_text(options))
    peers = [f"{name}={layout.peer_url(name)}" for name in options.etcd_names()]
    flags = {
        "initial-cluster": ",".join([*peers, f"{LEARNER}={url}"]),
        "initial-cluster-state": "existing",
        "initial-advertise-peer-urls": url,
        # Patroni asks for the list of members, and must not learn of another one.
        "advertise-client-urls": layout.client_url(options, member),
    }
    procs.start_etcd(options, LEARNER, flags)


def undo(options):
    # By the time the detours are gone for good, nobody's connection may end at the learner.
    if procs.state(LEARNER) != "dead":
        firewall.end_detours(options.etcd_names())
        procs.kill(LEARNER)
    for name in options.etcd_names():
        layout.write_in_place(layout.hosts_file(name), layout.hosts_text(options))
        procs.send_signal(name, signal.SIGCONT)


def settle(options):
    """The alarm and the learner are in etcd's own data: removing them needs a quorum."""
    for learner_id in etcdapi.find_learners(options):
        etcdapi.any_member(options, lambda api, member=learner_id: api.remove_member(member))
    etcdapi.any_member(options, lambda api: api.disarm())
