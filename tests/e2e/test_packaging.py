# SPDX-License-Identifier: GPL-2.0-or-later
"""What is installed beside the program: each file held against what it is for."""
import json
import os
import re
import subprocess

import pytest
import yaml

from lab import LEASEWATCH, ROOT
from prometheus import RULES, expressions

BUILD = os.path.dirname(os.path.abspath(LEASEWATCH))
PACKAGING = os.path.join(ROOT, "tools", "packaging")
# systemd-analyze's score times 10: what BPF, the host's pids and a port for Prometheus cost.
EXPOSURE_MAX = 32


def run(*command, **kwargs):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=False,
                          **kwargs)


def ok(*command, **kwargs):
    done = run(*command, **kwargs)
    assert done.returncode == 0, f"{command}: {done.stdout}"
    return done.stdout


def make(what, place):
    """make install or uninstall of what is built, all of it below place."""
    return ok("make", "--no-print-directory", "-C", ROOT, "--old-file=all", f"BUILD={BUILD}", what, f"PREFIX={place}/usr",
              f"SYSCONFDIR={place}/etc", f"LOCALSTATEDIR={place}/var")


def files(place):
    return sorted(os.path.relpath(os.path.join(d, f), place) for d, _, names in os.walk(place) for f in names)


@pytest.fixture
def installed(tmp_path):
    make("install", tmp_path)
    return tmp_path


def test_install_and_uninstall(installed):
    assert files(installed) == [
        "etc/leasewatch.conf", "etc/logrotate.d/leasewatch", "usr/bin/leasewatch",
        "usr/lib/systemd/system/leasewatch.service", "usr/share/bash-completion/completions/leasewatch",
        "usr/share/leasewatch/leasewatch.conf", "usr/share/leasewatch/leasewatch.json",
        "usr/share/leasewatch/leasewatch.rules.yml", "usr/share/man/man1/leasewatch.1",
        "usr/share/man/man5/leasewatch.conf.5"]
    conf = installed / "etc/leasewatch.conf"
    assert f"file = {installed}/var/log/leasewatch/leasewatch.log" in conf.read_text()
    assert "good" in ok(installed / "usr/bin/leasewatch", "daemon", "--check-config", "-c", conf)
    conf.write_text("[watch]\n")
    (installed / "var/log/leasewatch/leasewatch.log").write_text("{}\n")
    assert "stays as it is" in make("install", installed)
    assert conf.read_text() == "[watch]\n"
    said = make("uninstall", installed)
    # What was changed or written since stays, and is named.
    assert files(installed) == ["etc/leasewatch.conf", "var/log/leasewatch/leasewatch.log"]
    assert f"{conf} stays" in said and f"{installed}/var/log/leasewatch stays" in said


def test_uninstall_leaves_nothing(installed):
    assert "stays" not in make("uninstall", installed)
    assert not files(installed)


def test_unit(installed):
    unit = installed / "usr/lib/systemd/system/leasewatch.service"
    assert ok("systemd-analyze", "verify", "--man=no", unit) == ""
    said = ok("systemd-analyze", "security", "--offline=yes", f"--threshold={EXPOSURE_MAX}", unit)
    assert "Overall exposure level" in said
    # It would fail if it could.
    assert run("systemd-analyze", "security", "--offline=yes", "--threshold=10", unit).returncode != 0


def test_configuration_names_every_key(tmp_path):
    with open(os.path.join(ROOT, "user", "cmd", "conf.c")) as source:
        known = re.findall(r'^\t\{"(\w+)", "(\w+)", (set_\w+)', source.read(), re.MULTILINE)
    assert len(known) > 10
    # Obsolete keys are in the manual alone.
    current = [(section, key) for section, key, setter in known if setter != "set_obsolete"]
    with open(os.path.join(PACKAGING, "leasewatch.conf")) as file:
        text = file.read()
    named, section = [], None
    for line in text.split("\n"):
        section = line[1:-1] if line.startswith("[") else section
        key = re.match(r"#?(\w+) = \S", line)
        if key:
            named.append((section, key[1]))
    assert named == current
    # Each default that is shown is one that can be written.
    whole = tmp_path / "conf"
    whole.write_text(re.sub(r"^#(\w+ = )", r"\1", text, flags=re.MULTILINE))
    ok(LEASEWATCH, "daemon", "--check-config", "-c", whole)
    with open(os.path.join(PACKAGING, "man", "leasewatch.conf.5")) as page:
        manual = page.read()
    assert not [key for _, key, _ in known if not re.search(rf"^\.BR (.* )?{key}( |$)", manual, re.MULTILINE)]


