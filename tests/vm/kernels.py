# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's kernels, and what else a guest begins with. A release is asked for by its first numbers (6.1); the newest
that the apt sources offer is taken.
"""
import glob
import os
import re

import packages


class Kernel:
    """An unpacked kernel package."""

    def __init__(self, directory):
        self.image = glob.glob(f"{directory}/boot/vmlinuz-*")[0]
        self.version = os.path.basename(self.image).partition("-")[2]
        # As Debian 12 has it; later releases keep everything below /usr.
        self.base = next(path for path in (directory, f"{directory}/usr") if os.path.isdir(f"{path}/lib/modules"))
        self.modules = f"{self.base}/lib/modules"

    def index_modules(self):
        """The package's own script would do it, were it installed."""
        packages.run("/sbin/depmod", "-b", self.base, self.version)

    def module_files(self, names):
        """The modules and what they depend on, in the order of loading; what is built in is left out."""
        place = f"{self.modules}/{self.version}"
        depends, ordered = {}, []
        with open(f"{place}/modules.dep", encoding="ascii") as file:
            for line in file:
                module, _, needs = line.strip().partition(":")
                depends[module] = needs.split()

        def add(module):
            # modprobe's order: what is needed first is named last.
            for need in reversed(depends[module]):
                add(need)
            if module not in ordered:
                ordered.append(module)

        for name in names:
            file = re.compile(rf"(.*/)?{name.replace('_', '[-_]')}\.ko(\.\w+)?")
            for module in filter(file.fullmatch, depends):
                add(module)
        return [f"{place}/{module}" for module in ordered]


def fetch(build, release, arch="amd64"):
    """The kernel of that release. No cloud kernels: they have no 9p."""
    there = packages.Packages(build, arch)
    place = f"{there.build}/vm/kernel/{release}-{arch}"
    name = rf"linux-image-{re.escape(release)}\.\d[\d.]*(-\d+|\+deb\d+)-{arch}"
    there.unpack(place, [name], lambda: Kernel(place).index_modules())
    return Kernel(place)


def fetch_busybox(build, arch="amd64"):
    """The path of one that needs no libraries."""
    there = packages.Packages(build, arch)
    place = f"{there.build}/vm/busybox-{arch}"
    there.unpack(place, ["busybox-static"])
    return next(path for path in (f"{place}/bin/busybox", f"{place}/usr/bin/busybox") if os.path.exists(path))
