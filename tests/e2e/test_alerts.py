# SPDX-License-Identifier: GPL-2.0-or-later
"""A real Prometheus reads a real daemon: the alerts come with the trouble and go with it, and the dashboard has something
to show."""
import re
import subprocess
import urllib.request

import pytest
import yaml

from lab import LEASEWATCH, wait_until
from prometheus import RULES, Prometheus, expressions, free_port

TARGET = f"127.0.0.1:{free_port()}"

# Panels that are empty while all is well with what they are about.
QUIET = ("leasewatch_dns_lookups_total", "leasewatch_connect", "leasewatch_log_writable")
# Prometheus' own labels, and the one that histograms have.
ADDED = {"job", "instance", "le"}


@pytest.fixture
def daemon(tmp_path):
    conf = tmp_path / "leasewatch.conf"
    conf.write_text(f"[log]\nfile = off\n[metrics]\nlisten = {TARGET}\n")
    process = subprocess.Popen([LEASEWATCH, "daemon", "-c", conf])
    yield process
    process.terminate()
    assert process.wait(20) == 0


@pytest.fixture
def prometheus(daemon, tmp_path):
    started = Prometheus(str(tmp_path), TARGET)
    yield started
    started.end()


def healthy(prometheus, lab):
    wait_until("a renewal", lambda: prometheus.query(
        f'leasewatch_lease_refreshes_total{{scope="{lab.scope}",outcome="ok"}} > 0'), 60)
    assert not prometheus.alerts(scope=lab.scope)


def quiet_again(prometheus, lab):
    lab("heal")
    wait_until("the alerts' end", lambda: not prometheus.alerts(scope=lab.scope), 120)


def test_incident(incident_lab, prometheus, healed):
    healed(incident_lab)
    healthy(prometheus, incident_lab)
    incident_lab.fault("incident")
    stall = wait_until("the alert", lambda: prometheus.alerts(scope=incident_lab.scope).get("LeasewatchStall"), 60)
    assert stall["summary"] == f"The lease of {incident_lab.scope}/patroni1 is not being renewed."
    assert re.fullmatch(r"Cause: endpoint_\w+\. The lease is valid for at least another [\d.hms ]+\.", stall["description"])
    wait_until("a refusal", lambda: prometheus.query(
        f'leasewatch_lease_refreshes_total{{scope="{incident_lab.scope}",outcome!~"ok|unobserved"}} > 0'), 60)
    quiet_again(prometheus, incident_lab)
    # Everything on the dashboard has had something to show.
    here = {"instance": TARGET, "scope": incident_lab.scope, "endpoint": rf".*[.]lab{incident_lab.net}:.*"}
    empty = [e for e in expressions(**here) if not prometheus.query(f"max_over_time(({e})[5m:1s])") and
             not any(q in e for q in QUIET)]
    assert not empty


def test_running_out(quick_lab, prometheus, healed):
    """No etcd answers: somebody is woken up while there is time."""
    healed(quick_lab)
    healthy(prometheus, quick_lab)
    quick_lab.fault("freeze-all")
    said = wait_until("the alert", lambda: prometheus.alerts(scope=quick_lab.scope, severity="critical"), 90)
    out = said["LeasewatchLeaseRunningOut"]
    assert re.fullmatch(rf"The lease of {quick_lab.scope}/patroni1 expires in [\d.]+s\.", out["summary"])
    assert "Cause: endpoint_silent." in out["description"]
    quiet_again(prometheus, quick_lab)


def test_half_healthy(quick_lab, prometheus, healed):
    """etcd refuses writes and takes renewals: nobody is woken up, and the endpoint is named."""
    healed(quick_lab)
    healthy(prometheus, quick_lab)
    quick_lab.fault("nospace")

    def named():
        found = prometheus.query('ALERTS{alertname="LeasewatchEndpointHalfHealthy",alertstate="firing"}')
        return [labels["endpoint"] for labels, _ in found if f".lab{quick_lab.net}:" in labels["endpoint"]]
    endpoint = wait_until("the alert", named, 120)[0]
    assert not prometheus.alerts(scope=quick_lab.scope, severity="critical")
    quick_lab("heal")
    wait_until("its end", lambda: endpoint not in named(), 120)


def metrics(page):
    """{name: {label: values}}"""
    found = {name: {} for name in re.findall(r"^# TYPE (\w+)", page, re.MULTILINE)}
    for name, labels in re.findall(r"^(\w+)(?:\{(.*)\})? ", page, re.MULTILINE):
        family = found.get(re.sub(r"_(bucket|sum|count)$", "", name), found.get(name))
        for label, value in re.findall(r'(\w+)="([^"]*)"', labels):
            family.setdefault(label, set()).add(value)
    return found


def test_names(quick_lab, daemon):
    """What the rules and the dashboard ask for is what the daemon has: names, labels, and the words in them."""
    def page():
        try:
            with urllib.request.urlopen(f"http://{TARGET}/metrics", timeout=10) as answer:
                text = answer.read().decode()
        except OSError:
            return None
        return text if f'leasewatch_lease_remaining_seconds{{scope="{quick_lab.scope}"' in text and \
            "leasewatch_request_duration_seconds_count" in text and "leasewatch_connects_total{" in text else None
    known = metrics(wait_until("metrics of this lab", page, 60))
    with open(RULES) as file:
        rules = [r["expr"] for group in yaml.safe_load(file)["groups"] for r in group["rules"]]
    asked = 0
    for expr in rules + expressions():
        have = set(ADDED)
        for name, matchers in re.findall(r"(leasewatch_\w+)(?:\{([^}]*)\})?", expr):
            name = name if name in known else re.sub(r"_(bucket|sum|count)$", "", name)
            assert name in known, f"{name} in {expr}"
            have |= known[name].keys()
            for label, how, value in re.findall(r'(\w+)(=~|!~|!=|=)"([^"]*)"', matchers):
                assert label in known[name].keys() | ADDED, f"{label} in {expr}"
                assert how != "=" or value in known[name][label], f"{value} in {expr}"
            asked += 1
        for labels in re.findall(r"\bby \(([^)]*)\)", expr):
            assert set(re.split(r", *", labels)) <= have, expr
    assert asked > 40
