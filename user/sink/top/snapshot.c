// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * snapshot.c - a copy of a status, with strings of its own.
 */
#include <string.h>

#include "sink/top/snapshot.h"

static void keep_string(struct top_snapshot *s, const char **string)
{
	size_t size = *string ? strlen(*string) + 1 : 0;

	if (!size)
		return;
	if (size > sizeof(s->strings) - s->used) {
		*string = NULL;
		return;
	}
	memcpy(s->strings + s->used, *string, size);
	*string = s->strings + s->used;
	s->used += size;
}

static void keep_where(struct top_snapshot *s, struct finding_where *where)
{
	keep_string(s, &where->endpoint);
	keep_string(s, &where->address);
}

/* Evidence without a key says nothing; one that lost its text must not turn into a number. */
static void keep_evidence(struct top_snapshot *s, struct finding_stall *stall)
{
	size_t kept = 0;

	for (size_t i = 0; i < stall->evidence_len && i < EVIDENCE_MAX; i++) {
		struct evidence e = stall->evidence[i];
		bool is_text = e.text != NULL;

		keep_string(s, &e.key);
		keep_string(s, &e.text);
		if (e.key && is_text == (e.text != NULL))
			stall->evidence[kept++] = e;
	}
	stall->evidence_len = kept;
}

static void keep_member(struct top_snapshot *s, struct member_status *m)
{
	keep_string(s, &m->who.scope);
	keep_string(s, &m->who.member);
	keep_string(s, &m->who.role);
	keep_string(s, &m->who.version);
	keep_where(s, &m->where);
	if (!m->stalled) {
		memset(&m->stall, 0, sizeof(m->stall));
		memset(&m->stall_where, 0, sizeof(m->stall_where));
		return;
	}
	keep_where(s, &m->stall_where);
	keep_string(s, &m->stall.headline);
	keep_string(s, &m->stall.hint);
	keep_evidence(s, &m->stall);
}

void top_snapshot__take(struct top_snapshot *s, const struct status *from)
{
	struct status *to = &s->status;

	*to = *from;
	s->used = 0;
	for (size_t i = 0; i < to->members_len; i++)
		keep_member(s, &to->members[i]);
	for (size_t i = 0; i < to->endpoints_len; i++) {
		keep_where(s, &to->endpoints[i].where);
		keep_string(s, &to->endpoints[i].sentence);
		keep_string(s, &to->endpoints[i].oldest_rpc);
	}
}

static void grow(int64_t *age_ns, int64_t by)
{
	if (*age_ns >= 0)
		*age_ns += by;
}

void top_snapshot__advance(struct top_snapshot *s, uint64_t now_ns)
{
	struct status *st = &s->status;
	int64_t by = (int64_t)(now_ns - st->now_ns);

	if (by <= 0)
		return;
	st->now_ns = now_ns;
	for (size_t i = 0; i < st->members_len; i++) {
		if (st->members[i].remaining_ns != LW_UNKNOWN_REMAINING)
			st->members[i].remaining_ns -= by;
		grow(&st->members[i].since_sent_ns, by);
	}
	for (size_t i = 0; i < st->endpoints_len; i++)
		grow(&st->endpoints[i].oldest_ns, by);
	grow(&st->dns.oldest_ns, by);
}
