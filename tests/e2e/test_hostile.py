# SPDX-License-Identifier: GPL-2.0-or-later
"""A hostile neighbour beside a real Patroni: the daemon lives, answers, and tells the truth about the real one.

Two daemons watch: `daemon` as it is by default, to which a neighbour's processes do not count, and `trusting`, to which
they do.
"""
import json
import os
import resource
import socket
import struct
import subprocess
import time

import pytest

from daemons import PORT, Daemon
from lab import LEASEWATCH, SLOW, wait_until
from neighbour import NOBODY, Neighbour

RSS_MAX = 32 << 20


class Watcher(Daemon):
    """One with a port and users of its own."""

    def __init__(self, directory, port, users=""):
        self.port, self.users = port, users
        super().__init__(directory)

    def configure(self, **options):
        watch = f"[watch]\nusers = {self.users}\n" if self.users else ""
        super().configure(port=self.port, extra=watch, **options)

    def scrape(self, port=0):
        return super().scrape(port or self.port)


@pytest.fixture(scope="module")
def daemons(quick_lab, tmp_path_factory):
    """{name: daemon}, both of which know the real Patroni's lease."""
    started = {name: Watcher(str(tmp_path_factory.mktemp(name)), PORT + 5 + i, users)
               for i, (name, users) in enumerate((("default", ""), ("trusting", f"postgres, {NOBODY}")))}
    try:
        for d in started.values():
            d.ready()
            wait_until("the lease", lambda d=d: d.value("lease_ttl_seconds", scope=quick_lab.scope), 30)
        yield started
    finally:
        for d in started.values():
            d.kill()


@pytest.fixture
def daemon(daemons):
    return daemons["default"]


@pytest.fixture
def trusting(daemons):
    return daemons["trusting"]


@pytest.fixture
def neighbour():
    n = Neighbour()
    yield n
    n.close()


def true_of(lab, *daemons):
    """Each lives and answers, and what it says of the real Patroni goes on and is right."""
    def renewals(d):
        return d.value("lease_refreshes_total", scope=lab.scope, outcome="ok") or 0
    for d, before in [(d, renewals(d)) for d in daemons]:
        wait_until("another renewal", lambda d=d, before=before: renewals(d) > before, 20)
        assert d.process.poll() is None
        assert d.value("member_up", scope=lab.scope) == 1
        assert 0 < d.value("lease_remaining_seconds", scope=lab.scope) <= 30
        assert d.value("resident_memory_bytes") < RSS_MAX


def said_of(d, process, phase):
    """process lines about one of the neighbour's."""
    return wait_until(f"{phase} {process.pid}", lambda: d.events(event="process", phase=phase,
                                                                process__pid=process.pid), 30)[0]


def check(limit_s=30):
    """What `leasewatch check` says, and what it took of memory."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    done = subprocess.run([LEASEWATCH, "check", "-j"], stdout=subprocess.PIPE, text=True, timeout=limit_s * SLOW)
    assert done.returncode == 0
    return json.loads(done.stdout), max(before, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) << 10


def bomb(fan_out):
    lines = ["m0: &m0 {q: 1}"]
    for i in range(1, 5):
        lines.append(f"m{i}: &m{i} {{<<: [" + ", ".join([f"*m{i - 1}"] * fan_out) + "]}")
    return "\n".join([*lines, "<<: *m4", "scope: bomb", ""])


def test_1_nested_merges(quick_lab, daemon, trusting, neighbour):
    bombs = [neighbour.patroni(neighbour.write(f"{n}.yml", bomb(n))) for n in (120, 300)]
    for process in bombs:
        assert said_of(daemon, process, "ignored")["process.user.id"] == NOBODY
        assert said_of(trusting, process, "found")["process.user.id"] == NOBODY
    check()
    trace = subprocess.run([LEASEWATCH, "trace", "-d", "2"], stdout=subprocess.DEVNULL, timeout=30 * SLOW)
    assert trace.returncode in (0, 2, 3)
    true_of(quick_lab, daemon, trusting)


def elf_header(sections_at):
    ident = b"\x7fELF\x02\x01\x01" + bytes(9)
    return ident + struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, 0, 0, sections_at, 0, 64, 56, 0, 64, 0, 0)


def many_sections():
    """A million, which the size of section 0 says; the file has room for none."""
    return elf_header(64) + struct.pack("<IIQQQQIIQQ", 0, 0, 0, 0, 0, 1000000, 0, 0, 0, 0)


MAP = """
fd = os.open(sys.argv[-1], os.O_RDONLY)
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
libc.mmap(None, ctypes.c_size_t(4096), 5, 2, fd, ctypes.c_long(0))
"""


def test_2_huge_library(quick_lab, daemon, trusting, neighbour):
    path = neighbour.write("libssl.so.3", many_sections())
    os.truncate(path, 64 + 64 * 1000000)
    process = neighbour.patroni(path, act=MAP)
    said_of(trusting, process, "found")
    assert "libssl.so.3" in open(f"/proc/{process.pid}/maps").read()
    _, memory = check()
    assert memory < 128 << 20
    true_of(quick_lab, daemon, trusting)


def test_3_file_system_that_hangs(quick_lab, daemon, trusting, neighbour):
    if not os.path.exists("/dev/fuse"):
        pytest.skip("this kernel has no FUSE")
    process = neighbour.behind_hung_mount()
    wait_until("the process", lambda: daemon.events(event="process", process__pid=process.pid) or
               trusting.events(event="process", process__pid=process.pid), 30)
    true_of(quick_lab, daemon, trusting)


def test_4_crowd_before_a_restart(quick_lab, daemon, neighbour, healed):
    healed(quick_lab)
    neighbour.crowd(130)
    wait_until("some of them", lambda: len(daemon.events(event="process", phase="ignored")) > 1, 30)
    restarted_is_found(quick_lab, daemon)


def restarted_is_found(lab, *daemons):
    lab.fault("restart-patroni")
    pid = lab.pid("patroni1")
    for d in daemons:
        wait_until("the new one", lambda d=d: d.events(event="process", phase="found", process__pid=pid), 30)
    true_of(lab, *daemons)


def test_14_slow_clients(quick_lab, daemon):
    clients = []
    try:
        for _ in range(200):
            clients.append(socket.create_connection(("127.0.0.1", daemon.port)))
        for byte in b"GET":
            for client in clients:
                try:
                    client.send(bytes([byte]))
                except OSError:  # it was let go of
                    pass
            assert daemon.value("member_up", scope=quick_lab.scope) == 1
    finally:
        for client in clients:
            client.close()


def test_14_exec_storm(quick_lab, daemon, neighbour):
    for _ in range(2):
        neighbour.start("/bin/sh", "-c", "while :; do /bin/true; done")
    true_of(quick_lab, daemon)


def children(pid):
    """{pid: (name, state)} of a process's children."""
    found = {}
    for entry in os.listdir("/proc"):
        try:
            with open(f"/proc/{entry}/stat") as file:
                name, _, rest = file.read().rpartition(")")
        except OSError:
            continue
        if rest and int(rest.split()[1]) == pid:
            found[int(entry)] = (name.split("(", 1)[1], rest.split()[0])
    return found


