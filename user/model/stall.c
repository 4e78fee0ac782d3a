// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * stall.c - the rules by which a missing refresh becomes a stall, and what changes while it lasts.
 */
#include "model/stall.h"

/* A refresh counts as due a little before its usual time: Patroni's loop is not a metronome. */
bool stall__refresh_is_due(const struct lease *l, uint64_t now_ns)
{
	int64_t since = now_ns - l->last_sent;

	return !l->last_sent || !l->last_was_ok || since >= lease__cadence_ns(l) / 10 * 9;
}

bool stall__concerns_refresh(const struct diagnosis *d)
{
	/* Of one that cannot be read, nobody knows. */
	return d->refresh || d->rpc == ETCD_RPC_TLS;
}

static bool flight_hangs(const struct stall_inputs *in)
{
	return in->flight && in->flight_is_settled &&
	       (int64_t)(in->now_ns - in->flight->start_ns) > in->stall_after_ns;
}

/*
 * A failed refresh counts at once (lease lost), or when no good one follows. Another failure of the
 * renewing thread counts when it stands in the way of a refresh whose usual time has passed.
 */
static bool failure_counts(const struct lease *l, const struct stall_inputs *in)
{
	const struct diagnosis *f = in->failure;

	if (!f)
		return false;
	if (f->cause == CAUSE_LEASE_LOST)
		return true;
	if ((int64_t)(in->now_ns - f->end_ns) < STALL_GRACE_NS)
		return false;
	return stall__concerns_refresh(f) || !l->last_sent || !l->last_was_ok ||
	       (int64_t)(in->now_ns - l->last_sent) > lease__cadence_ns(l) + STALL_GRACE_NS;
}

/* The diagnosis that holds now, or false when nothing is wrong. */
static bool diagnose(const struct lease *l, const struct stall_inputs *in, struct diagnosis *out)
{
	if (flight_hangs(in))
		*out = *in->flight;
	else if (failure_counts(l, in))
		*out = *in->failure;
	else if (lease__is_overdue(l, in->now_ns) && !in->flight)
		*out = (struct diagnosis){.cause = CAUSE_NOT_ATTEMPTED};
	else
		return false;
	return true;
}

static enum stall_severity severity_of(const struct lease *l, const struct stall_inputs *in)
{
	int64_t remaining = lease__remaining_ns(l, in->now_ns);

	if (remaining == LW_UNKNOWN_REMAINING)
		return STALL_WARNING;
	if (remaining <= 0)
		return STALL_EXPIRED;
	if (in->replica)
		return STALL_WARNING; /* the cluster keeps its primary */
	return lease_is_short(remaining, l->ttl_s) ? STALL_CRITICAL : STALL_WARNING;
}

/* An answer that says no, where before there was only waiting. */
static bool says_why(const struct diagnosis *d)
{
	return d->error || d->tls.trouble >= TLS_LEFT ||
	       (d->lookup.known && d->lookup.outcome != DNS_IN_FLIGHT &&
		d->lookup.outcome != DNS_TIMEOUT);
}

/* Take the diagnosis over. True when it says what has not been told yet in this stall. */
static bool take(struct stall *s, const struct diagnosis *next)
{
	bool why = says_why(next);

	s->diagnosis = *next;
	for (size_t i = 0; i < s->told_len; i++) {
		struct stall_told *t = &s->told[i];

		if (t->cause != next->cause || t->endpoint != next->endpoint)
			continue;
		if (t->why || !why)
			return false;
		t->why = true;
		return true;
	}
	if (s->told_len == STALL_TOLD_MAX)
		return false;
	s->told[s->told_len++] =
		(struct stall_told){.cause = next->cause, .endpoint = next->endpoint, .why = why};
	return true;
}

enum stall_news stall__evaluate(struct stall *s, const struct lease *l,
				const struct stall_inputs *in)
{
	enum stall_news news = STALL_NO_NEWS;
	enum stall_severity severity = severity_of(l, in);
	struct diagnosis next;
	bool wrong = diagnose(l, in, &next);

	if (!s->active) {
		if (!wrong)
			return STALL_NO_NEWS;
		s->active = true;
		s->begin_ns = in->now_ns;
		s->severity = severity;
		s->told_len = 0;
		take(s, &next);
		return STALL_NEWS_BEGIN;
	}
	if (wrong && cause__supersedes(&next, &s->diagnosis, in->now_ns) && take(s, &next))
		news = STALL_NEWS_UPDATE;
	if (severity > s->severity) {
		s->severity = severity;
		news = STALL_NEWS_UPDATE;
	}
	return news;
}

enum stall_result stall__result(const struct stall *s, int64_t remaining_ns, bool replaced,
				bool exited)
{
	bool passed = remaining_ns != LW_UNKNOWN_REMAINING && remaining_ns <= 0;

	if (exited)
		return STALL_EXITED;
	if (passed && (replaced || s->diagnosis.cause == CAUSE_LEASE_LOST))
		return STALL_RESULT_EXPIRED;
	return STALL_RECOVERED;
}
