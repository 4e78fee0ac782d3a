# SPDX-License-Identifier: GPL-2.0-or-later
"""What a lab looks like now: collected inside it, completed with this host's pids, printed."""
import concurrent.futures
import time

import cluster
import etcdapi
import faults
import layout
import procs
import sockets
from etcdapi import EtcdError
from layout import LabError


def wrapper_of(init):
    """The pid of the `lab up` that init belongs to, None when that is gone and init is dying."""
    try:
        with open(f"/proc/{init}/stat", encoding="latin-1") as file:
            parent = int(file.read().rpartition(")")[2].split()[1])
        with open(f"/proc/{parent}/cmdline", encoding="utf-8", errors="replace") as file:
            argv = file.read().split("\0")
    except OSError:
        return None
    return parent if "up" in argv and any(word.endswith("lab") for word in argv[:3]) else None


def host_pid(lab, name):
    """The daemon's pid as this host sees it, None when it is dead."""
    inside = lab.call(lambda: procs.pid(name) if procs.state(name) != "dead" else None)
    return lab.host_pids().get(inside) if inside else None


def _etcd(options, name):
    report = {
        "name": name,
        "address": layout.address(name),
        "endpoint": layout.endpoint(name),
        "inner_pid": procs.pid(name),
        "state": procs.state(name),
        "leader": False,
        "leader_id": None,
        "member_id": None,
    }
    api = etcdapi.Etcd(options, name, timeout=1.0)
    try:
        own, leader = api.status()
        report.update(member_id=own, leader_id=leader, leader=own == leader)
        api.range("health")
        report["health"] = "healthy"
    except EtcdError as error:
        report["health"] = str(error)
    return report


def _patroni(options, name):
    view = cluster.patroni_view(name) if procs.state(name) == "running" else None
    used = sockets.member_in_use(options, name)
    return {
        "name": name,
        "address": layout.address(name),
        "rest": f"http://{layout.address(name)}:{layout.REST_PORT}",
        "postgres": f"{layout.address(name)}:{layout.POSTGRES_PORT}",
        "config": f"{layout.directory(name)}/config.yml",
        "inner_pid": procs.pid(name),
        "state": procs.state(name),
        "role": view.get("role") if view else None,
        "postgres_state": view.get("state") if view else None,
        "uses": used,
        "uses_endpoint": layout.endpoint(used) if used else None,
    }


def lease():
    """The leader's lease, in etcd's own words: whole seconds, rounded down. asked_at and
    answered_at are seconds since 1970: what is left was right at some moment between them. Runs
    inside the lab."""
    options = layout.Options.load()
    # Any other member would ask the one that leads.
    first = etcdapi.find_leader(options, timeout=0.5)
    asked = time.time()
    key = etcdapi.leader_key(options, timeout=1.0, serializable=True, first=first)
    answered = time.time()
    if key is None:
        raise LabError("there is no leader key")
    return {
        "id": key["lease"],
        "id_hex": f"{int(key['lease']):x}",
        "member": key["member"],
        "granted": key["granted"],
        "remaining": key["remaining"],
        "asked_at": asked,
        "answered_at": answered,
    }


def _leader_key(options):
    try:
        return etcdapi.leader_key(options, timeout=1.0, serializable=True)
    except EtcdError:
        return None


def _inside():
    options = layout.Options.load()
    with concurrent.futures.ThreadPoolExecutor() as pool:
        etcds = [pool.submit(_etcd, options, name) for name in options.etcd_names()]
        patronis = [pool.submit(_patroni, options, name) for name in options.patroni_names()]
        key = pool.submit(_leader_key, options)
        return {
            "etcds": [future.result() for future in etcds],
            "patronis": [future.result() for future in patronis],
            "leader_key": key.result(),
            "faults": faults.active(),
        }


def collect(lab):
    options = lab.options()
    report = {
        "name": lab.name,
        "init_pid": lab.init,
        "root": lab.root,
        "scope": layout.scope(),
        "ttl": options.ttl,
        "loop_wait": options.loop_wait,
        "retry_timeout": options.retry_timeout,
        "auth": options.auth,
    }
    report.update(lab.call(_inside))
    pids = lab.host_pids()
    for daemon in report["etcds"] + report["patronis"]:
        inner = daemon.pop("inner_pid")
        daemon["pid"] = pids.get(inner) if daemon["state"] != "dead" else None
    return report


def _line(daemon, words):
    pid = daemon["pid"] or "-"
    return f"  {daemon['name']:<9} {daemon['address']:<11} pid {pid:<7} {', '.join(words)}"


def text(report):
    lines = [
        f"lab {report['name']}: init pid {report['init_pid']}, scope {report['scope']}, "
        f"ttl {report['ttl']}, loop_wait {report['loop_wait']}, "
        f"retry_timeout {report['retry_timeout']}" + (", auth" if report["auth"] else "")
    ]
    for etcd in report["etcds"]:
        words = [etcd["state"]] + ([etcd["health"]] if etcd["state"] != "dead" else [])
        words += ["leads"] if etcd["leader"] else []
        words += ["used by " + p["name"] for p in report["patronis"] if p["uses"] == etcd["name"]]
        lines.append(_line(etcd, words))
    for patroni in report["patronis"]:
        words = [patroni["state"]]
        if patroni["role"]:
            words += [patroni["role"], f"PostgreSQL {patroni['postgres_state']}"]
        lines.append(_line(patroni, words))
    key = report["leader_key"]
    if key:
        left = f"{key['remaining']} of {report['ttl']} s left"
        lines.append(f"  leader    {key['member']}, lease {int(key['lease']):x}, {left}")
    else:
        lines.append("  leader    no leader key")
    lines.append("  faults    " + (", ".join(report["faults"]) or "none"))
    return "\n".join(lines)
