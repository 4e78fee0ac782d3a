// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * text_summary_dns.c - the summary's lookups: how many, how long, through which nameserver.
 */
#include <inttypes.h>
#include <string.h>

#include "sink/text_private.h"

#define INDENT 5

/* The one that kept people waiting most: no answer is slower than any answer. */
static const struct summary_nameserver *slowest(const struct summary_dns *d)
{
	const struct summary_nameserver *worst = NULL;

	for (size_t i = 0; i < d->nameservers_len; i++) {
		const struct summary_lookups *q = &d->nameservers[i].queries;
		const struct summary_lookups *w = worst ? &worst->queries : NULL;

		if (!w || q->timeouts > w->timeouts ||
		    (q->timeouts == w->timeouts && histogram__quantile_ns(&q->latency, 1) >
							   histogram__quantile_ns(&w->latency, 1)))
			worst = &d->nameservers[i];
	}
	return worst;
}

static void put_count(struct text_out *o, uint64_t n, const char *one, const char *several)
{
	text_out__put(o, TONE_PLAIN, "%" PRIu64 " %s", n, n == 1 ? one : several);
}

static void put_lookup_counts(struct text_out *o, const struct summary_lookups *l, bool median)
{
	int64_t p50 = histogram__quantile_ns(&l->latency, 0.5);
	int64_t max = histogram__quantile_ns(&l->latency, 1);
	char d[HUMAN_BYTES];

	if (l->failed)
		text_out__put(o, TONE_BAD, ", %" PRIu64 " failed", l->failed);
	else if (l->count)
		text_out__put(o, TONE_PLAIN, ", none failed");
	if (l->timeouts)
		text_out__put(o, TONE_PLAIN, " (%" PRIu64 " unanswered)", l->timeouts);
	if (p50 >= 0 && median)
		text_out__put(o, TONE_PLAIN, ", p50 %s", human_duration_utf8(o->utf8, d, p50));
	if (max >= 0)
		text_out__put(o, TONE_PLAIN, ", max %s", human_duration_utf8(o->utf8, d, max));
	text_out__newline(o);
}

/* One line a name, the first that was said of it. */
static void put_unanswered(struct text_out *o, const struct summary_dns *d, size_t i)
{
	const struct summary_unanswered *u = &d->unanswered[i];
	const char *server = u->server;
	char time[16], t[HUMAN_BYTES];

	for (size_t k = 0; k < d->unanswered_len; k++) {
		if (strcmp(d->unanswered[k].name, u->name))
			continue;
		if (k < i)
			return;
		if (!server[0])
			server = d->unanswered[k].server;
	}
	text_out__to(o, INDENT);
	text_out__put(o, TONE_WARN, "%s: still no answer", u->name[0] ? u->name : "a name");
	if (server[0])
		text_out__put(o, TONE_WARN, " from %s", server);
	text_out__put(o, TONE_PLAIN, " at %s",
		      human_time(u->ts_ns, "%H:%M:%S", time, sizeof(time)));
	if (u->duration_ns >= 0)
		text_out__put(o, TONE_PLAIN, ", after %s",
			      human_duration_utf8(o->utf8, t, u->duration_ns));
	text_out__newline(o);
}

void text__summary_dns(struct text_out *o, const struct summary_dns *d)
{
	enum dns_source source = summary_dns__source(d);
	const struct summary_nameserver *n = slowest(d);

	if (!summary_dns__any(d))
		return;
	text_out__newline(o);
	o->indent = INDENT;
	text_out__put(o, TONE_BOLD, "DNS");
	text_out__to(o, INDENT);
	if (source == DNS_GETADDRINFO)
		put_count(o, d->ended[source].count, "lookup", "lookups");
	else
		put_count(o, d->ended[source].count, "query", "queries");
	put_lookup_counts(o, &d->ended[source], true);
	if (n) {
		text_out__to(o, INDENT);
		text_out__put(o, TONE_PLAIN, "slowest nameserver: %s, ", n->address);
		put_count(o, n->queries.count, "query", "queries");
		put_lookup_counts(o, &n->queries, false);
	}
	for (size_t i = 0; i < d->unanswered_len; i++)
		put_unanswered(o, d, i);
	o->indent = 0;
}
