# SPDX-License-Identifier: GPL-2.0-or-later
"""Takes all the CPU that a cgroup gets. A daemon of the lab.

usage: neighbour.py CGROUP COUNT     so many processes; until the session is killed
"""
import os
import sys


def main(cgroup, count):
    # Before it spins: the machine is others', too.
    with open(f"{cgroup}/cgroup.procs", "w", encoding="ascii") as file:
        file.write("0")
    for _ in range(count - 1):
        if os.fork() == 0:
            break
    while True:
        pass


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
