/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conn_tls.h - TLS on one connection: its handshake, what went wrong with it, and requests by their
 * timing alone. Bytes in, what happened out; it knows no connection.
 */
#ifndef LEASEWATCH_CONN_TLS_H
#define LEASEWATCH_CONN_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "leasewatch/event.h"
#include "model/exchange.h"
#include "protocol/tls.h"

/* What went wrong with TLS on a connection, the more telling the later. */
enum tls_trouble {
	TLS_NO_TROUBLE,
	TLS_UNANSWERED,	     /* the handshake's end: the peer had said nothing, */
	TLS_UNFINISHED,	     /* or something, but not all */
	TLS_LEFT,	     /* Patroni closed right after the handshake, without a request */
	TLS_REFUSED,	     /* the endpoint closed right after the handshake, before a request */
	TLS_HIDDEN_ALERT,    /* Patroni sent an alert, encrypted */
	TLS_PROTOCOL,	     /* code: OpenSSL's reason */
	TLS_ALERT_SENT,	     /* by Patroni; code: the alert's description */
	TLS_ALERT_RECEIVED,  /* from the endpoint; code: the alert's description */
	TLS_BAD_CERTIFICATE, /* the endpoint's, says Patroni; code: X509_V_ERR_*, 0 = not known */
};

/* TLS on a connection, as far as it was seen. */
struct conn_tls {
	bool on;
	bool plain;		    /* what is inside is read */
	bool answered;		    /* the peer took part in the handshake */
	bool shaking;		    /* the handshake goes on */
	bool told;		    /* that it failed */
	bool untied;		    /* one too many: what is inside is not read */
	uint64_t start_ns, done_ns; /* of the handshake; 0 = not seen */
	char name[TLS_NAME_BYTES];  /* the server that Patroni asks for, "" = not known */
	enum tls_trouble trouble;
	unsigned int code;
	enum request_outcome end; /* how the connection ended: timeout, reset or closed */
	uint64_t ended_ns;	  /* it has ended, but libssl may have the last word; 0 = no */
	unsigned int verify;	  /* the last thing that was wrong with the peer's certificate */
	struct tls_framer sent, received;
};

enum conn_tls_progress {
	CONN_TLS_NOTHING,
	CONN_TLS_GREETED,   /* the client asks for a handshake; name */
	CONN_TLS_REQUESTED, /* something was sent that may be a request */
	CONN_TLS_ANSWERED,  /* something was received that may be an answer */
	CONN_TLS_SHAKEN,    /* libssl: the handshake is done */
	CONN_TLS_CLOSED,    /* libssl: the peer sends no more */
	CONN_TLS_TROUBLED,  /* libssl: something is wrong; trouble */
};

/* What was sent or received in one call, or the rest of it. */
struct conn_tls_bytes {
	bool sent;
	bool shaking; /* the handshake went on when the call was made */
	uint64_t now_ns;
	const uint8_t *at;
	size_t captured, total;
};

/* How the connection ends. */
struct conn_tls_end {
	enum request_outcome how; /* timeout, reset or closed */
	uint64_t now_ns, peer_closed_ns;
	unsigned int requests;		 /* that were seen on it */
	const struct exchange *exchange; /* in flight; NULL = none */
};

/* Takes bytes until something happens, or none are left: CONN_TLS_NOTHING. */
enum conn_tls_progress conn_tls__take(struct conn_tls *t, struct conn_tls_bytes *in);
/* LW_EVENT_TLS. */
enum conn_tls_progress conn_tls__said(struct conn_tls *t, const struct lw_event_tls *e);

/* The handshake that was asked for is watched from here on. */
void conn_tls__begin(struct conn_tls *t, uint64_t now_ns);
/* What is inside is about to be read. */
void conn_tls__plain(struct conn_tls *t, uint64_t now_ns);
/* True when that is the failure of the handshake, or of what it showed. */
bool conn_tls__end(struct conn_tls *t, const struct conn_tls_end *end);
/* The other side has closed or reset it. Has libssl still something to say about that? */
bool conn_tls__lingers(const struct conn_tls *t, enum request_outcome how);
/* It has had the time to say it. */
bool conn_tls__has_lingered(const struct conn_tls *t, uint64_t now_ns);

#endif
