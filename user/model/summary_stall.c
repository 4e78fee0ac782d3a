// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * summary_stall.c - the summary's list of stalls: one entry from a stall's begin to its end.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/summary_private.h"

static struct summary_stall *find_stall(struct summary_private *p, uint64_t id)
{
	struct summary *s = &p->pub;

	for (size_t i = s->stall_list_len; i-- > p->run;)
		if (s->stall_list[i].stall_id == id)
			return &s->stall_list[i];
	return NULL;
}

static int make_room(struct summary_private *p)
{
	struct summary *s = &p->pub;
	struct summary_stall *more;
	size_t cap = p->stalls_cap ? 2 * p->stalls_cap : 4;

	if (s->stall_list_len == SUMMARY_STALLS_MAX) {
		if (p->run)
			p->run--;
		else if (s->stall_list[0].stall_id > p->forgotten_id)
			p->forgotten_id = s->stall_list[0].stall_id;
		s->stall_list_len--;
		memmove(s->stall_list, s->stall_list + 1,
			s->stall_list_len * sizeof(*s->stall_list));
		return 0;
	}
	if (s->stall_list_len < p->stalls_cap)
		return 0;
	more = realloc(s->stall_list, cap * sizeof(*more));
	if (!more)
		return -ENOMEM;
	s->stall_list = more;
	p->stalls_cap = cap;
	return 0;
}

static int begin_stall(struct summary_private *p, const struct finding *f)
{
	struct summary *s = &p->pub;
	struct summary_stall *st;
	int err = make_room(p);

	if (err)
		return err;
	st = &s->stall_list[s->stall_list_len++];
	memset(st, 0, sizeof(*st));
	st->stall_id = f->stall.stall_id;
	st->begin_ts_ns = f->ts_ns / 1000 * 1000;
	/* Its begin is in a log that we do not have; but its end says how long it was. */
	if (f->stall.phase == STALL_END && f->stall.duration_ns > 0 &&
	    (uint64_t)f->stall.duration_ns < f->ts_ns)
		st->begin_ts_ns -= (uint64_t)finding_round_us(f->stall.duration_ns);
	st->result = STALL_ONGOING;
	st->duration_ns = LW_UNKNOWN;
	st->begin_remaining_ns = LW_UNKNOWN_REMAINING;
	if (f->stall.phase == STALL_BEGIN)
		st->begin_remaining_ns = finding_round_us(f->stall.remaining_ns);
	st->worst_remaining_ns = LW_UNKNOWN_REMAINING;
	s->stalls++;
	return 0;
}

static int64_t worse(int64_t a, int64_t b)
{
	if (a == LW_UNKNOWN_REMAINING)
		return b;
	if (b == LW_UNKNOWN_REMAINING)
		return a;
	return a < b ? a : b;
}

static unsigned int elsewhere(const struct finding_stall *fs)
{
	for (size_t i = 0; i < fs->evidence_len; i++) {
		const struct evidence *e = &fs->evidence[i];

		if (!strcmp(e->key, "same_elsewhere") && !e->text && e->number > 0 &&
		    e->number < SUMMARY_ENDPOINTS_MAX)
			return (unsigned int)e->number;
	}
	return 0;
}

/* What was said before the end counts; the end itself may be all that is known. */
static void update_cause(struct summary_stall *st, const struct finding *f)
{
	const struct finding_stall *fs = &f->stall;

	if (fs->phase == STALL_END && st->cause != CAUSE_UNKNOWN)
		return;
	if (fs->cause != CAUSE_UNKNOWN && fs->cause != st->cause) {
		st->cause = fs->cause;
		st->elsewhere = 0;
	}
	if (elsewhere(fs) > st->elsewhere)
		st->elsewhere = elsewhere(fs);
	if (f->where.endpoint || f->where.address)
		finding_where_name(&f->where, st->endpoint, sizeof(st->endpoint));
	if (st->first_cause == CAUSE_UNKNOWN) {
		st->first_cause = st->cause;
		memcpy(st->first_endpoint, st->endpoint, sizeof(st->first_endpoint));
	}
}

static void update_stall(struct summary_stall *st, const struct finding *f)
{
	const struct finding_stall *fs = &f->stall;

	update_cause(st, f);
	if (f->who.role && !strcmp(f->who.role, "leader"))
		st->leader = true;
	if (fs->severity > st->severity)
		st->severity = fs->severity;
	if (f->who.member)
		snprintf(st->member, sizeof(st->member), "%s", f->who.member);
	else if (!st->member[0] && f->who.pid)
		snprintf(st->member, sizeof(st->member), "pid %u", f->who.pid);
	if (fs->phase == STALL_END) {
		st->result = fs->result;
		if (fs->duration_ns >= 0)
			st->duration_ns = finding_round_us(fs->duration_ns);
	}
}

/*
 * The least that was left of the lease, as far as this finding says. The end of a stall carries
 * what the new renewal gave; until then the lease kept running down from where it was at the
 * begin.
 */
static int64_t lowest_remaining(const struct summary_stall *st, const struct finding_stall *fs)
{
	int64_t lowest = finding_round_us(fs->remaining_ns);
	int64_t at_end;

	if (fs->phase != STALL_END)
		return lowest;
	if (!st || fs->duration_ns < 0 || st->begin_remaining_ns == LW_UNKNOWN_REMAINING)
		return fs->result == STALL_RECOVERED ? LW_UNKNOWN_REMAINING : lowest;
	if (__builtin_sub_overflow(st->begin_remaining_ns, finding_round_us(fs->duration_ns),
				   &at_end))
		return lowest;
	return worse(lowest, at_end);
}

int summary__add_stall(struct summary_private *p, const struct finding *f)
{
	struct summary *s = &p->pub;
	struct summary_stall *st = find_stall(p, f->stall.stall_id);
	int64_t remaining;

	if (!st && (f->stall.stall_id > p->forgotten_id || !f->stall.stall_id)) {
		int err = begin_stall(p, f);

		if (err)
			return err;
		st = &s->stall_list[s->stall_list_len - 1];
	}
	remaining = lowest_remaining(st, &f->stall);
	if (st) {
		update_stall(st, f);
		st->worst_remaining_ns = worse(st->worst_remaining_ns, remaining);
	}
	s->worst_remaining_ns = worse(s->worst_remaining_ns, remaining);
	return 0;
}

const char *summary_stall__where(const struct summary_stall *st, char *buf, size_t size)
{
	if (st->elsewhere)
		snprintf(buf, size, "%s and %u more", st->endpoint, st->elsewhere);
	else
		snprintf(buf, size, "%s", st->endpoint);
	return buf;
}

void summary__finish_stalls(struct summary_private *p)
{
	struct summary *s = &p->pub;

	for (size_t i = p->run; i < s->stall_list_len; i++) {
		struct summary_stall *st = &s->stall_list[i];
		int64_t at_end;

		if (st->result != STALL_ONGOING || st->begin_remaining_ns == LW_UNKNOWN_REMAINING ||
		    __builtin_sub_overflow(st->begin_remaining_ns,
					   (int64_t)(s->end_ts_ns - st->begin_ts_ns), &at_end))
			continue;
		st->worst_remaining_ns = worse(st->worst_remaining_ns, at_end);
		s->worst_remaining_ns = worse(s->worst_remaining_ns, at_end);
	}
}
