// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * conn_budget.c - how many connections and exchanges are followed, and which one goes when there
 * are too many.
 */
#include "model/conn_private.h"

/* Better to lose: what is idle, and of that what was idle for longest. */
static const struct conn *worse_conn(const struct conn *a, const struct conn *b)
{
	if (!b || a->busy != b->busy)
		return !b || !a->busy ? a : b;
	return a->last_ns < b->last_ns ? a : b;
}

const struct conn *conn_budget__connection(const struct conn_table *t, const struct member *m)
{
	const struct conn *own = NULL, *any = NULL;
	const struct conn *c, *next;
	size_t count = 0;

	if (HASH_COUNT(t->conns) < CONNS_PER_MEMBER)
		return NULL;
	HASH_ITER(hh, t->conns, c, next) {
		any = worse_conn(c, any);
		if (c->member != m)
			continue;
		count++;
		own = worse_conn(c, own);
	}
	if (count >= CONNS_PER_MEMBER)
		return own;
	return HASH_COUNT(t->conns) >= CONNS_MAX ? any : NULL;
}

/* Better to lose: half a request, then what was quiet for longest. */
static struct conn *worse_exchange(struct conn *a, struct conn *b)
{
	if (!b)
		return a;
	if (a->exchange->request_done != b->exchange->request_done)
		return b->exchange->request_done ? a : b;
	return a->last_ns < b->last_ns ? a : b;
}

struct conn *conn_budget__exchange(const struct conn_table *t, const struct conn *c)
{
	struct conn *own = NULL, *any = NULL, *other, *next;
	size_t count = 0;

	TAILQ_FOREACH(other, c->busy_list, busy_link) {
		if (!other->exchange)
			continue;
		count++;
		own = worse_exchange(other, own);
	}
	if (count >= EXCHANGES_PER_MEMBER)
		return own;
	if (t->exchanges < EXCHANGES_MAX)
		return NULL;
	HASH_ITER(hh, t->conns, other, next) {
		if (other->exchange)
			any = worse_exchange(other, any);
	}
	return any;
}
