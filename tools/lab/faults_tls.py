# SPDX-License-Identifier: GPL-2.0-or-later
"""Faults of TLS between Patroni and the etcds; for labs with --tls or --mtls."""
import certificates
import faults_proxy
import layout
import sockets
from certificates import EXPIRED, FOREIGN, MISNAMED
from registry import fault, who

TITLE = "TLS (--tls, --mtls)"


def close_connections(options, members):
    """Patroni has to reconnect."""
    for patroni in options.patroni_names():
        for member in members:
            limit = options.retry_timeout
            for connection in sockets.wait_idle(patroni, layout.address(member), limit):
                sockets.close_by_server(connection)


def present(target, members, kind):
    certificates.need(target.options)
    for member in members:
        certificates.replace(certificates.of_etcd(member), kind)
    close_connections(target.options, members)


def everyone(options):
    return ", ".join(options.etcd_names())


@fault("tls-silent", "member")
def tls_silent(target):
    """One etcd accepts connections but never finishes the TLS handshake."""
    certificates.need(target.options)
    faults_proxy.put_before(target, [target.member], mute=True)
    return f"{who(target.member)} takes connections and says nothing on them"


@fault("tls-silent-all", None)
def tls_silent_all(target):
    """Every etcd accepts connections but never finishes the TLS handshake."""
    certificates.need(target.options)
    faults_proxy.put_before(target, target.options.etcd_names(), mute=True)
    return f"{everyone(target.options)} take connections and say nothing on them"


@fault("tls-expired", "member")
def tls_expired(target):
    """One etcd's certificate has expired."""
    present(target, [target.member], EXPIRED)
    return f"the certificate of {who(target.member)} has expired"


@fault("tls-expired-all", None)
def tls_expired_all(target):
    """Every etcd's certificate has expired."""
    present(target, target.options.etcd_names(), EXPIRED)
    return f"the certificates of {everyone(target.options)} have expired"


@fault("tls-wrong-ca", "member")
def tls_wrong_ca(target):
    """One etcd's certificate is signed by a CA that Patroni does not trust."""
    present(target, [target.member], FOREIGN)
    return f"the certificate of {who(target.member)} is signed by another CA"


@fault("tls-wrong-ca-all", None)
def tls_wrong_ca_all(target):
    """Every etcd's certificate is signed by a CA that Patroni does not trust."""
    present(target, target.options.etcd_names(), FOREIGN)
    return f"the certificates of {everyone(target.options)} are signed by another CA"


@fault("tls-wrong-name-all", None)
def tls_wrong_name_all(target):
    """Every etcd's certificate is for another host name."""
    present(target, target.options.etcd_names(), MISNAMED)
    return f"the certificates of {everyone(target.options)} are for another name"


@fault("tls-client-refused", None)
def tls_client_refused(target):
    """Patroni's client certificate is signed by a CA that the etcds do not trust (--mtls)."""
    certificates.need(target.options, mutual=True)
    certificates.replace(certificates.PATRONI, FOREIGN)
    close_connections(target.options, target.options.etcd_names())
    return "Patroni's client certificate is signed by another CA"


def undo(options):
    if options.tls:
        certificates.restore(options)


def settle(_options):
    """Nothing here needs the etcds."""
