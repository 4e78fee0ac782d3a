// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cause.c - evidence in, cause out. The order in which evidence is weighed is DESIGN's table.
 */
#include <string.h>

#include "model/cause.h"
#include "model/cause_row.h"
#include "model/lease.h"

static void describe_tls(const struct conn *c, struct tls_evidence *out)
{
	const struct conn_tls *t = &c->tls;

	out->on = t->on;
	out->shaking = c->state == CONN_HANDSHAKE;
	out->answered = t->answered;
	out->trouble = t->trouble;
	out->end = t->end;
	out->code = t->code;
	memcpy(out->name, t->name, sizeof(out->name));
}

static void describe(const struct conn *c, struct diagnosis *out)
{
	const struct exchange *x = c->exchange;

	memset(out, 0, sizeof(*out));
	out->endpoint = c->address->endpoint;
	out->address = c->address;
	out->start_ns = conn__attempt_start(c);
	out->connecting = c->state == CONN_CONNECTING;
	out->rpc = x ? x->rpc : ETCD_RPC_UNKNOWN;
	out->refresh = x && exchange__is_refresh(x);
	out->retransmits = conn__retransmits(c);
	out->tcp_known = c->tcp.at_ns != 0;
	out->unacked_bytes = c->tcp.unacked_bytes;
	out->unsent_bytes = c->tcp.unsent_bytes;
	out->unread_bytes = c->tcp.unread_bytes;
	out->backoff = c->tcp.backoff;
	out->srtt_us = c->srtt_us;
	out->since_rx_ns = c->tcp.at_ns ? c->tcp.since_rx_us * NS_PER_US : LW_UNKNOWN;
	describe_tls(c, &out->tls);
}

/* Did the endpoint answer something else, since `since_ns`? */
static bool answered_since(const struct endpoint *e, uint64_t since_ns)
{
	for (int col = MATRIX_READ; col < MATRIX_COLUMNS; col++) {
		const struct matrix_entry *m = &e->matrix[col];

		if (col != MATRIX_KEEPALIVE && (m->cell == CELL_OK || m->cell == CELL_SLOW) &&
		    m->at_ns >= since_ns)
			return true;
	}
	return false;
}

/* Bytes that the peer's kernel has not acknowledged after this long did not get there. */
static enum cause cause_of_waiting(const struct conn *c)
{
	if (c->state == CONN_CONNECTING)
		return CAUSE_NETWORK_LOSS;
	if (c->tcp.unread_bytes)
		return CAUSE_LOCAL_DELAY;
	if (c->tcp.unacked_bytes || c->tcp.unsent_bytes)
		return CAUSE_NETWORK_LOSS;
	return c->state == CONN_HANDSHAKE ? CAUSE_TLS : CAUSE_ENDPOINT_SILENT;
}

/* Without a snapshot, what was sent again tells that it was lost. */
static enum cause cause_of_giving_up(const struct conn *c, const struct diagnosis *d)
{
	return !c->tcp.at_ns && d->retransmits ? CAUSE_NETWORK_LOSS : cause_of_waiting(c);
}

void cause__of_flight(const struct conn *c, uint64_t now_ns, struct diagnosis *out)
{
	(void)now_ns;
	describe(c, out);
	out->cause = cause_of_waiting(c);
	out->answers_reads = answered_since(out->endpoint, out->start_ns);
}

void cause__of_connect(const struct conn *c, enum connect_outcome outcome, uint64_t now_ns,
		       struct diagnosis *out)
{
	describe(c, out);
	out->end_ns = now_ns;
	out->connecting = true;
	out->reset = outcome == CONNECT_REFUSED || outcome == CONNECT_RESET;
	out->cause = out->reset ? CAUSE_CONNECT_REFUSED : CAUSE_NETWORK_LOSS;
}

void cause__of_handshake(const struct conn *c, uint64_t now_ns, struct diagnosis *out)
{
	describe(c, out);
	out->end_ns = now_ns;
	out->cause = CAUSE_TLS;
	if (c->tls.trouble < TLS_LEFT && c->tls.end == REQUEST_TIMEOUT)
		out->cause = cause_of_giving_up(c, out);
}

void cause__of_exchange(const struct conn *c, enum request_outcome outcome, uint64_t now_ns,
			struct diagnosis *out)
{
	const struct exchange *x = c->exchange;

	describe(c, out);
	out->end_ns = now_ns;
	switch (outcome) {
	case REQUEST_ERROR:
		out->cause = exchange__lease_is_lost(x) ? CAUSE_LEASE_LOST : CAUSE_ENDPOINT_ERROR;
		out->status = x->in.msg.status;
		out->error_code = x->response.error_code;
		out->error = x->response.error;
		memcpy(out->message, x->response.error_message, sizeof(out->message));
		out->answers_reads = true;
		break;
	case REQUEST_RESET:
	case REQUEST_CLOSED:
		/* An alert says why it ended. */
		out->cause = c->tls.trouble > TLS_LEFT ? CAUSE_TLS : CAUSE_CONNECTION_RESET;
		out->reset = outcome == REQUEST_RESET;
		break;
	case REQUEST_TIMEOUT:
		out->cause = cause_of_giving_up(c, out);
		out->answers_reads = answered_since(out->endpoint, out->start_ns);
		break;
	default:
		out->cause = CAUSE_UNKNOWN;
	}
}

static bool is_clear(const struct diagnosis *d)
{
	const struct cause_row *row = cause_row(d->cause);

	return d->end_ns && row->is_clear && row->is_clear(d);
}

/* A look-up that only hung, and now has an answer that says no. */
static bool says_more(const struct diagnosis *next, const struct diagnosis *current)
{
	return next->lookup.known && current->lookup.outcome == DNS_IN_FLIGHT &&
	       next->lookup.outcome != DNS_IN_FLIGHT && next->lookup.outcome != DNS_TIMEOUT;
}

/* That the silent one does not greet either is no news. */
static bool is_silent_too(const struct diagnosis *next, const struct diagnosis *current)
{
	return next->cause == CAUSE_TLS && next->tls.trouble < TLS_LEFT && !next->tls.answered &&
	       current->cause == CAUSE_ENDPOINT_SILENT && next->endpoint == current->endpoint;
}

bool cause__supersedes(const struct diagnosis *next, const struct diagnosis *current,
		       uint64_t now_ns)
{
	uint64_t until = next->end_ns ? next->end_ns : now_ns;
	int64_t patience;

	if (next->cause == CAUSE_UNKNOWN || is_silent_too(next, current))
		return false;
	if (next->cause == current->cause && next->endpoint == current->endpoint)
		return (next->error && !current->error) || says_more(next, current) ||
		       next->tls.trouble > current->tls.trouble;
	/* That nothing is sent between two tries is no news while the tries fail. */
	if (next->cause == CAUSE_NOT_ATTEMPTED)
		return current->cause == CAUSE_UNKNOWN || current->cause == CAUSE_LOCAL_DELAY;
	if (is_clear(next) || next->endpoint != current->endpoint || !is_clear(current))
		return true;
	/*
	 * The same endpoint hangs again, or the next try at it was given up: news only when that
	 * takes longer than the clear answer did.
	 */
	patience = (int64_t)(current->end_ns - current->start_ns) + NS_PER_S;
	return (int64_t)(until - next->start_ns) > patience;
}
