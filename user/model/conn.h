/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conn.h - the TCP connections of the watched processes, and the exchange that each one carries.
 *
 * Records in; connects, requests and their outcomes out, through a listener. Times are those of the
 * records: CLOCK_BOOTTIME nanoseconds.
 */
#ifndef LEASEWATCH_CONN_H
#define LEASEWATCH_CONN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <uthash.h>

#include "leasewatch/event.h"
#include "model/endpoint.h"
#include "model/exchange.h"
#include "protocol/tls.h"

struct member;

enum conn_state {
	CONN_CONNECTING,
	CONN_HANDSHAKE, /* connected; TLS is being agreed upon */
	CONN_OPEN,
};

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
	bool told;		    /* that it failed */
	uint64_t start_ns, done_ns; /* of the handshake; 0 = not seen */
	char name[TLS_NAME_BYTES];  /* the server that Patroni asks for, "" = not known */
	enum tls_trouble trouble;
	unsigned int code;
	enum request_outcome end; /* how the connection ended: timeout, reset or closed */
	uint64_t ended_ns;	  /* it has ended, but libssl may have the last word; 0 = no */
	unsigned int verify;	  /* the last thing that was wrong with the peer's certificate */
	struct tls_framer sent, received;
};

/* What the socket last said of itself; at_ns 0 = never asked. */
struct tcp_evidence {
	uint64_t at_ns;
	uint32_t unacked_bytes, unsent_bytes, unread_bytes, retransmits, backoff, since_rx_us;
};

struct conn {
	uint64_t cookie;
	struct member *member;
	struct address *address;
	enum conn_state state;
	bool adopted;		 /* was open before us */
	uint64_t peer_closed_ns; /* when the peer sent FIN; 0 = it has not */
	unsigned int requests;	 /* that we saw begin on it */
	uint32_t tid;		 /* of the thread that connected; 0 = not known */
	uint64_t connect_start_ns, connect_done_ns;
	uint32_t srtt_us;
	uint32_t total_retrans, retrans_before; /* now, and when the exchange or connect began */
	struct tcp_evidence tcp;
	struct conn_tls tls;
	struct exchange *exchange; /* in flight; NULL = idle */
	bool busy; /* connecting, agreeing, or an exchange is in flight: in the member's list */
	TAILQ_ENTRY(conn) busy_link;
	UT_hash_handle hh;
};

TAILQ_HEAD(conn_list, conn);

struct conn_listener {
	/* Whose socket is this? NULL: nobody's, forget it. */
	struct member *(*member)(void *ctx, uint32_t tgid);
	void (*connect_failed)(void *ctx, struct conn *c, enum connect_outcome outcome,
			       uint64_t now_ns);
	/* Is there an etcd at the other end, as far as is known? */
	bool (*is_etcd)(void *ctx, const struct conn *c);
	/* A TLS handshake has begun: c->tls.name. */
	void (*greeted)(void *ctx, struct conn *c, uint64_t now_ns);
	/* It failed, or what it led to was refused: c->tls.trouble. The connection is over. */
	void (*handshake_failed)(void *ctx, struct conn *c, uint64_t now_ns);
	void (*named)(void *ctx, struct conn *c, uint64_t now_ns);     /* EXCHANGE_NAMED */
	void (*requested)(void *ctx, struct conn *c, uint64_t now_ns); /* EXCHANGE_REQUESTED */
	/* c->exchange is still there; it is gone after. */
	void (*finished)(void *ctx, struct conn *c, enum request_outcome outcome, uint64_t now_ns);
};

struct conn_table {
	struct conn *conns;
	struct exchange *spare; /* one kept for the next request */
	unsigned int ending;	/* connections with tls.ended_ns */
	struct endpoint_table *endpoints;
	const struct conn_listener *listener;
	void *ctx;
};

/* A record about a socket. Unknown sockets of unknown processes are passed over. */
void conn_table__event(struct conn_table *t, const struct lw_event *event);

/* Time has passed. */
void conn_table__tick(struct conn_table *t, uint64_t now_ns);

/* The process is gone: its connections with it. What was in flight ends as unobserved. */
void conn_table__drop_member(struct conn_table *t, struct member *m, uint64_t now_ns);
void conn_table__clear(struct conn_table *t);

/* When the attempt that this connection carries began: a connect on behalf of its first request
 * counts. */
uint64_t conn__attempt_start(const struct conn *c);
/* Segments that had to be sent again during the attempt. */
uint32_t conn__retransmits(const struct conn *c);

#endif
