# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian packages below the build directory: downloaded by apt-get from the host's own sources and unpacked, never
installed. Those of another architecture, too, without a word about it in the host's configuration.
"""
import glob
import os
import re
import shutil
import subprocess


class PackageError(Exception):
    """One sentence."""


def run(*command, **kwargs):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, **kwargs)
    if done.returncode:
        raise PackageError(f"{' '.join(command)} failed: {(done.stderr or done.stdout).strip()[-500:]}")
    return done.stdout


class Packages:
    """The packages of an architecture. What is unpacked stays until the build directory goes."""

    def __init__(self, build, arch="amd64"):
        self.build = os.path.abspath(build)
        self.arch = arch
        self.options = []
        if arch != run("dpkg", "--print-architecture").strip():
            # Lists of its own: the host's say nothing of other architectures.
            state = f"{self.build}/vm/apt-{arch}"
            for directory in ("lists/partial", "cache/archives/partial"):
                os.makedirs(f"{state}/{directory}", exist_ok=True)
            self.options = ["-o", f"APT::Architecture={arch}", "-o", f"APT::Architectures::={arch}",
                            "-o", f"Dir::State::lists={state}/lists", "-o", f"Dir::Cache={state}/cache"]
            if not glob.glob(f"{state}/lists/*_Packages*"):
                self.update()

    def update(self):
        run("apt-get", "-q", *self.options, "update")

    def offered(self, pattern):
        """The names that match, the oldest first."""
        prefix = re.match(r"[\w-]*", pattern)[0]

        def ask():
            names = run("apt-cache", *self.options, "pkgnames", prefix).split()
            found = {name.partition(":")[0] for name in names}
            return sorted(filter(re.compile(pattern).fullmatch, found),
                          key=lambda name: [int(digits) for digits in re.findall(r"\d+", name)])

        found = ask()
        if not found:
            self.update()
            found = ask()
        if not found:
            raise PackageError(f"the apt sources offer no {pattern} for {self.arch}")
        return found

    def download(self, place, names):
        """The newest package of each name (a pattern)."""
        newest = [self.offered(name)[-1] for name in names]
        run("apt-get", "-q", *self.options, "download", *newest, cwd=place)

    def unpack(self, place, names, finish=None):
        """Downloads, all below `place`; `finish` completes it. Nothing is done where the same was asked for before."""
        asked = "\n".join(names) + "\n"
        mark = f"{place}/complete"
        if os.path.exists(mark):
            with open(mark, encoding="ascii") as file:
                if file.read() == asked:
                    return
        shutil.rmtree(place, ignore_errors=True)
        os.makedirs(place)
        try:
            self.download(place, names)
        except PackageError:
            # What the lists name may have been replaced meanwhile.
            self.update()
            self.download(place, names)
        for package in glob.glob(f"{place}/*.deb"):
            run("dpkg-deb", "-x", package, place)
            os.unlink(package)
        if finish:
            finish()
        with open(mark, "w", encoding="ascii") as file:
            file.write(asked)
