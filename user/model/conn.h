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
#include "model/conn_tls.h"
#include "model/exchange.h"

struct member;

enum conn_state {
	CONN_CONNECTING,
	CONN_HANDSHAKE, /* connected; TLS is being agreed upon */
	CONN_OPEN,
};

/* What the socket last said of itself; at_ns 0 = never asked. */
struct tcp_evidence {
	uint64_t at_ns;
	uint32_t unacked_bytes, unsent_bytes, unread_bytes, retransmits, backoff, since_rx_us;
};

TAILQ_HEAD(conn_list, conn);

/* What one process may have, and all of them. Beyond, the one that was idle for longest goes. */
#define CONNS_PER_MEMBER     256
#define CONNS_MAX	     4096
#define EXCHANGES_PER_MEMBER 64
#define EXCHANGES_MAX	     512

struct conn {
	uint64_t cookie;
	uint64_t last_ns; /* of the last record about it */
	struct member *member;
	struct conn_list *busy_list; /* the member's */
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

struct conn_listener {
	/* Whose socket is this, and where is the list of its busy ones? NULL: nobody's, forget it.
	 */
	struct member *(*owner)(void *ctx, uint32_t tgid, struct conn_list **busy);
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
	unsigned int exchanges; /* in flight */
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
