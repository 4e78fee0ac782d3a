# SPDX-License-Identifier: GPL-2.0-or-later
"""One static file: it starts where there is no library at all, and in Debians older and newer than the one it was
linked in."""
import os
import shutil
import subprocess

import pytest

from cleanroom import make_other
from lab import LEASEWATCH, ROOT

BUILD = os.path.dirname(os.path.abspath(LEASEWATCH))
LOG = os.path.join(ROOT, "tests", "fuzz", "corpus", "jsonlog", "incident")
# /proc and /sys are there for this one process only.
ENTER = 'mount --rbind /proc "$0/proc" && mount --rbind /sys "$0/sys" && exec chroot "$0" /leasewatch "$@"'


def leasewatch(*command):
    """(exit status, what it said)"""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False,
                          env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC"})
    return done.returncode, done.stdout


def furnish(root):
    """The program and a log."""
    for directory in ("proc", "sys"):
        os.makedirs(os.path.join(root, directory), exist_ok=True)
    shutil.copy(LEASEWATCH, os.path.join(root, "leasewatch"))
    shutil.copy(LOG, os.path.join(root, "log"))


def works_in(root):
    """It does there what it does here."""
    furnish(root)
    for arguments in (["--version"], ["--help"], ["trace", "--help"], ["report", "/log"]):
        here = leasewatch(LEASEWATCH, *[LOG if word == "/log" else word for word in arguments])
        assert leasewatch("chroot", root, "/leasewatch", *arguments) == here
    status, said = leasewatch("unshare", "--mount", "sh", "-c", ENTER, root, "check")
    assert status in (0, 3), said


def test_it_is_static():
    done = subprocess.run(["ldd", LEASEWATCH], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.stdout.strip() == "not a dynamic executable"


def test_it_works_in_an_empty_root(tmp_path):
    works_in(str(tmp_path))


@pytest.mark.parametrize("codename", ["bullseye", "trixie", "sid"])
def test_it_works_in_another_debian(codename):
    root = make_other(BUILD, codename)
    assert os.path.exists(os.path.join(root, "etc", "debian_version"))
    works_in(root)
