# SPDX-License-Identifier: GPL-2.0-or-later
"""The Debian package on a Debian that has nothing else, under a real systemd: installed, started, an incident logged,
scraped and alerted; upgraded, removed, purged."""
import datetime
import glob
import json
import os
import re
import signal
import subprocess

import pytest

from cleanroom import CleanRoom, make_base, output
from lab import LEASEWATCH, wait_until
from prometheus import Prometheus, free_port

BUILD = os.path.dirname(os.path.abspath(LEASEWATCH))
PORT = free_port()
LOG = "/var/log/leasewatch/leasewatch.log"
CONF = "/etc/leasewatch.conf"

# What installing any package changes, and removing it does not undo.
BOOKS = re.compile(r"var/lib/dpkg/(status|lock|triggers|info/format|updates|available)|var/lib/apt/|var/cache/"
                   r"|var/log/(apt|dpkg|alternatives)|etc/ld\.so\.cache|var/lib/logrotate/")


@pytest.fixture(scope="module")
def package():
    found = glob.glob(f"{BUILD}/leasewatch_*.deb")
    assert len(found) == 1, f"{found}: `make deb` makes one"
    return found[0]


@pytest.fixture
def room(tmp_path):
    started = CleanRoom(make_base(BUILD), tmp_path / "room")
    yield started
    started.end()


@pytest.fixture
def prometheus(tmp_path):
    started = []

    def start(*arguments, **options):
        started.append(Prometheus(str(tmp_path), *arguments, **options))
        return started[-1]

    yield start
    for p in started:
        p.end()


def next_version(package, directory):
    """The same package as another version."""
    tree = os.path.join(directory, "next")
    output("dpkg-deb", "--raw-extract", package, tree)
    with open(f"{tree}/DEBIAN/control") as file:
        control = file.read()
    with open(f"{tree}/DEBIAN/control", "w") as file:
        file.write(re.sub(r"^(Version: .*)$", r"\1+next", control, flags=re.MULTILINE))
    output("dpkg-deb", "--root-owner-group", "--build", tree, f"{directory}/leasewatch_next.deb")
    return f"{directory}/leasewatch_next.deb"


def events(room, lab, log=LOG):
    """What the log has about this lab, whole lines only."""
    with open(room.path(log)) as file:
        found = [json.loads(line) for line in file.read().split("\n")[:-1]]
    return [e for e in found if e.get("patroni.scope") == lab.scope]


def main_pid(room):
    return int(room.show("MainPID"))


def sees_it(room, lab, prom):
    """Renewals of this lab, in the log and in Prometheus."""
    wait_until("a line", lambda: [e for e in events(room, lab) if e.get("etcd.rpc") == "lease/keepalive"], 90)
    wait_until("a scrape", lambda: prom.query(
        f'leasewatch_lease_refreshes_total{{scope="{lab.scope}",outcome="ok"}} > 0'), 30)


def is_confined(room):
    """The unit's restrictions hold for the process that runs."""
    pid = main_pid(room)
    with open(f"/proc/{pid}/status") as file:
        status = dict(re.findall(r"^(\w+):\t(.*)$", file.read(), re.MULTILINE))
    bits = {1 << n for n in range(64) if int(status["CapBnd"], 16) >> n & 1}
    # dac_read_search, setpcap, sys_ptrace, sys_admin, perfmon, bpf, checkpoint_restore: linux/capability.h
    assert bits <= {1 << n for n in (2, 6, 7, 8, 19, 21, 38, 39, 40)}
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    assert os.stat(room.path(LOG)).st_mode & 0o777 == 0o640
    inside = ["nsenter", f"--target={pid}", "--mount", "--root"]
    for path in ("/etc/x", "/usr/x", "/root/x", "/var/lib/x", "/proc/sys/kernel/x", "/sys/fs/cgroup/x"):
        assert subprocess.run([*inside, "touch", path], stderr=subprocess.DEVNULL, check=False).returncode != 0, path
    output(*inside, "sh", "-c", "touch /var/log/leasewatch/x && rm /var/log/leasewatch/x")


def follows_a_restart(room, lab):
    """With what rights it has left: a new Patroni is found, and hooked."""
    lab.fault("restart-patroni")
    lab("heal")
    pid = lab.pid("patroni1")
    wait_until("the new Patroni", lambda: [e for e in events(room, lab) if e.get("phase") == "found" and
                                           e["process.pid"] == pid], 60)
    wait_until("its lookups", lambda: [e for e in events(room, lab) if e.get("source") == "getaddrinfo" and
                                        e["process.pid"] == pid], 60)
    assert "leasewatch:" not in room.said(), room.said()


