// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * engine_query.c - what the engine can be asked: how the members stand, and what it would like to
 * know.
 */
#include "model/engine_private.h"
#include "model/tell.h"

/* Ask the socket shortly before an attempt counts as hanging, then once a second while it does. */
#define EVIDENCE_BEFORE_NS (100 * NS_PER_MS)
#define EVIDENCE_AGE_NS	   NS_PER_S

uint64_t engine__wall_ns(const struct engine *e, uint64_t now_ns)
{
	return now_ns + e->config.wall_offset_ns;
}

struct engine_wants engine__wants(const struct engine *e, uint64_t now_ns)
{
	struct engine_wants wants = {0};
	struct member *m, *next;

	HASH_ITER(hh, e->members, m, next) {
		struct conn *c = member__attempt(m, now_ns);
		bool suspicious = m->stall.active || (!c && lease__is_overdue(&m->lease, now_ns));

		if (c && (int64_t)(now_ns - conn__attempt_start(c)) >
				 e->config.stall_after_ns - EVIDENCE_BEFORE_NS) {
			suspicious = true;
			if (c->state == CONN_OPEN && now_ns - c->tcp.at_ns > EVIDENCE_AGE_NS)
				wants.snapshot = true;
		}
		if (suspicious && now_ns - m->thread.at_ns > EVIDENCE_AGE_NS) {
			wants.thread_pid = m->pid;
			wants.thread_tid = m->refresh_tid;
		}
	}
	return wants;
}

size_t engine__members(const struct engine *e)
{
	return HASH_COUNT(e->members);
}

size_t engine__status(const struct engine *e, uint64_t now_ns, struct member_status *out,
		      size_t max)
{
	struct member *m, *next;
	size_t n = 0;

	HASH_ITER(hh, e->members, m, next) {
		const struct lease *l = &m->lease;

		if (n == max)
			break;
		out[n++] = (struct member_status){
			.who = tell__who(m),
			.where = tell__where(m->refresh_address, NULL),
			.lease_id = l->id,
			.ttl_s = l->ttl_s ? l->ttl_s : LW_UNKNOWN,
			.remaining_ns = lease__remaining_ns(l, now_ns),
			.cadence_ns =
				lease__cadence_is_learned(l) ? lease__cadence_ns(l) : LW_UNKNOWN,
			.since_sent_ns =
				l->last_sent ? (int64_t)(now_ns - l->last_sent) : LW_UNKNOWN,
			.stalled = m->stall.active,
		};
	}
	return n;
}
