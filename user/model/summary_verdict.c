// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * summary_verdict.c - the summary in one sentence.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/append.h"
#include "base/append.h"
#include "model/human.h"
#include "model/summary.h"

ENUM_NAMES(verdict_names, VERDICT_NO_TRAFFIC + 1, [VERDICT_HEALTHY] = "healthy",
	   [VERDICT_STALLED] = "stalled", [VERDICT_NO_TRAFFIC] = "no_traffic");

uint64_t summary_rpc__requests(const struct summary_rpc *r)
{
	uint64_t n = 0;

	for (size_t i = 0; i < REQUEST_OUTCOMES; i++)
		n += r->outcomes[i];
	return n;
}

uint64_t summary_rpc__failed(const struct summary_rpc *r)
{
	return summary_rpc__requests(r) - r->outcomes[REQUEST_OK] - r->outcomes[REQUEST_UNOBSERVED];
}

struct sentence {
	char *buf;
	size_t size;
};

#define SAY(...) text_append(out->buf, out->size, __VA_ARGS__)

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

struct totals {
	uint64_t requests, failed;
	int64_t slowest_refresh_ns; /* answered ones; -1 = none */
};

static struct totals add_up(const struct summary *s)
{
	struct totals t = {.slowest_refresh_ns = -1};

	for (size_t i = 0; i < s->endpoints_len; i++) {
		const struct summary_endpoint *e = &s->endpoints[i];

		t.requests += e->requests;
		t.failed += e->failed;
		for (size_t k = 0; k < e->rpcs_len; k++) {
			const struct summary_rpc *r = &e->rpcs[k];
			int64_t max_ns = histogram__quantile_ns(&r->latency, 1);

			if (summary__is_refresh(r->rpc) && max_ns > t.slowest_refresh_ns)
				t.slowest_refresh_ns = max_ns;
		}
	}
	return t;
}

static bool is_closer(const struct summary_stall *a, const struct summary_stall *b)
{
	return a->worst_remaining_ns != LW_UNKNOWN_REMAINING &&
	       (b->worst_remaining_ns == LW_UNKNOWN_REMAINING ||
		a->worst_remaining_ns < b->worst_remaining_ns);
}

/* One that is going on, then one of a leader, then the one that came closest to losing the lease.
 */
static bool is_worse(const struct summary_stall *a, const struct summary_stall *b)
{
	bool ongoing = a->result == STALL_ONGOING;

	if (ongoing != (b->result == STALL_ONGOING))
		return ongoing;
	return a->leader != b->leader ? a->leader : is_closer(a, b);
}

static const struct summary_stall *worst_stall(const struct summary *s)
{
	const struct summary_stall *worst = NULL;

	for (size_t i = 0; i < s->stall_list_len; i++)
		if (!worst || is_worse(&s->stall_list[i], worst))
			worst = &s->stall_list[i];
	return worst;
}

/* It began elsewhere, and in another way: then both have a part in it. */
static void say_beginning(struct sentence *out, const struct summary_stall *st)
{
	if (st->first_cause == st->cause || !strcmp(st->first_endpoint, st->endpoint))
		return;
	SAY(", after %s", enum_name(&cause_names, st->first_cause));
	if (st->first_endpoint[0])
		SAY(" at %s", st->first_endpoint);
}

/* How it ended. */
static void say_result(struct sentence *out, const struct summary_stall *st)
{
	static const char *const ends[STALL_RESULTS] = {
		[STALL_RECOVERED] = "recovered",
		[STALL_RESULT_EXPIRED] = "expired",
		[STALL_EXITED] = "Patroni exited",
		[STALL_ONGOING] = "still going on",
	};
	char d[HUMAN_BYTES];

	SAY("; %s", ends[st->result]);
	if (st->duration_ns >= 0 && st->result != STALL_ONGOING)
		SAY(" after %s", human_duration(d, st->duration_ns));
}

static void say_stalled(struct sentence *out, const struct summary *s)
{
	const struct summary_stall *w = worst_stall(s);
	char d[HUMAN_BYTES], where[SUMMARY_NAME_BYTES + 32];

	SAY("stalled: %" PRIu64 " stall%s", s->stalls, plural(s->stalls));
	if (!w) {
		SAY(".");
		return;
	}
	SAY("%s: %s", s->stalls == 1 ? "" : ", the worst", enum_name(&cause_names, w->cause));
	if (w->endpoint[0])
		SAY(" at %s", summary_stall__where(w, where, sizeof(where)));
	say_beginning(out, w);
	if (w->worst_remaining_ns == LW_UNKNOWN_REMAINING)
		SAY("; time left unknown");
	else if (w->worst_remaining_ns <= 0)
		SAY("; the lease ran out");
	else
		SAY("; %s of the lease left", human_duration(d, w->worst_remaining_ns));
	say_result(out, w);
	SAY(".");
}

static void say_healthy(struct sentence *out, const struct summary *s)
{
	struct totals t = add_up(s);
	char d[HUMAN_BYTES];

	SAY("healthy: no stall");
	if (s->refreshes) {
		SAY("; %" PRIu64 " of %" PRIu64 " lease renewal%s succeeded in %s", s->refreshes_ok,
		    s->refreshes, plural(s->refreshes),
		    human_duration(d, (int64_t)(s->end_ts_ns - s->begin_ts_ns)));
		if (t.slowest_refresh_ns >= 0)
			SAY(", the slowest in %s", human_duration(d, t.slowest_refresh_ns));
	} else if (s->tls_blind[0]) {
		SAY(" in %s, judging by timing alone",
		    human_duration(d, (int64_t)(s->end_ts_ns - s->begin_ts_ns)));
	} else {
		SAY("; no lease renewal was due in %s (only a leader renews)",
		    human_duration(d, (int64_t)(s->end_ts_ns - s->begin_ts_ns)));
	}
	if (t.failed)
		SAY("; but %" PRIu64 " of %" PRIu64 " requests failed", t.failed, t.requests);
	SAY(".");
}

void summary__verdict_sentence(const struct summary *s, char *buf, size_t size)
{
	struct sentence sentence = {.buf = buf, .size = size}, *out = &sentence;
	char d[HUMAN_BYTES];

	if (!size)
		return;
	buf[0] = '\0';
	switch (s->verdict) {
	case VERDICT_STALLED:
		say_stalled(out, s);
		break;
	case VERDICT_HEALTHY:
		say_healthy(out, s);
		break;
	case VERDICT_NO_TRAFFIC:
		SAY("nothing to judge: no request to etcd was seen in %s.",
		    human_duration(d, (int64_t)(s->end_ts_ns - s->begin_ts_ns)));
		break;
	}
	if (s->demotions == 1)
		SAY(" %s was demoted.", s->demoted);
	else if (s->demotions)
		SAY(" There were %" PRIu64 " demotions, the last one of %s.", s->demotions,
		    s->demoted);
	if (s->tls_blind[0])
		SAY(" TLS could not be read (%s): renewals could not be distinguished from other requests.",
		    s->tls_blind);
	if (s->events_lost)
		SAY(" %" PRIu64 " event%s lost: the counts are too low.", s->events_lost,
		    s->events_lost == 1 ? " was" : "s were");
}
