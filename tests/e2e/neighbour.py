# SPDX-License-Identifier: GPL-2.0-or-later
"""A neighbour that is up to no good: processes of nobody, without a capability, that look like Patroni."""
import os
import shutil
import signal
import subprocess
import tempfile

NOBODY = 65534
AS_NOBODY = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--bounding-set=-all",
             "--inh-caps=-all", "--pdeathsig=KILL"]

# What identifies it as Patroni's entry script is the comment.
SCRIPT = """#!/usr/bin/python3
# patroni.__main__
import ctypes, mmap, os, socket, sys, threading, time
exec(os.environ.get("ACT", ""))
time.sleep(1000)
"""

# A file system that never answers: nobody reads the requests from the descriptor. It goes when its holder does.
HUNG_MOUNT = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
place = sys.argv[1].encode()
fd = os.open("/dev/fuse", os.O_RDWR)
os.set_inheritable(fd, True)
options = f"fd={fd},rootmode=40000,user_id=65534,group_id=65534,allow_other".encode()
assert not libc.unshare(0x20000) and not libc.mount(b"none", b"/", None, 1 << 18 | 1 << 14, None)
assert not libc.mount(b"hung", place, b"fuse.hung", 6, options), os.strerror(ctypes.get_errno())
os.execvp(sys.argv[2], sys.argv[2:])
"""


class Neighbour:
    """Its directory is open to all; what it started ends with it."""

    def __init__(self):
        self.place = tempfile.mkdtemp(prefix="neighbour-")
        os.chmod(self.place, 0o755)
        self.script = self.write("bin/patroni", SCRIPT)
        self.binary = os.path.join(self.place, "patroni")
        shutil.copy("/bin/sleep", self.binary)
        self.started = []

    def write(self, name, content, mode=0o755):
        path = os.path.join(self.place, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())
        os.chmod(path, mode)
        return path

    def start(self, *argv, before=(), **env):
        self.started.append(subprocess.Popen([*before, *AS_NOBODY, *argv], env={**os.environ, **env}, cwd=self.place,
                                             start_new_session=True, stdout=subprocess.DEVNULL,
                                             stderr=subprocess.DEVNULL))
        return self.started[-1]

    def patroni(self, *argv, act="", scope="fake", name="m1", **options):
        """One that does `act`."""
        return self.start("/usr/bin/python3", "-B", self.script, *argv, ACT=act, PATRONI_SCOPE=scope, PATRONI_NAME=name,
                          PATRONI_ETCD3_HOSTS="127.0.0.1:2379", **options)

    def crowd(self, count, scope="crowd"):
        """Many that do nothing, and are over soon even if the tests are killed."""
        return self.start("/bin/sh", "-c", f"for i in $(seq {count}); do PATRONI_NAME=m$i ./patroni 150 & done; wait",
                          PATRONI_SCOPE=scope, PATRONI_ETCD3_HOSTS="127.0.0.1:2379")

    def behind_hung_mount(self):
        """Its configuration is on a file system that does not answer."""
        place = os.path.join(self.place, "hung")
        os.mkdir(place)
        return self.patroni(os.path.join(place, "patroni.yml"), before=["/usr/bin/python3", "-c", HUNG_MOUNT, place])

    def end(self):
        for process in self.started:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()
        self.started = []

    def close(self):
        self.end()
        shutil.rmtree(self.place)
