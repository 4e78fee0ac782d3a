# SPDX-License-Identifier: GPL-2.0-or-later
"""The plan of one lab: its members, addresses, files and options. No I/O but reading the options.

Everything a lab writes lives under BASE, in a tmpfs that only the lab's mount namespace has. The
options are there as JSON, so that a later command knows how the lab was started.
"""
import dataclasses
import json
import os
import re

BASE = "/run/leasewatch-lab"
DEFAULT_NAME = "lab"
SCOPE = "demo"
NAMESPACE = "/service/"
CLIENT_PORT = 2379
PEER_PORT = 2380
REST_PORT = 8008
POSTGRES_PORT = 5432
# A nameserver that takes queries and never answers them.
SILENT_RESOLVER = "127.0.0.53"
# Fixed words, so that a test can search every output for them.
ETCD_USER = "root"
ETCD_PASSWORD = "lab-secret-password"
POSTGRES_PASSWORD = "lab-secret-postgres"
REPLICATION_PASSWORD = "lab-secret-replication"


class LabError(Exception):
    """Something the user should read as one sentence."""


@dataclasses.dataclass
class Options:
    name: str = DEFAULT_NAME
    ttl: int = 30
    loop_wait: int = 10
    retry_timeout: int = 10
    etcds: int = 3
    patronis: int = 1
    auth: bool = False
    ready_timeout: float = 60.0
    log_level: str = "INFO"

    def check(self):
        """The limits are Patroni's own: it would silently correct what is out of them."""
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,31}", self.name):
            raise LabError(f"the name {self.name!r} is not made of 1 to 32 of a-z, 0-9 and -")
        for value, least, most, what in (
            (self.etcds, 1, 5, "--etcds"),
            (self.patronis, 1, 2, "--patronis"),
            (self.ttl, 20, 3600, "--ttl"),
            (self.loop_wait, 1, 600, "--loop-wait"),
            (self.retry_timeout, 3, 600, "--retry-timeout"),
            (self.ready_timeout, 1, 3600, "--ready-timeout"),
        ):
            if not least <= value <= most:
                raise LabError(f"{what} must be from {least} to {most}, not {value}")
        if self.loop_wait + 2 * self.retry_timeout > self.ttl:
            raise LabError(
                f"Patroni asks for loop_wait + 2 x retry_timeout <= ttl, and "
                f"{self.loop_wait} + 2 x {self.retry_timeout} is more than {self.ttl}"
            )

    def to_json(self):
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text):
        return cls(**json.loads(text))

    @classmethod
    def load(cls, root="/"):
        """root: "/" inside the lab, /proc/<init>/root from outside."""
        with open(os.path.join(root, BASE.lstrip("/"), "options.json"), encoding="utf-8") as file:
            return cls.from_json(file.read())

    def etcd_names(self):
        return [f"etcd{i + 1}" for i in range(self.etcds)]

    def patroni_names(self):
        return [f"patroni{i + 1}" for i in range(self.patronis)]


def address(name):
    """etcd1 -> 127.0.0.11, patroni1 -> 127.0.0.21 (its REST API and its PostgreSQL)."""
    base = 10 if name.startswith("etcd") else 20
    return f"127.0.0.{base + int(name[-1])}"


def host(name):
    return f"{name}.lab"


def directory(name):
    return f"{BASE}/{name}"


def hosts_file(name=None):
    """The one every process sees, or the private one of an etcd."""
    return f"{directory(name)}/hosts" if name else f"{BASE}/hosts"


def pid_file(name):
    return f"{BASE}/{name}.pid"


def log_file(name):
    return f"{BASE}/log/{name}.log"


def log_names(options):
    postgres = [name.replace("patroni", "postgres") for name in options.patroni_names()]
    return options.etcd_names() + options.patroni_names() + postgres


def hosts_text(options, without=()):
    """without: the members whose names are left out."""
    lines = ["127.0.0.1 localhost"]
    for name in options.etcd_names() + options.patroni_names():
        if name not in without:
            lines.append(f"{address(name)} {host(name)} {name}")
    return "\n".join(lines) + "\n"


def endpoint(name):
    return f"{host(name)}:{CLIENT_PORT}"


def name_of_address(options, ip):
    for name in options.etcd_names() + options.patroni_names():
        if address(name) == ip:
            return name
    return None
