# SPDX-License-Identifier: GPL-2.0-or-later
"""The faults. All of it runs inside the lab.

To add a fault, write one function here under @fault: its docstring's first line is what
`lab faults` prints, and what it returns is printed as what was done. What needs undoing must be
undone in healing.undo(), whatever state the lab is in.
"""
import fcntl
import os
import signal
import subprocess
import time

import etcdapi
import layout
import procs
import sockets
from etcdapi import Etcd, EtcdError
from layout import CLIENT_PORT, PEER_PORT, LabError

FAULTS = {}
# Go's src/net/hosts.go, cacheMaxAge: its resolver looks at /etc/hosts again after so many seconds.
GO_HOSTS_CACHE_S = 5.0


def fault(name, takes):
    """takes: "member" or "patroni" when it is done to one that the caller may choose, or None."""

    def register(function):
        FAULTS[name] = (function, takes, function.__doc__.strip().splitlines()[0])
        return function

    return register


class Target:
    """Who a fault is done to, looked up only by the faults that ask."""

    def __init__(self, options, member=None, patroni=None):
        self.options = options
        self._member = member
        self._patroni = patroni

    @property
    def patroni(self):
        if self._patroni is None:
            self._patroni = leading_patroni(self.options)
        return self._patroni

    @property
    def member(self):
        if self._member is None:
            self._member = procs.wait_until(
                lambda: sockets.member_in_use(self.options, self.patroni),
                self.options.loop_wait + 2,
                lambda: f"{self.patroni} has no connection to any etcd: say which with --member",
                step=0.2,
            )
        return self._member

    @property
    def others(self):
        return [name for name in self.options.etcd_names() if name != self.member]


def leading_patroni(options):
    """The owner of the leader key; the first that runs when there is no such."""
    try:
        key = etcdapi.leader_key(options, timeout=1.0, serializable=True)
        if key and key["member"] in options.patroni_names():
            return key["member"]
    except EtcdError:
        pass
    running = [name for name in options.patroni_names() if procs.state(name) != "dead"]
    return (running or options.patroni_names())[0]


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


def nft_client_port(members, verdict, answers=False):
    """verdict for every packet to the members' client port, with answers also for those from it."""
    rules = "table inet lab {\n chain out { type filter hook output priority 0; }\n}\n"
    for name in members:
        address = layout.address(name)
        rules += f"add rule inet lab out ip daddr {address} tcp dport {CLIENT_PORT} {verdict}\n"
        if answers:
            rules += f"add rule inet lab out ip saddr {address} tcp sport {CLIENT_PORT} {verdict}\n"
    nft(rules)


def who(member):
    return f"{member} ({layout.address(member)})"


def stop(name):
    if not procs.send_signal(name, signal.SIGSTOP):
        raise LabError(f"{name} is not running")
    procs.wait_until(lambda: procs.state(name) == "stopped", 5, f"{name} did not stop")


def kill_running(names):
    for name in names:
        if procs.state(name) != "dead":
            procs.kill(name)


@fault("incident", "member")
def incident(target):
    """One etcd cannot resolve its peers: only lease keepalives through it fail, after 7 s."""
    options, member = target.options, target.member
    if options.etcds < 3:
        raise LabError("the incident needs three etcds")
    others = target.others
    make_follower(options, member)
    write_in_place(layout.hosts_file(member), layout.hosts_text(options, without=others))
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
    """The fault only shows on a follower."""
    if etcdapi.find_leader(options) == member:
        other = next(name for name in options.etcd_names() if name != member)
        Etcd(options, member).move_leader(Etcd(options, other).status()[0])
    procs.wait_until(
        lambda: etcdapi.find_leader(options) not in (None, member),
        10,
        f"the leadership cannot be moved away from {member}",
    )


def write_in_place(path, text):
    """Keeps the inode: it is bind-mounted."""
    with open(path, "r+", encoding="utf-8") as file:
        file.write(text)
        file.truncate()


