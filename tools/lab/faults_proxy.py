# SPDX-License-Identifier: GPL-2.0-or-later
"""Faults between Patroni and etcd: proxies that are slow, that cut answers short, or that have
several etcds behind one name. Patroni still sees the etcd's name and address."""
import json
import signal

import certificates
import firewall
import layout
import procs
import sockets
from layout import CLIENT_PORT, LabError
from registry import fault, who

TITLE = "Between Patroni and an etcd"
SLOW_S, VERY_SLOW_S = 0.3, 2.0
# A request comes every loop_wait: each then finds its connection closed, and makes a new one.
IDLE_S = 1.0


def put_before(target, members, behind=None, **spec):
    """Starts a proxy before each of the members, with behind (else the member) behind it, and
    moves Patroni's connections there."""
    options = target.options
    for member in members:
        name, address = layout.proxy(member), layout.proxy_address(member)
        end_proxies([name])
        backends = [f"{layout.address(etcd)}:{CLIENT_PORT}" for etcd in behind or [member]]
        spec.update(listen=f"{address}:{CLIENT_PORT}", backends=backends)
        if not spec.get("mute"):
            spec.update(certificates.proxy_spec(options, member))
        procs.start_script(name, "proxy.py", json.dumps(spec))
        procs.wait_until(
            lambda: sockets.listens(address, CLIENT_PORT), 10, f"{name} does not listen"
        )
        firewall.detour(member, address)
    for patroni in options.patroni_names():
        for member in members:
            limit = options.retry_timeout
            for connection in sockets.wait_idle(patroni, layout.address(member), limit):
                sockets.close_by_server(connection)


def end_proxies(names):
    """Returns when they have let go of what was under way."""
    for name in names:
        procs.send_signal(name, signal.SIGCONT)
        procs.send_signal(name, signal.SIGTERM)
    for name in names:
        procs.wait_until(lambda: procs.state(name) == "dead", 10, f"{name} does not end")


def everyone(options):
    return ", ".join(options.etcd_names())


@fault("slow", "member")
def slow(target):
    """One etcd's answers take 0.3 s longer."""
    put_before(target, [target.member], delay_s=SLOW_S)
    return f"answers of {who(target.member)} come {SLOW_S} s late"


@fault("very-slow", "member")
def very_slow(target):
    """One etcd's answers take 2 s longer."""
    put_before(target, [target.member], delay_s=VERY_SLOW_S)
    return f"answers of {who(target.member)} come {VERY_SLOW_S:g} s late"


@fault("reset-answer", "member")
def reset_answer(target):
    """One etcd's connection is reset in the middle of its answer to a renewal."""
    put_before(target, [target.member], spoil="reset")
    return f"{who(target.member)} resets the connection in mid-answer to a renewal"


@fault("reset-answer-all", None)
def reset_answer_all(target):
    """Every etcd's connection is reset in the middle of its answer to a renewal."""
    put_before(target, target.options.etcd_names(), spoil="reset")
    return f"{everyone(target.options)} reset the connection in mid-answer to a renewal"


@fault("cut-answer", "member")
def cut_answer(target):
    """One etcd's connection is closed in the middle of its answer to a renewal."""
    put_before(target, [target.member], spoil="cut")
    return f"{who(target.member)} closes the connection in mid-answer to a renewal"


@fault("cut-answer-all", None)
def cut_answer_all(target):
    """Every etcd's connection is closed in the middle of its answer to a renewal."""
    put_before(target, target.options.etcd_names(), spoil="cut")
    return f"{everyone(target.options)} close the connection in mid-answer to a renewal"


def two(target):
    if not target.others:
        raise LabError("there is only one etcd")
    return [target.member, target.others[0]]


@fault("two-behind-one", "member")
def two_behind_one(target):
    """Two healthy etcds take turns at the address of one, as behind a load balancer."""
    both = two(target)
    put_before(target, [target.member], both, idle_s=IDLE_S)
    return f"{' and '.join(both)} answer in turn as {who(target.member)}"


@fault("sick-behind-one", "member")
def sick_behind_one(target):
    """As two-behind-one, but the second of the two is stopped (SIGSTOP)."""
    both = two(target)
    put_before(target, [target.member], both, idle_s=IDLE_S)
    procs.stop(both[1])
    return f"{' and '.join(both)} answer in turn as {who(target.member)}; {both[1]} is stopped"


def undo(options):
    firewall.end_detours(options.etcd_names())
    end_proxies([layout.proxy(name) for name in options.etcd_names()])


def settle(_options):
    """Nothing here needs the etcds."""
