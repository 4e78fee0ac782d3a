# SPDX-License-Identifier: GPL-2.0-or-later
"""What is watched must come to no harm: by the programs in it, by their coming and going, by our sudden end."""
import os
import re
import signal
import subprocess
import threading
import time

import pytest

from lab import LEASEWATCH, wait_until

OBJECT = os.path.join(os.path.dirname(LEASEWATCH), "leasewatch.bpf.o")
# From here on, kernels since 6.13 give a uprobe's program a stack per CPU, which threads that preempt each other share.
FRAME_MAX = 63
WHOLE = bool(os.environ.get("LEASEWATCH_TEST_WHOLE"))

LABEL = re.compile(r"^[0-9a-f]+ <(.+)>:$")
INSTRUCTION = re.compile(r"^\s*(\d+):\s+((?:[0-9a-f]{2} )+)\s*(.*)$")


def functions(section):
    """Of a section: {place of its first instruction: (name, [(place, bytes, text, goes to .text?)])}."""
    out = subprocess.run(["llvm-objdump", "-dr", "-j", section, OBJECT], stdout=subprocess.PIPE, text=True,
                         check=True).stdout
    found, name = {}, None
    for line in out.splitlines():
        label, instruction = LABEL.match(line), INSTRUCTION.match(line)
        if label and not label[1].startswith("LBB"):
            name = label[1]
            code = []
        elif instruction:
            place = int(instruction[1])
            if not code:
                found[place] = (name, code)
            code.append([place, bytes.fromhex(instruction[2]), instruction[3], False])
        elif "R_BPF_64_32" in line and line.split()[-1] == ".text":
            code[-1][3] = True
    return found


def frame(code):
    """The lowest place in its frame that a function uses, in bytes."""
    lowest, copies = 0, set()
    for _, _, text, _ in code:
        direct = re.search(r"\(r10 - (\d+)\)", text)
        copy = re.match(r"(r\d) = r10$", text)
        moved = re.match(r"(r\d) \+= -(\d+)$", text)
        if direct:
            lowest = max(lowest, int(direct[1]))
        if moved and moved[1] in copies:
            lowest = max(lowest, int(moved[2]))
        written = re.match(r"([rw])(\d) ", text)
        if copy:
            copies.add(copy[1])
        elif written:
            copies.discard("r" + written[2])
    return lowest


def called(code):
    """The places in .text that it calls."""
    for place, raw, _, relocated in code:
        if raw[0] == 0x85 and raw[1] >> 4 == 1:
            offset = int.from_bytes(raw[4:8], "little", signed=True)
            yield offset + 1 if relocated else place + offset + 1


def test_no_uprobe_program_has_a_large_frame():
    text = functions(".text")
    frames, todo = {}, []
    for section in ("uprobe", "uretprobe"):
        todo += functions(section).values()
    assert len(todo) == 7
    while todo:
        name, code = todo.pop()
        frames[name] = max(frame(code), frames.get(name, 0))
        todo += [text[place] for place in called(code)]
    assert {"within_budget", "tell_plain", "tls_return", "resolve_enter"} <= set(frames)
    assert not {name: size for name, size in frames.items() if size > FRAME_MAX}
    # The measure sees something: this one is in a tracepoint, where it may have more.
    assert max(frame(code) for name, code in text.values() if name == "on_dns") > FRAME_MAX


# Refuses the system calls by which x86-64 comes back from a return probe; then looks up names, and says that it lives.
FILTERED = """
import ctypes, socket, struct, sys, time
libc = ctypes.CDLL(None)
code = b"".join(struct.pack("HBBI", *i) for i in (
    (0x20, 0, 0, 0), (0x15, 1, 0, 335), (0x15, 0, 1, 336), (0x06, 0, 0, 0x80000000), (0x06, 0, 0, 0x7FFF0000)))
buffer = ctypes.create_string_buffer(code)
program = struct.pack("HxxxxxxQ", 5, ctypes.addressof(buffer))
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, program, 0, 0) == 0
while True:
    socket.getaddrinfo("localhost", 80)
    print("alive", flush=True)
    time.sleep(0.1)
"""


def test_a_process_with_a_filter_lives(tmp_path):
    target = subprocess.Popen(["/usr/bin/python3", "-c", FILTERED], stdout=subprocess.PIPE, text=True)
    log = tmp_path / "log"
    try:
        assert target.stdout.readline() == "alive\n"
        with open(log, "w") as out:
            watcher = subprocess.Popen([LEASEWATCH, "trace", "-j", "-p", str(target.pid)], stdout=out)
        try:
            # It is timed, or it is said why it is not.
            wait_until("a lookup", lambda: '"event":"dns"' in log.read_text() or "seccomp filter" in log.read_text(),
                       20)
            for _ in range(10):
                assert target.stdout.readline() == "alive\n"
        finally:
            watcher.terminate()
            watcher.wait(20)
        assert target.stdout.readline() == "alive\n"
    finally:
        target.kill()
        target.wait()


# Threads in the hooked function all the time. Says where that is, then over and over how often each was there.
BUSY = """
import ctypes, socket, threading, time
print(ctypes.cast(ctypes.CDLL(None).getaddrinfo, ctypes.c_void_p).value, flush=True)
count = [0] * 4
def work(i):
    while True:
        socket.getaddrinfo("127.0.0.1", 80)
        count[i] += 1
for i in range(len(count)):
    threading.Thread(target=work, args=(i,), daemon=True).start()
while True:
    print(*count, flush=True)
    time.sleep(0.1)
"""


class Busy:
    def __init__(self):
        self.process = subprocess.Popen(["/usr/bin/python3", "-c", BUSY], stdout=subprocess.PIPE, text=True)
        self.function = int(self.process.stdout.readline())
        self.counts = []
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.counts = [int(n) for n in line.split()]

    def code(self):
        """The function's first bytes: a probe replaces them."""
        with open(f"/proc/{self.process.pid}/mem", "rb") as memory:
            memory.seek(self.function)
            return memory.read(4)

    def goes_on(self):
        before = self.counts
        wait_until("all threads to go on", lambda: all(b < n for b, n in zip(before, self.counts)), 10)

    def end(self):
        self.process.kill()
        self.process.wait()


def trace(target):
    return subprocess.Popen([LEASEWATCH, "trace", "-j", "-p", str(target.process.pid)], stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_coming_and_going(how):
    rounds = 200 if WHOLE else 30
    target = Busy()
    try:
        wait_until("all threads", lambda: target.counts and all(target.counts), 10)
        untouched = target.code()
        first = trace(target)
        wait_until("a probe", lambda: target.code() != untouched, 20)
        first.send_signal(how)
        first.wait(30)
        for i in range(rounds):
            other = trace(target)
            time.sleep(0.05 + 0.45 * (i * 7 % rounds) / rounds)  # somewhere between its start and the last hook
            other.send_signal(how)
            other.wait(30)
            assert target.process.poll() is None
        wait_until("the probes to be gone", lambda: target.code() == untouched, 20)
        target.goes_on()
    finally:
        target.end()
