# SPDX-License-Identifier: GPL-2.0-or-later
"""What the watched process itself pays: the latency of its requests.

Target and server share one CPU, so that a request costs what both and every hook in their way cost;
the observers' own processes run on the other one. Without and with, in pairs of short runs.

What each of them showed of the renewals is counted as well: over TLS to cost little is easy for one
that sees ciphertext, or nothing.
"""
import statistics

import stats
from candidates import BESIDE_A_TARGET, BESIDE_A_TLS_TARGET, ETCD_PORT, Nothing, Program
from procs import MEASURED_CPU, BenchError, Server, Target
from report import spread

# How target and server talk -> (options of both, who watches)
TRANSPORTS = {
    "clear": ({}, BESIDE_A_TARGET),
    "TLS": ({"tls": True}, BESIDE_A_TLS_TARGET),
}

# Below this share a figure is not what reading costs, and the table says so.
ENOUGH = 0.99


def with_it(target, candidate, count):
    candidate.on()
    candidate.settle(target)
    after = target.run(count)
    candidate.catch_up(count)
    candidate.off()
    after["shown"] = candidate.renewals()
    return after


def one_pair(target, candidate, count, with_it_first):
    """(without, with): p50 and p99 of a run each, and how much of the latter was shown."""
    if with_it_first:
        after = with_it(target, candidate, count)
        return target.run(count), after
    before = target.run(count)
    return before, with_it(target, candidate, count)


def measure_transport(bench, options, kinds):
    rounds, count = (6, 500) if bench.quick else (9, 1000)
    with Server(bench, ETCD_PORT, cpu=MEASURED_CPU, **options) as server, \
            Target(bench, [f"127.0.0.1:{ETCD_PORT}"], cpu=MEASURED_CPU, **options) as target:
        candidates = [kind(bench, target.pid) for kind in kinds]
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


def shown(list_):
    """The share of the renewals; None for one that shows none by design."""
    if any(after["shown"] is None for _, after in list_):
        return None
    return sum(after["shown"] for _, after in list_) / sum(after["requests"] for _, after in list_)


def summarize(pairs):
    bare = [before for list_ in pairs.values() for before, _ in list_]
    return {
        "bare": {key: statistics.median(b[key] for b in bare) / 1e3 for key in ("p50_ns", "p99_ns")},
        "added": {candidate.label: {key: stats.median([(after[key] - before[key]) / 1e3
                                                       for before, after in list_])
                                    for key in ("p50_ns", "p99_ns")}
                  for candidate, list_ in pairs.items() if list_},
        "shown": {candidate.label: shown(list_) for candidate, list_ in pairs.items() if list_},
    }


def measure(bench):
    transports = {}
    for name, (options, kinds) in TRANSPORTS.items():
        bench.say(f"a loop of requests, with and without watching: {name}")
        transports[name] = summarize(measure_transport(bench, options, kinds))
    return {"unit": "us", "transports": transports}


def shown_text(share):
    if share is None:
        return ""
    # A single one that is missing must not round to all.
    return "none" if not share else "all" if share == 1 else f"{min(share, 0.999):.1%}"


def cells(result, label):
    added = result["added"].get(label)
    if not added:
        return ["-"] * 4
    floor = stats.floor_of(result["added"][Nothing.label]["p50_ns"], 0)
    quiet = label != Nothing.label and stats.below_noise(added["p50_ns"], 0, floor)
    bare = result["bare"]["p50_ns"]
    return [spread(added["p50_ns"], "{:+.1f}".format) + (" ~" if quiet else "  "),
            f"{(bare + added['p50_ns']['median']) / bare:.2f} x", f"{added['p99_ns']['median']:+.0f}",
            shown_text(result["shown"][label])]


def table(result):
    names = list(result["transports"])
    rows = [["added to a request, us"]]
    bare = ["bare"]
    for name in names:
        rows[0] += [f"{name}: median", "ratio", "p99", "shown"]
        found = result["transports"][name]["bare"]
        bare += [f"{found['p50_ns']:.1f}  ", "", f"{found['p99_ns']:.0f}", ""]
    rows.append(bare)
    labels = dict.fromkeys(label for name in names for label in result["transports"][name]["added"])
    for label in labels:
        rows.append([label, *(cell for name in names for cell in cells(result["transports"][name], label))])
    return "The watched process: a kept-alive renewal over loopback, TCP_NODELAY", rows, notes(result)


def notes(result):
    lines = ["~: indistinguishable from nothing",
             "shown: the share of the renewals that it showed as such; tcpdump drops its last buffer at the end",
             "over TLS bpftrace hooks libssl, as leasewatch does; libssl makes none of the network calls that strace "
             "follows"]
    for name, found in result["transports"].items():
        share = found["shown"].get(Program.label)
        if share is not None and share < ENOUGH:
            lines.append(f"{name}: leasewatch {'was BLIND' if not share else f'missed {1 - share:.1%}'}: its figure "
                         "is not the cost of reading")
    return lines
