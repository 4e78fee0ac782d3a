# SPDX-License-Identifier: GPL-2.0-or-later
"""What a process that is not watched pays, per operation.

Each round measures without and with a candidate, one right after the other, the order turned
around from round to round; the difference of the two is one value. The candidates take turns within
a round, so that a drift of the machine meets all of them.
"""
import statistics
import subprocess

import stats
from candidates import BESIDE_A_BYSTANDER, Empty, Probe
from procs import MEASURED_CPU, BenchError, Driven, prepare
from report import spread

# Operation -> (iterations in a batch of about 0.3 ms, what it is)
OPERATIONS = {
    "tcp": (250, "TCP send+recv"),
    "unix": (500, "unix send+recv"),
    "none": (3000, "getppid"),
}
BATCHES = 32
WARM_UP = 3
BUDGET = 1.15   # of what empty programs cost


def measure_once(ops):
    took = {}
    for name, (count, _) in OPERATIONS.items():
        ops.ask(f"{name} {WARM_UP} {count}", "took")
        took[name] = float(ops.ask(f"{name} {BATCHES} {count}", "took")[0])
    return took


def one_pair(ops, candidate, with_it_first):
    """(without, with) of every operation."""
    if with_it_first:
        candidate.on()
        after = measure_once(ops)
        candidate.off()
        return measure_once(ops), after
    before = measure_once(ops)
    candidate.on()
    after = measure_once(ops)
    candidate.off()
    return before, after


def run_rounds(bench, ops, candidates):
    fast, slow = (9, 6) if bench.quick else (90, 9)
    pairs = {candidate: [] for candidate in candidates}
    for number in range(fast):
        # The slow ones spread their fewer rounds over the whole time.
        is_slow_turn = number * slow // fast != (number + 1) * slow // fast
        for candidate in list(pairs):
            if candidate.slow and not is_slow_turn:
                continue
            try:
                pairs[candidate].append(one_pair(ops, candidate, number % 2))
            except BenchError as error:
                bench.say(f"{candidate.label} left out: {error}")
                del pairs[candidate]
    return pairs


def idle_process():
    return subprocess.Popen(["sleep", "infinity"], preexec_fn=prepare())


def measure(bench):
    idle = idle_process()
    candidates = []
    try:
        candidates = [kind(bench, idle.pid) for kind in BESIDE_A_BYSTANDER]
        bench.say(f"{len(candidates)} candidates, taking turns: {', '.join(o[1] for o in OPERATIONS.values())}")
        with Driven([bench.tool("ops")], MEASURED_CPU) as ops:
            pairs = run_rounds(bench, ops, candidates)
    finally:
        for candidate in candidates:
            candidate.close()
        idle.kill()
        idle.wait()
    return summarize(pairs)


def summarize(pairs):
    bare, candidates = {}, {}
    for name in OPERATIONS:
        bare[name] = statistics.median(before[name] for list_ in pairs.values() for before, _ in list_)
    for candidate, list_ in pairs.items():
        candidates[candidate.label] = {
            name: stats.median([after[name] - before[name] for before, after in list_])
            for name in OPERATIONS}
    return {"unit": "ns per operation", "bare": bare, "added": candidates, "over_empty": over_empty(pairs)}


def over_empty(pairs):
    """What leasewatch adds to empty programs, of the rounds in which both were measured, side by side."""
    by_kind = {type(candidate): list_ for candidate, list_ in pairs.items()}
    if Probe not in by_kind or Empty not in by_kind:
        return {}
    both = list(zip(by_kind[Probe], by_kind[Empty]))
    return {name: stats.median([ours[1][name] - empty[1][name] for ours, empty in both])
            for name in OPERATIONS}


def table(result):
    floor = {name: stats.floor_of(result["added"]["nothing (A against A)"][name], 0) for name in OPERATIONS}
    rows = [["added to one operation, ns", *(o[1] for o in OPERATIONS.values()), "rounds"]]
    rows.append(["bare", *(f"{result['bare'][name]:.0f}" for name in OPERATIONS), ""])
    for label, added in result["added"].items():
        cells = []
        for name in OPERATIONS:
            quiet = stats.below_noise(added[name], 0, floor[name]) and label[:7] != "nothing"
            cells.append(spread(added[name], "{:+.0f}".format) + (" ~" if quiet else "  "))
        rows.append([label, *cells, str(next(iter(added.values()))["n"])])
    return "A process that is not watched", rows, notes(result)


def notes(result):
    lines = ["~: indistinguishable from nothing (within the noise of A against A, or the interval contains 0)"]
    empty = result["added"].get(Empty.label)
    for name in ("tcp", "unix"):
        if result["over_empty"] and empty[name]["median"] > 0:
            over, base = result["over_empty"][name], empty[name]["median"]
            low, middle, high = (1 + over[key] / base for key in ("low", "median", "high"))
            lines.append(f"leasewatch against empty programs, round by round: {OPERATIONS[name][1]} "
                         f"{spread(over, '{:+.0f}'.format)} ns, {middle:.2f} x [{low:.2f}..{high:.2f}]; "
                         f"budget {BUDGET} x")
    return lines
