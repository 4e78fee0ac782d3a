# SPDX-License-Identifier: GPL-2.0-or-later
"""The TCP connections of a lab's daemons, seen and cut with ss, inside the lab."""
import ctypes
import errno
import os
import re
import socket
import subprocess
import time

import layout
import namespaces
import procs
from layout import CLIENT_PORT, LabError

SYS_PIDFD_GETFD = 438
# A request of Patroni's that is answered well does not pause for so long.
IDLE_MS = 300
# Who closes what is idle needs so long for it, on a busy machine: Patroni must not begin its next loop by then.
CLOSING_MS = 1000


def _ss(arguments):
    result = subprocess.run(
        ["ss", *arguments], capture_output=True, text=True, env=procs.ENVIRONMENT, check=False
    )
    if result.returncode:
        raise LabError(f"ss failed: {(result.stderr.strip() or 'no message').splitlines()[0]}")
    return result.stdout.splitlines()


def of_process(pid, port):
    """Its connections to that port: [(local, peer, ms since it last sent data)], local and peer as
    "address:port"."""
    found = []
    if pid is None:
        return found
    states = ["state", "established", "state", "syn-sent"]
    for line in _ss(["-tnipHO", *states, f"( dport = :{port} )"]):
        if not re.search(rf"\bpid={pid}\b", line):
            continue
        ends = [word for word in line.split() if re.fullmatch(r"[0-9.]+:[0-9]+", word)]
        last = re.search(r"\blastsnd:(\d+)", line)
        found.append((ends[0], ends[1], int(last.group(1)) if last else 0))
    return found


def listens(address, port):
    return bool(_ss(["-tlnH", "src", f"{address}:{port}"]))


def cut(connections):
    """Resets them from their own end."""
    for local, peer, _ in connections:
        _ss(["-tK", "src", local, "dst", peer])


def reset_by_server(connection):
    """Resets it from the other end, as a server does that has forgotten its client."""
    _ss(["-tK", "dst", connection[0]])


def close_by_server(connection):
    """Closes it in good order from the other end, by whatever process serves it."""
    for line in _ss(["-tnpH", "state", "established", "dst", connection[0]]):
        owner = re.search(r"\bpid=(\d+),fd=(\d+)", line)
        if owner:
            _shut_down(int(owner.group(1)), int(owner.group(2)))


def _shut_down(pid, descriptor):
    """shutdown(2) on another process's socket."""
    try:
        process = os.pidfd_open(pid)
        try:
            copy = namespaces.libc.syscall(SYS_PIDFD_GETFD, process, descriptor, 0)
            if copy < 0:
                raise OSError(ctypes.get_errno(), "pidfd_getfd failed")
            with socket.socket(fileno=copy) as theirs:
                theirs.shutdown(socket.SHUT_RDWR)
        finally:
            os.close(process)
    except OSError as error:
        # Closed meanwhile.
        if error.errno not in (errno.ESRCH, errno.EBADF, errno.ENOTCONN):
            raise LabError(f"the server's end cannot be closed: {error}") from error


def _in_use(patroni):
    """Patroni's main thread's connection: of its connections (the other is the watch, which is
    silent once it stands) the one that sent last."""
    connections = of_process(procs.pid(patroni), CLIENT_PORT)
    return min(connections, key=lambda connection: connection[2], default=None)


def member_in_use(options, patroni):
    """The etcd that Patroni's main thread talks to. None when it has no connection."""
    connection = _in_use(patroni)
    if connection is None:
        return None
    return layout.name_of_address(options, connection[1].rpartition(":")[0])


def idle_connection(options, patroni):
    """Waits until Patroni's main thread has a connection on which nothing is going on."""

    def idle():
        connection = _in_use(patroni)
        return connection if connection and connection[2] > IDLE_MS else None

    limit = options.loop_wait + options.retry_timeout
    return procs.wait_until(idle, limit, f"{patroni} has no idle connection to any etcd")


def next_burst(options, patroni):
    """Waits until Patroni's main thread sends something after a pause, as it does when it renews
    its lease; the monotonic time at which it did."""
    idle_connection(options, patroni)

    def sends():
        connection = _in_use(patroni)
        if connection and connection[2] < IDLE_MS:
            return time.monotonic() - connection[2] / 1000
        return None

    limit = 2 * options.loop_wait + options.retry_timeout
    return procs.wait_until(sends, limit, f"{patroni} sends nothing to any etcd", step=0.01)


def wait_idle(patroni, address, limit):
    """Patroni's connections to that address, the watch as well, once nothing is going on there and
    nothing will soon; after limit seconds all the same."""
    loop_ms = 1000 * layout.Options.load().loop_wait

    def connections():
        return [
            connection
            for connection in of_process(procs.pid(patroni), CLIENT_PORT)
            if connection[1] == f"{address}:{CLIENT_PORT}"
        ]

    def at_rest():
        since = [connection[2] for connection in connections()]
        return all(
            ms > IDLE_MS and not loop_ms - min(CLOSING_MS, loop_ms / 2) < ms < loop_ms + IDLE_MS
            for ms in since
        )

    try:
        procs.wait_until(at_rest, limit, "busy")
    except LabError:
        pass
    return connections()
