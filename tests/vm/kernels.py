# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's kernels, from their packages: downloaded and unpacked below the build directory, never
installed. A release is asked for by its first numbers (6.1); the newest that the configured apt
sources offer is taken, and kept until the build directory goes.
"""
import glob
import os
import re
import shutil
import subprocess


class VmError(Exception):
    """One sentence."""


def _apt(*arguments):
    done = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise VmError(f"{' '.join(arguments[:3])} failed: {done.stderr.strip()[-500:]}")
    return done.stdout


def _offered(release, arch):
    """The names of the packages, the oldest first. No cloud kernels: they have no 9p."""
    name = re.compile(rf"linux-image-{re.escape(release)}\.\d[\d.]*(-\d+|\+deb\d+)-{arch}")
    names = _apt("apt-cache", "pkgnames", f"linux-image-{release}.").split()
    return sorted(filter(name.fullmatch, names), key=lambda n: [int(d) for d in re.findall(r"\d+", n)])


class Kernel:
    """An unpacked kernel package."""

    def __init__(self, directory):
        self.directory = directory
        self.image = glob.glob(f"{directory}/boot/vmlinuz-*")[0]
        self.version = os.path.basename(self.image).partition("-")[2]
        self.config = f"{directory}/boot/config-{self.version}"
        # As Debian 12 has it; later releases keep everything below /usr.
        self.modules = next(path for path in (f"{directory}/lib/modules", f"{directory}/usr/lib/modules")
                            if os.path.isdir(path))

    def module_files(self, names):
        """The modules and what they depend on, in the order of loading; what is built in is left out."""
        place = f"{self.modules}/{self.version}"
        depends, ordered = {}, []
        with open(f"{place}/modules.dep", encoding="ascii") as file:
            for line in file:
                module, _, needs = line.strip().partition(":")
                depends[module] = needs.split()

        def add(module):
            # modprobe's order: what is needed last is named first.
            for need in reversed(depends[module]):
                add(need)
            if module not in ordered:
                ordered.append(module)

        for name in names:
            file = re.compile(rf"(.*/)?{name.replace('_', '[-_]')}\.ko(\.\w+)?")
            for module in filter(file.fullmatch, depends):
                add(module)
        return [f"{place}/{module}" for module in ordered]


def unpack(name, place, finish=None):
    """The package, downloaded and unpacked at `place` unless it is there already; `finish` completes it."""
    if os.path.exists(f"{place}/complete"):
        return
    shutil.rmtree(place, ignore_errors=True)
    os.makedirs(place)
    done = subprocess.run(["apt-get", "-q", "download", name], cwd=place, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    packages = glob.glob(f"{place}/*.deb")
    if done.returncode or len(packages) != 1:
        raise VmError(f"apt-get download {name} failed: {done.stdout.strip()[-500:]}")
    _apt("dpkg-deb", "-x", packages[0], place)
    os.unlink(packages[0])
    if finish:
        finish()
    with open(f"{place}/complete", "w", encoding="ascii") as file:
        file.write(name + "\n")


def fetch(build, release, arch="amd64"):
    """The kernel of that release."""
    place = os.path.abspath(f"{build}/vm/kernel/{release}-{arch}")
    if os.path.exists(f"{place}/complete"):
        return Kernel(place)
    if not _offered(release, arch):
        _apt("apt-get", "-q", "update")
    offered = _offered(release, arch)
    if not offered:
        raise VmError(f"the apt sources offer no linux-image-{release}.*-{arch}")

    def depmod():
        # The package's own script would do it, were it installed.
        kernel = Kernel(place)
        _apt("/sbin/depmod", "-b", kernel.modules.removesuffix("/lib/modules"), kernel.version)

    unpack(offered[-1], place, depmod)
    return Kernel(place)


def fetch_busybox(build, arch="amd64"):
    """The path of one that needs no libraries."""
    place = os.path.abspath(f"{build}/vm/busybox-{arch}")
    unpack(f"busybox-static:{arch}", place)
    return next(path for path in (f"{place}/bin/busybox", f"{place}/usr/bin/busybox") if os.path.exists(path))
