# SPDX-License-Identifier: GPL-2.0-or-later
"""A real Prometheus on loopback, with leasewatch's rules."""
import json
import os
import random
import re
import socket
import subprocess
import urllib.error
import urllib.parse
import urllib.request

from lab import ROOT

RULES = os.path.join(ROOT, "tools", "packaging", "prometheus", "leasewatch.rules.yml")
DASHBOARD = os.path.join(ROOT, "tools", "packaging", "grafana", "leasewatch.json")


def expressions(**variables):
    """What the dashboard's panels ask, with these variables (".*" is that of the others)."""
    variables["__rate_interval"] = "1m"
    with open(DASHBOARD) as file:
        panels = json.load(file)["panels"]
    return [re.sub(r"\$(\w+)", lambda found: variables.get(found[1], ".*"), target["expr"])
            for panel in panels for target in panel.get("targets", [])]


def free_port():
    """A port that nobody listens on: other runs of these tests may go on beside this one. None of those that the kernel
    gives to clients, which could take it meanwhile."""
    while True:
        port = random.randrange(20000, 29000)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass


class Prometheus:
    def __init__(self, directory, target, rules=RULES):
        self.port = free_port()
        self.target = target
        self.log = os.path.join(directory, "prometheus.log")
        config = os.path.join(directory, "prometheus.yml")
        with open(config, "w") as file:
            json.dump({"global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
                       "rule_files": [os.path.abspath(rules)],
                       "scrape_configs": [{"job_name": "leasewatch", "static_configs": [{"targets": [target]}]}]}, file)
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={directory}/data",
                 f"--web.listen-address=127.0.0.1:{self.port}", "--storage.tsdb.retention.time=1h"],
                stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)

    def ask(self, what, **arguments):
        """The answer's data; None when there is none (yet)."""
        assert self.process.poll() is None, open(self.log).read()[-2000:]
        url = f"http://127.0.0.1:{self.port}/api/v1/{what}?{urllib.parse.urlencode(arguments)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as page:
                return json.load(page)["data"]
        except urllib.error.HTTPError as error:
            if error.code == 503:
                return None
            raise AssertionError(f"{url}: {error.read().decode()}") from error
        except OSError:
            return None

    def query(self, expr):
        """[(labels, value)]"""
        data = self.ask("query", query=expr)
        return [(s["metric"], float(s["value"][1])) for s in data["result"]] if data else []

    def alerts(self, **labels):
        """{name: annotations} of the firing alerts that have these labels."""
        data = self.ask("alerts") or {"alerts": []}
        return {a["labels"]["alertname"]: a["annotations"] for a in data["alerts"]
                if a["state"] == "firing" and all(a["labels"].get(k) == v for k, v in labels.items())}

    def scrapes(self):
        return [value for _, value in self.query(f'up{{instance="{self.target}"}}')] == [1.0]

    def end(self):
        self.process.terminate()
        self.process.wait(30)
