// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * conn.c - records about sockets, turned into connects and exchanges.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "leasewatch/units.h"
#include "model/conn_private.h"
#include "model/member.h"

/* A request that follows its connect by less than this, on the same thread, is why it was made. */
#define CONNECT_FOR_REQUEST_NS (200 * NS_PER_MS)

void conn__set_busy(struct conn *c, bool busy)
{
	if (c->busy == busy)
		return;
	c->busy = busy;
	if (busy)
		TAILQ_INSERT_TAIL(&c->member->busy, c, busy_link);
	else
		TAILQ_REMOVE(&c->member->busy, c, busy_link);
}

void conn__drop_exchange(struct conn_table *t, struct conn *c)
{
	if (!t->spare)
		t->spare = c->exchange;
	else
		free(c->exchange);
	c->exchange = NULL;
	conn__set_busy(c, c->state != CONN_OPEN);
}

void conn__finish(struct conn_table *t, struct conn *c, enum request_outcome outcome,
		  uint64_t now_ns)
{
	/* What never showed itself to be a request to etcd is nobody's business. */
	if (c->exchange->rpc != ETCD_RPC_UNKNOWN)
		t->listener->finished(t->ctx, c, outcome, now_ns);
	conn__drop_exchange(t, c);
}

static void forget(struct conn_table *t, struct conn *c)
{
	if (c->exchange)
		conn__drop_exchange(t, c);
	if (c->tls.ended_ns)
		t->ending--;
	c->state = CONN_OPEN;
	conn__set_busy(c, false);
	HASH_DEL(t->conns, c);
	free(c);
}

static struct conn *add(struct conn_table *t, const struct lw_event_sock *e)
{
	struct member *m = t->listener->member(t->ctx, e->event.tgid);
	struct conn *c;

	if (!m)
		return NULL;
	c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	c->cookie = e->event.cookie;
	c->member = m;
	c->address = endpoint_table__address(t->endpoints, e->daddr, e->dport);
	if (!c->address) {
		free(c);
		return NULL;
	}
	c->tid = e->event.tid;
	HASH_ADD(hh, t->conns, cookie, sizeof(c->cookie), c);
	return c;
}

static enum connect_outcome connect_outcome_of(const struct lw_event_sock *e)
{
	switch (e->err) {
	case 0:
	case ETIMEDOUT:
		return CONNECT_TIMEOUT;
	case ECONNREFUSED:
		return CONNECT_REFUSED;
	case ECONNRESET:
		return CONNECT_RESET;
	default:
		return CONNECT_UNREACHABLE;
	}
}

void conn__close(struct conn_table *t, struct conn *c, enum request_outcome outcome,
		 uint64_t now_ns)
{
	conn_tls__end(t, c, outcome, now_ns);
	if (c->exchange) {
		/* Patroni ends its endless watches whenever it likes. */
		if (etcd_rpc_is_watch(c->exchange->rpc) && outcome == REQUEST_TIMEOUT &&
		    c->exchange->first_byte_ns)
			outcome = REQUEST_OK;
		conn__finish(t, c, outcome, now_ns);
	}
	forget(t, c);
}

/* The connection has ended, or ends here as far as Patroni is concerned. */
static void on_close(struct conn_table *t, struct conn *c, const struct lw_event_sock *e)
{
	uint64_t now = e->event.ts_ns;
	enum request_outcome outcome = e->err == ETIMEDOUT ? REQUEST_TIMEOUT
				       : e->err		   ? REQUEST_RESET
				       : c->peer_closed_ns ? REQUEST_CLOSED
							   : REQUEST_TIMEOUT;

	if (c->state == CONN_CONNECTING) {
		t->listener->connect_failed(t->ctx, c, connect_outcome_of(e), now);
		forget(t, c);
	} else if (!conn_tls__lingers(t, c, outcome, now)) {
		conn__close(t, c, outcome, now);
	}
}

