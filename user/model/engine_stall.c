// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * engine_stall.c - is a member's lease being refreshed? Asked after everything that ends an
 * attempt, and whenever time has passed.
 */
#include <string.h>

#include "model/cause_lookup.h"
#include "model/engine_state.h"
#include "model/finding_fill.h"
#include "model/message.h"

/* Do without the socket's word when nobody brings it. */
#define EVIDENCE_PATIENCE_NS (150 * NS_PER_MS)

static void begin_or_update(struct engine *e, struct member *m, enum stall_news news,
			    const struct conn *flight, uint64_t now_ns)
{
	struct finding f = {0};
	struct message w;

	if (news == STALL_NEWS_BEGIN)
		m->stall.id = ++e->stalls;
	finding_fill__stall(&f, &w, m, news == STALL_NEWS_BEGIN ? STALL_BEGIN : STALL_UPDATE,
			    flight, now_ns);
	reporter__report(&e->reporter, &f, now_ns);
	engine__note_stall(e, m, now_ns);
}

static bool evidence_is_settled(const struct engine *e, const struct conn *c, uint64_t now_ns)
{
	int64_t age = now_ns - conn__attempt_start(c);

	return c->state == CONN_CONNECTING || c->tcp.at_ns ||
	       age > e->stall_after_ns + EVIDENCE_PATIENCE_NS;
}

void engine__evaluate(struct engine *e, struct member *m, uint64_t now_ns)
{
	struct conn *c = member__attempt(m, now_ns);
	const struct lookup *l = cause__awaited_lookup(&e->lookups, m, c, now_ns);
	struct diagnosis flight;
	struct stall_inputs in = {
		.now_ns = now_ns,
		.stall_after_ns = e->stall_after_ns,
		.failure = m->has_failure ? &m->failure : NULL,
		.replica = m->role == ETCD_ROLE_REPLICA,
	};
	enum stall_news news;

	if (l) {
		cause__of_lookup(l, &e->endpoints, &flight);
		in.flight = &flight;
		in.flight_is_settled = true;
	} else if (c) {
		cause__of_flight(c, now_ns, &flight);
		in.flight = &flight;
		in.flight_is_settled = evidence_is_settled(e, c, now_ns);
	}
	news = stall__evaluate(&m->stall, &m->lease, &in);
	if (m->stall.active)
		member__thread_evidence(m, &m->stall.diagnosis);
	if (m->stall.active && diagnosis__is_held_up(&m->stall.diagnosis))
		m->lease.held_up = true;
	if (news != STALL_NO_NEWS)
		begin_or_update(e, m, news, c, now_ns);
}

void engine__end_stall(struct engine *e, struct member *m, enum stall_result result,
		       uint64_t now_ns)
{
	struct finding f = {0};
	struct message w;

	if (!m->stall.active)
		return;
	finding_fill__stall_end(&f, &w, m, result, now_ns);
	reporter__report(&e->reporter, &f, now_ns);
	m->stall.active = false;
}

void engine__fail_attempt(struct engine *e, struct member *m, const struct diagnosis *d,
			  uint64_t now_ns)
{
	if (d->cause == CAUSE_UNKNOWN)
		return;
	m->failed_attempts++;
	failures__add(&m->failures, d->cause, d->address);
	m->lease.held_up = true;
	m->failure = *d;
	m->has_failure = true;
	engine__evaluate(e, m, now_ns);
}
