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
#include "leasewatch/units.h"
#include "model/conn_tls.h"

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

static void note_trouble(struct conn_tls *t, enum tls_trouble trouble, unsigned int code)
{
	if (trouble <= t->trouble)
		return;
	t->trouble = trouble;
	t->code = code;
}

void conn_tls__begin(struct conn_tls *t, uint64_t now_ns)
{
	t->start_ns = now_ns;
	t->shaking = true;
}

static void handshake_done(struct conn_tls *t, uint64_t now_ns)
{
	if (!t->shaking)
		return;
	t->shaking = false;
	t->done_ns = now_ns;
	if (t->trouble == TLS_HIDDEN_ALERT)
		t->trouble = TLS_NO_TROUBLE; /* it was something else */
}

static enum conn_tls_progress on_handshake(struct conn_tls *t, const struct tls_piece *p)
{
	if (p->at || !p->captured || p->bytes[0] != TLS_CLIENT_HELLO || t->start_ns)
		return CONN_TLS_NOTHING;
	tls_client_hello_name(p->bytes, p->captured, t->name);
	return CONN_TLS_GREETED;
}

/* Only what is in the clear can be told from another one. */
static void on_alert(struct conn_tls *t, const struct tls_piece *p, bool sent)
{
	if (p->len == 2 && !p->at && p->captured == 2 && p->bytes[0] == ALERT_FATAL)
		note_trouble(t, sent ? TLS_ALERT_SENT : TLS_ALERT_RECEIVED, p->bytes[1]);
}

static enum conn_tls_progress on_data_sent(struct conn_tls *t, const struct conn_tls_bytes *in,
					   bool alert)
{
	if (!t->shaking)
		return in->shaking || alert ? CONN_TLS_NOTHING : CONN_TLS_REQUESTED;
	if (alert)
		note_trouble(t, TLS_HIDDEN_ALERT, 0);
	else
		handshake_done(t, in->now_ns);
	return CONN_TLS_NOTHING;
}

static enum conn_tls_progress on_tls_piece(struct conn_tls *t, const struct conn_tls_bytes *in,
					   const struct tls_piece *p)
{
	bool alert = p->len <= ALERT_BODY_MAX;

	if (p->type == TLS_CONTENT_ALERT)
		on_alert(t, p, in->sent);
	else if (p->type == TLS_CONTENT_HANDSHAKE && in->sent)
		return on_handshake(t, p);
	else if (p->type == TLS_CONTENT_DATA && in->sent)
		return on_data_sent(t, in, alert);
	else if (p->type == TLS_CONTENT_DATA && !alert)
		return CONN_TLS_ANSWERED;
	return CONN_TLS_NOTHING;
}

enum conn_tls_progress conn_tls__take(struct conn_tls *t, struct conn_tls_bytes *in)
{
	enum conn_tls_progress progress = CONN_TLS_NOTHING;
	struct tls_piece piece;
	size_t used;

	t->on = true;
	if (!in->sent)
		t->answered = true;
	while (in->total && progress == CONN_TLS_NOTHING) {
		enum tls_status status = tls_feed(in->sent ? &t->sent : &t->received, in->at,
						  in->captured, in->total, &used, &piece);

		if (status == TLS_PIECE)
			progress = on_tls_piece(t, in, &piece);
		else if (status == TLS_LOST && !in->sent && !in->shaking)
			progress = CONN_TLS_ANSWERED;
		in->total -= used;
		used = used < in->captured ? used : in->captured;
		in->captured -= used;
		in->at += used;
	}
	return progress;
}

static enum conn_tls_progress on_tls_error(struct conn_tls *t, const struct lw_event_tls *e)
{
	unsigned int code = 0;

	switch (tls_openssl_error(e->code, &code)) {
	case TLS_OPENSSL_CERTIFICATE:
		note_trouble(t, TLS_BAD_CERTIFICATE, t->verify);
		return CONN_TLS_TROUBLED;
	case TLS_OPENSSL_ALERT:
		note_trouble(t, TLS_ALERT_RECEIVED, code);
		return CONN_TLS_TROUBLED;
	case TLS_OPENSSL_PROTOCOL:
		note_trouble(t, TLS_PROTOCOL, code);
		return CONN_TLS_TROUBLED;
	default:
		return CONN_TLS_NOTHING;
	}
}

enum conn_tls_progress conn_tls__said(struct conn_tls *t, const struct lw_event_tls *e)
{
	switch (e->what) {
	case LW_TLS_HANDSHAKE:
		handshake_done(t, e->event.ts_ns);
		return CONN_TLS_SHAKEN;
	case LW_TLS_VERIFY:
		t->verify = (unsigned int)e->code;
		return CONN_TLS_NOTHING;
	case LW_TLS_UNTIED:
		t->untied = true;
		return CONN_TLS_NOTHING;
	case LW_TLS_CLOSED:
		return CONN_TLS_CLOSED;
	case LW_TLS_ERROR:
		return on_tls_error(t, e);
	default:
		return CONN_TLS_NOTHING;
	}
}

void conn_tls__plain(struct conn_tls *t, uint64_t now_ns)
{
	t->plain = true;
	handshake_done(t, now_ns);
}

/*
 * Closed right after the handshake by one that has seen something it does not like: Patroni, before
 * it has asked for anything; or the endpoint, before it was asked.
 */
static void judge_parting(struct conn_tls *t, const struct conn_tls_end *end)
{
	if (!t->done_ns || end->requests > 1)
		return;
	if (end->how == REQUEST_TIMEOUT) {
		if (!end->requests && end->now_ns - t->done_ns < LEFT_WITHIN_NS)
			note_trouble(t, TLS_LEFT, 0);
	} else if (end->peer_closed_ns && end->peer_closed_ns - t->start_ns < LEFT_WITHIN_NS &&
		   (!end->exchange || end->peer_closed_ns <= end->exchange->start_ns)) {
		note_trouble(t, TLS_REFUSED, 0);
	}
}

bool conn_tls__end(struct conn_tls *t, const struct conn_tls_end *end)
{
	if (!t->on)
		return false;
	t->end = end->how;
	if (t->shaking)
		note_trouble(t, t->answered ? TLS_UNFINISHED : TLS_UNANSWERED, 0);
	else if (!end->requests || end->exchange)
		judge_parting(t, end);
	return t->shaking || (t->trouble && !end->requests);
}

bool conn_tls__lingers(const struct conn_tls *t, enum request_outcome how)
{
	return t->on && !t->told && how != REQUEST_TIMEOUT;
}

bool conn_tls__has_lingered(const struct conn_tls *t, uint64_t now_ns)
{
	return t->ended_ns && now_ns - t->ended_ns > LINGER_NS;
}
