// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * entry_dns.c - what is said of a lookup.
 */
#include <inttypes.h>
#include <string.h>

#include "leasewatch/units.h"
#include "model/summary.h"
#include "sink/entry_private.h"

/* A nameserver that is well answers within this, even one that has to ask another. */
#define SLOW_NS (250 * NS_PER_MS)

bool entry__dns_matters(const struct finding *f)
{
	return f->dns.outcome == DNS_IN_FLIGHT || summary__dns_failed(f) ||
	       f->dns.duration_ns > SLOW_NS;
}

/* "no answer from 127.0.0.53 for 1.00 s" */
static void say_outcome(struct entries *s, const struct finding *f)
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
	struct entry *e = &s->entry;
	char t[HUMAN_BYTES];

	entry__say(e, e->tone, "%s", words[d->outcome].what);
	if (f->where.address)
		entry__say(e, e->tone, " %s %s", words[d->outcome].server, f->where.address);
	if (d->transport && !strcmp(d->transport, "tcp"))
		entry__say(e, e->tone, " over TCP");
	if (d->duration_ns >= 0)
		entry__say(e, e->tone, " %s %s", words[d->outcome].duration,
			   human_duration_utf8(s->utf8, t, d->duration_ns));
	if (d->error)
		entry__say(e, e->tone, ": %s", d->error);
	if (d->outcome == DNS_OK && !d->answers)
		entry__say(e, e->tone, ", no record");
	else if (d->outcome == DNS_OK && d->answers > 0)
		entry__say(e, e->tone, ", %" PRId64 " record%s", d->answers,
			   d->answers == 1 ? "" : "s");
}

/* "(getaddrinfo, demo/patroni1 waits)". A query shows itself: it has a type and a nameserver. */
static void say_context(struct entries *s, const struct finding *f)
{
	bool waits = f->dns.outcome == DNS_IN_FLIGHT, call = f->dns.source == DNS_GETADDRINFO;
	char who[160];

	if (!call && !waits && !s->several)
		return;
	finding_who_name(&f->who, who, sizeof(who));
	/* In one piece: a line may break at its spaces only. */
	if (!waits && !s->several)
		entry__say(&s->entry, TONE_PLAIN, " (%s)",
			   enum_name(&dns_source_names, f->dns.source));
	else
		entry__say(&s->entry, TONE_PLAIN, " (%s%s%s)", call ? "getaddrinfo, " : "", who,
			   waits ? " waits" : "");
}

void entry__word_dns(struct entries *s, const struct finding *f)
{
	const struct finding_dns *d = &f->dns;
	bool matters = entry__dns_matters(f);
	bool bad = d->outcome == DNS_IN_FLIGHT || summary__dns_failed(f);

	if ((unsigned int)d->outcome >= DNS_OUTCOMES || (unsigned int)d->source >= DNS_SOURCES)
		return;
	entry__begin(&s->entry, f->ts_ns, matters ? TONE_WARN : TONE_PLAIN, bad ? "DNS" : "dns");
	s->entry.minor = !matters;
	entry__say(&s->entry, TONE_BOLD, "%s", d->name ? d->name : "a name");
	if (d->type)
		entry__say(&s->entry, TONE_PLAIN, " %s", d->type);
	entry__say(&s->entry, TONE_PLAIN, ": ");
	say_outcome(s, f);
	say_context(s, f);
	entry__say_unsaid(s);
}
