# SPDX-License-Identifier: GPL-2.0-or-later
"""A real terminal with a shell in it: tmux, on a server of its own that ends with the test."""
import os
import re
import shlex
import signal
import subprocess
import tempfile

from lab import LEASEWATCH, wait_until


class Terminal:
    def __init__(self, directory, cols, rows, **env):
        self.directory = tempfile.mkdtemp(dir=directory)
        self.cols, self.rows = cols, rows
        self.socket = os.path.join(self.directory, "tmux")
        # What the test's own environment says of terminals must not matter.
        env = {"TERM": "tmux-256color", "LANG": "C.UTF-8", "PS1": "$ ", "PATH": os.environ["PATH"], **env}
        shell = " ".join(["env", "-i", *(shlex.quote(f"{k}={v}") for k, v in env.items()), "bash --norc --noprofile"])
        self.tmux("-u", "-f", "/dev/null", "new-session", "-d", "-x", str(cols), "-y", str(rows), "-s", "t", shell)
        self.wait_for(r"^\$")

    def tmux(self, *args):
        done = subprocess.run(["tmux", "-S", self.socket, *args], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=20)
        assert done.returncode == 0, f"tmux {args}: {done.stdout}"
        return done.stdout

    def close(self):
        self.tmux("kill-server")

    def path(self, name):
        return os.path.join(self.directory, name)

    def read(self, name):
        with open(self.path(name)) as f:
            return f.read()

    def screen(self, *options):
        """The screen's rows; blanks at the ends are not there."""
        rows = self.tmux("capture-pane", "-p", *options, "-t", "t").split("\n")[:-1]
        assert len(rows) == self.rows and (options or max(map(len, rows)) <= self.cols)
        return rows

    def text(self):
        return "\n".join(self.screen())

    def wait_for(self, pattern, timeout=20):
        """The first match of the pattern (^ and $ at rows) on the screen."""
        try:
            return wait_until(pattern, lambda: re.search(pattern, self.text(), re.MULTILINE), timeout)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.text()}") from None

    def keys(self, *keys):
        self.tmux("send-keys", "-t", "t", *keys)

    def type(self, line):
        self.tmux("send-keys", "-t", "t", "-l", line)
        self.keys("Enter")

    def resize(self, cols, rows):
        self.cols, self.rows = cols, rows
        self.tmux("resize-window", "-t", "t", "-x", str(cols), "-y", str(rows))

    def modes(self):
        """(alternate screen on, cursor shown, keypad keys changed)"""
        return tuple(self.tmux("display", "-p", "-t", "t", "#{alternate_on} #{cursor_flag} #{keypad_cursor_flag}").split())

    def top(self, *options):
        """Run `leasewatch top` here; how the line is set before and after goes to files."""
        command = " ".join(shlex.quote(o) for o in [LEASEWATCH, "top", *options])
        with open(self.path("run"), "w") as script:
            script.write(f"stty -a > before\nsh -c 'echo $$ > pid; exec {command}'\n"
                         "echo status $?\nstty -a > after\necho done > done\n")
        self.modes_before = self.modes()
        self.type(f"clear; cd {shlex.quote(self.directory)}; . ./run")

    def pid(self):
        return int(wait_until("the pid", lambda: os.path.exists(self.path("pid")) and self.read("pid").strip(), 10))

    def kill(self, sig):
        os.kill(self.pid(), getattr(signal, sig))

    def ended(self):
        """Wait for the end; checks that the terminal is as it was. The exit status as the shell reports it."""
        wait_until("the end of top", lambda: os.path.exists(self.path("done")), 20)
        before, after = (re.sub(r"rows \d+; columns \d+", "", self.read(n)) for n in ("before", "after"))
        assert before == after
        assert self.modes() == self.modes_before == ("0", "1", "0")
        self.type("echo it works")
        self.wait_for("^it works$")  # it echoes, and lines end where they should
        return int(self.wait_for(r"^status (\d+)$").group(1))
