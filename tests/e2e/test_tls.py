# SPDX-License-Identifier: GPL-2.0-or-later
"""Patroni speaks TLS with its etcds: the same findings as in the clear, and what only TLS can do wrong."""
import pytest

from causes import CAUSES, COPED_WITH, Expect, rows, see_cause, see_none
from test_incident import see_incident

TLS_CAUSES = {
    "tls-silent-all": Expect("tls", "etcd", "does not complete the TLS handshake", "TLS handshake"),
    "tls-expired-all": Expect("tls", "etcd", "valid certificate", "expired"),
    "tls-wrong-ca-all": Expect("tls", "etcd", "`cacert`", "not among the trusted CAs"),
    # Patroni looks at the name by itself, when OpenSSL is content.
    "tls-wrong-name-all": Expect("tls", "etcd", "another name", "right after the TLS handshake"),
}
MUTUAL_CAUSES = {"tls-client-refused": Expect("tls", "etcd", "client certificate")}
# Patroni goes to the next etcd.
TLS_COPED_WITH = {
    "tls-silent": {"event": "connect", "outcome": "tls"},
    "tls-expired": {"event": "connect", "outcome": "tls"},
    "tls-wrong-ca": {"event": "connect", "outcome": "tls"},
}


@pytest.mark.parametrize("name", rows(
    CAUSES | TLS_CAUSES | MUTUAL_CAUSES, "freeze", "no-quorum", "blackhole-all", "reset-answer-all", "cut-answer-all",
    "revoke", "revoke-unseen", "learner", "stop-patroni", "dns-servfail", "tls-wrong-ca-all", "tls-client-refused"))
def test_cause_over_mutual_tls(mtls_lab, trace, healed, name):
    healed(mtls_lab)
    see_cause(mtls_lab, trace(mtls_lab), name, (CAUSES | TLS_CAUSES | MUTUAL_CAUSES)[name])


@pytest.mark.parametrize("name", rows(
    CAUSES | TLS_CAUSES, "kill-all", "cut-answer-all", "tls-silent-all", "tls-expired-all", "tls-wrong-name-all"))
def test_cause_over_tls(tls_lab, trace, healed, name):
    healed(tls_lab)
    see_cause(tls_lab, trace(tls_lab), name, (CAUSES | TLS_CAUSES)[name])


@pytest.mark.parametrize("name", rows(COPED_WITH | TLS_COPED_WITH, "two-behind-one", "tls-wrong-ca"))
def test_no_stall_over_tls(tls_lab, trace, healed, name):
    healed(tls_lab)
    see_none(tls_lab, trace(tls_lab), name, (COPED_WITH | TLS_COPED_WITH)[name])


def test_incident_over_mutual_tls(mtls_lab, trace, healed):
    healed(mtls_lab)
    t = trace(mtls_lab)
    see_incident(mtls_lab, t)
    assert t.stop() == 2
