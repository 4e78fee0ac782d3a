# SPDX-License-Identifier: GPL-2.0-or-later
"""What the watched process itself pays: the latency of its requests.

Target and server share one CPU, so that a request costs what both and every hook in their way cost;
the observers' own processes run on the other one. Without and with, in pairs of short runs.
"""
import statistics

import stats
from candidates import BESIDE_A_TARGET, ETCD_PORT, Nothing
from procs import MEASURED_CPU, BenchError, Server, Target
from report import spread

# How target and server talk. TLS has its own hooks, so it will be a second entry here and a second
# column in the table.
TRANSPORTS = {"clear": {}}


def one_pair(target, candidate, count, with_it_first):
    """(without, with): p50 and p99 of a run each."""
    if with_it_first:
        candidate.on()
        after = target.run(count)
        candidate.off()
        return target.run(count), after
    before = target.run(count)
    candidate.on()
    after = target.run(count)
    candidate.off()
    return before, after


def measure_transport(bench, options):
    rounds, count = (7, 500) if bench.quick else (20, 1000)
    with Server(bench, ETCD_PORT, cpu=MEASURED_CPU, **options) as server, \
            Target(bench, [f"127.0.0.1:{ETCD_PORT}"], cpu=MEASURED_CPU, **options) as target:
        candidates = [kind(bench, target.pid) for kind in BESIDE_A_TARGET]
        pairs = {candidate: [] for candidate in candidates}
        try:
            target.run(2000)
            for number in range(rounds):
                for candidate in list(pairs):
                    try:
                        pairs[candidate].append(one_pair(target, candidate, count, number % 2))
                    except BenchError as error:
                        if server.process.poll() is not None or target.process.poll() is not None:
                            raise
                        bench.say(f"{candidate.label} left out: {error}")
                        del pairs[candidate]
        finally:
            for candidate in candidates:
                candidate.close()
    return pairs


def summarize(pairs):
    bare = [before for list_ in pairs.values() for before, _ in list_]
    return {
        "bare": {key: statistics.median(b[key] for b in bare) / 1e3 for key in ("p50_ns", "p99_ns")},
        "added": {candidate.label: {key: stats.median([(after[key] - before[key]) / 1e3
                                                       for before, after in list_])
                                    for key in ("p50_ns", "p99_ns")}
                  for candidate, list_ in pairs.items() if list_},
    }


def measure(bench):
    bench.say("a request loop, watched and not")
    return {"unit": "us", "transports": {name: summarize(measure_transport(bench, options))
                                         for name, options in TRANSPORTS.items()}}


def cells(result, label):
    added = result["added"].get(label)
    if not added:
        return ["-", "-", "-"]
    floor = stats.floor_of(result["added"][Nothing.label]["p50_ns"], 0)
    quiet = label != Nothing.label and stats.below_noise(added["p50_ns"], 0, floor)
    bare = result["bare"]["p50_ns"]
    return [spread(added["p50_ns"], "{:+.1f}".format) + (" ~" if quiet else "  "),
            f"{(bare + added['p50_ns']['median']) / bare:.2f} x", f"{added['p99_ns']['median']:+.0f}"]


def table(result):
    names = list(result["transports"])
    rows = [["added to a request, us"]]
    bare = ["bare"]
    for name in names:
        rows[0] += [f"{name}: median", "ratio", "p99"]
        found = result["transports"][name]["bare"]
        bare += [f"{found['p50_ns']:.1f}  ", "", f"{found['p99_ns']:.0f}"]
    rows.append(bare)
    labels = dict.fromkeys(label for name in names for label in result["transports"][name]["added"])
    for label in labels:
        rows.append([label, *(cell for name in names for cell in cells(result["transports"][name], label))])
    return "The watched process: a kept-alive renewal over loopback, TCP_NODELAY", rows, [
        "~: not to be told from nothing", "TLS is not measured yet: leasewatch does not read it"]
