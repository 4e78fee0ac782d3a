# SPDX-License-Identifier: GPL-2.0-or-later
"""What a healthy cluster must survive without an alarm. Each is over when it returns."""
import signal

import cluster
import etcdapi
import procs
import sockets
from layout import LabError
from registry import fault

TITLE = "Not a fault: nothing to heal, and nothing to be alarmed at"


@fault("move-leader", None, lasting=False)
def move_leader(target):
    """The etcd leader changes."""
    options = target.options
    old = etcdapi.find_leader(options)
    if old is None:
        raise LabError("the etcds have no leader")
    names = options.etcd_names()
    if len(names) < 2:
        raise LabError("there is only one etcd")
    new = names[(names.index(old) + 1) % len(names)]
    etcdapi.move_leader(options, old, new)
    procs.wait_until(lambda: etcdapi.find_leader(options) == new, 10, f"{new} does not lead")
    return f"{new} leads instead of {old}"


@fault("rolling-restart", None, lasting=False)
def rolling_restart(target):
    """Each etcd in turn is restarted (SIGTERM); the next one when all are healthy."""
    options = target.options
    for name in options.etcd_names():
        if not procs.send_signal(name, signal.SIGTERM):
            raise LabError(f"{name} is not running")
        procs.wait_until(lambda: procs.state(name) == "dead", 20, f"{name} does not end")
        procs.start_etcd(options, name)
        complaint = f"the etcds are not healthy after the restart of {name}"
        procs.wait_until(lambda: cluster.etcd_healthy(options), 30, complaint)
    return f"{', '.join(options.etcd_names())} are restarted, one after the other"


@fault("close-idle", "patroni", lasting=False)
def close_idle(target):
    """The etcd in use closes Patroni's idle connection."""
    connection = sockets.idle_connection(target.options, target.patroni)
    sockets.close_by_server(connection)
    return f"{connection[1]} closes {target.patroni}'s connection from {connection[0]}"


@fault("reset-idle", "patroni", lasting=False)
def reset_idle(target):
    """The etcd in use resets Patroni's idle connection."""
    connection = sockets.idle_connection(target.options, target.patroni)
    sockets.reset_by_server(connection)
    return f"{connection[1]} resets {target.patroni}'s connection from {connection[0]}"


def undo(_options):
    """Nothing is left of it."""


def settle(_options):
    """Nothing is left of it."""
