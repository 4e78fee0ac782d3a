# SPDX-License-Identifier: GPL-2.0-or-later
"""What an operator might run beside the database, each with on() and off().

All of them are told to follow `pid`, a process of the benchmark's that is not the one measured
(or is, in latency.py). off() returns when nothing is attached any more.
"""
import json
import os
import re
import signal
import subprocess
import time

from procs import OTHER_CPU, BenchError, Driven, Leasewatch, prepare, run

ETCD_PORT = 2379
START_S = 15
STOP_S, STOP_TRIES = 4, 4
SETTLE_S, AGAIN_S = 15, 1  # to take up a connection; when the last attempt has failed
EACH_S = 0.25
SHOWN_S = 2  # what has not been shown by then will not be


class Candidate:
    label = ""
    slow = False    # takes a second to come and go: fewer rounds

    def __init__(self, bench, pid):
        self.bench, self.pid = bench, pid

    def on(self):
        raise NotImplementedError

    def off(self):
        raise NotImplementedError

    def settle(self, target):
        """After on(), where the target is watched: until what it asks for is seen."""

    def catch_up(self, count):
        """Before off(): until so many renewals since settle() are shown, or no more come."""

    def renewals(self):
        """How many renewals it showed since settle(); None = it shows nothing."""
        return None

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
        # bpftrace loses a signal that comes while it is still busy attaching.
        for _ in range(STOP_TRIES):
            self.process.send_signal(self.stop_signal)
            try:
                self.process.wait(STOP_S)
                break
            except subprocess.TimeoutExpired:
                pass
        else:
            self.process.kill()
            self.process.wait()
        self.process = None
        self.log.close()


class Bpftrace(Started):
    label = "bpftrace, by pid"
    script = "follow.bt"

    def path(self):
        return self.bench.source(self.script)

    def argv(self):
        return ["bpftrace", "-p", str(self.pid), self.path(), str(self.pid)]

    def is_live(self):
        """bpftrace says what it will attach before it does: the kernel knows."""
        with open(self.path(), encoding="utf-8") as file:
            wanted = sum(line.startswith(("tracepoint:", "uprobe:", "uretprobe:")) for line in file)
        shown = json.loads(run(["bpftool", "-j", "perf", "show"]) or "[]")
        return sum(entry["pid"] == self.process.pid for entry in shown) == wanted

    def renewals(self):
        """All that the target asks for are renewals: the sum of the histogram that it ends with."""
        return sum(map(int, re.findall(r"^[\[(].*[\])] +(\d+) \|", self.said(), re.MULTILINE)))


class BpftraceTls(Bpftrace):
    """By uprobes on the target's libssl: its system calls would show nothing but ciphertext."""
    script = "follow_tls.bt"

    def __init__(self, bench, pid):
        super().__init__(bench, pid)
        with open(f"/proc/{pid}/maps", encoding="utf-8") as file:
            libssl = next((line.split()[-1] for line in file if "/libssl" in line), "no-libssl")
        with open(bench.source(self.script), encoding="utf-8") as file:
            text = file.read().replace(":LIBSSL:", f":{libssl}:")
        with open(self.path(), "w", encoding="utf-8") as file:
            file.write(text)

    def path(self):
        return os.path.join(self.bench.tmp, self.script)


def renewals_in(path):
    with open(path, "rb") as file:
        return file.read().count(b"/v3/lease/keepalive")


class Tcpdump(Started):
    label = "tcpdump on the port"

    def path(self):
        return os.path.join(self.bench.tmp, "capture")

    def argv(self):
        return ["tcpdump", "-n", "-i", "lo", "-w", self.path(), "-Z", "root",
                "tcp", "port", str(ETCD_PORT)]

    def is_live(self):
        return "listening on" in self.said()

    def renewals(self):
        return renewals_in(self.path())


class Strace(Started):
    label = "strace -f -e trace=network"

    def path(self):
        return os.path.join(self.bench.tmp, "strace.out")

    def argv(self):
        return ["strace", "-f", "-tt", "-T", "-e", "trace=network", "-o", self.path(), "-p", str(self.pid)]

    def is_live(self):
        return "attached" in self.said()

    def renewals(self):
        return renewals_in(self.path())


def is_good_renewal(line):
    return line["event"] == "request" and line.get("etcd.rpc") == "lease/keepalive" and line["outcome"] == "ok"


class Program(Candidate):
    """The program itself, with its output read as a shell's pipe would."""
    label = "leasewatch"

    def __init__(self, bench, pid):
        super().__init__(bench, pid)
        self.watch, self.count, self.patience_s = None, 0, SETTLE_S

    def on(self):
        self.watch = Leasewatch(self.bench, ["-p", str(self.pid)], cpu=OTHER_CPU)
        self.watch.wait_started()

    def off(self):
        if self.watch:
            self.watch.stop()
        self.watch = None

    def settle(self, target):
        """A connection that was there before is taken up after the line about its process. Each of
        these requests is shown before the next one is made, or never."""
        self.count = 0
        deadline = time.monotonic() + self.patience_s
        self.patience_s = SETTLE_S
        while time.monotonic() < deadline:
            target.request()
            if self.watch.wait_for(is_good_renewal, EACH_S):
                return
        self.patience_s = AGAIN_S

    def catch_up(self, count):
        while self.count < count and self.watch.wait_for(is_good_renewal, SHOWN_S):
            self.count += 1

    def renewals(self):
        return self.count


BESIDE_A_BYSTANDER = [Nothing, Empty, Probe, Agent, Bpftrace, Tcpdump]
BESIDE_A_TARGET = [Nothing, Program, Tcpdump, Bpftrace, Strace]
BESIDE_A_TLS_TARGET = [Nothing, Program, Tcpdump, BpftraceTls, Strace]
