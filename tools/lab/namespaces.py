# SPDX-License-Identifier: GPL-2.0-or-later
"""Private namespaces that leave nothing behind, and how to find and enter them again.

`lab up` (the wrapper) forks the lab's init into new pid, mount, network and IPC namespaces. All
that the lab starts is in that pid namespace, so the kernel kills all of it when init dies; its
files are on a tmpfs in the mount namespace, which goes with its last process; PostgreSQL's SysV
segment goes with the IPC namespace. Init itself dies with the wrapper (PR_SET_PDEATHSIG), even when
that is killed with -9. There is no state file: other commands find init in /proc by its command
line. Only the cgroup that one of the faults makes is the machine's: the wrapper removes it, or,
after a kill -9, the next lab of that name.
"""
import ctypes
import json
import os
import select
import signal
import sys
import traceback

from layout import LabError, Options

MARKER = "leasewatch-lab-init"
CLONE_NEWNS = 0x00020000
CLONE_NEWIPC = 0x08000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
MS_NOSUID, MS_NODEV, MS_NOEXEC = 2, 4, 8
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
PR_SET_PDEATHSIG = 1
STOP_SIGNALS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}

libc = ctypes.CDLL(None, use_errno=True)


def _check(result, what):
    if result != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{what}: {os.strerror(error)}")


def unshare(flags):
    _check(libc.unshare(flags), "unshare")


def mount(source, target, kind=None, flags=0, data=None):
    source, place, kind, data = (
        None if text is None else os.fsencode(text) for text in (source, target, kind, data)
    )
    result = libc.mount(source, place, kind, ctypes.c_ulong(flags), data)
    _check(result, f"mount {target}")


def bind(source, target):
    mount(source, target, None, MS_BIND)


def die_with_parent(number=signal.SIGKILL):
    _check(libc.prctl(PR_SET_PDEATHSIG, number, 0, 0, 0), "prctl")


def default_signals():
    """Undo what the wrapper or Python set, as exec keeps ignored and blocked signals."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def start_init(argv):
    """Forks argv as pid 1 of new namespaces; its pid. STOP_SIGNALS and SIGCHLD are blocked."""
    alive, held_by_wrapper = os.pipe()
    unshare(CLONE_NEWPID)
    pid = os.fork()
    if pid:
        os.close(alive)
        return pid
    try:
        os.close(held_by_wrapper)
        die_with_parent()
        # If the wrapper died before that, no signal comes; its end of the pipe is closed.
        if select.select([alive], [], [], 0)[0]:
            os._exit(1)
        os.close(alive)
        unshare(CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWNET)
        mount(None, "/", None, MS_REC | MS_PRIVATE)
        mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
        default_signals()
        os.execv(argv[0], argv)
    except OSError as error:
        print(f"lab: cannot make private namespaces: {error}", file=sys.stderr)
    os._exit(1)


def _read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def namespace_pids(pid):
    """The pids of a process from the outermost namespace we see to its own, [] when it is gone."""
    for line in _read(f"/proc/{pid}/status").splitlines():
        if line.startswith(b"NSpid:"):
            return [int(word) for word in line.split()[1:]]
    return []


def exists(pid):
    """False when it is gone or only waits for its parent to notice. A pid namespace's init is
    neither before the kernel has ended every process in it."""
    stat = _read(f"/proc/{pid}/stat")
    return bool(stat) and stat.rpartition(b")")[2].split()[0] not in (b"Z", b"X")


class RunningLab:
    """A lab seen from outside: its name and the pid of its init."""

    def __init__(self, name, init):
        self.name = name
        self.init = init

    @property
    def root(self):
        return f"/proc/{self.init}/root"

    def path(self, inside):
        return self.root + inside

    def alive(self):
        return exists(self.init)

    def options(self):
        try:
            return Options.load(self.root)
        except OSError as error:
            raise LabError(f"the lab {self.name} is only just starting") from error

    def host_pids(self):
        """{pid inside: pid here} of every process of the lab."""
        try:
            namespace = os.readlink(f"/proc/{self.init}/ns/pid")
        except OSError:
            return {}
        pids = {}
        for entry in filter(str.isdigit, os.listdir("/proc")):
            try:
                if os.readlink(f"/proc/{entry}/ns/pid") == namespace:
                    pids[namespace_pids(entry)[-1]] = int(entry)
            except (OSError, IndexError):
                continue
        return pids

    def enter(self, function):
        """Forks into the lab's namespaces and calls function, which must not return; the pid."""
        kinds = {"pid": CLONE_NEWPID, "ipc": CLONE_NEWIPC, "net": CLONE_NEWNET, "mnt": CLONE_NEWNS}
        cwd = os.getcwd()
        try:
            handles = {kind: os.open(f"/proc/{self.init}/ns/{kind}", os.O_RDONLY) for kind in kinds}
            _check(libc.setns(handles["pid"], CLONE_NEWPID), "setns")
        except OSError as error:
            raise LabError(f"the lab {self.name} cannot be entered: {error}") from error
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid:
            for handle in handles.values():
                os.close(handle)
            return pid
        status = 70
        try:
            die_with_parent()
            for kind in ("ipc", "net", "mnt"):
                _check(libc.setns(handles[kind], kinds[kind]), "setns")
            for handle in handles.values():
                os.close(handle)
            os.chdir(cwd if os.path.isdir(cwd) else "/")
            function()
        except OSError as error:
            print(f"lab: {error}", file=sys.stderr)
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(status)

    def call(self, function, *args, **kwargs):
        """function(*args) inside the lab; its JSON-able result here, its LabError here."""
        reader, writer = os.pipe()

        def inside():
            os.close(reader)
            try:
                answer = {"result": function(*args, **kwargs)}
            except LabError as error:
                answer = {"error": str(error)}
            with os.fdopen(writer, "w", encoding="utf-8") as file:
                json.dump(answer, file)
            os._exit(0)

        pid = self.enter(inside)
        os.close(writer)
        with os.fdopen(reader, encoding="utf-8") as file:
            text = file.read()
        os.waitpid(pid, 0)
        if not text:
            raise LabError(f"the command was cut short inside the lab {self.name}")
        answer = json.loads(text)
        if "error" in answer:
            raise LabError(answer["error"])
        return answer["result"]


def find_labs():
    """Every running lab."""
    labs = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        argv = _read(f"/proc/{entry}/cmdline").split(b"\0")
        if len(argv) < 4 or argv[2] != MARKER.encode():
            continue
        pids = namespace_pids(entry)
        if len(pids) > 1 and pids[-1] == 1:
            labs.append(RunningLab(argv[3].decode(), int(entry)))
    return sorted(labs, key=lambda lab: lab.name)


def find_lab(name=None):
    """The lab of that name; without a name the only one."""
    labs = find_labs()
    chosen = [lab for lab in labs if name in (None, lab.name)]
    if len(chosen) == 1:
        return chosen[0]
    if not chosen:
        names = ", ".join(lab.name for lab in labs)
        raise LabError(
            (f"no lab named {name} is running" if name else "no lab is running")
            + (f" (there is: {names})" if names else "; start one with: lab up")
        )
    names = ", ".join(lab.name for lab in chosen)
    raise LabError(f"several labs are running, say which with --name: {names}")
