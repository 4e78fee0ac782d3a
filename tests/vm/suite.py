# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel matrix: each guest runs the part of the end-to-end tests that emulation can carry, with the same
assertions, the scenario whose JSON must be the same everywhere, and the cost of a hook to a bystander.
"""
import collections
import dataclasses
import difflib
import json
import os
import shlex
import subprocess
import time
import xml.etree.ElementTree as ElementTree

import kernels
import packages
import qemu

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(f"{HERE}/../..")
PYTEST = "/usr/bin/python3 -B -m pytest -p no:cacheprovider -q --tb=short --durations=0 --durations-min=1"

# So many times slower than a machine is an emulated one, roughly: for the limits of the tests' waiting.
SLOW = 2
FAULTS = ["freeze", "blackhole", "kill-all", "dns-silent"]
INCIDENT = ["tests/e2e/test_incident.py"]
LIVE = [*INCIDENT, "tests/e2e/test_causes.py::test_patroni_restarts",
        *[f"tests/e2e/test_causes.py::test_cause[{fault}]" for fault in FAULTS]]
# What this machine's own kernel need not have.
NETWORK = ["tests/e2e/test_netem.py"]
REFUSED = ["tests/e2e/test_bad_input.py::test_no_btf", "tests/e2e/test_bad_input.py::test_not_root",
           "tests/e2e/test_bad_input.py::test_root_without_capabilities",
           "tests/e2e/test_bad_input.py::test_hooks_are_what_was_asked_for"]
# These change the whole guest, and come when all else is over.
LAST = ["tests/e2e/test_bad_input.py::test_function_tracing_is_off"]
# From confidentiality there is no way back.
LOCKDOWN = ["tests/e2e/test_bad_input.py::test_lockdown"]


@dataclasses.dataclass
class Plan:
    """What one guest does: the tests whose results do not depend on the tier are made by one guest of each kernel, the
    locked-down kernel's by the one that has most time left."""

    kernel: str
    tier: str  # of the data hooks that must be in use
    hooks: str = "auto"
    live: list = dataclasses.field(default_factory=lambda: LIVE)
    refused: list = dataclasses.field(default_factory=lambda: REFUSED)
    last: list = dataclasses.field(default_factory=lambda: LAST)
    lockdown: list = dataclasses.field(default_factory=list)
    limit_s: float = 3000  # it takes only what processor others leave

    @property
    def name(self):
        return f"{self.kernel} {self.tier}"

    @property
    def parts(self):
        """{part: tests} in the order in which they run: what needs no lab comes first, for to bring up a lab takes all
        of the guest's processor."""
        parts = {"refused": self.refused, "live": self.live, "last": self.last, "lockdown": self.lockdown}
        return {part: tests for part, tests in parts.items() if tests}


PLANS = [
    Plan("6.1", "fexit", lockdown=LOCKDOWN),
    Plan("6.12", "sock"),
    Plan("6.12", "fexit", hooks="fexit", live=INCIDENT + NETWORK, refused=[], last=[], lockdown=LOCKDOWN),
]


def pytest(part):
    """Its results are left in /run/vm, its tests' files in the guest's memory."""
    return f"{PYTEST} --basetemp=/run/tmp/{part} --junitxml=/run/vm/{part}.xml"


def script(plan, build):
    """What the guest's shell does: the tests' results, the scenario's JSON and the costs are left in /run/vm."""
    program = os.path.abspath(f"{build}/leasewatch")
    hooks = shlex.join(["--hooks", plan.hooks])
    lines = [
        f"cd {shlex.quote(ROOT)}",
        f"export LEASEWATCH={shlex.quote(program)} LEASEWATCH_TEST_SLOW={SLOW} LEASEWATCH_TEST_TRACE='{hooks}'",
        # Python's start is most of what the lab's commands cost here. The tree is below an overlay.
        "/usr/bin/python3 -m compileall -q tools/lab tests/e2e tests/vm",
        "cp /sys/kernel/btf/vmlinux /run/vm/",
        f"$LEASEWATCH check -j {hooks} >/run/vm/check.json",
        f"tests/vm/scenario {hooks} >/run/vm/scenario.json",
        f"tests/vm/cost {hooks} >/run/vm/cost",
    ]
    for part, tests in plan.parts.items():
        if part == "lockdown":
            lines.append("echo confidentiality >/sys/kernel/security/lockdown")
        lines.append(f"{pytest(part)} {shlex.join(tests)} || cp -r /run/tmp/{part} /run/vm/")
    return "\n".join(lines) + "\n"