def incident(room, lab, prom):
    lab.fault("incident")
    wait_until("the stall's line", lambda: [e for e in events(room, lab) if e["event"] == "stall"], 90)
    said = wait_until("the alert", lambda: prom.alerts(scope=lab.scope).get("LeasewatchStall"), 60)
    assert said["summary"] == f"The lease of {lab.scope}/patroni1 is not being renewed."
    lab("heal")
    wait_until("its end", lambda: not prom.alerts(scope=lab.scope), 90)
    wait_until("the end's line", lambda: events(room, lab)[-1:] and
               [e for e in events(room, lab) if e["event"] == "stall" and e["phase"] == "end"], 30)


def rotate(room, lab):
    """As logrotate does it every day: a new file, and not a line lost."""
    old = os.stat(room.path(LOG)).st_ino
    room("logrotate", "--force", "/etc/logrotate.d/leasewatch")
    dated = f"{LOG}-{datetime.date.today():%Y%m%d}"
    assert os.stat(room.path(dated)).st_ino == old
    wait_until("a new log", lambda: os.path.exists(room.path(LOG)) and events(room, lab), 90)
    assert not [e for e in events(room, lab) if e["event"] == "lost"]


def comes_back(room, lab, prom):
    """Killed, it is started again."""
    pid = main_pid(room)
    os.kill(pid, signal.SIGKILL)
    wait_until("a new daemon", lambda: room.run("systemctl", "is-active", "leasewatch").stdout == "active\n" and
               main_pid(room) not in (0, pid), 60)
    wait_until("a scrape", prom.scrapes, 30)


def reload(room):
    """A good configuration is taken, a bad one is refused before the daemon is asked."""
    pid = main_pid(room)
    room("systemctl", "reload", "leasewatch")
    with open(room.path(CONF), "a") as conf:
        conf.write("colour = blue\n")
    assert room.run("systemctl", "reload", "leasewatch").returncode != 0
    assert "unknown key 'colour' in section [metrics]" in room.said()
    room("sed", "-i", "/^colour/d", CONF)
    room("systemctl", "reload", "leasewatch")
    assert main_pid(room) == pid


def test_package(package, room, incident_lab, prometheus, healed, tmp_path):
    healed(incident_lab)
    before = room.changes()
    said = room.install(package)
    assert "leasewatch is installed but not started" in said
    assert room.run("systemctl", "is-enabled", "leasewatch").stdout == "disabled\n"
    assert room.run("systemctl", "is-active", "leasewatch").stdout == "inactive\n"
    room("leasewatch", "daemon", "--check-config")
    room("sed", "-i", f"s/^#listen = .*/listen = 127.0.0.1:{PORT}/; s/^#interval = .*/interval = 1/", CONF)
    room("systemctl", "enable", "leasewatch")
    room("systemctl", "start", "leasewatch")

    rules = str(tmp_path / "rules.yml")
    with open(rules, "w") as file:
        file.write(room("cat", "/usr/share/leasewatch/leasewatch.rules.yml"))
    prom = prometheus(f"127.0.0.1:{PORT}", rules=rules)
    sees_it(room, incident_lab, prom)
    is_confined(room)
    assert int(room.show("WatchdogTimestampMonotonic")) > 0
    follows_a_restart(room, incident_lab)
    incident(room, incident_lab, prom)
    assert room.run("leasewatch", "report", LOG).returncode == 2
    reload(room)
    rotate(room, incident_lab)
    comes_back(room, incident_lab, prom)

    pid = main_pid(room)
    room.install(next_version(package, str(tmp_path)))
    assert main_pid(room) not in (0, pid)
    assert room.run("systemctl", "is-enabled", "leasewatch").stdout == "enabled\n"
    sees_it(room, incident_lab, prom)

    room.apt_get("remove", "leasewatch")
    assert main_pid(room) == 0
    assert f"listen = 127.0.0.1:{PORT}" in room("cat", CONF) and os.path.exists(room.path(LOG))
    room.apt_get("purge", "leasewatch")
    left = {p for p, h in room.changes().items() if before.get(p) != h and not BOOKS.match(p)}
    assert not left
    assert not room("sh", "-c", "find / -xdev -name '*leasewatch*'").strip()
    assert "leasewatch" not in room("cat", "/var/lib/dpkg/status")
