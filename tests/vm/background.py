# SPDX-License-Identifier: GPL-2.0-or-later
"""Processes beside which others go on undisturbed."""
import subprocess


def start(command, nice, signal="KILL", **kwargs):
    """In a session of its own, with that priority; it gets the signal when the thread that started it ends."""
    process = subprocess.Popen(["setpriv", "--pdeathsig", signal, "nice", "-n", str(nice), *command],
                               start_new_session=True, **kwargs)
    try:
        # The kernel shares the processor among sessions first; nice counts only within one.
        with open(f"/proc/{process.pid}/autogroup", "w", encoding="ascii") as file:
            file.write(str(nice))
    except OSError:
        pass  # it does not group them, or the process is over
    return process