static void on_state(struct conn_table *t, struct conn *c, const struct lw_event_sock *e)
{
	switch (e->newstate) {
	case LW_TCP_SYN_SENT:
		c = add(t, e);
		if (!c)
			return;
		c->state = CONN_CONNECTING;
		c->connect_start_ns = e->event.ts_ns;
		conn__set_busy(c, true);
		break;
	case LW_TCP_ESTABLISHED:
		if (!c || c->state != CONN_CONNECTING)
			return;
		c->state = CONN_OPEN;
		c->connect_done_ns = e->event.ts_ns;
		conn__set_busy(c, false);
		break;
	case LW_TCP_CLOSE_WAIT:
		if (c)
			c->peer_closed_ns = e->event.ts_ns; /* its last words may still be unread */
		break;
	default:
		if (c)
			on_close(t, c, e);
	}
}

static void on_seed(struct conn_table *t, struct conn *c, const struct lw_event_sock *e)
{
	if (c)
		return;
	c = add(t, e);
	if (!c)
		return;
	c->adopted = true;
	c->state = e->newstate == LW_TCP_SYN_SENT ? CONN_CONNECTING : CONN_OPEN;
	c->connect_start_ns = e->event.ts_ns;
	conn__set_busy(c, c->state == CONN_CONNECTING);
}

bool conn__begin_exchange(struct conn_table *t, struct conn *c, const struct lw_event_data *e)
{
	c->exchange = t->spare ? t->spare : malloc(sizeof(*c->exchange));
	t->spare = NULL;
	if (!c->exchange)
		return false;
	c->requests++;
	exchange__begin(c->exchange, e->event.ts_ns - e->since_sent_us * 1000ULL, e->event.tid);
	memset(&c->tcp, 0, sizeof(c->tcp));
	/* A retransmission while connecting belongs to the first request's attempt. */
	if (conn__attempt_start(c) == c->exchange->start_ns)
		c->retrans_before = e->total_retrans;
	conn__set_busy(c, true);
	return true;
}

static void on_send(struct conn_table *t, struct conn *c, const struct lw_event_data *e)
{
	uint64_t now = e->event.ts_ns;
	size_t left = e->captured, total = e->len, taken;
	const uint8_t *at = e->payload;
	enum exchange_progress progress;

	/* A new request although the last answer was not seen to its end: we missed a part. */
	if (c->exchange && c->exchange->request_done)
		conn__finish(t, c, REQUEST_UNOBSERVED, now);
	if (!c->exchange && !conn__begin_exchange(t, c, e))
		return;
	do {
		progress = exchange__sent(c->exchange, now, at, left, total, &taken);
		if (progress == EXCHANGE_NAMED) {
			t->listener->named(t->ctx, c, now);
		} else if (progress == EXCHANGE_REQUESTED) {
			t->listener->requested(t->ctx, c, now);
			return;
		} else if (progress == EXCHANGE_LOST) {
			conn__finish(t, c, REQUEST_UNOBSERVED, now);
			return;
		}
		total -= taken;
		at += taken < left ? taken : left;
		left -= taken < left ? taken : left;
	} while (progress == EXCHANGE_NAMED);
}

static void on_receive(struct conn_table *t, struct conn *c, const struct lw_event_data *e)
{
	uint64_t now = e->event.ts_ns;
	struct exchange *x = c->exchange;
	size_t taken;

	if (!x)
		return; /* the end of an answer whose request was sent before us */
	if (!x->first_byte_ns)
		x->unread_ns = e->since_rx_us * 1000LL;
	switch (exchange__received(x, now, e->payload, e->captured, e->len, &taken)) {
	case EXCHANGE_ANSWERED:
		conn__finish(t, c, exchange__verdict(x), now);
		break;
	case EXCHANGE_LOST:
		conn__finish(t, c, REQUEST_UNOBSERVED, now);
		break;
	default:
		break;
	}
}

void conn__peer_closed(struct conn_table *t, struct conn *c, uint64_t now_ns)
{
	if (!c->exchange)
		return;
	if (exchange__peer_closed(c->exchange) == EXCHANGE_ANSWERED)
		conn__finish(t, c, exchange__verdict(c->exchange), now_ns);
	else
		conn__finish(t, c, REQUEST_CLOSED, now_ns);
}

