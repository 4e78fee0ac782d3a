# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemons of a lab: how each is configured, started, found and stopped, inside the lab.

A daemon's pid is in a file on the lab's tmpfs. Whoever starts it (init, or a heal) may exit: the
daemon then becomes a child of the lab's init, which reaps it.
"""
import glob
import json
import os
import platform
import pwd
import signal
import sys
import time

import certificates
import layout
import namespaces
from layout import CLIENT_PORT, PEER_PORT, POSTGRES_PORT, REST_PORT, LabError

ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "HOME": "/"}
# Patroni puts initdb's password file there.
ENVIRONMENT["TMPDIR"] = f"{layout.BASE}/tmp"


def postgres_bin_dir():
    """The newest server installed, None without one."""
    found = glob.glob("/usr/lib/postgresql/*/bin/postgres")
    newest = max(found, key=lambda path: float(path.split("/")[4]), default=None)
    return os.path.dirname(newest) if newest else None


def own(path, user):
    """Makes the directory and gives it to the user."""
    entry = pwd.getpwnam(user)
    os.makedirs(path, exist_ok=True)
    os.chmod(path, 0o700)
    os.chown(path, entry.pw_uid, entry.pw_gid)


def _become(user):
    entry = pwd.getpwnam(user)
    os.initgroups(user, entry.pw_gid)
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)


def _spawn(name, argv, environment, user=None, binds=()):
    """Starts a daemon in a session of its own; its pid. With binds, (file, place) pairs, it gets a
    mount namespace of its own in which each file is at its place."""
    executing, by_child = os.pipe()
    pid = os.fork()
    if pid:
        # Closed by exec: from then on the process is seen as the daemon it is.
        os.close(by_child)
        os.read(executing, 1)
        os.close(executing)
        with open(layout.pid_file(name), "w", encoding="ascii") as file:
            file.write(str(pid))
        return pid
    try:
        os.setsid()
        namespaces.default_signals()
        log = os.open(layout.log_file(name), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.closerange(3, by_child)
        os.closerange(by_child + 1, 1024)
        if binds:
            namespaces.unshare(namespaces.CLONE_NEWNS)
        for source, target in binds:
            namespaces.bind(source, target)
        os.chdir(layout.directory(name))
        if user:
            _become(user)
        os.execve(argv[0], argv, environment)
    except (OSError, KeyError) as error:
        os.write(2, f"cannot start {argv[0]}: {error}\n".encode())
    os._exit(127)


def start_script(name, script, *arguments):
    """A daemon that is a Python program of the lab's own."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), script)
    os.makedirs(layout.directory(name), exist_ok=True)
    # Run as root from a checkout, Python would leave __pycache__ in the tree.
    return _spawn(name, [sys.executable, "-B", path, *arguments], ENVIRONMENT)


def start_nameserver(options):
    records = json.dumps(layout.dns_records(options))
    addresses = layout.nameservers()
    return start_script("nameserver", "nameserver.py", records, layout.dns_file(), *addresses)


def start_etcd(options, name, more_flags=None):
    """more_flags: what differs for a member that was not there from the beginning."""
    address, host = layout.address(name), layout.host(name)
    scheme = "https" if options.tls else "http"
    os.makedirs(layout.directory(name), exist_ok=True)
    environment = dict(ENVIRONMENT)
    # Go's own resolver reads /etc/hosts again when it changes; the libc's NSS modules may not.
    environment["GODEBUG"] = "netdns=go"
    if platform.machine() == "aarch64":
        environment["ETCD_UNSUPPORTED_ARCH"] = "arm64"
    peers = [f"{peer}={layout.peer_url(peer)}" for peer in options.etcd_names()]
    flags = {
        "name": name,
        "data-dir": f"{layout.directory(name)}/data",
        "listen-client-urls": f"{scheme}://{address}:{CLIENT_PORT}",
        "advertise-client-urls": f"{scheme}://{host}:{CLIENT_PORT}",
        "listen-peer-urls": f"http://{address}:{PEER_PORT}",
        "initial-advertise-peer-urls": layout.peer_url(name),
        "initial-cluster": ",".join(peers),
        "initial-cluster-state": "new",
        "initial-cluster-token": f"lab-{options.name}",
        "logger": "zap",
        "log-outputs": "stderr",
        "enable-v2": str(options.v2).lower(),
        **certificates.etcd_flags(options, name),
        **(more_flags or {}),
    }
    argv = ["/usr/bin/etcd"] + [f"--{key}={value}" for key, value in flags.items()]
    binds = [
        (layout.hosts_file(name), "/etc/hosts"),
        (f"{layout.BASE}/silent-resolv.conf", os.path.realpath("/etc/resolv.conf")),
    ]
    return _spawn(name, argv, environment, binds=binds)


def postgresql_config(options, name, directory, listen):
    return {
        "listen": listen,
        "connect_address": listen,
        "data_dir": f"{directory}/data",
        "bin_dir": postgres_bin_dir(),
        "pgpass": f"{directory}/pgpass",
        "authentication": {
            "superuser": {"username": "postgres", "password": layout.POSTGRES_PASSWORD},
            "replication": {"username": "replicator", "password": layout.REPLICATION_PASSWORD},
        },
        # After a failover without a quiet shutdown the old primary is simply copied again.
        "remove_data_directory_on_diverged_timelines": True,
        "remove_data_directory_on_rewind_failure": True,
        "parameters": {
            "unix_socket_directories": directory,
            "shared_buffers": "8MB",
            "fsync": "off",
            "full_page_writes": "off",
            "min_wal_size": "2MB",
            "max_wal_size": "32MB",
            "wal_keep_size": "8MB",
            "logging_collector": "on",
            "log_directory": f"{layout.BASE}/log",
            "log_filename": f"{name.replace('patroni', 'postgres')}.log",
            "log_line_prefix": "%m [%p] ",
            **certificates.postgres_parameters(options),
        },
    }


