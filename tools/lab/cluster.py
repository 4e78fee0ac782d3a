# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab's init: prepares the private namespaces, starts the cluster, says when it is healthy."""
import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import certificates
import etcdapi
import layout
import namespaces
import procs
import sockets
from layout import LabError
from namespaces import MS_NODEV, MS_NOSUID


def missing_tools(options):
    """What a lab needs and this machine does not have."""
    names = ["etcd", "etcdctl", "patroni", "nft", "ss", "ip"]
    path = procs.ENVIRONMENT["PATH"]
    missing = [name for name in names if not shutil.which(name, path=path)]
    modules = {"dns": "dnspython"}
    if options.tls:
        # python3-etcd has urllib3 use pyOpenSSL, which needs idna to read a certificate's names.
        modules.update(cryptography="cryptography", idna="idna")
    missing += [what for name, what in modules.items() if not importlib.util.find_spec(name)]
    return missing + ([] if procs.postgres_bin_dir() else ["postgres"])


def prepare(options):
    """Mounts, addresses and files. Runs as pid 1 of fresh namespaces."""
    resolver = os.path.realpath("/etc/resolv.conf")
    # /run hides the machine's PostgreSQL sockets and name service caches from the lab, too.
    namespaces.mount("lab", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=1g")
    namespaces.mount("lab", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777,size=256m")
    os.makedirs(f"{layout.BASE}/log")
    os.mkdir(f"{layout.BASE}/tmp")
    for directory in ("log", "tmp"):
        # Patroni and PostgreSQL write there as postgres.
        os.chmod(f"{layout.BASE}/{directory}", 0o1777)
    layout.write(f"{layout.BASE}/options.json", options.to_json())
    silent = f"nameserver {layout.silent_resolver()}\noptions timeout:1 attempts:1\n"
    layout.write(f"{layout.BASE}/silent-resolv.conf", silent)
    layout.write(f"{layout.BASE}/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n")
    layout.write(layout.hosts_file(), layout.hosts_text(options))
    # Patroni asks for the name of its own address, too.
    own_names = layout.hosts_text(options, without=options.etcd_names())
    layout.write(f"{layout.BASE}/patroni-hosts", own_names)
    nameservers = "".join(f"nameserver {address}\n" for address in layout.nameservers())
    layout.write(f"{layout.BASE}/resolv.conf", nameservers)
    layout.write(layout.dns_file(), "{}")
    for name in options.etcd_names() + [layout.LEARNER]:
        directory = layout.directory(name)
        os.mkdir(directory)
        # etcd reserves 128 MB of log a member where the file system lets it; ramfs does not.
        namespaces.mount("lab", directory, "ramfs", MS_NOSUID | MS_NODEV, "mode=700")
        layout.write(layout.hosts_file(name), layout.hosts_text(options))
    if options.tls:
        certificates.make(options)
    if not os.path.exists(resolver):
        os.makedirs(os.path.dirname(resolver), exist_ok=True)
        layout.write(resolver, "")
    namespaces.bind(layout.hosts_file(), "/etc/hosts")
    namespaces.bind(f"{layout.BASE}/resolv.conf", resolver)
    if os.path.exists("/etc/nsswitch.conf"):
        namespaces.bind(f"{layout.BASE}/nsswitch.conf", "/etc/nsswitch.conf")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True, env=procs.ENVIRONMENT)


def silent_nameserver():
    """A socket nobody reads. An etcd that lost its peers' names would else spin on lookups that
    fail at once, and burn a core that others need."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((layout.silent_resolver(), 53))
    return server


def etcd_healthy(options, timeout=1.0):
    """Every member answers a read that needs the quorum."""
    try:
        for member in etcdapi.members(options, timeout):
            member.range("health")
    except LabError:
        return False
    return True


def nameserver_listens():
    """The TCP socket of its last address is what it opens last."""
    return sockets.listens(layout.nameservers()[-1], 53)


def enable_auth(options):
    first = etcdapi.Etcd(options, options.etcd_names()[0], timeout=5)
    first.post("auth/user/add", {"name": layout.ETCD_USER, "password": layout.ETCD_PASSWORD})
    first.post("auth/role/add", {"name": "root"})
    first.post("auth/user/grant", {"user": layout.ETCD_USER, "role": "root"})
    first.post("auth/enable", {})


def patroni_view(name, timeout=1.0):
    """What Patroni's REST API says of itself, None when it does not answer."""
    url = f"http://{layout.address(name)}:{layout.REST_PORT}/patroni"
    try:
        with urllib.request.urlopen(url, timeout=timeout) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            try:
                return json.load(error)
            except ValueError:
                return None
    except (OSError, ValueError):
        return None


def is_primary(view):
    # Patroni 4 says primary where 3 says master.
    roles = ("master", "primary")
    return bool(view) and view.get("state") == "running" and view.get("role") in roles


def has_leader(options):
    """The leader key's {member, lease, remaining} when its owner runs as primary, else None."""
    try:
        key = etcdapi.leader_key(options, timeout=1.0)
    except LabError:
        return None
    if not key or key["remaining"] <= 0 or key["member"] not in options.patroni_names():
        return None
    return key if is_primary(patroni_view(key["member"])) else None


def follows(name, leader):
    """Whether the replica runs and the leader streams to it."""
    view = patroni_view(name)
    if not view or view.get("role") != "replica":
        return False
    streams = (patroni_view(leader) or {}).get("replication", [])
    return any(
        stream["application_name"] == name and stream["state"] == "streaming" for stream in streams
    )


def _last_lines(name, count=15):
    try:
        with open(layout.log_file(name), encoding="utf-8", errors="replace") as file:
            # etcd's lines can be pages long.
            lines = [line.rstrip()[:200] for line in file.readlines()[-count:]]
            return "".join(f"  {name}: {line}\n" for line in lines)
    except OSError:
        return ""


def _wait(condition, end, names, what):
    """Until condition holds; a daemon of names that died meanwhile ends the wait at once."""

    def check():
        dead = [name for name in names if procs.state(name) == "dead"]
        if dead:
            last = _last_lines(dead[0]).rstrip()
            raise LabError(f"{dead[0]} died during the start; its log ends with:\n{last}")
        return condition()

    def complaint():
        logs = "".join(_last_lines(name, 5) for name in names)
        return f"{what} after the --ready-timeout; the logs end with:\n{logs}".rstrip()

    procs.wait_until(check, max(0.0, end - time.monotonic()), complaint)


def start(options):
    """Returns when the cluster is healthy."""
    end = time.monotonic() + options.ready_timeout
    etcds, patronis = options.etcd_names(), options.patroni_names()
    procs.start_nameserver(options)
    for name in etcds:
        procs.start_etcd(options, name)
    _wait(lambda: etcd_healthy(options), end, etcds, "etcd has no quorum")
    if options.auth:
        enable_auth(options)
    _wait(nameserver_listens, end, ["nameserver"], "the nameserver does not listen")
    procs.start_patroni(options, patronis[0])
    _wait(lambda: has_leader(options), end, etcds + patronis[:1], "no primary was elected")
    for name in patronis[1:]:
        procs.start_patroni(options, name)
    for name in patronis[1:]:
        what = f"{name} is no replica yet"
        _wait(lambda: follows(name, patronis[0]), end, etcds + patronis, what)


def describe(options, seconds):
    lines = [f"lab {options.name}: up in {seconds:.1f} s, healthy"]
    for name in options.etcd_names():
        lines.append(f"  {name:<9} {layout.client_url(options, name)} ({layout.address(name)})")
    for name in options.patroni_names():
        address = layout.address(name)
        rest, postgres = f"{address}:{layout.REST_PORT}", f"{address}:{layout.POSTGRES_PORT}"
        lines.append(f"  {name:<9} REST http://{rest}, PostgreSQL {postgres}")
    lines += [
        f"  scope {layout.scope()}, ttl {options.ttl}, loop_wait {options.loop_wait}, "
        f"retry_timeout {options.retry_timeout}",
        "from another terminal:",
        "  lab status              who leads, which etcd Patroni uses, the lease's seconds left",
        "  lab faults              what can be broken; then: lab fault incident, lab heal",
        "  lab logs patroni1 -f    Patroni's own view, with milliseconds",
        "  lab patronictl list     and lab etcdctl ..., lab exec -- psql -h patroni1 -U postgres",
        "Ctrl-C here, or lab down, removes everything.",
        f"ready {options.name}",
    ]
    return "\n".join(lines)


def reap_for_ever():
    # Blocked, so that one which comes before sigwait is not lost.
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
    while True:
        try:
            os.wait()
        except ChildProcessError:
            signal.sigwait([signal.SIGCHLD])


def init_main(options):
    """The lab's pid 1. Returning from it is the end of the lab."""
    started = time.monotonic()
    # Ctrl-C reaches the whole foreground group; the wrapper alone decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        namespaces.die_with_parent()
        prepare(options)
        nameserver = silent_nameserver()
        start(options)
    except (LabError, OSError, subprocess.CalledProcessError) as error:
        print(f"lab: {error}", file=sys.stderr, flush=True)
        return 1
    layout.write(f"{layout.BASE}/ready", "")
    print(describe(options, time.monotonic() - started), flush=True)
    reap_for_ever()
    nameserver.close()
    return 0
