# SPDX-License-Identifier: GPL-2.0-or-later
"""What an operator might run beside the database, each with on() and off().

All of them are told to follow `pid`, a process of the benchmark's that is not the one measured
(or is, in latency.py). off() returns when nothing is attached any more.
"""
import json
import os
import signal
import subprocess
import time

from procs import OTHER_CPU, BenchError, Driven, Leasewatch, prepare, run

ETCD_PORT = 2379
START_S = 15


class Candidate:
    label = ""
    slow = False    # takes a second to come and go: fewer rounds

    def __init__(self, bench, pid):
        self.bench, self.pid = bench, pid

    def on(self):
        raise NotImplementedError

    def off(self):
        raise NotImplementedError

    def close(self):
        self.off()


class Attached(Candidate):
    """By tools/bench/attach, which loads once and attaches within milliseconds."""
    words = ()

    def __init__(self, bench, pid):
        super().__init__(bench, pid)
        words = [word.format(pid=pid, build=bench.build) for word in self.words]
        self.loader = Driven([bench.tool("attach"), *words], OTHER_CPU)

    def on(self):
        self.loader.ask("on", "on")

    def off(self):
        self.loader.ask("off", "off")

    def close(self):
        self.loader.close()


class Nothing(Attached):
    label = "nothing (A against A)"
    words = ("nothing",)


class Empty(Attached):
    label = "empty programs, same hooks"
    words = ("object", "{build}/tools/bench/empty.bpf.o", "{pid}")


class Probe(Attached):
    """The program's own probe, without what starting a process adds to each round."""
    label = "leasewatch"
    words = ("probe", "{pid}")


class Agent(Attached):
    label = "generic agent's system calls"
    words = ("object", "{build}/tools/bench/agent.bpf.o", "{pid}")


class Started(Candidate):
    """A program of its own, started and stopped each time."""
    slow = True
    stop_signal = signal.SIGINT

    def __init__(self, bench, pid):
        super().__init__(bench, pid)
        self.process = None

    def argv(self):
        raise NotImplementedError

    def is_live(self):
        raise NotImplementedError

    def on(self):
        self.log = open(os.path.join(self.bench.tmp, type(self).__name__), "w+", encoding="utf-8")
        self.process = subprocess.Popen(self.argv(), stdin=subprocess.DEVNULL, stdout=self.log,
                                        stderr=subprocess.STDOUT, preexec_fn=prepare(OTHER_CPU))
        deadline = time.monotonic() + START_S
        while not self.is_live():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise BenchError(f"{self.label} does not start: {self.said().strip()}")
            time.sleep(0.02)

    def said(self):
        with open(self.log.name, encoding="utf-8", errors="replace") as file:
            return file.read()

    def off(self):
        if not self.process:
            return
        self.process.send_signal(self.stop_signal)
        try:
            self.process.wait(START_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None
        self.log.close()


class Bpftrace(Started):
    label = "bpftrace, by pid"

    def argv(self):
        return ["bpftrace", self.bench.source("follow.bt"), str(self.pid)]

    def is_live(self):
        """bpftrace says what it will attach before it does: the kernel knows."""
        with open(self.bench.source("follow.bt"), encoding="utf-8") as file:
            wanted = sum(line.startswith("tracepoint:") for line in file)
        shown = json.loads(run(["bpftool", "-j", "perf", "show"]) or "[]")
        return sum(entry["pid"] == self.process.pid for entry in shown) == wanted


class Tcpdump(Started):
    label = "tcpdump on the port"

    def argv(self):
        return ["tcpdump", "-n", "-i", "lo", "-w", os.path.join(self.bench.tmp, "capture"), "-Z", "root",
                "tcp", "port", str(ETCD_PORT)]

    def is_live(self):
        return "listening on" in self.said()


class Strace(Started):
    label = "strace -f -e trace=network"

    def argv(self):
        return ["strace", "-f", "-tt", "-T", "-e", "trace=network", "-o",
                os.path.join(self.bench.tmp, "strace.out"), "-p", str(self.pid)]

    def is_live(self):
        return "attached" in self.said()


class Program(Candidate):
    """The program itself, with its output read as a shell's pipe would."""
    label = "leasewatch"

    def __init__(self, bench, pid):
        super().__init__(bench, pid)
        self.watch = None

    def on(self):
        self.watch = Leasewatch(self.bench, ["-p", str(self.pid)], cpu=OTHER_CPU)
        self.watch.wait_started()

    def off(self):
        if self.watch:
            self.watch.stop()
        self.watch = None


BESIDE_A_BYSTANDER = [Nothing, Empty, Probe, Agent, Bpftrace, Tcpdump]
BESIDE_A_TARGET = [Nothing, Program, Tcpdump, Bpftrace, Strace]
