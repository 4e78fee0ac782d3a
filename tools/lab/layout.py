# SPDX-License-Identifier: GPL-2.0-or-later
"""The plan of one lab: its members, addresses, files and options. No I/O but of small files.

Everything a lab writes lives under BASE, in a tmpfs that only the lab's mount namespace has. The
options are there as JSON, so that a later command knows how the lab was started.
"""
import dataclasses
import json
import os
import re

BASE = "/run/leasewatch-lab"
DEFAULT_NAME = "lab"
NAMESPACE = "/service/"
CLIENT_PORT = 2379
PEER_PORT = 2380
REST_PORT = 8008
POSTGRES_PORT = 5432
# The etcd that is added as a learner; the others end at etcd5.
LEARNER = "etcd9"
# Fixed words, so that a test can search every output for them.
ETCD_USER = "root"
ETCD_PASSWORD = "lab-secret-password"
POSTGRES_PASSWORD = "lab-secret-postgres"
REPLICATION_PASSWORD = "lab-secret-replication"


# Which of the labs that run side by side this process deals with: see Options.net.
_net = 0


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
    # Patroni keeps its log itself, and begins a new file after so many bytes. 0 = the lab keeps it.
    log_bytes: int = 0
    srv: bool = False
    # Between Patroni and the etcds: TLS; mtls: with certificates on both sides (then tls is true, too).
    tls: bool = False
    mtls: bool = False
    # Patroni uses the etcds' v2 API.
    v2: bool = False
    # Sets this lab's names and addresses apart from those of others that one observer watches at the
    # same time: scope demo<net>, etcd1.lab<net>, 127.0.<net>.11. 0 = demo, etcd1.lab, 127.0.0.11.
    net: int = 0

    def __post_init__(self):
        global _net
        _net = self.net
        self.tls = self.tls or self.mtls

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
            (self.log_bytes, 0, 1 << 30, "--log-bytes"),
            (self.net, 0, 254, "--net"),
        ):
            if not least <= value <= most:
                raise LabError(f"{what} must be from {least} to {most}, not {value}")
        if self.v2 and self.auth:
            raise LabError("--auth is for the v3 API: it does not go with --v2")
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


def loopback(number):
    return f"127.0.{_net}.{number}"


def scope():
    return f"demo{_net or ''}"


def domain():
    return f"lab{_net or ''}"


def nameservers():
    """Patroni's own, both served by one process."""
    return [loopback(31), loopback(32)]


def silent_resolver():
    """A nameserver that takes queries and never answers them."""
    return loopback(53)


def address(name):
    """etcd1 -> 127.0.0.11, patroni1 -> 127.0.0.21 (its REST API and its PostgreSQL)."""
    return loopback((10 if name.startswith("etcd") else 20) + int(name[-1]))


def proxy_address(member):
    """Where a proxy listens that stands before that etcd: etcd1 -> 127.0.0.41."""
    return loopback(40 + int(member[-1]))


def host(name):
    return f"{name}.{domain()}"


def directory(name):
    return f"{BASE}/{name}"


def hosts_file(name=None):
    """The one every process sees, or the private one of an etcd."""
    return f"{directory(name)}/hosts" if name else f"{BASE}/hosts"


def proxy(member):
    """The proxy's name as a daemon: etcd1 -> proxy1."""
    return f"proxy{member[-1]}"


def starver(patroni):
    """The starver's name as a daemon: patroni1 -> starver1."""
    return f"starver{patroni[-1]}"


def neighbour(patroni):
    """The name as a daemon of what takes that Patroni's CPU: patroni1 -> neighbour1."""
    return f"neighbour{patroni[-1]}"


def dns_file():
    """How the nameservers behave now."""
    return f"{BASE}/nameserver.json"


def pid_file(name):
    return f"{BASE}/{name}.pid"


def log_file(name):
    return f"{BASE}/log/{name}.log"


def shown_log(options, name):
    """What a daemon has to say: a Patroni with --log-bytes keeps that itself."""
    if options.log_bytes and name in options.patroni_names():
        return f"{directory(name)}/patroni.log"
    return log_file(name)


def log_names(options):
    postgres = [name.replace("patroni", "postgres") for name in options.patroni_names()]
    proxies = [proxy(name) for name in options.etcd_names()]
    return options.etcd_names() + options.patroni_names() + postgres + ["nameserver"] + proxies


def hosts_text(options, without=()):
    """without: the members whose names are left out."""
    lines = ["127.0.0.1 localhost"]
    for name in options.etcd_names() + options.patroni_names():
        if name not in without:
            lines.append(f"{address(name)} {host(name)} {name}")
    return "\n".join(lines) + "\n"


def dns_records(options):
    """{name: {type: [data]}} of all that Patroni's nameservers know."""
    records = {
        host(name): {"A": [address(name)]}
        for name in options.etcd_names() + options.patroni_names()
    }
    for service, port in (("_etcd-client", CLIENT_PORT), ("_etcd-server", PEER_PORT)):
        targets = [f"0 0 {port} {host(name)}." for name in options.etcd_names()]
        records[f"{service}._tcp.{domain()}"] = {"SRV": targets}
    return records


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def write_in_place(path, text):
    """Keeps the inode: it is bind-mounted."""
    with open(path, "r+", encoding="utf-8") as file:
        file.write(text)
        file.truncate()


def replace(path, text):
    """Whoever reads it sees the old text or the new."""
    write(path + ".new", text)
    os.replace(path + ".new", path)


def leader_path():
    return f"{NAMESPACE}{scope()}/leader"


def member_path(patroni):
    return f"{NAMESPACE}{scope()}/members/{patroni}"


def endpoint(name):
    return f"{host(name)}:{CLIENT_PORT}"


def client_url(options, name):
    return f"{'https' if options.tls else 'http'}://{endpoint(name)}"


def peer_url(name):
    return f"http://{host(name)}:{PEER_PORT}"


def name_of_address(options, ip):
    for name in options.etcd_names() + options.patroni_names():
        if address(name) == ip:
            return name
    return None
