// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * conn_tls.c - a connection that speaks TLS: its handshake, what went wrong with it, and, where
 * nobody reads what is inside, exchanges by their timing alone.
 *
 * TLS 1.3 hides the end of the handshake: from its Finished on, what a client sends looks like
 * data. So without libssl's word the handshake counts as done with the first of it, and what comes
 * after it is taken for a request. The first answer may then be a session ticket, which a server
 * sends unasked: the first request of a connection can look answered when it is not.
 */
#include <string.h>

#include "model/conn_private.h"
#include "model/lease.h"

/*
 * An alert that TLS 1.3 hides as data, and nothing else that matters, is as short as this: two
 * bytes, one for the type, 16 that authenticate. The next longer is the empty answer of a client
 * that is asked for a certificate and has none, with 25 (RFC 8446 4.4.2, 5.2).
 */
#define ALERT_BODY_MAX 19

#define ALERT_FATAL    2

/* The kernel knows that a connection is over before libssl has read the last of it. */
#define LINGER_NS (100 * NS_PER_MS)

/* Who does not like what the handshake has shown closes at once. */
#define LEFT_WITHIN_NS NS_PER_S

static void note_trouble(struct conn *c, enum tls_trouble trouble, unsigned int code)
{
	if (trouble <= c->tls.trouble)
		return;
	c->tls.trouble = trouble;
	c->tls.code = code;
}

static void begin_handshake(struct conn *c, uint64_t now_ns)
{
	if (c->adopted || c->tls.start_ns || c->state != CONN_OPEN || c->requests)
		return;
	c->tls.start_ns = now_ns;
	c->state = CONN_HANDSHAKE;
	conn__set_busy(c, true);
}

static void end_handshake(struct conn *c)
{
	c->state = CONN_OPEN;
	conn__set_busy(c, c->exchange != NULL);
}

static void handshake_done(struct conn *c, uint64_t now_ns)
{
	if (c->state != CONN_HANDSHAKE)
		return;
	c->tls.done_ns = now_ns;
	if (c->tls.trouble == TLS_HIDDEN_ALERT)
		c->tls.trouble = TLS_NO_TROUBLE; /* it was something else */
	end_handshake(c);
}

/* What it led to, if anything, ends with it. */
static void fail(struct conn_table *t, struct conn *c, uint64_t now_ns)
{
	if (c->tls.told)
		return;
	c->tls.told = true;
	if (c->exchange)
		conn__finish(t, c, REQUEST_CLOSED, now_ns);
	else
		t->listener->handshake_failed(t->ctx, c, now_ns);
	end_handshake(c);
}

static void on_handshake(struct conn_table *t, struct conn *c, const struct tls_piece *p,
			 uint64_t now_ns)
{
	if (p->at || !p->captured || p->bytes[0] != TLS_CLIENT_HELLO || c->tls.start_ns)
		return;
	begin_handshake(c, now_ns);
	if (!tls_client_hello_name(p->bytes, p->captured, c->tls.name) && c->tls.name[0])
		t->listener->greeted(t->ctx, c, now_ns);
}

/* Only what is in the clear can be told from another one. */
static void on_alert(struct conn *c, const struct tls_piece *p, bool sent)
{
	if (p->len == 2 && !p->at && p->captured == 2 && p->bytes[0] == ALERT_FATAL)
		note_trouble(c, sent ? TLS_ALERT_SENT : TLS_ALERT_RECEIVED, p->bytes[1]);
}

/* A request that nobody can read. */
static void begin_blind(struct conn_table *t, struct conn *c, const struct lw_event_data *e)
{
	uint64_t now = e->event.ts_ns;

	if (c->exchange || c->tls.plain || !t->listener->is_etcd(t->ctx, c) ||
	    !conn__begin_exchange(t, c, e))
		return;
	c->exchange->rpc = ETCD_RPC_TLS;
	c->exchange->request.rpc = ETCD_RPC_TLS;
	c->exchange->request_done = true;
	t->listener->named(t->ctx, c, now);
	t->listener->requested(t->ctx, c, now);
}

static bool is_blind(const struct conn *c)
{
	return c->exchange && c->exchange->rpc == ETCD_RPC_TLS;
}

static void data_sent(struct conn_table *t, struct conn *c, const struct lw_event_data *e,
		      const struct tls_piece *p, bool shaking)
{
	bool alert = p->len <= ALERT_BODY_MAX;

	if (c->state == CONN_HANDSHAKE && alert)
		note_trouble(c, TLS_HIDDEN_ALERT, 0);
	else if (c->state == CONN_HANDSHAKE)
		handshake_done(c, e->event.ts_ns);
	else if (!shaking && !alert)
		begin_blind(t, c, e);
}

static void answered(struct conn_table *t, struct conn *c, const struct lw_event_data *e)
{
	struct exchange *x = c->exchange;

	if (!is_blind(c))
		return;
	x->first_byte_ns = x->last_byte_ns = e->event.ts_ns;
	x->unread_ns = e->since_rx_us * NS_PER_US;
	conn__finish(t, c, REQUEST_OK, e->event.ts_ns);
}

