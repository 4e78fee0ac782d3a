# SPDX-License-Identifier: GPL-2.0-or-later
"""Undoes every fault and waits for a healthy cluster. Runs inside the lab.

undo() does not ask which faults were injected: it puts everything that any of them touches back.
"""
import os
import time

import cluster
import etcdapi
import faults
import firewall
import layout
import procs
import sockets
from etcdapi import EtcdError
from layout import CLIENT_PORT


def undo(options):
    """Everything any fault did that needs no quorum, in whatever order and however often it was
    done."""
    for theme in faults.THEMES:
        theme.undo(options)
    # The themes have ended what was at the other end of them.
    firewall.forget_detours()
    for name in options.etcd_names() + options.patroni_names():
        if procs.state(name) == "dead":
            procs.start(options, name)


def sick_etcd(options):
    """(member, why) of the first that does not read, write and renew, None when all do."""
    for api in etcdapi.members(options, timeout=1.0):
        try:
            api.range("health")
            # Expires by itself when the member cannot even revoke it.
            lease = api.grant(10)
            api.keepalive(lease)
            api.revoke(lease)
        except EtcdError as error:
            return api.name, str(error)
    return None


def settle(options):
    """What undoing needs a quorum for; why it could not be done, None when it is."""
    try:
        for theme in faults.THEMES:
            theme.settle(options)
    except EtcdError as error:
        return str(error)
    return None


def heal():
    """Undoes every fault and returns when the cluster is healthy; {seconds, leader}."""
    faults.lock()
    options = layout.Options.load()
    began = time.monotonic()
    were_cut_off = firewall.filtered(options)
    undo(options)
    why = []

    def etcd_is_well():
        unsettled = settle(options)
        sick = sick_etcd(options)
        if sick is None and unsettled is None:
            return True
        why[:] = [unsettled or sick[1]]
        # etcd's JSON gateway dials etcd's own client port: after a long cut it would wait out
        # TCP's backoff.
        if sick and sick[0] in were_cut_off:
            sockets.cut(sockets.of_process(procs.pid(sick[0]), CLIENT_PORT))
        return False

    procs.wait_until(etcd_is_well, 60, lambda: f"etcd is not healthy again: {why[0]}", step=0.3)
    seen = {}

    def leader_renews():
        key = cluster.has_leader(options)
        if not key:
            return None
        before = seen.get(key["lease"])
        seen[key["lease"]] = key["remaining"]
        return key if before is not None and key["remaining"] > before else None

    limit = options.ttl + 3 * options.loop_wait + 30
    key = procs.wait_until(leader_renews, limit, "no Patroni leader renews its lease", step=0.3)
    for name in options.patroni_names():
        if name != key["member"]:
            complaint = f"{name} does not follow {key['member']}"
            procs.wait_until(
                lambda: cluster.follows(name, key["member"]), limit, complaint, step=0.3
            )
    if os.path.exists(f"{layout.BASE}/faults"):
        os.unlink(f"{layout.BASE}/faults")
    seconds = time.monotonic() - began
    return {"seconds": seconds, "leader": key["member"], "remaining": key["remaining"]}
