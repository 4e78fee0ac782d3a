# SPDX-License-Identifier: GPL-2.0-or-later
"""A Debian with nothing on it that leasewatch would need, and a real systemd that starts what is installed there."""
import ctypes
import hashlib
import os
import re
import shutil
import signal
import subprocess

from lab import wait_until

HERE = os.path.dirname(os.path.abspath(__file__))
ENTER = os.path.join(HERE, "cleanroom")
PATH = "/run/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PR_SET_PDEATHSIG = 1


def output(*command, **kwargs):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **kwargs)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stdout[-2000:]}"
    return done.stdout


def mirror():
    """Where this host's apt has Debian from."""
    sites = output("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Origin: Debian",
                   "Label: Debian").split()
    assert sites, "this host's apt sources name no Debian"
    return sites[0]


def make_root(place, codename, packages, *options):
    """A root file system with these packages, made once for a build directory; its path."""
    root, done = os.path.join(place, "base"), os.path.join(place, "complete")
    if os.path.exists(done) and open(done).read() == packages:
        return root
    shutil.rmtree(place, ignore_errors=True)
    os.makedirs(place)
    output("mmdebstrap", *options, f"--include={packages}", codename, root, mirror(), timeout=600)
    with open(done, "w") as file:
        file.write(packages)
    return root


def make_base(build):
    codename = re.search(r"^VERSION_CODENAME=(\w+)", open("/etc/os-release").read(), re.MULTILINE)[1]
    return make_root(os.path.join(build, "cleanroom"), codename, "systemd,logrotate", "--variant=minbase")


def make_other(build, codename):
    """Another Debian's libraries, terminals and locales; its maintainer scripts were not run."""
    return make_root(os.path.join(build, "roots", codename), codename, "base-files,libc6,libc-bin,ncurses-base",
                     "--variant=extract", "--aptopt=Acquire::Check-Valid-Until \"false\"")


def end_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class CleanRoom:
    def __init__(self, base, work):
        self.base, self.work = base, str(work)
        os.makedirs(self.work)
        self.name = f"leasewatch-test-{os.getpid()}"
        self.log = os.path.join(self.work, "systemd.log")
        with open(self.log, "w") as log:
            self.systemd = subprocess.Popen([ENTER, "start", base, self.work, self.name], stdout=log,
                                            stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                            preexec_fn=end_with_parent)
        try:
            wait_until("systemd", self.is_running, 30)
        except BaseException:
            self.end()
            raise

    def is_running(self):
        assert self.systemd.poll() is None, self.said()
        root = f"/proc/{self.systemd.pid}/root"
        return os.path.exists(f"{root}/run/manager/systemd/private") and \
            self.run("systemctl", "is-system-running").stdout.strip() == "running"

    def said(self):
        """What systemd said, and what it started."""
        with open(self.log) as log:
            return log.read()

    def apt_get(self, *arguments):
        return self("apt-get", "-y", "-o", "Dpkg::Use-Pty=0", "-o", f"DPkg::Path={PATH}", *arguments)

    def run(self, *command):
        return subprocess.run(
            ["nsenter", f"--target={self.systemd.pid}", "--mount", "--cgroup", "--root", "--wdns=/", "env", "-i",
             f"PATH={PATH}", "LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive", *command],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, timeout=120, check=False)

    def __call__(self, *command):
        done = self.run(*command)
        assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}\n{self.said()[-3000:]}"
        return done.stdout

    def path(self, path):
        """A path of its own, as it is seen from here."""
        return f"/proc/{self.systemd.pid}/root{path}"

    def install(self, package):
        shutil.copy(package, self.path("/tmp/"))
        return self.apt_get("install", f"/tmp/{os.path.basename(package)}")

    def show(self, prop):
        return self("systemctl", "show", "--value", f"--property={prop}", "leasewatch").strip()

    def changes(self):
        """{path: hash} of the files that differ from the base, {path: ""} of the directories that it does not have."""
        upper, found = os.path.join(self.work, "upper"), {}
        for directory, names, files in os.walk(upper):
            for path in (os.path.relpath(os.path.join(directory, name), upper) for name in names):
                if not os.path.isdir(os.path.join(self.base, path)):
                    found[path] = ""
            for name in files:
                path = os.path.join(directory, name)
                plain = os.path.isfile(path) and not os.path.islink(path)
                found[os.path.relpath(path, upper)] = hashlib.sha256(open(path, "rb").read()).hexdigest() if plain \
                    else "not a file"
        return found

    def end(self):
        if self.systemd.poll() is None:
            self.systemd.terminate()
            try:
                self.systemd.wait(20)
            except subprocess.TimeoutExpired:
                pass
        output(ENTER, "end", self.work, self.name)
        self.systemd.wait(20)
