# SPDX-License-Identifier: GPL-2.0-or-later
"""What `trace` and `daemon` need beside a Patroni that does nothing but renew its lease."""
import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.request

from candidates import ETCD_PORT
from procs import BenchError, Leasewatch, cpu_ns, memory_kib, prepare

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tests/synthetic"))

from synthetic import Etcd, Patroni  # noqa: E402  pylint: disable=wrong-import-position

SCOPE = "bench"
METRICS = "127.0.0.1:9345"
RENEWALS_PER_S = 0.1
START_S = 20
BUDGETS = {"rss_kib": 8 * 1024, "cpu": 0.001}


class Daemon:
    """`leasewatch daemon` with a log and a metrics port, once it has found the Patroni and was scraped."""

    def __init__(self, bench):
        conf, log = os.path.join(bench.tmp, "daemon.conf"), os.path.join(bench.tmp, "daemon.log")
        with open(conf, "w", encoding="ascii") as file:
            file.write(f"[log]\nfile = {log}\n[metrics]\nlisten = {METRICS}\n")
        with open(os.path.join(bench.tmp, "daemon.stderr"), "w", encoding="ascii") as errors:
            self.process = subprocess.Popen([bench.program, "daemon", "-c", conf], stderr=errors, preexec_fn=prepare())

    def wait_started(self):
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"http://{METRICS}/metrics", timeout=5) as page:
                if f'scope="{SCOPE}"' in page.read().decode():
                    return
            time.sleep(0.2)
        raise BenchError("the daemon does not show the Patroni in its metrics")

    @property
    def pid(self):
        return self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)


def watch(process, seconds):
    with process:
        process.wait_started()
        time.sleep(2)
        before = cpu_ns(process.pid)
        time.sleep(seconds)
        return {"cpu": (cpu_ns(process.pid) - before) / 1e9 / seconds, "seconds": seconds,
                "memory": memory_kib(process.pid)}


def measure(bench):
    seconds = 5 if bench.quick else 60
    endpoint = f"127.0.0.1:{ETCD_PORT}"
    with Etcd("127.0.0.1", ETCD_PORT), Patroni(SCOPE, "m1", endpoint) as patroni:
        patroni.run(1 << 30, RENEWALS_PER_S)
        return {"trace": watch(Leasewatch(bench, ["-p", str(patroni.pid)]), seconds),
                "daemon": watch(Daemon(bench), seconds)}


def memory_text(memory):
    mib = {name: f"{kib / 1024:.1f} MiB" for name, kib in memory.items()}
    return (f"RSS {mib['rss_kib']}, PSS {mib['pss_kib']}, ring {mib['ring_rss_kib']}, "
            f"children {mib['children_kib']}")


def verdict(within):
    return "ok" if within else "MISSED"


def rows(result):
    found = []
    for command, got in result.items():
        found += [[f"{command}, idle for {got['seconds']} s: CPU", f"{got['cpu']:.3%}", "0.1%",
                   verdict(got["cpu"] <= BUDGETS["cpu"])],
                  [f"{command}, idle: memory", memory_text(got["memory"]), "8 MiB",
                   verdict(got["memory"]["rss_kib"] <= BUDGETS["rss_kib"])]]
    return found
