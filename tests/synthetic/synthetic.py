# SPDX-License-Identifier: GPL-2.0-or-later
"""A Patroni and an etcd that are none, for what takes more requests, connections or restarts than real ones do."""
import ctypes
import os
import signal
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
PR_SET_PDEATHSIG = 1
libc = ctypes.CDLL(None)


def die_with_parent():
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


class Program:
    def __init__(self, argv, **env):
        self.process = subprocess.Popen(["/usr/bin/python3", "-B", *argv], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, bufsize=1, env={**os.environ, **env}, preexec_fn=die_with_parent)
        self.expect("ready")

    @property
    def pid(self):
        return self.process.pid

    def send(self, line):
        self.process.stdin.write(line + "\n")

    def expect(self, word):
        said = self.process.stdout.readline().split()
        assert said and said[0] == word, f"{self.process.args[2]} said {said}, not {word}"
        return said[1:]

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Etcd(Program):
    def __init__(self, address, port):
        super().__init__([os.path.join(HERE, "etcd.py"), address, str(port)])


class Patroni(Program):
    """It has no configuration file: its name is in its environment."""

    def __init__(self, scope, member, endpoint):
        super().__init__([os.path.join(HERE, "patroni")], PATRONI_SCOPE=scope, PATRONI_NAME=member,
                         PATRONI_ETCD3_HOSTS=endpoint)

    def run(self, count, rate=0, every=10):
        self.send(f"run {count} {rate} {every}")

    def ran(self):
        """(requests, connections) of the run, which is waited for."""
        return tuple(map(int, self.expect("ran")))

    def fail(self, how):
        self.send(f"fail {how}")
        self.expect("failed")
