# SPDX-License-Identifier: GPL-2.0-or-later
"""Processes that are driven line by line, leasewatch with a clock on its output, and /proc."""
import contextlib
import ctypes
import json
import mmap
import os
import queue
import signal
import struct
import subprocess
import threading
import time

PR_SET_PDEATHSIG = 1
# The kernel takes its time to detach from each watched process.
END_S = 60

libc = ctypes.CDLL(None, use_errno=True)

# What is measured has the last CPU to itself, as far as we can see to it; all else runs on the
# first one.
CPUS = sorted(os.sched_getaffinity(0))
MEASURED_CPU, OTHER_CPU = CPUS[-1], CPUS[0]


class BenchError(Exception):
    pass


def prepare(cpu=None, stamp=None):
    """For preexec_fn: nothing outlives the benchmark. `stamp`, shared memory, gets the time, as the
    last thing before exec."""
    def before_exec():
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if cpu is not None:
            os.sched_setaffinity(0, [cpu])
        if stamp is not None:
            stamp[:8] = struct.pack("Q", time.time_ns())
    return before_exec


class Driven:
    """A program that takes commands on stdin and answers each on stdout."""

    def __init__(self, argv, cpu=None, ready="ready"):
        self.name = os.path.basename(argv[0])
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, bufsize=1, preexec_fn=prepare(cpu))
        if ready:
            self.expect(ready)

    @property
    def pid(self):
        return self.process.pid

    def send(self, line):
        self.process.stdin.write(line + "\n")

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            raise BenchError(f"{self.name} ended with status {self.process.wait()}")
        return line.split()

    def expect(self, word):
        got = self.read()
        if got[0] != word:
            raise BenchError(f"{self.name} said {' '.join(got)}, not {word}")
        return got[1:]

    def ask(self, line, word):
        self.send(line)
        return self.expect(word)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Server(Driven):
    def __init__(self, bench, port, threads=1, cpu=None, tls=False):
        super().__init__([bench.tool("server"), str(port), str(threads), *(["tls"] if tls else [])], cpu)


class Target(Driven):
    """tools/bench/target"""

    def __init__(self, bench, endpoints, threads=1, connections=1, cpu=None, tls=False):
        argv = [bench.tool("target"), *(["-s"] if tls else []), "-t", str(threads), "-c", str(connections)]
        for endpoint in endpoints:
            argv += ["-e", endpoint]
        super().__init__(argv, cpu)

    def request(self, words=""):
        """One request that is answered: (sent, done, status)."""
        self.send(f"ask {words}".rstrip())
        sent = int(self.expect("sent")[0])
        done, status = self.expect("done")
        return sent, int(done), int(status)

    def hang(self):
        """One request that is not answered: when it was sent."""
        self.send("ask never")
        return int(self.expect("sent")[0])

    def drop(self):
        return int(self.ask("drop", "dropped")[0])

    def run(self, count, rate=0):
        count, elapsed, p50, p99, worst = map(int, self.ask(f"run {count} {rate}", "ran"))
        return {"requests": count, "seconds": elapsed / 1e9, "rate": count / (elapsed / 1e9),
                "p50_ns": p50, "p99_ns": p99, "max_ns": worst}


