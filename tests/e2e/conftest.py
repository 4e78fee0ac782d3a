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


@pytest.fixture(scope="session")
def special_lab():
    """special_lab(name, options...): a lab of another kind. One at a time: they all cost something."""
    running = {}

    def get(name, *options):
        if name not in running:
            for other in list(running):
                running.pop(other).down()
            running[name] = Lab(name, *options)
        return running[name]

    yield get
    for lab in running.values():
        lab.down()


@pytest.fixture
def tls_lab(special_lab):
    return special_lab("tls", "--tls", "--ttl", "30", "--loop-wait", "3", "--retry-timeout", "10")


@pytest.fixture
def mtls_lab(special_lab):
    """Patroni waits longer for an answer than etcd takes to say no."""
    return special_lab("mtls", "--mtls", "--ttl", "70", "--loop-wait", "3", "--retry-timeout", "30")


@pytest.fixture
def v2_lab(special_lab):
    """With a replica, which waits for the leader key to go."""
    return special_lab("v2", "--v2", "--patronis", "2", "--ttl", "30", "--loop-wait", "3", "--retry-timeout", "10")


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
