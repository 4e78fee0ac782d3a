# SPDX-License-Identifier: GPL-2.0-or-later
"""The driver: namespaces of its own, the sections one after another, a table and a JSON file."""
import argparse
import datetime
import importlib
import json
import os
import platform
import re
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import unittest

import report
import stats
import test_stats
from procs import BenchError

SECTIONS = ["bystander", "postgres", "latency", "program", "detection", "growth"]
INSIDE = "LEASEWATCH_BENCH_NAMESPACES"


class Bench:
    """Where things are, and how long everything may take."""

    def __init__(self, build, quick, tmp):
        self.build, self.quick, self.tmp = os.path.abspath(build), quick, tmp
        self.program = os.path.join(self.build, "leasewatch")
        self.section = ""

    def tool(self, name):
        return os.path.join(self.build, "tools/bench", name)

    @staticmethod
    def source(name):
        return os.path.join(os.path.dirname(os.path.abspath(__file__)), name)

    def constant(self, header, name):
        """A number of the program's own sources: `#define NAME 64` or `#define NAME (64 * ...)`."""
        with open(self.source(f"../../{header}"), encoding="utf-8") as file:
            return int(re.search(rf"#define {name}\s+\(?(\d+)", file.read())[1])

    def say(self, text):
        print(f"bench: {self.section}: {text}", file=sys.stderr, flush=True)


def enter_namespaces():
    """Loopback of our own, and tracefs where tools look for it; both go with us."""
    if os.environ.get(INSIDE):
        return
    # bpftrace 0.17 looks below debugfs, libbpf below either.
    script = ('ip link set lo up && mount -t tracefs tracefs /sys/kernel/tracing && '
              'mount -t debugfs debugfs /sys/kernel/debug && exec "$@"')
    os.environ[INSIDE] = "yes"
    os.execvp("unshare", ["unshare", "--net", "--mount", "--ipc", "sh", "-c", script, "sh",
                          *[sys.executable, *sys.argv]])


def host():
    model = "unknown CPU"
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith(("model name", "CPU implementer")):
                model = line.partition(":")[2].strip()
                break
    return {"cpu": model, "cpus": os.cpu_count(), "machine": platform.machine(),
            "kernel": platform.release(), "load_before": os.getloadavg()[0]}


def run_sections(bench, names, result):
    for name in names:
        section = importlib.import_module(name)
        bench.section = name
        began = time.monotonic()
        try:
            result["sections"][name] = section.measure(bench)
            report.show(section.table(result["sections"][name]))
        except Exception as error:  # what the other sections found is kept
            if not isinstance(error, BenchError):
                traceback.print_exc()
            bench.say(f"left out: {error}")
            result["failed"][name] = str(error)
            continue
        result["seconds"][name] = round(time.monotonic() - began, 1)


def parse(argv):
    parser = argparse.ArgumentParser(
        prog="bench", description="Measure what leasewatch costs, beside the alternatives. Root; about ten "
        "minutes. Figures are differences and ratios within this one run.")
    parser.add_argument("--build", default="build", help="where leasewatch and the programs of tools/bench are")
    parser.add_argument("--output", help="the JSON file (default: BUILD/bench.json)")
    parser.add_argument("--quick", action="store_true", help="about two minutes: fewer rounds, wider intervals")
    parser.add_argument("--only", action="append", choices=SECTIONS, help="this section; may be given again")
    parser.add_argument("--selftest", action="store_true", help="check the arithmetic and end")
    return parser.parse_args(argv)


def selftest():
    """The figures are worth what the arithmetic is: checked before every run."""
    suite = unittest.defaultTestLoader.loadTestsFromModule(test_stats)
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        done = unittest.TextTestRunner(nowhere, verbosity=0).run(suite)
    for test, trace in done.failures + done.errors:
        print(f"bench: {test}\n{trace}", file=sys.stderr)
    return done.wasSuccessful() and done.testsRun > 0


def write(result, path):
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump(result, file, indent=1)
        file.write("\n")
    os.replace(path + ".new", path)


def main(argv):
    args = parse(argv)
    sound = selftest()
    if args.selftest or not sound:
        print(f"bench: the arithmetic is {'sound' if sound else 'wrong'}", file=sys.stderr)
        return 0 if sound else 1
    if os.geteuid() != 0:
        print("bench: root is needed (try sudo)", file=sys.stderr)
        return 1
    enter_namespaces()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    began = time.monotonic()
    result = {"began": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
              "quick": args.quick, "host": host(), "interval": stats.METHOD, "sections": {}, "seconds": {},
              "failed": {}}
    report.head(result)
    with tempfile.TemporaryDirectory(prefix="leasewatch-bench-") as tmp:
        os.chmod(tmp, 0o755)
        bench = Bench(args.build, args.quick, tmp)
        result["version"] = subprocess.check_output([bench.program, "-V"], text=True).strip()
        try:
            run_sections(bench, args.only or SECTIONS, result)
        except KeyboardInterrupt:
            return 130
    result["duration_s"] = round(time.monotonic() - began, 1)
    path = args.output or os.path.join(args.build, "bench.json")
    write(result, path)
    report.foot(result, path)
    return 1 if result["failed"] else 0
