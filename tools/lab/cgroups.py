# SPDX-License-Identifier: GPL-2.0-or-later
"""A CPU quota for a process, by a cgroup of the lab's own (v2's cpu.max, v1's cpu.cfs_*)."""
import os

import layout
import procs
from layout import LabError

PERIOD_US = 1000000


def _controller():
    """(mount point, version) of the hierarchy that has the cpu controller."""
    unified = None
    with open("/proc/self/mounts", encoding="utf-8") as file:
        for line in file:
            _, place, kind, flags = line.split()[:4]
            if kind == "cgroup" and "cpu" in flags.split(","):
                return place, 1
            if kind == "cgroup2":
                unified = place
    if unified and "cpu" in _read(f"{unified}/cgroup.controllers").split():
        return unified, 2
    raise LabError("this machine has no cpu cgroups: use starve-patroni")


def _read(path):
    try:
        with open(path, encoding="ascii") as file:
            return file.read()
    except OSError:
        return ""


def _directory(name):
    place, version = _controller()
    return f"{place}/leasewatch-lab-{name}", place, version


def _group_of(pid, version):
    """The path of the process's group in the hierarchy."""
    for line in _read(f"/proc/{pid}/cgroup").splitlines():
        number, controllers, path = line.split(":", 2)
        if version == 1 and "cpu" in controllers.split(",") or version == 2 and number == "0":
            return path
    return "/"


def _set_quota(group, version, quota_us):
    """None: unlimited."""
    if version == 1:
        layout.write(f"{group}/cpu.cfs_period_us", str(PERIOD_US))
        layout.write(f"{group}/cpu.cfs_quota_us", str(quota_us or -1))
    else:
        layout.write(f"{group}/cpu.max", f"{quota_us or 'max'} {PERIOD_US}")


def throttle(name, pid, quota_us):
    """The process of the lab of that name gets quota_us in each second, and shares it with
    whatever else is put into the group; the group's directory."""
    group, place, version = _directory(name)
    was = _group_of(pid, version)
    try:
        os.makedirs(group, exist_ok=True)
        if version == 2 and not os.path.exists(f"{group}/cpu.max"):
            layout.write(f"{place}/cgroup.subtree_control", "+cpu")
        _set_quota(group, version, quota_us)
        if os.path.basename(was) != os.path.basename(group):
            layout.write(f"{layout.BASE}/cgroup", was)
        layout.write(f"{group}/cgroup.procs", str(pid))
    except OSError as error:
        raise LabError(
            f"this machine refuses a cgroup with a CPU quota ({error.strerror}): "
            "use starve-patroni"
        ) from error
    return group


def release(name):
    """Moves everything in the group back to where the process was, and removes the group."""
    try:
        group, place, _ = _directory(name)
    except LabError:
        return
    if not os.path.isdir(group):
        return
    was = place + _read(f"{layout.BASE}/cgroup")
    back = was if os.path.isdir(was) else place
    for pid in _read(f"{group}/cgroup.procs").split():
        try:
            layout.write(f"{back}/cgroup.procs", pid)
        except OSError:
            # It has ended.
            pass
    # A killed process stays in the group until it is reaped.
    complaint = f"the cgroup {group} cannot be removed"
    procs.wait_until(lambda: remove(name), 5, complaint)


def remove(name):
    """Removes the group of a lab that may be gone; True if none is left. Also works outside the lab."""
    try:
        group, _, version = _directory(name)
        if os.path.isdir(group):
            # A killed process needs some CPU to exit.
            _set_quota(group, version, None)
            os.rmdir(group)
        return True
    except LabError:
        return True
    except OSError:
        return False