/* The peer has closed, or reset, and Patroni knows: a send or receive says so. */
static void on_end(struct conn_table *t, struct conn *c, const struct lw_event_data *e)
{
	uint64_t now = e->event.ts_ns;

	enum request_outcome outcome = !e->len		      ? REQUEST_CLOSED
				       : -e->len == ETIMEDOUT ? REQUEST_TIMEOUT
							      : REQUEST_RESET;

	conn_tls__end(t, c, outcome, now);
	if (e->len >= 0)
		conn__peer_closed(t, c, now);
	else if (c->exchange)
		conn__finish(t, c, outcome, now);
}

static void on_data(struct conn_table *t, struct conn *c, const struct lw_event_data *e)
{
	c->srtt_us = e->srtt_us;
	c->total_retrans = e->total_retrans;
	if (e->event.type == LW_EVENT_TLS_SEND || e->event.type == LW_EVENT_TLS_RECV) {
		conn_tls__bytes(t, c, e);
		return;
	}
	if (e->len <= 0) {
		on_end(t, c, e);
		return;
	}
	conn_tls__plain(t, c, e->event.ts_ns);
	if (e->event.type == LW_EVENT_SEND)
		on_send(t, c, e);
	else
		on_receive(t, c, e);
}

static void on_tcp(struct conn *c, const struct lw_event_tcp *e)
{
	c->total_retrans = e->total_retrans;
	c->tcp = (struct tcp_evidence){
		.at_ns = e->event.ts_ns,
		.unacked_bytes = e->unacked_bytes,
		.unsent_bytes = e->unsent_bytes,
		.unread_bytes = e->unread_bytes,
		.retransmits = e->retransmits,
		.backoff = e->backoff,
		.since_rx_us = e->since_rx_us,
	};
}

void conn_table__event(struct conn_table *t, const struct lw_event *event)
{
	struct conn *c;

	HASH_FIND(hh, t->conns, &event->cookie, sizeof(event->cookie), c);
	switch (event->type) {
	case LW_EVENT_STATE:
		on_state(t, c, (const struct lw_event_sock *)event);
		break;
	case LW_EVENT_SEED:
		on_seed(t, c, (const struct lw_event_sock *)event);
		break;
	case LW_EVENT_SEND:
	case LW_EVENT_RECV:
	case LW_EVENT_TLS_SEND:
	case LW_EVENT_TLS_RECV:
		if (!c)
			return;
		on_data(t, c, (const struct lw_event_data *)event);
		conn_tls__settle(t, c, event->ts_ns);
		break;
	case LW_EVENT_TLS:
		if (!c)
			return;
		conn_tls__said(t, c, (const struct lw_event_tls *)event);
		conn_tls__settle(t, c, event->ts_ns);
		break;
	case LW_EVENT_RETRANSMIT:
	case LW_EVENT_SNAPSHOT:
		if (c)
			on_tcp(c, (const struct lw_event_tcp *)event);
		break;
	default:
		break;
	}
}

void conn_table__drop_member(struct conn_table *t, struct member *m, uint64_t now_ns)
{
	struct conn *c, *next;

	HASH_ITER(hh, t->conns, c, next) {
		if (c->member != m)
			continue;
		if (c->exchange)
			conn__finish(t, c, REQUEST_UNOBSERVED, now_ns);
		forget(t, c);
	}
}

void conn_table__clear(struct conn_table *t)
{
	struct conn *c, *next;

	HASH_ITER(hh, t->conns, c, next)
		forget(t, c);
	free(t->spare);
	t->spare = NULL;
}

uint64_t conn__attempt_start(const struct conn *c)
{
	const struct exchange *x = c->exchange;
	uint64_t ready_ns = c->tls.done_ns ? c->tls.done_ns : c->connect_done_ns;

	if (!x || c->state != CONN_OPEN)
		return c->connect_start_ns;
	if (!c->connect_done_ns || c->requests > 1 || c->tid != x->tid ||
	    (int64_t)(x->start_ns - ready_ns) > CONNECT_FOR_REQUEST_NS)
		return x->start_ns;
	return c->connect_start_ns;
}

uint32_t conn__retransmits(const struct conn *c)
{
	return c->total_retrans - c->retrans_before;
}
