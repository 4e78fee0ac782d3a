# SPDX-License-Identifier: GPL-2.0-or-later
import pytest

from daemons import Daemon
from lab import SLOW, Lab, Trace


@pytest.fixture(scope="session")
def quick_lab(request):
    """Short loops: for faults that need nothing of etcd's own seven seconds."""
    if SLOW > 1:
        # Where a machine is emulated, a lab takes most of a minute to come up: one must do.
        yield request.getfixturevalue("incident_lab")
        return
    lab = Lab("quick", "--ttl", "30", "--loop-wait", "5", "--retry-timeout", "10")
    yield lab
    lab.down()


@pytest.fixture(scope="session")
def incident_lab():
    """Patroni waits longer for an answer than etcd takes to say no."""
    lab = Lab("incident", "--ttl", "70", "--loop-wait", "5", "--retry-timeout", "30")
    yield lab
    lab.down()


@pytest.fixture
def trace(tmp_path):
    """Start traces with trace(lab, options...); they end with the test."""
    started = []

    def start(lab, *options):
        directory = tmp_path / str(len(started))
        directory.mkdir()
        started.append(Trace(str(directory), lab, *options))
        return started[-1]

    yield start
    for t in started:
        if t.process.poll() is None:
            t.process.kill()
            t.process.wait()


@pytest.fixture
def healed():
    """healed(lab) sees to it that the lab is healthy again after the test, passed or not."""
    labs = []
    yield labs.append
    for lab in labs:
        if lab.sick:
            lab("heal")


@pytest.fixture
def daemon(tmp_path):
    started = []

    def start(**options):
        directory = tmp_path / str(len(started))
        directory.mkdir()
        started.append(Daemon(str(directory), **options))
        return started[-1]

    yield start
    for d in started:
        d.kill()
