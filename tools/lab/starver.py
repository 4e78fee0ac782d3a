# SPDX-License-Identifier: GPL-2.0-or-later
"""Lets a process run for a moment every now and then. A daemon of the lab.

usage: starver.py PID RUN_S STOP_S     until SIGTERM, or the process's end
"""
import os
import signal
import sys
import time


def end(_number, _frame):
    raise SystemExit


def main(pid, run_s, stop_s):
    signal.signal(signal.SIGTERM, end)
    try:
        while True:
            os.kill(pid, signal.SIGSTOP)
            time.sleep(stop_s)
            os.kill(pid, signal.SIGCONT)
            time.sleep(run_s)
    except ProcessLookupError:
        pass
    finally:
        try:
            os.kill(pid, signal.SIGCONT)
        except ProcessLookupError:
            pass


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]))
