# SPDX-License-Identifier: GPL-2.0-or-later
"""How often BPF programs run and how long they take, from the kernel's own counters."""
import contextlib
import json
import os

from procs import BenchError, run

SWITCH = "/proc/sys/kernel/bpf_stats_enabled"


@contextlib.contextmanager
def enabled():
    """kernel.bpf_stats_enabled, put back as it was."""
    with open(SWITCH, "r+", encoding="ascii") as file:
        before = file.read()
        file.seek(0)
        file.write("1")
    try:
        yield
    finally:
        with open(SWITCH, "w", encoding="ascii") as file:
            file.write(before)


def programs_of(pid):
    """ids of the programs that this process has attached."""
    shown = json.loads(run(["bpftool", "-j", "perf", "show"]) or "[]")
    return {entry["prog_id"] for entry in shown if entry["pid"] == pid}


def read(ids):
    """(runs, nanoseconds) of all of them so far."""
    runs = spent = 0
    for program in json.loads(run(["bpftool", "-j", "prog", "show"]) or "[]"):
        if program["id"] in ids:
            runs += program.get("run_cnt", 0)
            spent += program.get("run_time_ns", 0)
    return runs, spent


class Window:
    """with Window(ids) as w: ...; then w.runs and w.ns"""

    def __init__(self, ids):
        self.ids, self.runs, self.ns = ids, 0, 0

    def __enter__(self):
        self.before = read(self.ids)
        return self

    def __exit__(self, *_):
        runs, spent = read(self.ids)
        self.runs, self.ns = runs - self.before[0], spent - self.before[1]


def lost(pid):
    """How many records the probe of this process has lost, all reasons together."""
    ids = set()
    for fd in os.listdir(f"/proc/{pid}/fdinfo"):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/fdinfo/{fd}", encoding="ascii") as file:
            ids.update(int(line.split()[1]) for line in file if line.startswith("map_id:"))
    for entry in json.loads(run(["bpftool", "-j", "map", "show"])):
        if entry["id"] in ids and entry.get("name") == "lost":
            rows = json.loads(run(["bpftool", "-j", "map", "dump", "id", str(entry["id"])]))
            return sum(cpu["value"] for row in rows for cpu in row["formatted"]["values"])
    raise BenchError("leasewatch has no map of what is lost")
