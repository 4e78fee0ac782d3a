# SPDX-License-Identifier: GPL-2.0-or-later
"""Who is a Patroni, and for how long: what a process becomes, and processes in numbers."""
import ctypes
import os
import subprocess
import time

import pytest

from lab import wait_until


def end_with_us():
    """Also where the tests are killed: PR_SET_PDEATHSIG."""
    ctypes.CDLL(None).prctl(1, 9)


@pytest.fixture
def fakes(tmp_path):
    """fakes(count, owner, script) starts that many processes that look like a Patroni."""
    program = tmp_path / "patroni"
    tmp_path.chmod(0o755)
    subprocess.run(["cp", "/bin/sh", program], check=True)
    program.chmod(0o755)
    started = []

    def start(count, owner=0, script="sleep 1000 & wait"):
        env = {**os.environ, "PATRONI_SCOPE": "fake", "PATRONI_ETCD3_HOSTS": "127.0.0.1:2379"}
        new = [subprocess.Popen([program, "-c", script], env={**env, "PATRONI_NAME": f"m{len(started) + i}"}, user=owner,
                                group=owner, extra_groups=[], start_new_session=True,
                                preexec_fn=end_with_us) for i in range(count)]
        started.extend(new)
        return new

    yield start
    for process in started:
        try:
            os.killpg(process.pid, 9)
        except ProcessLookupError:
            pass
        process.wait()


def test_what_it_becomes(daemon, fakes):
    """A Patroni that executes another program is one no longer."""
    d = daemon()
    d.ready()
    process, = fakes(1, script="sleep 2; exec sleep 1000")
    wait_until("the process", lambda: d.value("member_up", scope="fake") == 1, 30)
    wait_until("it to be forgotten", lambda: not d.value("member_up", scope="fake"), 10)
    assert process.poll() is None
    assert len(d.events(event="process", phase="exited", patroni__scope="fake")) == 1
    assert d.stop() == 0


def test_many_stop_soon(daemon, fakes):
    """However many it follows, it exits within two seconds."""
    d = daemon()
    d.ready()
    fakes(400, script="kill -STOP $$")
    wait_until("all of them", lambda: len(d.events(event="process", phase="found", patroni__scope="fake")) == 400, 120)
    begin = time.monotonic()
    assert d.stop() == 0
    assert time.monotonic() - begin < 2
