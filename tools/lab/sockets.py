# SPDX-License-Identifier: GPL-2.0-or-later
"""The TCP connections of a lab's daemons, seen and cut with ss, inside the lab."""
import re
import subprocess

import layout
import procs
from layout import CLIENT_PORT, LabError


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


def cut(connections):
    """Resets them at both ends."""
    for local, peer, _ in connections:
        _ss(["-tK", "src", local, "dst", peer])


def member_in_use(options, patroni):
    """The etcd that Patroni's main thread talks to: of its connections (the other is the watch,
    which is silent once it stands) the one that sent last. None when it has none."""
    connections = of_process(procs.pid(patroni), CLIENT_PORT)
    if not connections:
        return None
    _, peer, _ = min(connections, key=lambda connection: connection[2])
    return layout.name_of_address(options, peer.rpartition(":")[0])
