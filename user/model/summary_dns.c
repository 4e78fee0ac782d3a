// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * summary_dns.c - the summary's lookups of names: how many, how long, through which nameserver,
 * and which were never seen to end.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "model/summary_private.h"

bool summary__dns_failed(const struct finding *f)
{
	switch (f->dns.outcome) {
	case DNS_OK:
	case DNS_IN_FLIGHT:
		return false;
	case DNS_NXDOMAIN:
		return f->dns.source == DNS_GETADDRINFO || f->where.endpoint;
	default:
		return true;
	}
}

enum dns_source summary_dns__source(const struct summary_dns *d)
{
	if (d->ended[DNS_GETADDRINFO].count)
		return DNS_GETADDRINFO;
	for (size_t i = 0; i < d->unanswered_len; i++)
		if (d->unanswered[i].source == DNS_GETADDRINFO)
			return DNS_GETADDRINFO;
	return DNS_QUERY;
}

bool summary_dns__any(const struct summary_dns *d)
{
	return d->ended[DNS_QUERY].count || d->ended[DNS_GETADDRINFO].count || d->unanswered_len;
}

static void count(struct summary_lookups *l, const struct finding *f)
{
	l->count++;
	l->failed += summary__dns_failed(f);
	l->timeouts += f->dns.outcome == DNS_TIMEOUT;
}

static struct summary_nameserver *find_nameserver(struct summary_dns *d, const char *address)
{
	for (size_t i = 0; i < d->nameservers_len; i++)
		if (!strcmp(d->nameservers[i].address, address))
			return &d->nameservers[i];
	return NULL;
}

static struct summary_nameserver *get_nameserver(struct summary_dns *d, const char *address)
{
	char name[SUMMARY_SERVER_BYTES];
	struct summary_nameserver *n;

	snprintf(name, sizeof(name), "%s", address ? address : "unknown");
	n = find_nameserver(d, name);
	if (!n && d->nameservers_len >= SUMMARY_NAMESERVERS_MAX - 1) {
		snprintf(name, sizeof(name), "%s", SUMMARY_OTHER);
		n = find_nameserver(d, name);
	}
	if (!n) {
		n = &d->nameservers[d->nameservers_len++];
		snprintf(n->address, sizeof(n->address), "%s", name);
	}
	return n;
}

static void count_end(struct summary_dns *d, const struct finding *f)
{
	struct summary_nameserver *n;

	count(&d->ended[f->dns.source], f);
	histogram__record(&d->ended[f->dns.source].latency, f->dns.duration_ns);
	if (f->dns.source != DNS_QUERY)
		return;
	n = get_nameserver(d, f->where.address);
	count(&n->queries, f);
	if (f->dns.outcome != DNS_TIMEOUT)
		histogram__record(&n->queries.latency, f->dns.duration_ns);
}

/* Of the same kind, name and type: a retry, or another nameserver's turn, continues it. */
static bool same_lookup(const struct summary_unanswered *a, const struct summary_unanswered *b)
{
	return a->source == b->source && !strcmp(a->name, b->name) && !strcmp(a->type, b->type);
}

static void forget_unanswered(struct summary_dns *d, size_t i)
{
	d->unanswered_len--;
	memmove(&d->unanswered[i], &d->unanswered[i + 1],
		(d->unanswered_len - i) * sizeof(d->unanswered[0]));
}

int summary__add_dns(struct summary_private *p, const struct finding *f)
{
	struct summary_dns *d = &p->pub.dns;
	struct summary_unanswered u = {.source = f->dns.source,
				       .ts_ns = f->ts_ns / 1000 * 1000,
				       .duration_ns = finding_round_us(f->dns.duration_ns)};

	if ((unsigned int)f->dns.outcome >= DNS_OUTCOMES ||
	    (unsigned int)f->dns.source >= DNS_SOURCES)
		return -EINVAL;
	snprintf(u.name, sizeof(u.name), "%s", f->dns.name ? f->dns.name : "");
	snprintf(u.type, sizeof(u.type), "%s", f->dns.type ? f->dns.type : "");
	snprintf(u.server, sizeof(u.server), "%s", f->where.address ? f->where.address : "");
	for (size_t i = 0; i < d->unanswered_len; i++) {
		if (!same_lookup(&d->unanswered[i], &u))
			continue;
		forget_unanswered(d, i);
		break;
	}
	if (f->dns.outcome != DNS_IN_FLIGHT) {
		count_end(d, f);
		return 0;
	}
	if (d->unanswered_len == SUMMARY_UNANSWERED_MAX)
		forget_unanswered(d, 0);
	d->unanswered[d->unanswered_len++] = u;
	return 0;
}
