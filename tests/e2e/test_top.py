# SPDX-License-Identifier: GPL-2.0-or-later
"""`leasewatch top` in a real terminal: what stands on it, and how it is left behind."""
import os
import re
import subprocess
import time

import pytest

from lab import LEASEWATCH, wait_until
from terminal import Terminal

KEYS = "q quit"


@pytest.fixture
def terminal(tmp_path):
    """Open terminals with terminal(cols, rows, VARIABLE=value...); they end with the test."""
    opened = []

    def start(*size, **env):
        opened.append(Terminal(str(tmp_path), *size, **env))
        return opened[-1]

    yield start
    for t in opened:
        t.close()


@pytest.fixture
def someone():
    """The pid of a process that is no Patroni: enough for a screen, and nobody else's business."""
    process = subprocess.Popen(["sleep", "600"])
    yield str(process.pid)
    process.kill()
    process.wait()


def left(t):
    """(seconds left in the first line, in the finding, in the table), all on one picture"""
    text = t.text()
    head, finding = re.findall(r"expires\s+in\s+([\d.]+)\s+s", text)[:2]
    table = re.search(r"^\S+ +leader +STALL \S+ +([\d.]+) s", text, re.MULTILINE)
    return float(head), float(finding), float(table.group(1))


def check_frame(t):
    """The first line is the first and the last the last: nothing has wrapped or scrolled."""
    def framed():
        rows = t.screen()
        return (re.match(r"(leasewatch top|STALL)", rows[0]) and re.search(r" \d\d:\d\d:\d\d$", rows[0])
                and rows[-1].startswith(KEYS))
    wait_until(f"a screen of {t.cols}x{t.rows}", framed, 5)


def check_incident(t, fault):
    text = t.text()
    one_line = re.sub(r"\s+", " ", text)
    check_frame(t)
    assert re.match(r"leasewatch top .* STALL: lease of \S+/patroni1 expires in", text)
    assert f'STALL {fault["endpoint"]} answered the renewal after 7.' in one_line
    assert '503 "etcdserver: request timed out" (code 14)' in one_line
    assert f'cause endpoint_error at {fault["endpoint"]}' in one_line
    hint = re.search(r"^-> (.*?)^\S", text, re.MULTILINE | re.DOTALL).group(1)
    assert "DNS" in hint and "2380" in hint and "…" not in hint
    assert re.search(rf'^{fault["endpoint"]} half_healthy .*(FAIL|HANG)', text, re.MULTILINE), text
    assert re.search(r"lease/keepalive for \d", text), text
    assert re.search(r"^DNS  ", text, re.MULTILINE) and re.search(r"^EVENTS", text, re.MULTILINE)


def check_countdown(t):
    head, finding, table = left(t)
    assert abs(head - finding) < 0.2 and abs(head - table) < 0.2
    began = time.monotonic()
    time.sleep(2)
    later = left(t)[0]
    assert abs((head - later) - (time.monotonic() - began)) < 1
    wait_until("a tenth of a second", lambda: left(t)[0] not in (later, head), 5, step=0.02)


def check_no_flicker(t):
    """Nothing is erased to be drawn again: only what changes is written."""
    t.tmux("pipe-pane", "-t", "t", f"cat > {t.path('bytes')}")
    before = left(t)[0]
    wait_until("two seconds of the countdown", lambda: left(t)[0] < before - 2, 20)
    t.tmux("pipe-pane", "-t", "t")
    with open(t.path("bytes"), "rb") as f:
        data = f.read()
    assert data and not re.search(rb"\x1b\[[0-3]?J", data)
    assert len(data) < 40 * 600, len(data)  # a whole screen each time would be more


def test_the_incident_on_the_screen(incident_lab, terminal, healed):
    healed(incident_lab)
    pid = str(incident_lab.pid("patroni1"))
    small, large = terminal(80, 24), terminal(200, 50)
    for t in (small, large):
        t.top("-p", pid)
        t.wait_for(r"^leasewatch top .* healthy +\d\d:")
        t.wait_for(r"^\S+/patroni1 +leader +ok +\S+ +[\d.]+ s +70 s +5\.0 s")
        assert t.modes()[:2] == ("1", "0")
        check_frame(t)
    fault = incident_lab.fault("incident")
    for t in (small, large):
        # In the second attempt there is a finding, and something in flight.
        t.wait_for(r"^cause +endpoint_error", 40)
        t.wait_for(r"lease/keepalive for [1-6]\.")
        check_incident(t, fault)
    check_countdown(small)
    check_no_flicker(small)
    for cols, rows in ((60, 20), (100, 30), (40, 14), (80, 24)):
        small.resize(cols, rows)
        check_frame(small)
        small.wait_for(r"^(cause|STALL) ")
    small.keys("e")
    small.wait_for(r"^q back")
    small.wait_for(r"^\d\d:\d\d:\d\d STALLED  ")
    small.keys("q", "h")
    small.wait_for(r"^any key: back")
    small.keys("h", "p")
    small.wait_for(r"PAUSED  \d\d:\d\d:\d\d$")
    small.keys("p", "q")
    large.keys("C-c")
    for t in (small, large):
        assert t.ended() == 2
        assert re.search(r"^leasewatch: .*stall", t.text(), re.MULTILINE), t.text()


