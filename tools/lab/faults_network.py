# SPDX-License-Identifier: GPL-2.0-or-later
"""Faults of the network between Patroni and etcd, made with the packet filter."""
import firewall
from layout import CLIENT_PORT
from registry import fault, who

TITLE = "The network"
RESET = "meta l4proto tcp reject with tcp reset"


@fault("blackhole", "member")
def blackhole(target):
    """Packets to and from one etcd's client port are dropped."""
    firewall.filter_client_port([target.member], "drop", answers=True)
    return f"port {CLIENT_PORT} of {who(target.member)} is cut off"


@fault("blackhole-all", None)
def blackhole_all(target):
    """Packets to and from every etcd's client port are dropped."""
    firewall.filter_client_port(target.options.etcd_names(), "drop", answers=True)
    return f"port {CLIENT_PORT} of {', '.join(target.options.etcd_names())} is cut off"


@fault("reset", "member")
def reset(target):
    """Packets to one etcd's client port are answered with a TCP reset."""
    firewall.filter_client_port([target.member], RESET)
    return f"port {CLIENT_PORT} of {who(target.member)} resets every connection"


@fault("reset-all", None)
def reset_all(target):
    """Packets to every etcd's client port are answered with a TCP reset."""
    firewall.filter_client_port(target.options.etcd_names(), RESET)
    return f"port {CLIENT_PORT} of {', '.join(target.options.etcd_names())} resets every connection"


def undo(_options):
    firewall.unfilter()


def settle(_options):
    """Nothing here needs the etcds."""
