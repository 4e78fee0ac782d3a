# SPDX-License-Identifier: GPL-2.0-or-later
"""Faults on Patroni's own host: Patroni or PostgreSQL stopped, killed, short of CPU."""
import signal

import cgroups
import layout
import procs
from layout import LabError
from registry import fault

TITLE = "Patroni's host"
# A request to etcd takes Patroni about 45 ms (Nagle's algorithm and a delayed ACK), so it does not
# end in the turn in which it begins: the answer waits for the next one.
RUN_S, STOP_S = 0.03, 1.47
# A throttled group gets its next share within a second, the longest possible period. Its neighbours
# overdraw it (the kernel checks only at a tick), and later shares pay for that: an answer waits for
# several seconds, but the lease is still renewed.
QUOTA_US, NEIGHBOURS = 2000, 3


@fault("stop-patroni", "patroni")
def stop_patroni(target):
    """Patroni is stopped (SIGSTOP); PostgreSQL keeps running."""
    procs.stop(target.patroni)
    return f"{target.patroni} is stopped"


@fault("kill-patroni", "patroni")
def kill_patroni(target):
    """Patroni is killed (SIGKILL); PostgreSQL keeps running."""
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


@fault("starve-patroni", "patroni")
def starve_patroni(target):
    """Patroni runs for 30 ms every 1.5 s (SIGSTOP, SIGCONT): answers wait unread."""
    name = target.patroni
    starver = layout.starver(name)
    end_starver(starver)
    if procs.state(name) == "dead":
        raise LabError(f"{name} is not running")
    pid = str(procs.pid(name))
    procs.start_script(starver, "starver.py", pid, str(RUN_S), str(STOP_S))
    procs.wait_until(lambda: procs.state(name) == "stopped", 5, f"{name} did not stop")
    return f"{name} runs for {RUN_S * 1000:.0f} ms every {RUN_S + STOP_S:g} s"


def end_starver(starver):
    if procs.send_signal(starver, signal.SIGTERM):
        procs.wait_until(lambda: procs.state(starver) == "dead", 5, f"{starver} does not end")


@fault("throttle-patroni", "patroni")
def throttle_patroni(target):
    """Patroni shares 2 ms of CPU a second with busy processes (needs cgroups)."""
    name = target.patroni
    if procs.state(name) == "dead":
        raise LabError(f"{name} is not running")
    neighbour = layout.neighbour(name)
    procs.kill_session(neighbour)
    group = cgroups.throttle(target.options.name, procs.pid(name), QUOTA_US)
    procs.start_script(neighbour, "neighbour.py", group, str(NEIGHBOURS))
    return f"{name} and {NEIGHBOURS} others share {QUOTA_US / 1000:g} ms of CPU a second"


@fault("hang-postgres", "patroni")
def hang_postgres(target):
    """PostgreSQL hangs (all of it stopped): Patroni waits for it and sends etcd nothing."""
    pids = procs.postgres_pids(target.patroni)
    if not pids:
        raise LabError(f"the PostgreSQL of {target.patroni} is not running")
    for pid in pids:
        procs.signal_pid(pid, signal.SIGSTOP)
    return f"PostgreSQL of {target.patroni} is stopped, all {len(pids)} processes"


def undo(options):
    for name in options.patroni_names():
        end_starver(layout.starver(name))
        procs.kill_session(layout.neighbour(name))
        procs.send_signal(name, signal.SIGCONT)
    cgroups.release(options.name)
    for pid in procs.pids_named("postgres"):
        procs.signal_pid(pid, signal.SIGCONT)


def settle(_options):
    """Nothing here needs the etcds."""