def keepalives_fail(options, member, lease):
    """Cuts the member's open connections to its peers, and tries a lease of the lab's own."""
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
    """One etcd is stopped (SIGSTOP): its kernel accepts and acknowledges, it never answers."""
    stop(target.member)
    return f"{who(target.member)} is stopped"


@fault("freeze-all", None)
def freeze_all(target):
    """Every etcd is stopped (SIGSTOP)."""
    for name in target.options.etcd_names():
        if procs.state(name) == "running":
            stop(name)
    return f"{', '.join(target.options.etcd_names())} are stopped"


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


@fault("blackhole", "member")
def blackhole(target):
    """Packets to and from one etcd's client port vanish."""
    nft_client_port([target.member], "drop", answers=True)
    return f"port {CLIENT_PORT} of {who(target.member)} is cut off"


@fault("blackhole-all", None)
def blackhole_all(target):
    """Packets to and from every etcd's client port vanish."""
    nft_client_port(target.options.etcd_names(), "drop", answers=True)
    return f"port {CLIENT_PORT} of {', '.join(target.options.etcd_names())} is cut off"


@fault("reset", "member")
def reset(target):
    """Packets to one etcd's client port are answered with a TCP reset."""
    nft_client_port([target.member], "meta l4proto tcp reject with tcp reset")
    return f"port {CLIENT_PORT} of {who(target.member)} resets every connection"


@fault("reset-all", None)
def reset_all(target):
    """Packets to every etcd's client port are answered with a TCP reset."""
    nft_client_port(target.options.etcd_names(), "meta l4proto tcp reject with tcp reset")
    return f"port {CLIENT_PORT} of {', '.join(target.options.etcd_names())} resets every connection"


@fault("no-quorum", "member")
def no_quorum(target):
    """All etcds but one are killed: the survivor has no quorum and (now) no leader."""
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


@fault("stop-patroni", "patroni")
def stop_patroni(target):
    """Patroni is stopped (SIGSTOP); PostgreSQL runs on."""
    stop(target.patroni)
    return f"{target.patroni} is stopped"


@fault("kill-patroni", "patroni")
def kill_patroni(target):
    """Patroni is killed (SIGKILL); PostgreSQL runs on."""
    procs.kill(target.patroni)
    return f"{target.patroni} is killed"


@fault("restart-patroni", "patroni")
def restart_patroni(target):
    """Patroni is killed (SIGKILL) and started again with the same configuration."""
    name = target.patroni
    if procs.state(name) != "dead":
        procs.kill(name)
    procs.start_patroni(target.options, name)
    return f"{name} is started again"


def lock():
    """One fault or heal at a time; freed by the process's end."""
    handle = os.open(f"{layout.BASE}/lock", os.O_CREAT | os.O_RDWR, 0o600)
    fcntl.flock(handle, fcntl.LOCK_EX)


def inject(name, member=None, patroni=None):
    """One sentence on what was done to whom."""
    lock()
    options = layout.Options.load()
    function, takes, _ = FAULTS[name]
    if member and takes != "member":
        raise LabError(f"{name} is not done to a single etcd")
    if patroni and takes is None:
        raise LabError(f"{name} does not depend on a Patroni")
    for chosen in (member, patroni):
        if chosen and chosen not in options.etcd_names() + options.patroni_names():
            raise LabError(f"there is no {chosen}")
    target = Target(options, member, patroni)
    began = time.time()
    # Before it is done: one that fails half-way has to be healed, too.
    if name not in active():
        with open(f"{layout.BASE}/faults", "a", encoding="utf-8") as file:
            file.write(name + "\n")
    done = function(target)
    result = {"fault": name, "done": done, "at": began, "effective_at": time.time()}
    if takes == "member":
        result["member"] = target.member
        result["endpoint"] = layout.endpoint(target.member)
        result["address"] = layout.address(target.member)
    if takes is not None:
        result["patroni"] = target.patroni
    return result


def active():
    """The faults injected since the last heal."""
    try:
        with open(f"{layout.BASE}/faults", encoding="utf-8") as file:
            return file.read().split()
    except OSError:
        return []