@pytest.mark.parametrize("sig, status", [("SIGTERM", 3), ("SIGHUP", 3), ("SIGINT", 3), ("SIGSEGV", 139),
                                         ("SIGABRT", 134), ("SIGQUIT", 131)])
def test_the_terminal_is_left_as_it_was(terminal, someone, sig, status):
    t = terminal(80, 24)
    t.type("ulimit -c 0")
    t.top("-p", someone)
    t.wait_for(f"^{KEYS}")
    assert t.modes()[:2] == ("1", "0")
    t.kill(sig)
    assert t.ended() == status


def stop(t, someone):
    t.type("set -m; PS1='% '")
    t.type(f"{LEASEWATCH} top -p {someone}")
    t.wait_for(f"^{KEYS}")
    t.keys("C-z")
    t.wait_for("Stopped")
    assert t.modes() == ("0", "1", "0")


def test_it_stops_and_goes_on(terminal, someone):
    t = terminal(80, 24)
    stop(t, someone)
    t.type("stty -a | grep -o ' echo ' | tr -d ' '")
    t.wait_for("^echo$")
    t.resize(70, 20)
    t.type("fg")
    t.wait_for(f"^{KEYS}")
    assert t.modes()[:2] == ("1", "0")
    check_frame(t)
    t.keys("q")
    t.wait_for("^leasewatch: ")
    assert t.modes() == ("0", "1", "0")


def test_in_the_background_it_leaves_the_terminal_alone(terminal, someone):
    t = terminal(80, 24)
    stop(t, someone)
    t.type("bg; sleep 1; jobs -l")
    pid = t.wait_for(r"^\[1\]\+ +(\d+) Running").group(1)
    t.type("echo no harm")
    t.wait_for("^no harm$")
    t.type("fg")
    t.wait_for(f"^{KEYS}")
    check_frame(t)
    t.keys("C-z")
    t.wait_for("% $|%$")
    t.type("clear; kill %1")
    wait_until("its end", lambda: not os.path.exists(f"/proc/{pid}"), 10)
    assert t.modes() == ("0", "1", "0")


def test_stopped_by_another_it_draws_itself_again(terminal, someone):
    t = terminal(80, 24)
    t.top("-p", someone)
    t.wait_for(f"^{KEYS}")
    t.kill("SIGSTOP")
    t.wait_for("Stopped|^status")  # the shell has it back
    t.type("fg")
    t.wait_for(f"^{KEYS}")
    check_frame(t)
    t.kill("SIGTERM")


def test_without_colour_and_in_ascii(terminal, someone):
    colored = terminal(80, 24)
    colored.top("-p", someone)
    colored.wait_for(f"^{KEYS}")
    colored.wait_for(r"^\d\d:\d\d:\d\d found")
    assert re.search(r"\x1b\[[\d;]*3[0-7]m", "\n".join(colored.screen("-e")))
    for env in ({"NO_COLOR": "1", "LANG": "C"}, {"TERM": "vt100", "LANG": "C"}):
        t = terminal(80, 24, **env)
        t.top("-p", someone)
        t.wait_for(f"^{KEYS}")
        t.wait_for(r"^\d\d:\d\d:\d\d found")
        assert not re.search(r"\x1b\[[\d;]*[34][0-7]m", "\n".join(t.screen("-e")))
        assert t.text().isascii()
        t.keys("q")
        wait_until("the end of top", lambda t=t: "status 3" in t.text(), 20)


def test_no_terminal_and_poor_terminals(terminal):
    done = subprocess.run([LEASEWATCH, "top"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=20)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(r"leasewatch: top needs a terminal.*leasewatch trace.*\n", done.stderr)
    for term in ("dumb", "no-such-terminal"):
        t = terminal(120, 24, TERM=term)
        t.type(f"{LEASEWATCH} top; echo status $?")
        t.wait_for("^status 1$")
        assert "cannot move the cursor" in t.text() and "leasewatch trace" in t.text()


@pytest.mark.parametrize("options", [["-i", "0"], ["-i", "61"], ["-i", "x"], ["-p", "0"], ["more"], ["--no-such"],
                                     ["--stall-after", "-1"]])
def test_bad_options(options):
    done = subprocess.run([LEASEWATCH, "top", *options], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=20)
    assert done.returncode == 1 and options[-1].lstrip("-") in done.stderr


def test_help_and_version():
    text = subprocess.check_output([LEASEWATCH, "top", "-h"], text=True)
    for option in ("--pid", "--interval", "--stall-after", "--verbose", "--version"):
        assert option in text
    assert subprocess.check_output([LEASEWATCH, "top", "-V"], text=True).startswith("leasewatch ")
