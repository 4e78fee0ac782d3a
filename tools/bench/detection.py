# SPDX-License-Identifier: GPL-2.0-or-later
"""From the moment at which a stall's condition holds to the moment at which its line can be read.

Many targets take turns, so that every stall has a process of its own and no two begin together.
The target says when it sent and when it read; what follows from that is DESIGN's definition of a
stall. All times are CLOCK_REALTIME of one machine.
"""
import random
import threading
import time

import stats
from procs import Leasewatch, Server, Target

PORT = 2379
STALL_AFTER_S = 1.0
REFRESHES = 7       # good ones before the silence: the cadence is learned from the last five gaps
CADENCE_S = 0.6     # below half a second a renewal does not count as one of Patroni's loop
STAGGER_S = 0.2     # between two targets, on average and not in step with the program's own 50 ms

KINDS = {
    "hanging": "a renewal is in flight for longer than 1 s",
    "failed": "a renewal was refused (503, code 14)",
    "not_attempted": "no renewal was sent when it was due",
}


class Script(threading.Thread):
    """One target, one stall. `condition_ns` is when it began to hold."""

    def __init__(self, target, act, delay_s, flagged):
        super().__init__(daemon=True)
        self.target, self.act, self.delay_s, self.flagged = target, act, delay_s, flagged
        self.condition_ns = None

    def run(self):
        time.sleep(self.delay_s)
        self.act(self)

    def wait_until_flagged(self, timeout_s):
        self.flagged.wait(timeout_s)


def hanging(script):
    script.target.request()
    script.condition_ns = script.target.hang() + int(STALL_AFTER_S * 1e9)
    script.wait_until_flagged(STALL_AFTER_S + 2)
    script.target.drop()
    script.target.request()


def failed(script):
    script.target.request()
    _, script.condition_ns, _ = script.target.request("status=503")
    script.wait_until_flagged(2)
    script.target.request()


def not_attempted(script):
    sent = []
    for _ in range(REFRESHES):
        sent.append(script.target.request("ttl=30")[0])
        time.sleep(CADENCE_S)
    gaps = [after - before for before, after in zip(sent, sent[1:])]
    cadence = max(gaps[-5:]) / 1e9
    overdue = min(2 * cadence + 1, cadence + (30 - cadence) / 2)
    script.condition_ns = sent[-1] + int(overdue * 1e9)
    script.wait_until_flagged(overdue + 2)
    script.target.request()


ACTS = {"hanging": hanging, "failed": failed, "not_attempted": not_attempted}


def stall_of(line, pid):
    return line["event"] == "stall" and line["phase"] == "begin" and line["process.pid"] == pid


def measure_kind(bench, kind, count):
    with Server(bench, PORT):
        targets = [Target(bench, [f"127.0.0.1:{PORT}"]) for _ in range(count)]
        watched = [word for target in targets for word in ("-p", str(target.pid))]
        with Leasewatch(bench, watched) as watch:
            for _ in targets:
                watch.wait_started()
            rng, delay, scripts = random.Random(), 0.0, {}
            for target in targets:
                delay += (STAGGER_S / 2 if bench.quick else STAGGER_S) * rng.uniform(0.5, 1.5)
                scripts[target.pid] = Script(target, ACTS[kind], delay, threading.Event())
            for script in scripts.values():
                script.start()
            arrivals = collect(watch, scripts)
            for script in scripts.values():
                script.join(30)
        for target in targets:
            target.close()
    return scripts, arrivals


def collect(watch, scripts):
    """{pid: (arrival, cause)} of the first stall of each target."""
    arrivals = {}

    def is_new_stall(line):
        return any(stall_of(line, pid) for pid in scripts if pid not in arrivals)

    while len(arrivals) < len(scripts) and any(s.is_alive() for s in scripts.values()):
        item = watch.wait_for(is_new_stall, 0.5)
        if item:
            pid = item[1]["process.pid"]
            arrivals[pid] = (item[0], item[1]["cause"])
            scripts[pid].flagged.set()
    return arrivals


def summarize(bench, kind, scripts, arrivals):
    delays, causes = [], {}
    for pid, (arrival, cause) in arrivals.items():
        delays.append((arrival - scripts[pid].condition_ns) / 1e6)
        causes[cause] = causes.get(cause, 0) + 1
    result = {"condition": KINDS[kind], "missed": len(scripts) - len(arrivals), "causes": causes,
              "delays_ms": [round(delay, 3) for delay in sorted(delays)]}
    if kind == "failed":
        # Held back on purpose: Patroni may simply go to the next etcd.
        result["grace_ms"] = bench.constant("user/model/stall.h", "STALL_GRACE_NS")
    if delays:
        result["delay_ms"] = stats.distribution(delays)
    return result


def measure(bench):
    count = 30
    results = {}
    for kind in KINDS:
        bench.say(f"{count} stalls, {KINDS[kind]}")
        results[kind] = summarize(bench, kind, *measure_kind(bench, kind, count))
    return results


def table(results):
    rows = [["stall begins when", "n", "min", "median", "p90", "max", "missed", "cause"]]
    for result in results.values():
        d = result.get("delay_ms")
        numbers = [f"{d[key]:.0f} ms" for key in ("min", "median", "p90", "max")] if d else ["-"] * 4
        rows.append([result["condition"], str(d["n"] if d else 0), *numbers, str(result["missed"]),
                     ", ".join(result["causes"])])
    notes = ["from the moment the condition holds until the reader has the line; budget 200 ms",
             f"a refusal is reported after a deliberate grace period of {results['failed']['grace_ms']} ms, included above"]
    return "Detection", rows, notes
