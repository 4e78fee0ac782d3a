# SPDX-License-Identifier: GPL-2.0-or-later
"""What PostgreSQL pays: pgbench -S over TCP and over a unix socket.

Server and client share one CPU, so that a transaction costs what both of them and every hook in
their way cost, and nothing is hidden by a second core; what the candidates do in user space runs on
the other one. The rate is compared in pairs of short windows; what the hooks themselves take is
read from the kernel's own counters, which no drift of the machine touches.
"""
import glob
import os
import pwd
import re
import statistics
import subprocess
import time

import bpfstats
import stats
from bystander import idle_process
from candidates import BESIDE_A_BYSTANDER, Attached, Bpftrace, Empty, Nothing, Probe
from procs import MEASURED_CPU, BenchError, prepare
from report import spread

PORT = 5499
USER = "postgres"
TPS = 10000
START_S = 30


class Cluster:
    """An own PostgreSQL on loopback and a unix socket, gone with its directory."""

    def __init__(self, bench):
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda p: int(p.split("/")[4]))
        if not found:
            raise BenchError("no PostgreSQL server is installed")
        self.bin, self.dir = found[-1], os.path.join(bench.tmp, "postgres")
        user = pwd.getpwnam(USER)
        os.mkdir(self.dir)
        os.chown(self.dir, user.pw_uid, user.pw_gid)
        self.run("initdb", "-D", f"{self.dir}/data", "-A", "trust", "--no-sync")
        self.log = open(f"{self.dir}/log", "w", encoding="utf-8")
        settings = {"listen_addresses": "127.0.0.1", "port": PORT, "unix_socket_directories": self.dir,
                    "dynamic_shared_memory_type": "mmap", "fsync": "off", "autovacuum": "off", "max_connections": 20}
        words = [word for item in settings.items() for word in ("-c", "{}={}".format(*item))]
        self.server = subprocess.Popen([f"{self.bin}/postgres", "-D", f"{self.dir}/data", *words],
                                       stdout=self.log, stderr=self.log, user=USER, group=user.pw_gid,
                                       extra_groups=[], preexec_fn=prepare(MEASURED_CPU))
        self.wait_ready()
        self.run("pgbench", "-i", "-q", "-h", self.dir, "-p", str(PORT), USER)

    def wait_ready(self):
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline and self.server.poll() is None:
            if subprocess.run([f"{self.bin}/pg_isready", "-q", "-h", self.dir, "-p", str(PORT)],
                              check=False).returncode == 0:
                return
            time.sleep(0.1)
        raise BenchError("PostgreSQL does not start")

    def run(self, program, *arguments):
        done = subprocess.run([f"{self.bin}/{program}", *arguments], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False, user=USER, extra_groups=[],
                              group=pwd.getpwnam(USER).pw_gid, cwd=self.dir, preexec_fn=prepare(MEASURED_CPU))
        if done.returncode:
            raise BenchError(f"{program}: {done.stdout.strip()}")
        return done.stdout

    def tps(self, transport, transactions):
        host = "127.0.0.1" if transport == "tcp" else self.dir
        out = self.run("pgbench", "-n", "-S", "-M", "prepared", "-c", "1", "-t", str(transactions), "-h", host,
                       "-p", str(PORT), USER)
        return float(re.search(r"tps = ([\d.]+) \(without", out).group(1))

    def close(self):
        self.server.terminate()
        try:
            self.server.wait(START_S)
        except subprocess.TimeoutExpired:
            self.server.kill()
            self.server.wait()
        self.log.close()


TRANSPORTS = ("tcp", "unix")


def hits(cluster, candidate, transactions):
    """Per transport: hits a transaction, ns a hit. What others hit meanwhile is taken off."""
    pid = candidate.loader.pid if isinstance(candidate, Attached) else candidate.process.pid
    ids = bpfstats.programs_of(pid)
    found = {}
    for transport in TRANSPORTS:
        began = time.monotonic()
        with bpfstats.Window(ids) as busy:
            cluster.tps(transport, transactions)
        took = time.monotonic() - began
        with bpfstats.Window(ids) as quiet:
            time.sleep(took)
        runs, spent = max(0, busy.runs - quiet.runs), max(0, busy.ns - quiet.ns)
        found[transport] = {"hits": runs / transactions, "ns_per_hit": spent / runs if runs else 0.0,
                            "core_share": spent / transactions * TPS / 1e9}
    return found