def test_killed_reader(quick_lab, daemon, healed):
    """Who reads is started again; what it leaves is nothing."""
    healed(quick_lab)
    open_files = len(os.listdir(f"/proc/{daemon.process.pid}/fd"))
    for _ in range(20):
        reader = wait_until("a reader", lambda: [pid for pid, (name, state) in children(daemon.process.pid).items()
                                                 if name == "lw-reader" and state != "Z"], 10)
        os.kill(reader[0], 9)
        wait_until("its end", lambda pid=reader[0]: not os.path.exists(f"/proc/{pid}"), 10)
    restarted_is_found(quick_lab, daemon)
    assert [name for name, _ in children(daemon.process.pid).values()] == ["lw-reader"]
    wait_until("its files to be closed", lambda: len(os.listdir(f"/proc/{daemon.process.pid}/fd")) <= open_files, 10)


FLOOD = """
listener = socket.create_server(("127.0.0.1", 0))
asker = socket.create_connection(listener.getsockname())
etcd, _ = listener.accept()
def drain():
    while etcd.recv(1 << 20):
        pass
threading.Thread(target=drain, daemon=True).start()
request = b"POST /v3/lease/keepalive HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 8000\\r\\n\\r\\n" + b"x" * 8000
end = time.monotonic() + 60
while time.monotonic() < end:
    asker.sendall(request)
"""


def test_everything_at_once(quick_lab, tmp_path, neighbour, healed):
    """A thousand fakes, four that flood, a full disk: the stall is found, and its cause; and it stops in time."""
    healed(quick_lab)
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=0755,size=64k", "tmpfs", disk], check=True)
    (tmp_path / "daemon").mkdir()
    d = Watcher(str(tmp_path / "daemon"), PORT + 7)
    try:
        d.ready()
        d.configure(log=disk / "log")
        d.reload()
        with open(disk / "ballast", "wb", buffering=0) as ballast:
            try:
                ballast.write(b"x" * (128 << 10))
            except OSError:
                pass
        neighbour.crowd(1000)
        for i in range(4):
            neighbour.patroni(act=FLOOD, name=f"flood{i}")
        true_of(quick_lab, d)
        quick_lab.fault("freeze-all")
        wait_until("the stall", lambda: d.value("stall_active", scope=quick_lab.scope, cause="endpoint_silent"), 30)
        left = d.value("lease_remaining_seconds", scope=quick_lab.scope)
        wait_until("less time left", lambda: d.value("lease_remaining_seconds", scope=quick_lab.scope) < left, 5)
        assert left <= 30 and d.value("resident_memory_bytes") < RSS_MAX
        begin = time.monotonic()
        assert d.stop() == 0
        assert time.monotonic() - begin < 10 * SLOW
    finally:
        d.kill()
        subprocess.run(["umount", "-l", disk], check=True)
