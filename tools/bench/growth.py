# SPDX-License-Identifier: GPL-2.0-or-later
"""How the cost grows: with watched processes, with connections, with endpoints.

Everything is taken at each size by one leasewatch: what a bystander pays per hit (from the
kernel's counters, over a loop of TCP send+recv), the latency of a target without and with it,
memory, CPU.
"""
import contextlib
import time

import bpfstats
from candidates import ETCD_PORT
from procs import (MEASURED_CPU, OTHER_CPU, BenchError, Driven, Leasewatch, Server, Target, cpu_ns, memory_kib,
                   wait_quiet)

CONNECTIONS = 100   # where the endpoints grow
FOUND_S = 20

# What grows -> (sizes, arguments of a size: targets, connections of each, endpoints)
DIMENSIONS = {
    "targets": ((1, 10, 100), lambda n: (n, 1, 1)),
    "connections": ((10, 100, 1000, 10000), lambda n: (1, n, 1)),
    "endpoints": ((1, 10, 100), lambda n: (1, CONNECTIONS, n)),
}


def biggest(bench, size):
    """No more targets than -p takes. (Processes that leasewatch finds by itself would do, but every
    other leasewatch on this host would find them as well.)"""
    return min(size, bench.constant("user/cmd/watch.h", "WATCH_PIDS_MAX"))


def wait_found(watch, targets):
    missing = {target.pid for target in targets}
    deadline = time.monotonic() + FOUND_S
    while missing and time.monotonic() < deadline:
        item = watch.wait_for(lambda line: line["event"] == "process" and line["phase"] == "found", 1)
        if item:
            missing.discard(item[1]["process.pid"])
    if missing:
        raise BenchError(f"leasewatch did not find {len(missing)} of {len(targets)} targets: {watch.trouble()}")


def bystander_ns(ops, watch):
    with bpfstats.enabled(), bpfstats.Window(bpfstats.programs_of(watch.pid)) as window:
        ops.ask("tcp 100 1000", "took")
    if not window.runs:
        raise BenchError("no program ran for the bystander")
    return window.ns / window.runs


def run_all(targets, count):
    """Requests of the first target, over all its connections; the others one each."""
    for target in targets[1:]:
        target.run(1)
    return targets[0].run(count)


def measure_size(bench, ops, targets_n, connections, endpoints_n):
    count = max(5000 if bench.quick else 20000, connections)
    idle_s = 2 if bench.quick else 3
    endpoints = [f"127.0.0.{i + 1}:{ETCD_PORT}" for i in range(endpoints_n)]
    with contextlib.ExitStack() as stack:
        stack.enter_context(Server(bench, ETCD_PORT, cpu=MEASURED_CPU))
        targets = [stack.enter_context(Target(bench, endpoints, 1, connections, MEASURED_CPU))
                   for _ in range(targets_n)]
        bare = run_all(targets, count)
        watched = [word for target in targets for word in ("-p", str(target.pid))]
        watch = stack.enter_context(Leasewatch(bench, watched, cpu=OTHER_CPU))
        wait_found(watch, targets)
        run_all(targets, count)
        wait_quiet(watch.pid)
        spent, lost = cpu_ns(watch.pid), bpfstats.lost(watch.pid)
        after = run_all(targets, count)
        wait_quiet(watch.pid)
        found = {"bare_p50_us": bare["p50_ns"] / 1e3, "watched_p50_us": after["p50_ns"] / 1e3,
                 "cpu_ms_per_1000": (cpu_ns(watch.pid) - spent) / 1e6 / ((count + targets_n - 1) / 1000),
                 "lost": bpfstats.lost(watch.pid) - lost, "bystander_ns": bystander_ns(ops, watch)}
        before = cpu_ns(watch.pid)
        time.sleep(idle_s)
        found["idle_cpu"] = (cpu_ns(watch.pid) - before) / 1e9 / idle_s
        found.update(memory_kib(watch.pid))
        began = time.monotonic()
        watch.stop()
        found["end_s"] = time.monotonic() - began
    return found


def measure(bench):
    result = {}
    with Driven([bench.tool("ops")], MEASURED_CPU) as ops:
        for what, (sizes, arguments) in DIMENSIONS.items():
            if bench.quick:
                sizes = (sizes[0], sizes[-1])
            if what == "targets":
                sizes = sorted({biggest(bench, size) for size in sizes})
            bench.say(f"{what}: {', '.join(map(str, sizes))}")
            result[what] = {str(size): measure_size(bench, ops, *arguments(size)) for size in sizes}
    return result


def growth_note(what, sizes):
    """From the smallest to the largest size, and what one more of it adds."""
    numbers = list(sizes)
    first, last = sizes[numbers[0]], sizes[numbers[-1]]
    step = int(numbers[-1]) - int(numbers[0])
    return (f"{numbers[0]} to {numbers[-1]} {what}: a bystander's hit "
            f"{last['bystander_ns'] / first['bystander_ns']:.2f} x; each adds "
            f"{(last['rss_kib'] - first['rss_kib']) / step:.2f} KiB and "
            f"{(last['idle_cpu'] - first['idle_cpu']) / step * 100:.5f}% of a core when idle")


def table(result):
    rows = [["", "bystander ns/hit", "target p50, us", "watched", "RSS", "PSS", "idle CPU", "CPU/1,000 requests",
             "lost", "ends in"]]
    notes = []
    for what, sizes in result.items():
        for size, found in sizes.items():
            rows.append([f"{size} {what if size != '1' else what[:-1]}", f"{found['bystander_ns']:.0f}",
                         f"{found['bare_p50_us']:.1f}", f"{found['watched_p50_us']:.1f}",
                         f"{found['rss_kib'] / 1024:.1f} MiB", f"{found['pss_kib'] / 1024:.1f} MiB",
                         f"{found['idle_cpu']:.2%}", f"{found['cpu_ms_per_1000']:.1f} ms", str(found["lost"]),
                         f"{found['end_s']:.1f} s"])
        notes.append(growth_note(what, sizes))
    return "How it grows", rows, notes