def results(path):
    """[(test, whether it passed, what it says)]; each of these can run here, so being skipped is no success."""
    found = []
    if os.path.exists(path):
        for case in ElementTree.parse(path).iter("testcase"):
            bad = next((case.find(how) for how in ("failure", "error", "skipped") if case.find(how) is not None), None)
            found.append((case.get("name"), bad is None, "" if bad is None else bad.text or bad.get("message", "")))
    return found


def read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def report(tally, build, plan, guest, seconds):
    """A guest that came to its end: each test counts, and so does that there were some."""
    parts = [results(f"{guest.out}/{part}.xml") for part in plan.parts]
    tests = [test for part in parts for test in part]
    for name, passed, says in tests:
        tally.add(passed, f"vm: {plan.name}: {name}", says)
    ran = all(parts)
    if not ran or not all(passed for _, passed, _ in tests):
        print(f"the console of {plan.name} ends with:\n{guest.console_tail(3000)}")
    tally.add(ran, f"vm: {plan.name}: {len(tests)} tests in {seconds:.0f} s", guest.output())
    check = json.loads(read(f"{guest.out}/check.json") or "{}")
    tally.add(check.get("tier") == plan.tier, f"vm: {plan.name}: the tier in use is {check.get('tier')}")
    types = subprocess.run([f"{ROOT}/tools/kernel-types", "--check", "--build", build, "--btf",
                            f"{guest.out}/vmlinux"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                           check=False)
    tally.add(types.returncode == 0, f"vm: {plan.name}: kernel types: {types.stdout.strip()}")
    cost = read(f"{guest.out}/cost")
    # Of a send and of a receive.
    tally.add(cost.count("ns a hit") == 2, f"vm: {plan.name}: {cost.strip() or 'no cost was measured'}")


def run(tally, build, only="", side_by_side=3):
    """Every plan of the kernel `only` (or of that name), so many guests at a time."""
    plans = collections.deque(plan for plan in PLANS if only in ("", plan.kernel, plan.name))
    if not plans:
        tally.add(False, f"vm: there is no plan {only}, but {', '.join(plan.name for plan in PLANS)}")
    running, left = [], {}
    while plans or running:
        while plans and len(running) < side_by_side:
            plan = plans.popleft()
            directory = os.path.abspath(f"{build}/vm/{plan.name.replace(' ', '-')}")
            try:
                kernel, busybox = kernels.fetch(build, plan.kernel), kernels.fetch_busybox(build)
                guest = qemu.Guest(kernel, busybox, directory, script(plan, build), name=f"vm-{plan.kernel}")
            except (packages.PackageError, qemu.VmError) as error:
                tally.add(False, f"vm: {plan.name}", str(error))
                continue
            running.append((plan, guest))
        for plan, guest in list(running):
            seconds = time.monotonic() - guest.began
            if guest.process.poll() is None and seconds < plan.limit_s:
                continue
            running.remove((plan, guest))
            left[plan.name] = guest.out
            try:
                guest.wait(plan.limit_s)
                report(tally, build, plan, guest, seconds)
            except qemu.VmError as error:
                tally.add(False, f"vm: {plan.name}", str(error))
        time.sleep(0.2)
    compare(tally, build, left)


def compare(tally, build, left):
    """The scenario told the same on every kernel and with every tier, and on this machine's own."""
    told = {name: read(f"{out}/scenario.json").splitlines() for name, out in left.items()
            if os.path.exists(f"{out}/scenario.json")}
    if not told:
        return
    here = subprocess.run([f"{HERE}/scenario"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          check=False, env={**os.environ, "LEASEWATCH": os.path.abspath(f"{build}/leasewatch")})
    tally.add(here.returncode == 0, "vm: the scenario on this machine's kernel", here.stdout + here.stderr)
    for name, lines in told.items():
        different = list(difflib.unified_diff(here.stdout.splitlines(), lines, "this machine", name, lineterm="", n=1))
        tally.add(bool(lines) and not different, f"vm: {name}: the same JSON as on this machine ({len(lines)} lines)",
                  "\n".join(different))
