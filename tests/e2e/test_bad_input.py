# SPDX-License-Identifier: GPL-2.0-or-later
"""Bad input: a clear message, the right exit status, no partial output that looks complete."""
import json
import os
import signal
import subprocess
import time

import pytest

from lab import LEASEWATCH


def run(*args, **kwargs):
    return subprocess.run([LEASEWATCH, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=60, **kwargs)


@pytest.mark.parametrize("args, words", [
    ((), "Usage"),
    (("dance",), "unknown command"),
    (("trace", "-d", "soon"), "not a number"),
    (("trace", "-d", "-1"), "not between"),
    (("trace", "--stall-after", "nan"), "not a number"),
    (("trace", "-p", "0"), "not a process id"),
    (("trace", "-p", "4194303"), "no process 4194303"),
    (("trace", "extra"), "unexpected argument"),
    (("trace", "--hooks", "kprobe"), "not auto, sock or fexit"),
    (("trace", "-o", "/nonexistent/log", "-d", "1"), "cannot write to '/nonexistent/log'"),
    (("report",), "no log given"),
    (("report", "/nonexistent"), "/nonexistent"),
])
def test_usage(args, words):
    done = run(*args)
    assert done.returncode == 1
    assert words in done.stderr
    assert not done.stdout


def test_help_and_version():
    for args in (["--help"], ["trace", "--help"], ["report", "--help"], ["check", "--help"],
                 ["daemon", "--help"], ["-V"]):
        done = run(*args)
        assert done.returncode == 0 and done.stdout and not done.stderr


def test_not_root():
    done = run("trace", "-d", "1", user="nobody", group="nogroup")
    assert done.returncode == 1 and "root is needed" in done.stderr
    check = run("check", user="nobody", group="nogroup")
    assert check.returncode == 1
    assert check.stdout.splitlines()[-1].startswith("not ready: root is needed")


@pytest.mark.parametrize("dropped, named", [
    (["bpf", "sys_admin"], "CAP_BPF"),
    (["perfmon", "sys_admin"], "CAP_PERFMON"),
    (["bpf", "perfmon", "sys_admin"], "CAP_BPF, CAP_PERFMON"),
])
def test_root_without_capabilities(dropped, named):
    """As in a container: root, but not all of it."""
    bounds = ",".join("-" + name for name in dropped)
    done = subprocess.run(["setpriv", f"--bounding-set={bounds}", LEASEWATCH, "trace", "-d", "1"],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 1 and f"root lacks {named} here" in done.stderr
    check = subprocess.run(["setpriv", f"--bounding-set={bounds}", LEASEWATCH, "check", "-j"],
                           stdout=subprocess.PIPE, text=True, timeout=60)
    table = json.loads(check.stdout)
    rows = {row["feature"]: row for row in table["features"]}
    assert check.returncode == 1 and not table["ready"]
    assert f"root lacks {named} here" in table["why"] and "tier" not in table
    assert not rows["privileges"]["found"] and named in rows["privileges"]["detail"]


@pytest.mark.parametrize("word", ["sock", "fexit"])
def test_hooks_are_what_was_asked_for(word):
    """A tier that works here is used; one that does not is an error, never replaced by the other."""
    def check(*args):
        done = subprocess.run([LEASEWATCH, "check", "-j", *args], stdout=subprocess.PIPE, text=True, timeout=60)
        return done.returncode, json.loads(done.stdout)

    _, auto = check()
    found = {row["feature"]: row["found"] for row in auto["features"]}
    assert auto["tier"] == ("sock" if found["tier sock"] else "fexit")
    code, table = check("--hooks", word)
    used = {row["feature"] for row in table["features"] if row["used"]}
    # One process that is none: the Patronis of other tests are left alone.
    done = run("trace", "-d", "1", "-j", "-p", str(os.getpid()), "--hooks", word)
    if found[f"tier {word}"]:
        assert code != 1 and table["tier"] == word and f"tier {word}" in used
        start = json.loads(done.stdout.splitlines()[0])
        assert ("sock_send_length" in start["hooks"]) == (word == "sock")
        assert ("inet_sendmsg" in start["hooks"]) == (word == "fexit")
    else:
        assert code == 1 and not table["ready"] and f"tier {word}:" in table["why"]
        assert done.returncode == 1 and f"tier {word}:" in done.stderr and not done.stdout


def test_lockdown():
    """Runs where the kernel is locked down (tests/vm)."""
    try:
        with open("/sys/kernel/security/lockdown", encoding="ascii") as file:
            locked = "[confidentiality]" in file.read()
    except OSError:
        locked = False
    if not locked:
        pytest.skip("this kernel is not locked down")
    done = run("trace", "-d", "1")
    assert done.returncode == 1 and "locked down (confidentiality)" in done.stderr
    check = run("check", "-j")
    table = json.loads(check.stdout)
    row = next(row for row in table["features"] if row["feature"] == "no lockdown")
    assert check.returncode == 1 and not row["found"] and "lockdown=integrity" in row["lost_without"]
    assert "locked down" in table["why"]


def test_function_tracing_is_off():
    """The fexit tier would attach without an error, and never run (tests/vm: where there is that tier)."""
    switch = "/proc/sys/kernel/ftrace_enabled"
    rows = {row["feature"]: row for row in json.loads(run("check", "-j").stdout)["features"]}
    if not rows["tier fexit"]["found"]:
        pytest.skip("this kernel has no tier fexit")
    with open(switch, "w", encoding="ascii") as file:
        file.write("0")
    try:
        done = run("trace", "-d", "1", "--hooks", "fexit")
        table = json.loads(run("check", "-j").stdout)
    finally:
        with open(switch, "w", encoding="ascii") as file:
            file.write("1")
    assert done.returncode == 1 and "sysctl kernel.ftrace_enabled=1" in done.stderr
    row = next(row for row in table["features"] if row["feature"] == "tier fexit")
    assert not row["found"] and "never run" in row["detail"]
    assert table["ready"] == rows["tier sock"]["found"]


def test_no_btf(tmp_path):
    script = f"mount -t tmpfs none /sys/kernel/btf && exec {LEASEWATCH} trace -d 1"
    done = subprocess.run(["unshare", "-m", "sh", "-c", script], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=30)
    assert done.returncode == 1 and "BTF" in done.stderr
    done = subprocess.run(["unshare", "-m", "sh", "-c", script.replace("trace -d 1", "check")],
                          stdout=subprocess.PIPE, text=True, timeout=30)
    assert done.returncode == 1
    assert "not ready: " in done.stdout and "/sys/kernel/btf/vmlinux cannot be read" in done.stdout.splitlines()[-1]


def test_nothing_to_watch(tmp_path):
    log = tmp_path / "log"
    # No process can be seen: as on a host where no Patroni runs.
    script = f"mount -t tmpfs none /proc && exec {LEASEWATCH} trace -d 1 -o {log} -j"
    done = subprocess.run(["unshare", "-m", "sh", "-c", script], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=30)
    assert done.returncode == 3, done.stderr
    assert "no Patroni runs here yet" in done.stderr
    assert [json.loads(line)["event"] for line in log.read_text().splitlines()] == ["start", "summary"]
    assert log.read_text() == done.stdout


def test_a_pid_namespace_of_its_own():
    """The kernel's pids are not those that can be seen there: say so instead of finding nothing."""
    for command, out in (("trace", "stderr"), ("check", "stdout")):
        done = subprocess.run(["unshare", "-p", "-f", "--mount-proc", LEASEWATCH, command],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=30)
        assert done.returncode == 1
        assert "pid namespace" in getattr(done, out)


def test_a_process_that_is_no_patroni():
    sleeper = subprocess.Popen(["sleep", "60"])
    try:
        done = run("trace", "-j", "-d", "1", "-p", str(sleeper.pid))
    finally:
        sleeper.kill()
        sleeper.wait()
    found = [json.loads(line) for line in done.stdout.splitlines()][1]
    assert done.returncode == 3 and "has exited" not in done.stderr
    assert found["process.pid"] == sleeper.pid and "does not look like Patroni" in found["note"]


def test_the_named_process_ends():
    sleeper = subprocess.Popen(["sleep", "60"])
    t = subprocess.Popen([LEASEWATCH, "trace", "-d", "60", "-p", str(sleeper.pid)], stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True)
    for line in t.stdout:
        if "found" in line:
            break
    sleeper.kill()
    sleeper.wait()
    out, err = t.communicate(timeout=30)
    assert t.returncode == 3 and "EXITED" in out
    assert "every process given with -p has exited" in err


@pytest.mark.parametrize("lives_s", [0.02, 0.05, 0.1, 0.15, 0.2])
def test_the_named_process_ends_meanwhile(lives_s):
    """While leasewatch starts: it was there, or it was not; nobody waits for it."""
    sleeper = subprocess.Popen(["sleep", str(lives_s)])
    done = run("trace", "-d", "60", "-p", str(sleeper.pid))
    sleeper.wait()
    assert (done.returncode, "there is no process" in done.stderr) in ((1, True), (3, False)), done.stderr


def test_disk_full(tmp_path):
    script = (f"mount -t tmpfs -o size=4k none {tmp_path} && head -c 3900 /dev/zero > {tmp_path}/fill;"
              f"{LEASEWATCH} trace -d 1 -o {tmp_path}/log; status=$?; cat {tmp_path}/log; exit $status")
    done = subprocess.run(["unshare", "-m", "sh", "-c", script], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=30)
    assert done.returncode == 1 and "No space left" in done.stderr
    for line in done.stdout.splitlines():
        if line.startswith("{"):
            json.loads(line)


def test_reader_goes_away():
    t = subprocess.Popen([LEASEWATCH, "trace", "-j", "-d", "30"], stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True)
    t.stdout.readline()
    t.stdout.close()
    t.send_signal(signal.SIGINT)  # the summary meets a closed pipe
    assert t.wait(10) in (1, 3)
    assert "Traceback" not in t.stderr.read()


def test_terminal_gone():
    sleeper = subprocess.Popen(["sleep", "60"])  # nobody else's traffic is to be judged here
    t = subprocess.Popen([LEASEWATCH, "trace", "-d", "30", "-p", str(sleeper.pid)],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        time.sleep(1)
        t.send_signal(signal.SIGHUP)
        out, _ = t.communicate(timeout=10)
    finally:
        sleeper.kill()
        sleeper.wait()
    assert t.returncode == 3 and "nothing to judge" in out


def test_report_refuses_what_is_not_ours(tmp_path):
    other = tmp_path / "other"
    other.write_text("hello\nworld\n")
    done = run("report", str(other))
    assert done.returncode == 1 and "other" in done.stderr and not done.stdout


def test_report_of_a_cut_log(tmp_path):
    log = tmp_path / "log"
    run("trace", "-d", "1", "-o", str(log))
    whole = log.read_text()
    log.write_text(whole[:-20])
    done = run("report", str(log))
    assert done.stderr and os.path.basename(log) in done.stderr