static void on_piece(struct conn_table *t, struct conn *c, const struct lw_event_data *e,
		     const struct tls_piece *p, bool shaking)
{
	bool sent = e->event.type == LW_EVENT_TLS_SEND;

	if (p->type == TLS_CONTENT_ALERT)
		on_alert(c, p, sent);
	else if (p->type == TLS_CONTENT_HANDSHAKE && sent)
		on_handshake(t, c, p, e->event.ts_ns);
	else if (p->type == TLS_CONTENT_DATA && sent)
		data_sent(t, c, e, p, shaking);
	else if (p->type == TLS_CONTENT_DATA && p->len > ALERT_BODY_MAX)
		answered(t, c, e);
}

void conn_tls__bytes(struct conn_table *t, struct conn *c, const struct lw_event_data *e)
{
	bool sent = e->event.type == LW_EVENT_TLS_SEND;
	struct tls_framer *f = sent ? &c->tls.sent : &c->tls.received;
	size_t captured = e->captured, total = (size_t)e->len, used;
	const uint8_t *at = e->payload;
	struct tls_piece piece;
	bool shaking = c->state == CONN_HANDSHAKE;

	c->tls.on = true;
	if (!sent)
		c->tls.answered = true;
	while (total) {
		enum tls_status status = tls_feed(f, at, captured, total, &used, &piece);

		if (status == TLS_PIECE)
			on_piece(t, c, e, &piece, shaking);
		else if (status == TLS_LOST && !sent && !shaking)
			answered(t, c, e);
		total -= used;
		used = used < captured ? used : captured;
		captured -= used;
		at += used;
	}
}

/* What was taken for a request was the handshake's last word, or is about to be told. */
static void not_blind(struct conn_table *t, struct conn *c)
{
	if (!is_blind(c))
		return;
	conn__drop_exchange(t, c);
	c->requests = 0;
}

void conn_tls__said(struct conn_table *t, struct conn *c, const struct lw_event_tls *e)
{
	uint64_t now = e->event.ts_ns;
	unsigned int code = 0;

	switch (e->what) {
	case LW_TLS_HANDSHAKE:
		not_blind(t, c);
		handshake_done(c, now);
		return;
	case LW_TLS_VERIFY:
		c->tls.verify = (unsigned int)e->code;
		return;
	case LW_TLS_CLOSED:
		conn__peer_closed(t, c, now);
		return;
	case LW_TLS_ERROR:
		break;
	default:
		return;
	}
	switch (tls_openssl_error(e->code, &code)) {
	case TLS_OPENSSL_CERTIFICATE:
		note_trouble(c, TLS_BAD_CERTIFICATE, c->tls.verify);
		break;
	case TLS_OPENSSL_ALERT:
		note_trouble(c, TLS_ALERT_RECEIVED, code);
		break;
	case TLS_OPENSSL_PROTOCOL:
		note_trouble(c, TLS_PROTOCOL, code);
		break;
	default:
		return;
	}
	if (c->state == CONN_HANDSHAKE || c->exchange)
		fail(t, c, now);
}

void conn_tls__plain(struct conn_table *t, struct conn *c, uint64_t now_ns)
{
	if (!c->tls.on)
		return;
	c->tls.plain = true;
	not_blind(t, c);
	handshake_done(c, now_ns);
}

/*
 * Closed right after the handshake by one that has seen something it does not like: Patroni, before
 * it has asked for anything; or the endpoint, before it was asked.
 */
static void judge_parting(struct conn *c, enum request_outcome how, uint64_t now_ns)
{
	const struct conn_tls *t = &c->tls;

	if (!t->done_ns || c->requests > 1)
		return;
	if (how == REQUEST_TIMEOUT) {
		if (!c->requests && now_ns - t->done_ns < LEFT_WITHIN_NS)
			note_trouble(c, TLS_LEFT, 0);
	} else if (c->peer_closed_ns && c->peer_closed_ns - t->start_ns < LEFT_WITHIN_NS &&
		   (!c->exchange || c->peer_closed_ns <= c->exchange->start_ns)) {
		note_trouble(c, TLS_REFUSED, 0);
	}
}

void conn_tls__end(struct conn_table *t, struct conn *c, enum request_outcome how, uint64_t now_ns)
{
	bool shaking = c->state == CONN_HANDSHAKE;

	if (!c->tls.on || c->state == CONN_CONNECTING)
		return;
	c->tls.end = how;
	if (shaking)
		note_trouble(c, c->tls.answered ? TLS_UNFINISHED : TLS_UNANSWERED, 0);
	else if (!c->requests || c->exchange)
		judge_parting(c, how, now_ns);
	if (shaking || (c->tls.trouble && !c->requests))
		fail(t, c, now_ns);
}

bool conn_tls__lingers(struct conn_table *t, struct conn *c, enum request_outcome how,
		       uint64_t now_ns)
{
	if (!c->tls.on || c->tls.told || how == REQUEST_TIMEOUT)
		return false;
	if (!c->tls.ended_ns) {
		c->tls.ended_ns = now_ns;
		c->tls.end = how;
		t->ending++;
	}
	return true;
}

void conn_tls__settle(struct conn_table *t, struct conn *c, uint64_t now_ns)
{
	if (c->tls.ended_ns && (c->tls.told || (c->requests && !c->exchange)))
		conn__close(t, c, c->tls.end, now_ns);
}

void conn_table__tick(struct conn_table *t, uint64_t now_ns)
{
	struct conn *c, *next;

	if (!t->ending)
		return;
	HASH_ITER(hh, t->conns, c, next) {
		if (c->tls.ended_ns && now_ns - c->tls.ended_ns > LINGER_NS)
			conn__close(t, c, c->tls.end, now_ns);
	}
}
