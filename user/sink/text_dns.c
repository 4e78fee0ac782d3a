// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * text_dns.c - look-ups of names: one that is worth a line, and what they came to in the end.
 */
#include <inttypes.h>
#include <string.h>

#include "sink/text_private.h"

/* A nameserver that is well answers within this, even one that has to ask another. */
#define SLOW_NS	       250000000

#define SUMMARY_INDENT 5

bool text__dns_matters(const struct finding *f)
{
	return f->dns.outcome == DNS_IN_FLIGHT || summary__dns_failed(f) ||
	       f->dns.duration_ns > SLOW_NS;
}

/* "no answer from 127.0.0.53 for 1.00 s" */
static void put_outcome(struct text_out *o, enum text_color color, const struct finding *f)
{
	static const struct {
		const char *what, *server, *duration;
	} words[DNS_OUTCOMES] = {
		[DNS_OK] = {"answered", "by", "in"},
		[DNS_NXDOMAIN] = {"NXDOMAIN (no such name)", "from", "after"},
		[DNS_SERVFAIL] = {"SERVFAIL", "from", "after"},
		[DNS_REFUSED] = {"REFUSED", "by", "after"},
		[DNS_TIMEOUT] = {"not answered", "by", "in"},
		[DNS_ERROR] = {"failed", "at", "after"},
		[DNS_IN_FLIGHT] = {"no answer", "from", "for"},
	};
	const struct finding_dns *d = &f->dns;
	char t[HUMAN_BYTES];

	text_out__put(o, color, "%s", words[d->outcome].what);
	if (f->where.address)
		text_out__put(o, color, " %s %s", words[d->outcome].server, f->where.address);
	if (d->transport && !strcmp(d->transport, "tcp"))
		text_out__put(o, color, " over TCP");
	if (d->duration_ns >= 0)
		text_out__put(o, color, " %s %s", words[d->outcome].duration,
			      text_out__duration(o, t, d->duration_ns));
	if (d->error)
		text_out__put(o, color, ": %s", d->error);
	if (d->outcome == DNS_OK && !d->answers)
		text_out__put(o, color, ", no record");
	else if (d->outcome == DNS_OK && d->answers > 0)
		text_out__put(o, color, ", %" PRId64 " record%s", d->answers,
			      d->answers == 1 ? "" : "s");
}

/* "(getaddrinfo, demo/patroni1 waits)". A query shows itself: it has a type and a nameserver. */
static void put_context(struct text_out *o, const struct text_style *style, const struct finding *f)
{
	bool waits = f->dns.outcome == DNS_IN_FLIGHT, call = f->dns.source == DNS_GETADDRINFO;
	char who[160];

	if (!call && !waits && !style->several)
		return;
	text__who(&f->who, who, sizeof(who));
	/* In one piece: a line may break at its spaces only. */
	if (!waits && !style->several)
		text_out__put(o, TEXT_PLAIN, " (%s)", enum_name(&dns_source_names, f->dns.source));
	else
		text_out__put(o, TEXT_PLAIN, " (%s%s%s)", call ? "getaddrinfo, " : "", who,
			      waits ? " waits" : "");
}

void text__dns(struct text_out *o, const struct text_style *style, const struct finding *f)
{
	const struct finding_dns *d = &f->dns;
	enum text_color color;
	bool bad;

	if ((unsigned int)d->outcome >= DNS_OUTCOMES || (unsigned int)d->source >= DNS_SOURCES)
		return;
	if (!text__dns_matters(f) && !style->verbose)
		return;
	color = text__dns_matters(f) ? TEXT_YELLOW : TEXT_PLAIN;
	bad = d->outcome == DNS_IN_FLIGHT || summary__dns_failed(f);
	text__begin(o, f->ts_ns, color, bad ? "DNS" : "dns");
	text_out__put(o, TEXT_BOLD, "%s", d->name ? d->name : "a name");
	if (d->type)
		text_out__put(o, TEXT_PLAIN, " %s", d->type);
	text_out__put(o, TEXT_PLAIN, ": ");
	put_outcome(o, color, f);
	put_context(o, style, f);
	if (style->untold)
		text_out__put(o, TEXT_PLAIN, ", %" PRIu64 " time%s more since", style->untold,
			      style->untold == 1 ? "" : "s");
	text_out__newline(o);
}

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
	text_out__put(o, TEXT_PLAIN, "%" PRIu64 " %s", n, n == 1 ? one : several);
}

static void put_lookups(struct text_out *o, const struct summary_lookups *l, bool median)
{
	int64_t p50 = histogram__quantile_ns(&l->latency, 0.5);
	int64_t max = histogram__quantile_ns(&l->latency, 1);
	char d[HUMAN_BYTES];

	if (l->failed)
		text_out__put(o, TEXT_RED, ", %" PRIu64 " failed", l->failed);
	else if (l->count)
		text_out__put(o, TEXT_PLAIN, ", none failed");
	if (l->timeouts)
		text_out__put(o, TEXT_PLAIN, " (%" PRIu64 " unanswered)", l->timeouts);
	if (p50 >= 0 && median)
		text_out__put(o, TEXT_PLAIN, ", p50 %s", text_out__duration(o, d, p50));
	if (max >= 0)
		text_out__put(o, TEXT_PLAIN, ", max %s", text_out__duration(o, d, max));
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
	text_out__to(o, SUMMARY_INDENT);
	text_out__put(o, TEXT_YELLOW, "%s: still no answer", u->name[0] ? u->name : "a name");
	if (server[0])
		text_out__put(o, TEXT_YELLOW, " from %s", server);
	text_out__put(o, TEXT_PLAIN, " at %s",
		      text__time(u->ts_ns, "%H:%M:%S", time, sizeof(time)));
	if (u->duration_ns >= 0)
		text_out__put(o, TEXT_PLAIN, ", after %s",
			      text_out__duration(o, t, u->duration_ns));
	text_out__newline(o);
}

void text__dns_summary(struct text_out *o, const struct summary_dns *d)
{
	enum dns_source source = summary_dns__source(d);
	const struct summary_nameserver *n = slowest(d);

	if (!summary_dns__any(d))
		return;
	text_out__newline(o);
	o->indent = SUMMARY_INDENT;
	text_out__put(o, TEXT_BOLD, "DNS");
	text_out__to(o, SUMMARY_INDENT);
	if (source == DNS_GETADDRINFO)
		put_count(o, d->ended[source].count, "look-up", "look-ups");
	else
		put_count(o, d->ended[source].count, "query", "queries");
	put_lookups(o, &d->ended[source], true);
	if (n) {
		text_out__to(o, SUMMARY_INDENT);
		text_out__put(o, TEXT_PLAIN, "slowest nameserver: %s, ", n->address);
		put_count(o, n->queries.count, "query", "queries");
		put_lookups(o, &n->queries, false);
	}
	for (size_t i = 0; i < d->unanswered_len; i++)
		put_unanswered(o, d, i);
	o->indent = 0;
}
