# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon with a bad configuration, a bad disk or bad company: a clear message, and nothing half done."""
import json
import os
import subprocess
import time

import pytest

from daemons import ETCD, PORT, Etcd, Patroni
from lab import LEASEWATCH, wait_until

NOBODY = 65534


@pytest.fixture
def disk(tmp_path):
    """disk(options) mounts a file system of its own."""
    mounted = []

    def mount(options):
        place = tmp_path / f"disk{len(mounted)}"
        place.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"mode=0755,{options}", "tmpfs", place], check=True)
        mounted.append(place)
        return str(place)

    yield mount
    for place in mounted:
        subprocess.run(["umount", "-l", place], check=True)


def test_second_daemon(daemon):
    first = daemon()
    first.ready()
    second = daemon()
    assert f"cannot serve metrics at 127.0.0.1 port {PORT}: Address already in use" in second.failed()
    third = daemon(port=PORT + 1, log=first.log)
    assert "another daemon writes to it" in third.failed()
    assert first.stop() == 0


@pytest.mark.parametrize("text, words", [
    ("[log]\nfile = stdout\ncolour = blue\n", "line 3: unknown key 'colour' in section [log]"),
    ("[watch]\nstall_after = soon\n", "line 2: stall_after = soon: must be a number of seconds"),
    ("[metrics]\nlisten = localhost:1\n", "line 2: listen = localhost:1: must be a numeric address"),
    ("\nhello\n", "line 2: neither [section] nor key = value"),
])
def test_bad_configuration(tmp_path, text, words):
    conf = tmp_path / "conf"
    conf.write_text(text)
    for args in ([], ["--check-config"]):
        done = subprocess.run([LEASEWATCH, "daemon", "-c", conf, *args], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=30)
        assert done.returncode == 1 and words in done.stderr and not done.stdout
        assert done.stderr.startswith(f"leasewatch: {conf}: ") and done.stderr.count("\n") == 1


