// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * conn_table.c - records about sockets, turned into connects and exchanges.
 */
#include <errno.h>
#include <stdlib.h>

#include "leasewatch/units.h"
#include "model/conn_private.h"

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

/* As far as TLS is concerned. */
static void follow_handshake(struct conn *c)
{
	if (c->state != CONN_CONNECTING)
		conn__enter(c, c->tls.shaking ? CONN_HANDSHAKE : CONN_OPEN);
}

/* What the handshake led to, if anything, ends with it. */
static void fail_tls(struct conn_table *t, struct conn *c, uint64_t now_ns)
{
	if (c->tls.told)
		return;
	c->tls.told = true;
	if (c->exchange)
		conn__finish(t, c, REQUEST_CLOSED, now_ns);
	else
		t->listener->handshake_failed(t->ctx, c, now_ns);
	c->tls.shaking = false;
	follow_handshake(c);
}

static void end_tls(struct conn_table *t, struct conn *c, enum request_outcome how, uint64_t now_ns)
{
	struct conn_tls_end end = {
		.how = how,
		.now_ns = now_ns,
		.peer_closed_ns = c->peer_closed_ns,
		.requests = c->requests,
		.exchange = c->exchange,
	};

	if (c->state != CONN_CONNECTING && conn_tls__end(&c->tls, &end))
		fail_tls(t, c, now_ns);
}

static void close_conn(struct conn_table *t, struct conn *c, enum request_outcome outcome,
		       uint64_t now_ns)
{
	end_tls(t, c, outcome, now_ns);
	if (c->exchange) {
		/* Patroni ends its endless watches whenever it likes. */
		if (etcd_rpc_is_watch(c->exchange->rpc) && outcome == REQUEST_TIMEOUT &&
		    c->exchange->first_byte_ns)
			outcome = REQUEST_OK;
		conn__finish(t, c, outcome, now_ns);
	}
	conn_table__forget(t, c);
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
		conn_table__forget(t, c);
	} else if (!conn_tls__lingers(&c->tls, outcome)) {
		close_conn(t, c, outcome, now);
	} else if (!c->tls.ended_ns) {
		c->tls.ended_ns = now;
		c->tls.end = outcome;
		t->ending++;
	}
}

static void on_state(struct conn_table *t, struct conn *c, const struct lw_event_sock *e)
{
	switch (e->newstate) {
	case LW_TCP_SYN_SENT:
		c = conn_table__add(t, e);
		if (!c)
			return;
		c->connect_start_ns = e->event.ts_ns;
		conn__enter(c, CONN_CONNECTING);
		break;
	case LW_TCP_ESTABLISHED:
		if (!c || c->state != CONN_CONNECTING)
			return;
		c->connect_done_ns = e->event.ts_ns;
		conn__enter(c, CONN_OPEN);
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
	c = conn_table__add(t, e);
	if (!c)
		return;
	c->adopted = true;
	c->connect_start_ns = e->event.ts_ns;
	conn__enter(c, e->newstate == LW_TCP_SYN_SENT ? CONN_CONNECTING : CONN_OPEN);
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

	if (!x)
		return; /* the end of an answer whose request was sent before us */
	if (!x->first_byte_ns)
		x->unread_ns = e->since_rx_us * 1000LL;
	switch (exchange__received(x, now, e->payload, e->captured, e->len)) {
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

static void peer_closed(struct conn_table *t, struct conn *c, uint64_t now_ns)
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

	end_tls(t, c, outcome, now);
	if (e->len >= 0)
		peer_closed(t, c, now);
	else if (c->exchange)
		conn__finish(t, c, outcome, now);
}

static void on_greeted(struct conn_table *t, struct conn *c, uint64_t now_ns)
{
	if (!c->adopted && c->state == CONN_OPEN && !c->requests)
		conn_tls__begin(&c->tls, now_ns);
	follow_handshake(c);
	if (c->tls.name[0])
		t->listener->greeted(t->ctx, c, now_ns);
}

static void on_tls_data(struct conn_table *t, struct conn *c, const struct lw_event_data *e)
{
	struct conn_tls_bytes in = {
		.sent = e->event.type == LW_EVENT_TLS_SEND,
		.shaking = c->tls.shaking,
		.now_ns = e->event.ts_ns,
		.at = e->payload,
		.captured = e->captured,
		.total = (size_t)e->len,
	};
	enum conn_tls_progress progress;

	do {
		progress = conn_tls__take(&c->tls, &in);
		follow_handshake(c);
		if (progress == CONN_TLS_GREETED)
			on_greeted(t, c, e->event.ts_ns);
		else if (progress == CONN_TLS_REQUESTED)
			conn__begin_unreadable(t, c, e);
		else if (progress == CONN_TLS_ANSWERED)
			conn__finish_unreadable(t, c, e);
	} while (progress != CONN_TLS_NOTHING);
}

static void on_tls(struct conn_table *t, struct conn *c, const struct lw_event_tls *e)
{
	switch (conn_tls__said(&c->tls, e)) {
	case CONN_TLS_SHAKEN:
		conn__drop_unreadable(t, c);
		follow_handshake(c);
		break;
	case CONN_TLS_CLOSED:
		peer_closed(t, c, e->event.ts_ns);
		break;
	case CONN_TLS_TROUBLED:
		if (c->state == CONN_HANDSHAKE || c->exchange)
			fail_tls(t, c, e->event.ts_ns);
		break;
	default:
		break;
	}
}

/* A connection that has ended goes when libssl has had its word. */
static void settle(struct conn_table *t, struct conn *c, uint64_t now_ns)
{
	if (c->tls.ended_ns && (c->tls.told || (c->requests && !c->exchange)))
		close_conn(t, c, c->tls.end, now_ns);
}

void conn_table__tick(struct conn_table *t, uint64_t now_ns)
{
	struct conn *c, *next;

	if (!t->ending)
		return;
	HASH_ITER(hh, t->conns, c, next) {
		if (conn_tls__has_lingered(&c->tls, now_ns))
			close_conn(t, c, c->tls.end, now_ns);
	}
}

static void on_data(struct conn_table *t, struct conn *c, const struct lw_event_data *e)
{
	c->srtt_us = e->srtt_us;
	c->total_retrans = e->total_retrans;
	if (e->event.type == LW_EVENT_TLS_SEND || e->event.type == LW_EVENT_TLS_RECV) {
		on_tls_data(t, c, e);
		return;
	}
	if (e->len <= 0) {
		on_end(t, c, e);
		return;
	}
	if (c->tls.on) {
		conn__drop_unreadable(t, c);
		conn_tls__plain(&c->tls, e->event.ts_ns);
		follow_handshake(c);
	}
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
	if (c && event->type != LW_EVENT_SNAPSHOT)
		c->last_ns = event->ts_ns;
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
		settle(t, c, event->ts_ns);
		break;
	case LW_EVENT_TLS:
		if (!c)
			return;
		on_tls(t, c, (const struct lw_event_tls *)event);
		settle(t, c, event->ts_ns);
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
		conn_table__forget(t, c);
	}
}

void conn_table__clear(struct conn_table *t)
{
	struct conn *c, *next;

	HASH_ITER(hh, t->conns, c, next)
		conn_table__forget(t, c);
	free(t->spare);
	t->spare = NULL;
}