def measure_hits(cluster, candidates, transactions):
    """By label; candidates without BPF programs have none."""
    found = {}
    with bpfstats.enabled():
        for candidate in candidates:
            if isinstance(candidate, Nothing) or not isinstance(candidate, (Attached, Bpftrace)):
                continue
            candidate.on()
            found[candidate.label] = hits(cluster, candidate, transactions)
            candidate.off()
    return found


def one_ratio(cluster, candidate, transactions, with_it_first):
    def rates():
        return {transport: cluster.tps(transport, transactions) for transport in TRANSPORTS}

    if with_it_first:
        candidate.on()
        after = rates()
        candidate.off()
        before = rates()
    else:
        before = rates()
        candidate.on()
        after = rates()
        candidate.off()
    return before, {transport: after[transport] / before[transport] for transport in TRANSPORTS}


def measure(bench):
    rounds, window_s = (6, 0.2) if bench.quick else (9, 0.4)
    idle, candidates = idle_process(), []
    bench.say("starting PostgreSQL")
    cluster = Cluster(bench)
    try:
        candidates = [kind(bench, idle.pid) for kind in BESIDE_A_BYSTANDER]
        cluster.tps("tcp", 2000)
        transactions = int(min(cluster.tps(transport, 2000) for transport in TRANSPORTS) * window_s) + 1
        bench.say(f"{rounds} rounds, {transactions} transactions each")
        in_kernel = measure_hits(cluster, candidates, transactions * 2)
        compared = [candidate for candidate in candidates if not (bench.quick and candidate.slow)]
        bare, ratios = [], {candidate.label: [] for candidate in compared}
        for number in range(rounds):
            for candidate in compared:
                before, ratio = one_ratio(cluster, candidate, transactions, number % 2)
                bare.append(before)
                ratios[candidate.label].append(ratio)
    finally:
        for candidate in candidates:
            candidate.close()
        cluster.close()
        idle.kill()
        idle.wait()
    return {"transactions_per_window": transactions,
            "bare_tps": {t: statistics.median(b[t] for b in bare) for t in TRANSPORTS},
            "in_kernel": in_kernel,
            "tps_ratio": {label: {t: stats.median([r[t] for r in list_]) for t in TRANSPORTS}
                          for label, list_ in ratios.items()}}


def kernel_cells(result, label, transport):
    found = result["in_kernel"].get(label)
    if not found:
        return ["", "", ""]
    found = found[transport]
    return [f"{found['hits']:.1f}", f"{found['ns_per_hit']:.0f}", f"{found['core_share']:.2%}"]


def ratio_cells(ratio, label, transport, floor):
    if not ratio:
        return ["-", "left out of a quick run"]
    verdict = "noise floor"
    if label != Nothing.label:
        below = stats.below_noise(ratio[transport], 1, floor)
        verdict = "below the noise" if below else f"{1 - ratio[transport]['median']:+.1%} slower"
    return [spread(ratio[transport], "{:.3f}".format), verdict]


def kernel_note(result):
    ours, empty = result["in_kernel"].get(Probe.label), result["in_kernel"].get(Empty.label)
    if not ours or not empty:
        return []
    over = ", ".join(
        f"{ours[t]['ns_per_hit'] - empty[t]['ns_per_hit']:+.0f} ns a hit and "
        f"{ours[t]['core_share'] - empty[t]['core_share']:+.3%} of a core at {TPS} tps over {t}" for t in TRANSPORTS)
    return [f"leasewatch over empty programs: {over}"]


def table(result):
    rows = [["pgbench -S -M prepared", "over", "hits/tx", "ns/hit", f"core/{TPS // 1000}k tps", "TPS ratio",
             "verdict"]]
    for transport in TRANSPORTS:
        floor = stats.floor_of(result["tps_ratio"][Nothing.label][transport], 1)
        for label in dict.fromkeys([*result["tps_ratio"], *result["in_kernel"]]):
            rows.append([label, transport, *kernel_cells(result, label, transport),
                         *ratio_cells(result["tps_ratio"].get(label), label, transport, floor)])
    tps = ", ".join(f"{result['bare_tps'][t]:.0f} over {t}" for t in TRANSPORTS)
    return "PostgreSQL on the same host", rows, [
        f"bare: {tps} transactions a second, server and client on one CPU",
        "hits and ns from kernel.bpf_stats_enabled; ns/hit includes the counting itself, as the empty programs show",
        *kernel_note(result)]
