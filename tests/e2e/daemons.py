# SPDX-License-Identifier: GPL-2.0-or-later
"""`leasewatch daemon` as the tests drive it, and synthetic Patronis for it to follow."""
import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request

from lab import LEASEWATCH, ROOT, SLOW, wait_until, worker

sys.path.insert(0, os.path.join(ROOT, "tests", "synthetic"))

from synthetic import Etcd, Patroni  # noqa: E402,F401  pylint: disable=wrong-import-position,unused-import

# Addresses and ports apart from those of the labs, and of other test runs beside this one.
NET = int(os.environ.get("LAB_NET", "0")) + 16 * worker()
PORT = 21000 + 10 * NET
ETCD = f"127.0.{NET}.77"


class Daemon:
    def __init__(self, directory, env=None, stdout=subprocess.DEVNULL, **options):
        self.directory = directory
        self.log = os.path.join(directory, "leasewatch.log")
        self.textfile = os.path.join(directory, "leasewatch.prom")
        self.conf = os.path.join(directory, "leasewatch.conf")
        self.errors = os.path.join(directory, "stderr")
        self.configure(**options)
        self.env = {**os.environ, **(env or {})}
        self.start(stdout)

    def start(self, stdout=subprocess.DEVNULL):
        with open(self.errors, "a") as err:
            self.process = subprocess.Popen([LEASEWATCH, "daemon", "-c", self.conf], stderr=err,
                                            stdout=stdout, env=self.env)

    def configure(self, requests="summary", log=None, address="127.0.0.1", port=PORT, textfile=None, extra=""):
        with open(self.conf, "w") as conf:
            conf.write(f"[log]\nfile = {log or self.log}\nrequests = {requests}\ninterval = 1\n{extra}\n"
                       f"[metrics]\nlisten = {address}:{port}\ntextfile = {textfile or self.textfile}\n"
                       "textfile_interval = 1\n")

    def events(self, log=None, **fields):
        wanted = {key.replace("__", "."): value for key, value in fields.items()}
        try:
            with open(log or self.log) as lines:
                events = [json.loads(line) for line in lines.read().split("\n")[:-1]]
        except FileNotFoundError:  # not yet, or rotated away just now
            return []
        return [e for e in events if all(e.get(k) == v for k, v in wanted.items())]

    def stderr(self):
        with open(self.errors) as err:
            return err.read()

    def scrape(self, port=PORT):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as page:
            return page.read().decode()

    def value(self, name, **labels):
        """The sum of the samples of this name that have these labels."""
        total = None
        for line in self.scrape().split("\n"):
            found = re.fullmatch(r"leasewatch_([a-z_]+)(?:{(.*)})? (\S+)", line)
            if not found or found[1] != name:
                continue
            have = dict(re.findall(r'([a-z_]+)="([^"]*)"', found[2] or ""))
            if all(have.get(k) == v for k, v in labels.items()):
                total = (total or 0) + float(found[3])
        return total

    def ready(self):
        def up():
            assert self.process.poll() is None, self.stderr()
            return os.path.exists(self.textfile)
        wait_until("the daemon", up, 30)

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20 * SLOW)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def failed(self):
        """What it said when it could not start."""
        assert self.process.wait(30 * SLOW) == 1, self.stderr()
        return self.stderr()


class Manager:
    """systemd's end of $NOTIFY_SOCKET."""

    def __init__(self, address):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.socket.bind(address.replace("@", "\0"))
        self.env = {"NOTIFY_SOCKET": address}
        self.told = []

    def lines(self):
        try:
            while True:
                self.told += self.socket.recv(4096).decode().split("\n")
        except BlockingIOError:
            return self.told

    def wait(self, beginning, timeout=30):
        return wait_until(beginning, lambda: [line for line in self.lines() if line.startswith(beginning)], timeout)

    def forget(self):
        self.lines()
        self.told = []
