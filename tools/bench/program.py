# SPDX-License-Identifier: GPL-2.0-or-later
"""The program itself: how soon it sees, what it needs, and how much it can follow."""
import os
import time

import bpfstats
import idle
import stats
from candidates import ETCD_PORT
from idle import memory_text, verdict
from procs import BenchError, Driven, Leasewatch, Server, Target, cpu_ns, memory_kib, wait_quiet

ENDPOINT = f"127.0.0.1:{ETCD_PORT}"
THREADS, CONNECTIONS = 4, 16
REQUESTS = 100_000
RATE = 20_000           # DESIGN: so many target requests a second without a loss
GIVE_UP_S = 3.3         # Patroni's time for one request, FACTS
BUDGETS = {"attach_ms": 200, "rss_kib": 12 * 1024}

# Name -> (trace -j?, further options). Files are in the benchmark's directory; {log} is one of them.
SINKS = {
    "text": (False, []),
    "text -v": (False, ["-v"]),
    "json": (True, []),
    "text and json": (False, ["-o", "{log}"]),
}
QUICK_SINKS = ("text", "json")


def is_stall(line):
    return line["event"] == "stall"


def time_to_attach(bench):
    """From exec to the first hook live, and to the line `start`: all hooks are live by then."""
    first, all_live = [], []
    with Driven([bench.tool("livehook")]) as livehook, Driven(["cat"], ready=None) as idle:
        for _ in range(5 if bench.quick else 15):
            livehook.ask("watch", "watching")
            with Leasewatch(bench, ["-p", str(idle.pid)]) as watch:
                start = watch.wait_for(lambda line: line["event"] == "start")
                live = int(livehook.expect("live")[0])
                if not live or not start:
                    raise BenchError(f"leasewatch does not start: {watch.trouble() or 'no hook, no line'}")
                first.append((live - watch.exec_ns) / 1e6)
                all_live.append((start[0] - watch.exec_ns) / 1e6)
    return {"first_hook_ms": stats.distribution(first), "start_line_ms": stats.distribution(all_live)}


class Impatient:
    """A Patroni whose renewals are never answered: it gives up and tries again, as with three etcds
    and the default retry_timeout."""

    def __init__(self, target):
        self.target = target
        self.sent_ns = target.hang()

    def keep_on(self):
        if time.time_ns() - self.sent_ns > GIVE_UP_S * 1e9:
            self.target.drop()
            self.sent_ns = self.target.hang()


class Refused:
    """Its renewals are answered at once, with a no; it tries again and again."""

    def __init__(self, target):
        self.target = target
        self.keep_on()

    def keep_on(self):
        self.target.request("status=503")


def first_finding(bench, trouble):
    """From exec to the first line about a stall that is going on already."""
    delays, missed = [], 0
    for _ in range(2 if bench.quick else 4):
        with Server(bench, ETCD_PORT), Target(bench, [ENDPOINT]) as target:
            patient = trouble(target)
            time.sleep(1.5)
            with Leasewatch(bench, ["-p", str(target.pid)]) as watch:
                deadline, found = time.monotonic() + 15, None
                while not found and time.monotonic() < deadline:
                    patient.keep_on()
                    found = watch.wait_for(is_stall, 0.2)
                if found:
                    delays.append((found[0] - watch.exec_ns) / 1e6)
                missed += not found
    return {"ms": stats.distribution(delays) if delays else None, "missed": missed}


def ongoing_stalls(bench):
    return {f"no answer, a retry every {GIVE_UP_S} s": first_finding(bench, Impatient),
            "refused, a retry every 0.2 s": first_finding(bench, Refused)}


class Loaded:
    """leasewatch with one kind of output, and a target that works."""

    def __init__(self, bench, sink):
        self.bench, (self.json, options) = bench, SINKS[sink]
        self.log = os.path.join(bench.tmp, "log")
        self.options = [word.format(log=self.log) for word in options]
        self.out = os.path.join(bench.tmp, "out")

    def __enter__(self):
        self.server = Server(self.bench, ETCD_PORT, threads=2)
        self.target = Target(self.bench, [ENDPOINT], THREADS, CONNECTIONS)
        with open(self.out, "wb") as out:
            self.watch = Leasewatch(self.bench, ["-p", str(self.target.pid), *self.options],
                                    json_out=self.json, stdout=out)
        deadline = time.monotonic() + 10
        while not os.path.getsize(self.out) and time.monotonic() < deadline:
            time.sleep(0.02)
        wait_quiet(self.watch.pid)
        return self

    def __exit__(self, *_):
        try:
            self.watch.stop()
        finally:
            self.target.close()
            self.server.close()
            for path in (self.out, self.log):
                if os.path.exists(path):
                    os.remove(path)

    def run(self, count, rate):
        """What the target did, what of it was lost, and the CPU time that following it took."""
        lost, spent = bpfstats.lost(self.watch.pid), cpu_ns(self.watch.pid)
        result = self.target.run(count, rate)
        wait_quiet(self.watch.pid)
        result["lost"] = bpfstats.lost(self.watch.pid) - lost
        result["cpu_ms_per_1000"] = (cpu_ns(self.watch.pid) - spent) / 1e6 / (count / 1000)
        return result