class Leasewatch:
    """`leasewatch trace`, with the moment at which each line of its JSON could be read."""

    def __init__(self, bench, arguments, cpu=None, json_out=True, stdout=None):
        argv = [bench.program, "trace", *(["-j"] if json_out else []), *arguments]
        stamp = mmap.mmap(-1, mmap.PAGESIZE)
        self.lines, self.seen = queue.Queue(), []
        self.errors = open(os.path.join(bench.tmp, "leasewatch.stderr"), "w+", encoding="utf-8")
        self.process = subprocess.Popen(argv, stdout=stdout or subprocess.PIPE, stdin=subprocess.DEVNULL,
                                        stderr=self.errors, preexec_fn=prepare(cpu, stamp))
        self.exec_ns = struct.unpack("Q", stamp[:8])[0]
        self.reader = None
        if not stdout:
            self.reader = threading.Thread(target=self._read, daemon=True)
            self.reader.start()

    @property
    def pid(self):
        return self.process.pid

    def _read(self):
        rest, fd = b"", self.process.stdout.fileno()
        while chunk := os.read(fd, 1 << 16):
            now = time.time_ns()
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                self.lines.put((now, line))
        self.lines.put(None)

    def wait_for(self, wanted, timeout_s=10):
        """The next line that `wanted` says yes to, as (arrival, object); None when none comes."""
        deadline = time.monotonic() + timeout_s
        while (left := deadline - time.monotonic()) > 0:
            try:
                item = self.lines.get(timeout=left)
            except queue.Empty:
                return None
            if item is None:
                return None
            item = (item[0], json.loads(item[1]))
            self.seen.append(item)
            if wanted(item[1]):
                return item
        return None

    def wait_started(self):
        if not self.wait_for(lambda line: line["event"] == "process"):
            raise BenchError(f"leasewatch found no process: {self.trouble() or 'it says nothing'}")

    def trouble(self):
        self.errors.seek(0)
        return self.errors.read().strip()

    def stop(self):
        """Ctrl-C; every line that was not read yet is in self.seen then."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        if self.reader:
            self.wait_for(lambda line: False, 30)
            self.reader.join(5)
            self.process.stdout.close()
        try:
            status = self.process.wait(END_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        if status not in (0, 2, 3):
            raise BenchError(f"leasewatch ended with status {status}: {self.trouble()}")
        self.errors.close()
        return status

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if self.process.poll() is None:
            if kind:
                self.process.kill()
                self.process.wait()
            else:
                self.stop()


def wait_quiet(pid, share=0.02, timeout_s=30):
    """Until the process has worked off what it was given."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        before = cpu_ns(pid)
        time.sleep(0.25)
        if cpu_ns(pid) - before < share * 0.25e9:
            return


def family(pid):
    """The process and its children, and theirs. (What reads for leasewatch what others chose is a child.)"""
    pids = [pid]
    for parent in pids:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError), \
                open(f"/proc/{parent}/task/{parent}/children", encoding="ascii") as file:
            pids += map(int, file.read().split())
    return pids


def cpu_ns(pid):
    """CPU time of the process and its family so far: of all threads, also of those that have ended; of children that
    have ended to a tick."""
    total = 0
    for member in family(pid):
        clock = ctypes.c_int()
        err = libc.clock_getcpuclockid(member, ctypes.byref(clock))
        try:
            if err:
                raise OSError(err, os.strerror(err))
            total += time.clock_gettime_ns(clock.value)
            with open(f"/proc/{member}/stat", encoding="utf-8") as file:
                ended = file.read().rpartition(")")[2].split()[13:15]
            total += sum(map(int, ended)) * 10**9 // os.sysconf("SC_CLK_TCK")
        except OSError as error:
            if member == pid:
                raise BenchError(f"process {pid} has no CPU time: {error}") from error
    return total


def memory_kib(pid):
    """Resident set and proportional share, in KiB; of it, what BPF maps (the ring buffer) add. And what its children
    add: their pages that are not the same as its own."""
    found, ring, in_ring = {}, 0, False
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        for line in file:
            if line.startswith(("Rss:", "Pss:")):
                found[line[:3].lower()] = int(line.split()[1])
    with open(f"/proc/{pid}/smaps", encoding="ascii", errors="replace") as file:
        for line in file:
            if "-" in line.split(" ", 1)[0]:
                in_ring = "bpf-map" in line
            elif in_ring and line.startswith("Rss:"):
                ring += int(line.split()[1])
    return {"rss_kib": found["rss"], "pss_kib": found["pss"], "ring_rss_kib": ring,
            "children_kib": sum(map(private_kib, family(pid)[1:]))}


def private_kib(pid):
    with contextlib.suppress(FileNotFoundError, ProcessLookupError), \
            open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return sum(int(line.split()[1]) for line in file if line.startswith(("Private_Clean:", "Private_Dirty:")))
    return 0


def run(argv, **kwargs):
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                          **kwargs)
    if done.returncode:
        raise BenchError(f"{' '.join(argv)}: {done.stdout.strip()}")
    return done.stdout
