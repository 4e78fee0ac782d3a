// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * conn.c - one connection, in its table, and the exchange that it carries.
 */
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "leasewatch/units.h"
#include "model/conn_private.h"

/* A request that follows its connect by less than this, on the same thread, is why it was made. */
#define CONNECT_FOR_REQUEST_NS (200 * NS_PER_MS)

void conn__enter(struct conn *c, enum conn_state state)
{
	bool busy = state != CONN_OPEN || c->exchange;

	c->state = state;
	if (c->busy == busy)
		return;
	c->busy = busy;
	if (busy)
		TAILQ_INSERT_TAIL(c->busy_list, c, busy_link);
	else
		TAILQ_REMOVE(c->busy_list, c, busy_link);
}

void conn__drop_exchange(struct conn_table *t, struct conn *c)
{
	if (!t->spare)
		t->spare = c->exchange;
	else
		free(c->exchange);
	c->exchange = NULL;
	t->exchanges--;
	conn__enter(c, c->state);
}

void conn__finish(struct conn_table *t, struct conn *c, enum request_outcome outcome,
		  uint64_t now_ns)
{
	/* What never showed itself to be a request to etcd is nobody's business. */
	if (c->exchange->rpc != ETCD_RPC_UNKNOWN)
		t->listener->finished(t->ctx, c, outcome, now_ns);
	conn__drop_exchange(t, c);
}

void conn_table__forget(struct conn_table *t, struct conn *c)
{
	if (c->exchange)
		conn__drop_exchange(t, c);
	if (c->tls.ended_ns)
		t->ending--;
	conn__enter(c, CONN_OPEN);
	HASH_DEL(t->conns, c);
	free(c);
}

static void make_room(struct conn_table *t, const struct conn *victim, uint64_t now_ns)
{
	struct conn *c;

	if (!victim)
		return;
	HASH_FIND(hh, t->conns, &victim->cookie, sizeof(victim->cookie), c);
	limits__hit(LIMIT_CONNECTIONS);
	if (c->exchange)
		conn__finish(t, c, REQUEST_UNOBSERVED, now_ns);
	conn_table__forget(t, c);
}

struct conn *conn_table__add(struct conn_table *t, const struct lw_event_sock *e)
{
	struct conn_list *busy;
	struct member *m = t->listener->owner(t->ctx, e->event.tgid, &busy);
	struct conn *c;

	if (!m)
		return NULL;
	make_room(t, conn_budget__connection(t, m), e->event.ts_ns);
	c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	c->cookie = e->event.cookie;
	c->last_ns = e->event.ts_ns;
	c->member = m;
	c->busy_list = busy;
	c->address = endpoint_table__address(t->endpoints, e->daddr, e->dport);
	if (!c->address) {
		free(c);
		return NULL;
	}
	c->tid = e->event.tid;
	HASH_ADD(hh, t->conns, cookie, sizeof(c->cookie), c);
	return c;
}

bool conn__begin_exchange(struct conn_table *t, struct conn *c, const struct lw_event_data *e)
{
	struct conn *victim = conn_budget__exchange(t, c);

	if (victim) {
		limits__hit(LIMIT_EXCHANGES);
		conn__finish(t, victim, REQUEST_UNOBSERVED, e->event.ts_ns);
	}
	c->exchange = t->spare ? t->spare : malloc(sizeof(*c->exchange));
	t->spare = NULL;
	if (!c->exchange)
		return false;
	t->exchanges++;
	c->requests++;
	exchange__begin(c->exchange, e->event.ts_ns - e->since_sent_us * 1000ULL, e->event.tid);
	memset(&c->tcp, 0, sizeof(c->tcp));
	/* A retransmission while connecting belongs to the first request's attempt. */
	if (conn__attempt_start(c) == c->exchange->start_ns)
		c->retrans_before = e->total_retrans;
	conn__enter(c, c->state);
	return true;
}

static bool is_unreadable(const struct conn *c)
{
	return c->exchange && c->exchange->rpc == ETCD_RPC_TLS;
}

void conn__begin_unreadable(struct conn_table *t, struct conn *c, const struct lw_event_data *e)
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

void conn__finish_unreadable(struct conn_table *t, struct conn *c, const struct lw_event_data *e)
{
	struct exchange *x = c->exchange;

	if (!is_unreadable(c))
		return;
	x->first_byte_ns = x->last_byte_ns = e->event.ts_ns;
	x->unread_ns = e->since_rx_us * NS_PER_US;
	conn__finish(t, c, REQUEST_OK, e->event.ts_ns);
}

void conn__drop_unreadable(struct conn_table *t, struct conn *c)
{
	if (!is_unreadable(c))
		return;
	conn__drop_exchange(t, c);
	c->requests = 0;
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