def highest_rate(loaded, seconds, steps):
    """The highest rate, as the target reached it, at which nothing was lost; is it the machine that
    could not go on, or the program?"""
    flat_out = loaded.run(REQUESTS, 0)
    if not flat_out["lost"]:
        return {"rate": flat_out["rate"], "limit": "target", "flat_out": flat_out}
    low, high, best = 0.0, flat_out["rate"], 0.0
    for _ in range(steps):
        rate = (low + high) / 2
        got = loaded.run(int(rate * seconds), rate)
        if got["lost"]:
            high = min(rate, got["rate"])
        else:
            low, best = rate, max(best, got["rate"])
    return {"rate": best, "limit": "losses", "flat_out": flat_out}


def one_sink(bench, sink):
    seconds, steps = (1, 3) if bench.quick else (2, 5)
    with Loaded(bench, sink) as loaded:
        before = memory_kib(loaded.watch.pid)
        steady = loaded.run(REQUESTS, RATE)
        after = memory_kib(loaded.watch.pid)
        highest = highest_rate(loaded, seconds, steps)
    return {"memory_before": before, "memory_after": after, "steady": steady, "highest": highest}


def measure(bench):
    bench.say("exec to the first hook")
    result = {"attach": time_to_attach(bench)}
    bench.say("exec to the first finding on a stall in progress")
    result["ongoing"] = ongoing_stalls(bench)
    bench.say("idle")
    result["idle"] = idle.measure(bench)
    result["sinks"] = {}
    for sink in SINKS if not bench.quick else QUICK_SINKS:
        bench.say(f"{REQUESTS} requests at {RATE}/s, then flat out: {sink}")
        result["sinks"][sink] = one_sink(bench, sink)
    return result


def spans(d):
    return f"{d['median']:.0f} ms ({d['min']:.0f}..{d['max']:.0f}, n {d['n']})" if d else "-"


def table(result):
    attach = result["attach"]
    rows = [["", "measured", "budget", ""]]
    first = attach["first_hook_ms"]
    rows.append(["exec to first hook live", spans(first), "200 ms", verdict(first["median"] <= BUDGETS["attach_ms"])])
    rows.append(["exec to the line `start`", spans(attach["start_line_ms"]), "", ""])
    for what, found in result["ongoing"].items():
        rows.append([f"exec to first finding; {what}", spans(found["ms"]), "",
                     f"{found['missed']} missed" if found["missed"] else ""])
    rows += idle.rows(result["idle"])
    for sink, found in result["sinks"].items():
        rows += sink_rows(sink, found)
    return "The program itself", rows, [
        "first hook live: the kernel lists its link; at the line `start` all are live",
        "a renewal sent before leasewatch started is not known to be in flight: the first finding is about the next "
        "one", ">=: target and server had no CPU left to go faster, and nothing was lost"]


def sink_rows(sink, found):
    steady, highest = found["steady"], found["highest"]
    sign = ">= " if highest["limit"] == "target" else ""
    return [
        [f"{sink}: memory after {REQUESTS} requests", memory_text(found["memory_after"]), "12 MiB",
         verdict(found["memory_after"]["rss_kib"] <= BUDGETS["rss_kib"])],
        [f"{sink}: CPU for 1,000 requests", f"{steady['cpu_ms_per_1000']:.1f} ms", "", ""],
        [f"{sink}: lost at {steady['rate']:.0f} requests/s", str(steady["lost"]), "0 at 20000/s",
         verdict(not steady["lost"])],
        [f"{sink}: highest rate without a loss", f"{sign}{highest['rate']:.0f}/s", f"{RATE}/s",
         verdict(highest["rate"] >= RATE)],
    ]
