# SPDX-License-Identifier: GPL-2.0-or-later
"""Injects the faults and knows which are active. All of it runs inside the lab."""
import fcntl
import os
import time

import disturbances
import faults_dns
import faults_etcd
import faults_host
import faults_network
import faults_proxy
import faults_tls
import layout
from layout import LabError
from registry import FAULTS, Target

# Each with undo(options), which puts back at once what its faults touch, and settle(options),
# which does the rest once the etcds answer and may be called again.
THEMES = [faults_etcd, faults_network, faults_proxy, faults_tls, faults_dns, faults_host, disturbances]


def lock():
    """One fault or heal at a time; freed by the process's end."""
    handle = os.open(f"{layout.BASE}/lock", os.O_CREAT | os.O_RDWR, 0o600)
    fcntl.flock(handle, fcntl.LOCK_EX)


def inject(name, member=None, patroni=None):
    """What was done to whom, as a dictionary; "done" is one sentence."""
    lock()
    options = layout.Options.load()
    fault = FAULTS[name]
    if member and fault.takes != "member":
        raise LabError(f"{name} is not done to a single etcd")
    if patroni and fault.takes is None:
        raise LabError(f"{name} does not depend on a Patroni")
    for chosen in (member, patroni):
        if chosen and chosen not in options.etcd_names() + options.patroni_names():
            raise LabError(f"there is no {chosen}")
    target = Target(options, member, patroni)
    began = time.time()
    # Before it is done: one that fails half-way has to be healed, too.
    if fault.lasting and name not in active():
        with open(f"{layout.BASE}/faults", "a", encoding="utf-8") as file:
            file.write(name + "\n")
    done = fault.function(target)
    result = {"fault": name, "done": done, "at": began, "effective_at": time.time()}
    if fault.takes == "member":
        result["member"] = target.member
        result["endpoint"] = layout.endpoint(target.member)
        result["address"] = layout.address(target.member)
    if fault.takes is not None:
        result["patroni"] = target.patroni
    return result


def active():
    """The faults injected since the last heal."""
    try:
        with open(f"{layout.BASE}/faults", encoding="utf-8") as file:
            return file.read().split()
    except OSError:
        return []