@pytest.mark.parametrize("page", ["leasewatch.1", "leasewatch.conf.5"])
def test_manual(page):
    assert run("groff", "-man", "-Tutf8", "-ww", "-z", os.path.join(PACKAGING, "man", page)).stdout == ""


COMPLETE = """
. /usr/share/bash-completion/bash_completion
. "$0"
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${#COMP_LINE}
compopt() { :; }
_leasewatch leasewatch
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.mark.parametrize("words, wanted", [
    (["da"], ["daemon"]),
    (["trace", "--ho"], ["--hooks="]),
    (["daemon", "--c"], ["--check-config", "--config="]),
    (["trace", "--hooks", "f"], ["fexit"]),
    (["trace", "--users", "an"], ["any"]),
    (["report", "/etc/hostn"], ["/etc/hostname"]),
    (["nonsense", "--"], [""]),
])
def test_completion(installed, words, wanted):
    done = ok("bash", "-c", COMPLETE, installed / "usr/share/bash-completion/completions/leasewatch", "leasewatch", *words,
              env={**os.environ, "PATH": f"{installed}/usr/bin:{os.environ['PATH']}"})
    assert done.split("\n")[:-1] == wanted


def test_logrotate(installed, tmp_path):
    """It reads the file, and would rotate; the rest of it is tested where there is a systemd."""
    (installed / "var/log/leasewatch/leasewatch.log").write_text("{}\n")
    said = ok("logrotate", "--debug", "--force", installed / "etc/logrotate.d/leasewatch")
    assert f"rotating log {installed}/var/log/leasewatch/leasewatch.log" in said and "error" not in said


def test_rules():
    said = ok("promtool", "check", "rules", RULES)
    with open(RULES) as file:
        alerts = [r for group in yaml.safe_load(file)["groups"] for r in group["rules"]]
    assert f"SUCCESS: {len(alerts)} rules found" in said
    for alert in alerts:
        assert set(alert["annotations"]) == {"summary", "description", "runbook"}
        assert alert["labels"]["severity"] in ("warning", "critical")
    tests = os.path.join(PACKAGING, "prometheus", "tests.yml")
    assert "SUCCESS" in ok("promtool", "test", "rules", tests)
    with open(tests) as file:
        text = file.read()
    # Each fires once there, and once it does not.
    for alert in alerts:
        cases = re.findall(rf'alertname="{alert["alert"]}".*\n.*\n( *exp_samples)?', text)
        assert any(cases) and not all(cases), alert["alert"]


def test_dashboard(tmp_path):
    with open(os.path.join(PACKAGING, "grafana", "leasewatch.json")) as file:
        board = json.load(file)
    ids = [p["id"] for p in board["panels"]]
    assert len(set(ids)) == len(ids)
    taken = set()
    for panel in board["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken and at["x"] + at["w"] <= 24, panel["title"]
        taken |= cells
        refs = [t["refId"] for t in panel.get("targets", [])]
        assert len(set(refs)) == len(refs) and (refs or panel["type"] == "row")
    # Every variable that is used is defined.
    known = {v["name"] for v in board["templating"]["list"]} | {"__rate_interval", "__all"}
    used = set(re.findall(r"\$\{?(\w+)", json.dumps(board)))
    assert used <= known
    rules = [{"record": f"dashboard:{i}", "expr": expr} for i, expr in enumerate(expressions())]
    assert len(rules) > 20
    (tmp_path / "rules.yml").write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
    ok("promtool", "check", "rules", tmp_path / "rules.yml")
