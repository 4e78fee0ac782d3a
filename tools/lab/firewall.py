# SPDX-License-Identifier: GPL-2.0-or-later
"""nftables inside the lab: what happens to packets for an etcd's client port, and where
Patroni's connections to it go."""
import pwd
import subprocess

import layout
import procs
from layout import CLIENT_PORT, LabError

# Two tables, as each is removed by itself.
FILTER, DETOUR = "inet lab", "ip lab_detour"


def nft(commands):
    result = subprocess.run(
        ["nft", "-f", "-"],
        input=commands,
        capture_output=True,
        text=True,
        env=procs.ENVIRONMENT,
        check=False,
    )
    if result.returncode:
        raise LabError(f"nft refused the rule: {result.stderr.strip().splitlines()[0]}")


def _remove(table):
    nft(f"table {table} {{}}\ndelete table {table}\n")


def filter_client_port(members, verdict, answers=False):
    """Applies verdict to every packet to the members' client port; with answers, also to those from it."""
    rules = f"table {FILTER} {{\n chain out {{ type filter hook output priority 0; }}\n}}\n"
    for name in members:
        address = layout.address(name)
        rules += f"add rule {FILTER} out ip daddr {address} tcp dport {CLIENT_PORT} {verdict}\n"
        if answers:
            rules += f"add rule {FILTER} out ip saddr {address} tcp sport {CLIENT_PORT} {verdict}\n"
    nft(rules)


def filtered(options):
    """The members that filter_client_port applies to now."""
    command = ["nft", "list", "table", *FILTER.split()]
    result = subprocess.run(
        command, capture_output=True, text=True, env=procs.ENVIRONMENT, check=False
    )
    rules = result.stdout
    return [name for name in options.etcd_names() if f"daddr {layout.address(name)} " in rules]


def unfilter():
    _remove(FILTER)


def detour(member, address):
    """Patroni's new connections to the member's client port go to that address instead, and
    nothing on Patroni's side shows it. Known by its user: the lab's own calls, and those of an
    etcd to itself, are root's. Only where a connection starts: one that is open stays where it is.
    """
    try:
        nft(f"list table {DETOUR}")
    except LabError:
        uid = pwd.getpwnam("postgres").pw_uid
        nft(
            f"table {DETOUR} {{\n map where {{ type ipv4_addr : ipv4_addr; }}\n"
            f" chain out {{\n type nat hook output priority -100;\n"
            f" meta skuid {uid} tcp dport {CLIENT_PORT} tcp flags & (syn|ack) == syn "
            "dnat to ip daddr map @where\n }\n}\n"
        )
    end_detours([member])
    nft(f"add element {DETOUR} where {{ {layout.address(member)} : {address} }}\n")


def end_detours(members):
    """New connections go straight again. Those on a detour go on, as long as the rule is there:
    with the last rule of its kind the kernel forgets them."""
    for member in members:
        try:
            nft(f"delete element {DETOUR} where {{ {layout.address(member)} }}\n")
        except LabError:
            # There is none.
            pass


def forget_detours():
    """To be called when no connection is on a detour any more: it would be reset."""
    _remove(DETOUR)
