// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * message_tls.c - what is the matter with TLS, and what to do about it.
 */
#include <string.h>

#include "base/append.h"
#include "model/human.h"
#include "model/message_private.h"

#define SAY(...) text_append(buf, size, __VA_ARGS__)

/* X509_V_ERR_*: not valid yet, expired; and those about names and about who signed. */
enum { V_NOT_YET = 9, V_EXPIRED = 10, V_HOST = 62, V_ADDRESS = 64 };
/* Alerts by which a server refuses a client's certificate (RFC 8446 6.2). */
enum { A_BAD_CERTIFICATE = 42, A_CERTIFICATE_UNKNOWN = 46, A_UNKNOWN_CA = 48, A_REQUIRED = 116 };

static bool is_about_certificate(unsigned int alert)
{
	return (alert >= A_BAD_CERTIFICATE && alert <= A_CERTIFICATE_UNKNOWN) ||
	       alert == A_UNKNOWN_CA || alert == A_REQUIRED;
}

static void say_alert(char *buf, size_t size, unsigned int code)
{
	const char *text = tls_alert_text((uint8_t)code);

	if (text)
		SAY("alert \"%s\"", text);
	else
		SAY("alert %u", code);
}

static const char *end_of(enum request_outcome end)
{
	return end == REQUEST_RESET ? "reset" : "closed";
}

void message__tls_error(char *buf, size_t size, enum tls_trouble trouble, unsigned int code,
			enum request_outcome end)
{
	const char *text;

	switch (trouble) {
	case TLS_UNANSWERED:
	case TLS_UNFINISHED:
		SAY("handshake %s", trouble == TLS_UNANSWERED ? "not answered" : "not finished");
		SAY(end == REQUEST_TIMEOUT ? "; Patroni gave up" : "; connection %s", end_of(end));
		break;
	case TLS_LEFT:
		SAY("Patroni left right after the handshake");
		break;
	case TLS_REFUSED:
		SAY("closed right after the handshake");
		break;
	case TLS_HIDDEN_ALERT:
		SAY("Patroni broke the handshake off");
		break;
	case TLS_PROTOCOL:
		text = tls_openssl_reason_text(code);
		if (text)
			SAY("%s", text);
		else
			SAY("OpenSSL's reason %u", code);
		break;
	case TLS_ALERT_SENT:
		SAY("Patroni sent ");
		say_alert(buf, size, code);
		break;
	case TLS_ALERT_RECEIVED:
		SAY("received ");
		say_alert(buf, size, code);
		break;
	case TLS_BAD_CERTIFICATE:
		text = tls_verify_text(code);
		SAY("certificate refused");
		if (text)
			SAY(": %s", text);
		else if (code)
			SAY(": X509 error %u", code);
		break;
	default:
		break;
	}
}

static void say_unfinished(char *buf, size_t size, const struct diagnosis *d, const char *endpoint,
			   const char *dur)
{
	if (!d->end_ns)
		SAY("%s accepts connections, but the TLS handshake %s for %s", endpoint,
		    d->tls.answered ? "has not finished" : "is not answered", dur);
	else if (d->tls.end == REQUEST_TIMEOUT)
		SAY("%s accepts connections, but did not %s the TLS handshake within %s", endpoint,
		    d->tls.answered ? "finish" : "answer", dur);
	else
		SAY("%s %s the connection in the TLS handshake", endpoint, end_of(d->tls.end));
}

void message__tls_headline(char *buf, size_t size, const struct diagnosis *d, const char *endpoint,
			   const char *dur)
{
	const char *text;

	switch (d->tls.trouble) {
	case TLS_LEFT:
		SAY("Patroni closes the connection to %s right after the TLS handshake: it rejects what it was shown",
		    endpoint);
		break;
	case TLS_REFUSED:
		SAY("%s closes the connection right after the TLS handshake: it rejects what Patroni presents",
		    endpoint);
		break;
	case TLS_HIDDEN_ALERT:
		SAY("Patroni breaks off the TLS handshake with %s", endpoint);
		break;
	case TLS_PROTOCOL:
		SAY("TLS with %s fails: ", endpoint);
		message__tls_error(buf, size, d->tls.trouble, d->tls.code, d->tls.end);
		break;
	case TLS_ALERT_SENT:
		SAY("Patroni refuses TLS with %s: ", endpoint);
		say_alert(buf, size, d->tls.code);
		break;
	case TLS_ALERT_RECEIVED:
		SAY("%s refuses TLS with Patroni: ", endpoint);
		say_alert(buf, size, d->tls.code);
		break;
	case TLS_BAD_CERTIFICATE:
		text = tls_verify_text(d->tls.code);
		SAY("Patroni does not accept the certificate of %s", endpoint);
		if (text)
			SAY(": %s", text);
		break;
	default:
		say_unfinished(buf, size, d, endpoint, dur);
	}
}

static void hint_of_certificate(char *buf, size_t size, unsigned int verify)
{
	switch (verify) {
	case V_NOT_YET:
	case V_EXPIRED:
		SAY("Give that etcd a valid certificate, and check the clocks of both hosts.");
		break;
	case V_HOST:
	case V_ADDRESS:
		SAY("Patroni's configuration calls this etcd by a name that its certificate does not have: use one that it has, or add it as a subjectAltName.");
		break;
	default:
		SAY("Check that `cacert` in Patroni's etcd section is the CA that signed that etcd's certificate.");
	}
}

static void hint_of_client_certificate(char *buf, size_t size)
{
	SAY("etcd does not accept Patroni's client certificate: check `cert` and `key` in Patroni's etcd section (expired? signed by etcd's trusted CA?), and that etcd's log.");
}

void message__hint_tls(char *buf, size_t size, const struct member *m)
{
	const struct diagnosis *d = &m->stall.diagnosis;

	switch (d->tls.trouble) {
	case TLS_BAD_CERTIFICATE:
		hint_of_certificate(buf, size, d->tls.code);
		break;
	case TLS_LEFT:
	case TLS_HIDDEN_ALERT:
		SAY("See Patroni's log for the reason: most likely that etcd's certificate has expired, is for another name, or is signed by another CA than `cacert`.");
		break;
	case TLS_REFUSED:
		hint_of_client_certificate(buf, size);
		break;
	case TLS_ALERT_SENT:
	case TLS_ALERT_RECEIVED:
		if (!is_about_certificate(d->tls.code))
			SAY("Check the TLS versions and ciphers that both sides allow, and that etcd's log for the reason.");
		else if (d->tls.trouble == TLS_ALERT_SENT)
			hint_of_certificate(buf, size,
					    d->tls.code == A_BAD_CERTIFICATE + 3 ? V_EXPIRED : 0);
		else
			hint_of_client_certificate(buf, size);
		break;
	case TLS_PROTOCOL:
		SAY("Check that etcd serves TLS on that port, and `protocol` and the port in Patroni's etcd section.");
		break;
	default:
		SAY("It accepts the connection but does not complete the TLS handshake: check whether etcd on that host is stopped or overloaded, and what stands in between (a proxy, a firewall, something else on that port).");
	}
}
