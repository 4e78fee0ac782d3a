# SPDX-License-Identifier: GPL-2.0-or-later
"""The certificates of a lab with TLS: good ones for each etcd and for Patroni, and bad ones for the faults.

An etcd reads its certificate again at every handshake, and Patroni at every connection: so a file
that is replaced is in effect from the next connection on.
"""
import datetime
import ipaddress
import os
import pwd
import shutil

import layout
from layout import LEARNER, LabError

DIRECTORY = f"{layout.BASE}/tls"
CA = f"{DIRECTORY}/ca.pem"
ETCD_KEY = f"{DIRECTORY}/etcd.key"
PATRONI, PATRONI_KEY = f"{DIRECTORY}/patroni.pem", f"{DIRECTORY}/patroni.key"
# Its clients speak TLS with it, too: Patroni through the same libssl.
POSTGRES, POSTGRES_KEY = f"{DIRECTORY}/postgres.pem", f"{DIRECTORY}/postgres.key"
# What can be wrong with one: over since yesterday, signed by another CA, for another name.
EXPIRED, FOREIGN, MISNAMED = "expired", "foreign", "misnamed"


def of_etcd(name):
    return f"{DIRECTORY}/{name}.pem"


def _variant(path, kind):
    return f"{path[: -len('.pem')]}.{kind}.pem"


class _Authority:
    """A CA, new and in memory."""

    def __init__(self, name):
        from cryptography.hazmat.primitives.asymmetric import ec

        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = name
        self.certificate = self.issue(name, self.key.public_key(), authority=True)

    def issue(self, name, public_key, names=(), expired=False, authority=False):
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes
        from cryptography.x509.oid import NameOID

        def called(text):
            return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

        now = datetime.datetime.utcnow()
        day = datetime.timedelta(days=1)
        builder = (
            x509.CertificateBuilder()
            .subject_name(called(name))
            .issuer_name(called(self.name))
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 9 * day)
            .not_valid_after(now - day if expired else now + 9 * day)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        )
        if names:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([_general(text) for text in names]), critical=False
            )
        return builder.sign(self.key, hashes.SHA256())


def _general(text):
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _write_key(path, key, user=None):
    from cryptography.hazmat.primitives import serialization as s

    pem = key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption())
    layout.write(path, pem.decode())
    os.chmod(path, 0o600)
    if user:
        os.chown(path, pwd.getpwnam(user).pw_uid, -1)


def _write(path, certificate):
    from cryptography.hazmat.primitives.serialization import Encoding

    layout.write(path, certificate.public_bytes(Encoding.PEM).decode())


def make(options):
    """All of them; inside the lab."""
    from cryptography.hazmat.primitives.asymmetric import ec

    os.mkdir(DIRECTORY)
    ours, theirs = _Authority("lab CA"), _Authority("another CA")
    etcd_key, patroni_key, postgres_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    _write(CA, ours.certificate)
    _write_key(ETCD_KEY, etcd_key)
    _write_key(PATRONI_KEY, patroni_key, "postgres")
    _write_key(POSTGRES_KEY, postgres_key, "postgres")
    patronis = [layout.host(name) for name in options.patroni_names()]
    _write(POSTGRES, ours.issue("postgres", postgres_key.public_key(), patronis))
    # A learner answers in the name of any of them.
    everybody = [
        text for etcd in options.etcd_names() for text in (layout.host(etcd), layout.address(etcd))
    ]

    def write_all(path, name, key, names):
        public = key.public_key()
        _write(path, ours.issue(name, public, names))
        shutil.copyfile(path, _variant(path, "good"))
        _write(_variant(path, EXPIRED), ours.issue(name, public, names, expired=True))
        _write(_variant(path, FOREIGN), theirs.issue(name, public, names))
        _write(_variant(path, MISNAMED), ours.issue(name, public, ["elsewhere.example"]))

    for name in options.etcd_names() + [LEARNER]:
        own = [layout.host(name), layout.address(name)] if name != LEARNER else []
        write_all(of_etcd(name), name, etcd_key, own + everybody[: 0 if own else None])
    write_all(PATRONI, "patroni", patroni_key, [])


def replace(path, kind="good"):
    """In effect from the next connection on."""
    with open(_variant(path, kind), encoding="ascii") as file:
        layout.replace(path, file.read())


def restore(options):
    for name in options.etcd_names():
        replace(of_etcd(name))
    replace(PATRONI)


def etcd_flags(options, name):
    """What makes an etcd serve its clients over TLS."""
    if not options.tls:
        return {}
    flags = {"cert-file": of_etcd(name), "key-file": ETCD_KEY}
    if options.mtls:
        # A trusted CA is enough for etcd 3.4 to ask every client for a certificate.
        flags.update({"trusted-ca-file": CA, "client-cert-auth": "true"})
    return flags


def patroni_settings(options):
    """What Patroni's etcd section needs."""
    if not options.tls:
        return {}
    settings = {"protocol": "https", "cacert": CA}
    if options.mtls:
        settings.update(cert=PATRONI, key=PATRONI_KEY)
    return settings


def postgres_parameters(options):
    return {"ssl": "on", "ssl_cert_file": POSTGRES, "ssl_key_file": POSTGRES_KEY} if options.tls else {}


def client_context(options):
    """For the lab's own calls: an ssl.SSLContext that sees nothing wrong with any etcd, as a fault may be
    just that; None in the clear."""
    if not options.tls:
        return None
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if options.mtls:
        context.load_cert_chain(_variant(PATRONI, "good"), PATRONI_KEY)
    return context


def proxy_spec(options, member):
    """For proxy.py: how it speaks to both sides."""
    if not options.tls:
        return {}
    client = [_variant(PATRONI, "good"), PATRONI_KEY]
    return {"tls": {"server": [of_etcd(member), ETCD_KEY], "client": client, "ca": CA}}


def need(options, mutual=False):
    if not options.tls or (mutual and not options.mtls):
        raise LabError(f"that needs a lab with {'--mtls' if mutual else '--tls or --mtls'}")