def _patroni_log(options, name):
    log = {"level": options.log_level}
    if options.log_bytes:
        log.update(dir=layout.directory(name), file_size=options.log_bytes, file_num=2)
    return log


def patroni_config(options, name):
    """Patroni reads YAML, and JSON is YAML."""
    address, directory = layout.address(name), layout.directory(name)
    rest, postgres = f"{address}:{REST_PORT}", f"{address}:{POSTGRES_PORT}"
    etcd = {"hosts": ",".join(layout.endpoint(etcd) for etcd in options.etcd_names())}
    if options.srv:
        etcd = {"srv": layout.domain()}
    etcd.update(certificates.patroni_settings(options))
    if options.auth:
        etcd.update(username=layout.ETCD_USER, password=layout.ETCD_PASSWORD)
    dcs = {
        "ttl": options.ttl,
        "loop_wait": options.loop_wait,
        "retry_timeout": options.retry_timeout,
        # With slots, a replica would wait for the leader's next loop to get one.
        "postgresql": {"use_slots": False, "parameters": {"max_connections": 30}},
    }
    return {
        "scope": layout.scope(),
        "name": name,
        "etcd" if options.v2 else "etcd3": etcd,
        "log": _patroni_log(options, name),
        "restapi": {"listen": rest, "connect_address": rest},
        "bootstrap": {
            "dcs": dcs,
            "initdb": [{"encoding": "UTF8"}, {"locale": "C"}, {"wal-segsize": "1"}],
            "pg_hba": [
                "local all all trust",
                "host all all 127.0.0.0/8 trust",
                "host replication all 127.0.0.0/8 trust",
            ],
        },
        "postgresql": postgresql_config(options, name, directory, postgres),
        # Never the machine's own watchdog.
        "watchdog": {"mode": "off"},
    }


def start_patroni(options, name):
    directory = layout.directory(name)
    own(directory, "postgres")
    config = f"{directory}/config.yml"
    with open(config, "w", encoding="utf-8") as file:
        json.dump(patroni_config(options, name), file, indent=2)
    os.chmod(config, 0o644)
    # All others find the etcds' names in /etc/hosts, Patroni in the DNS.
    binds = [(f"{layout.BASE}/patroni-hosts", "/etc/hosts")]
    return _spawn(name, ["/usr/bin/patroni", config], ENVIRONMENT, user="postgres", binds=binds)


def start(options, name):
    return start_etcd(options, name) if name.startswith("etcd") else start_patroni(options, name)


def pid(name):
    """The daemon's pid inside the lab, None when it was never started."""
    try:
        with open(layout.pid_file(name), encoding="ascii") as file:
            return int(file.read())
    except (OSError, ValueError):
        return None


def state(name):
    """running, stopped or dead. A zombie that init is about to reap is dead."""
    number = pid(name)
    try:
        with open(f"/proc/{number}/stat", encoding="latin-1") as file:
            letter = file.read().rpartition(")")[2].split()[0]
        with open(f"/proc/{number}/cmdline", encoding="latin-1") as file:
            command = file.read()
    except OSError:
        return "dead"
    # A daemon of another kind may have got the number since.
    if letter in "ZX" or name.rstrip("0123456789") not in command:
        return "dead"
    return "stopped" if letter in "Tt" else "running"


def send_signal(name, number):
    """False when the daemon is dead already."""
    if state(name) == "dead":
        return False
    try:
        os.kill(pid(name), number)
    except ProcessLookupError:
        return False
    return True


def signal_pid(number, what):
    """Sends a process what, unless it has ended."""
    try:
        os.kill(number, what)
    except ProcessLookupError:
        pass


def stop(name):
    if not send_signal(name, signal.SIGSTOP):
        raise LabError(f"{name} is not running")
    wait_until(lambda: state(name) == "stopped", 5, f"{name} did not stop")


def kill_session(name):
    """A daemon that may have forked, and all of it; it may be dead."""
    if state(name) != "dead":
        os.killpg(pid(name), signal.SIGKILL)
        wait_until(lambda: state(name) == "dead", 5, f"{name} did not die")


def pids_named(command):
    """Every process of the lab that runs that program."""
    found = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/comm", encoding="utf-8", errors="replace") as file:
                if file.read().strip() == command:
                    found.append(int(entry))
        except OSError:
            continue
    return found


def postgres_pids(name):
    """The PostgreSQL of that Patroni: its postmaster and what that forked, [] without one."""
    try:
        with open(f"{layout.directory(name)}/data/postmaster.pid", encoding="utf-8") as file:
            postmaster = int(file.readline())
    except (OSError, ValueError):
        return []
    return [pid for pid in pids_named("postgres") if postmaster in (pid, _parent(pid))]


def _parent(number):
    try:
        with open(f"/proc/{number}/stat", encoding="latin-1") as file:
            return int(file.read().rpartition(")")[2].split()[1])
    except OSError:
        return None


def kill(name):
    """Returns when it is gone."""
    if not send_signal(name, signal.SIGKILL):
        raise LabError(f"{name} is not running")
    wait_until(lambda: state(name) == "dead", 5, f"{name} did not die")


def wait_until(condition, seconds, complaint, step=0.05):
    """condition's first true value within seconds; else a LabError with complaint, a text or a
    function that returns one."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= end:
            raise LabError(complaint() if callable(complaint) else complaint)
        time.sleep(step)