def test_unreadable_configuration(tmp_path):
    for path, words in ((tmp_path / "none", "No such file or directory"), (tmp_path, "is it a file?")):
        done = subprocess.run([LEASEWATCH, "daemon", "-c", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, timeout=30)
        assert done.returncode == 1 and not done.stdout
        assert done.stderr.startswith("leasewatch: cannot read ") and str(path) in done.stderr and words in done.stderr


@pytest.mark.parametrize("what", ["log", "textfile"])
def test_unwritable_place(daemon, disk, tmp_path, what):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    sentence = "cannot write the log" if what == "log" else "cannot write the metrics to"
    for place, words in ((tmp_path / "none" / "file", "No such file or directory"),
                         (os.path.join(disk("ro"), "file"), "Read-only file system"),
                         (closed / "file", "Permission denied (the daemon drops root's right")):
        said = daemon(**{what: place}).failed()
        assert said.startswith(f"leasewatch: {sentence} '{place}': {words}") and said.count("\n") == 1, said
        assert not os.path.exists(place)


@pytest.mark.parametrize("what", ["log", "textfile"])
def test_place_of_others(daemon, tmp_path, what):
    """Where somebody else can write, there may be a link to another file: nothing is opened, and it says what to do."""
    victim = tmp_path / "victim"
    victim.write_text("untouched\n")
    for mode, owner in ((0o755, NOBODY), (0o777, 0), (0o1777, 0), (0o775, NOBODY)):
        place = tmp_path / f"{mode:o}-{owner}"
        place.mkdir()
        place.chmod(mode)
        os.chown(place, owner, owner)
        (place / "file").symlink_to(victim)
        os.mkfifo(place / "file.tmp")
        said = daemon(**{what: place / "file"}).failed()
        assert "other users can write to its directory; use a directory that belongs to root" in said, said
        assert sorted(os.listdir(place)) == ["file", "file.tmp"] and os.path.islink(place / "file")
    assert victim.read_text() == "untouched\n"


def test_place_of_a_group(daemon, tmp_path):
    """As Ubuntu's /var/log: links of others are refused, and what we make ourselves the group may read."""
    place = tmp_path / "log"
    place.mkdir()
    place.chmod(0o775)
    os.chown(place, 0, NOBODY)
    (place / "link").symlink_to(tmp_path / "victim")
    assert "it is a symbolic link; name the file itself" in daemon(log=place / "link").failed()
    os.mkfifo(place / "fifo")
    assert "another user's file has this name" in daemon(log=place / "fifo").failed()
    (place / "hers").write_text("")
    (place / "hers").chmod(0o666)
    os.chown(place / "hers", NOBODY, NOBODY)
    assert "another user's file has this name" in daemon(log=place / "hers").failed()
    os.mkfifo(place / "file.prom.tmp")
    umask = os.umask(0o077)
    try:
        d = daemon(log=place / "file", textfile=place / "file.prom")
        wait_until("the metrics", lambda: os.path.exists(place / "file.prom"), 30)
    finally:
        os.umask(umask)
    assert (place / "file").stat().st_mode & 0o777 == 0o640
    assert (place / "file.prom").stat().st_mode & 0o777 == 0o644
    assert d.stop() == 0
    assert not os.path.exists(tmp_path / "victim")


def whole_lines(path):
    with open(path) as log:
        text = log.read()
    assert not text or text.endswith("\n")
    return [json.loads(line) for line in text.split("\n")[:-1]]


def test_full_disk(daemon, disk):
    """Lines are lost whole and counted; that is reported once, and again when it is over."""
    place = disk("size=16m")
    ballast, log = os.path.join(place, "ballast"), os.path.join(place, "log")
    with open(ballast, "wb") as file:
        file.write(b"x" * ((16 << 20) - (128 << 10)))
    d = daemon(requests="each", log=log)
    d.ready()
    with Etcd(ETCD, 2379), Patroni("full", "m1", f"{ETCD}:2379") as patroni:
        wait_until("the process", lambda: d.events(log=log, event="process", patroni__scope="full"), 30)
        patroni.run(2000, 400)
        wait_until("lost lines", lambda: d.value("log_lines_lost_total") > 10, 60)
        patroni.ran()
        assert d.value("log_writable") == 0
        assert d.events(log=log)
        os.remove(ballast)
        patroni.run(20, 20)
        wait_until("it to work", lambda: d.value("log_writable") == 1, 30)
        patroni.ran()

    def told():
        return sum(e["count"] for e in d.events(log=log, event="lost", reason="log"))
    wait_until("them to be told", lambda: told() == d.value("log_lines_lost_total"), 10)
    assert d.stderr().count("No space left on device; lines are being lost") == 1
    assert d.stderr().count("works again") == 1
    assert d.stop() == 0
    whole_lines(log)


def test_nobody_reads(daemon):
    """Its log is a pipe, and who reads it stops reading: the watching and the metrics go on, and so does the log later."""
    read_end, write_end = os.pipe()
    d = daemon(requests="each", log="stdout", stdout=write_end)
    os.close(write_end)
    d.ready()
    with Etcd(ETCD, 2379), Patroni("unread", "m1", f"{ETCD}:2379") as patroni:
        wait_until("the process", lambda: d.value("member_up", scope="unread"), 30)
        patroni.run(3000, 1000)
        wait_until("lost lines", lambda: d.value("log_lines_lost_total") > 10, 60)
        patroni.ran()
        wait_until("all of them", lambda: d.value("requests_total", endpoint=f"{ETCD}:2379") == 3000, 30)
        assert d.value("log_writable") == 0 and not d.value("events_lost_total")
    got = b""
    os.set_blocking(read_end, False)

    def drained():
        nonlocal got
        try:
            got += os.read(read_end, 1 << 20)
        except BlockingIOError:
            pass
        return b'"reason":"log"' in got
    wait_until("the log to go on", drained, 30)
    assert "'stdout': its reader does not read; lines are being lost" in d.stderr()
    os.close(read_end)
    assert d.stop() == 0


def test_killed_while_it_writes(daemon, tmp_path):
    """kill -9, again and again: every line parses but for one that was cut, and the next daemon goes on behind it."""
    log = str(tmp_path / "log")
    with Etcd(ETCD, 2379), Patroni("killed", "m1", f"{ETCD}:2379") as patroni:
        patroni.run(1 << 30, 2000)
        for _ in range(3):
            d = daemon(requests="each", log=log)
            d.ready()
            size = os.path.getsize(log)
            wait_until("lines", lambda: os.path.getsize(log) > size + 100000, 30)
            d.kill()
    with open(log, "a") as file:
        file.write('{"ts":"2026-01-02T03:04:05.123456Z","ev')
    d = daemon(log=log)
    d.ready()
    assert d.stop() == 0
    lines = open(log).read().split("\n")
    assert lines[-1] == "" and len(lines) > 500
    bad = 0
    for line in lines[:-1]:
        try:
            json.loads(line)
        except ValueError:
            bad += 1
    assert 1 <= bad <= 4
    done = subprocess.run([LEASEWATCH, "report", log], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode in (0, 2) and f": {bad} of {len(lines) - 1} lines" in done.stderr, done.stderr


def test_stops_soon(daemon):
    """Ten processes are let go of in far less than the manager's patience."""
    d = daemon()
    d.ready()
    with Etcd(ETCD, 2379):
        patronis = [Patroni("many", f"m{i}", f"{ETCD}:2379") for i in range(10)]
        wait_until("all of them", lambda: len(d.events(event="process", phase="found", patroni__scope="many")) == 10, 30)
        for patroni in patronis:
            patroni.run(3)
            patroni.ran()
        begin = time.monotonic()
        assert d.stop() == 0
        assert time.monotonic() - begin < 20
        for patroni in patronis:
            patroni.close()
