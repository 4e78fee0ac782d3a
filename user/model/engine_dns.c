// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * engine_dns.c - look-ups of names: told as findings, and tied to the attempt that waits for them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "model/engine_private.h"
#include "model/tell.h"

/* A name in a search domain does not exist, and then the name itself does: that was no failure. */
static void forget_failure(struct engine *e, struct member *m)
{
	const struct diagnosis *f = &m->failure;

	if (m->has_failure && f->lookup.known &&
	    !lookup_table__failed_since(&e->lookups, m->pid, m->refresh_tid, f->start_ns))
		m->has_failure = false;
}

/* What was looked up says where the etcds of that name are. */
static void learn_addresses(struct engine *e, const struct dns_message *answer)
{
	struct endpoint *endpoint, *next;

	HASH_ITER(hh, e->endpoints.endpoints, endpoint, next) {
		const char *colon = strrchr(endpoint->name, ':');
		size_t len = strlen(answer->name);
		int port = colon ? atoi(colon + 1) : 0;

		if (!len || colon != endpoint->name + len || port <= 0 || port > UINT16_MAX ||
		    strncasecmp(endpoint->name, answer->name, len) != 0)
			continue;
		for (int i = 0; i < answer->addresses_len; i++)
			engine__name(e, answer->addresses[i], (uint16_t)port, endpoint->name);
	}
}

static void on_told(void *ctx, const struct lookup *l, uint64_t now_ns)
{
	struct engine *e = ctx;
	struct member *m = engine__member(e, l->tgid);
	struct diagnosis d;
	struct finding f = {0};
	char server[INET6_ADDRSTRLEN];

	if (!m)
		return;
	if (l->message)
		learn_addresses(e, l->message);
	tell__lookup(&f, m, l, endpoint_table__by_host(&e->endpoints, l->name),
		     lookup__server_text(l, server), now_ns);
	engine__say(e, &f, now_ns);
	if (l->outcome == DNS_IN_FLIGHT || l->tid != m->refresh_tid)
		return;
	if (l->source == DNS_GETADDRINFO &&
	    lookup__duration_ns(l, now_ns) > e->config.stall_after_ns)
		engine__diagnose_lookup(e, l, &m->slow_lookup);
	forget_failure(e, m);
	if (!lookup_table__failed_since(&e->lookups, l->tgid, l->tid, l->start_ns))
		return;
	engine__diagnose_lookup(e, l, &d);
	engine__fail_attempt(e, m, &d, now_ns);
}

const struct lookup_listener engine__lookup_listener = {.told = on_told};

const struct lookup *engine__lookup_in_the_way(const struct engine *e, const struct member *m,
					       const struct conn *attempt, uint64_t now_ns)
{
	const struct lookup *l;

	/* A refresh that was sent waits for no name. */
	if (attempt && attempt->exchange && exchange__is_refresh(attempt->exchange))
		return NULL;
	if (!stall__refresh_is_due(&m->lease, now_ns))
		return NULL;
	l = lookup_table__waiting(&e->lookups, m->pid, m->refresh_tid);
	/* Nor does a connect that began later: its thread has given that query up. */
	if (l && attempt && attempt->state == CONN_CONNECTING &&
	    attempt->connect_start_ns >= l->start_ns)
		return NULL;
	return l;
}

void engine__diagnose_lookup(const struct engine *e, const struct lookup *l, struct diagnosis *out)
{
	/* The nameserver that keeps a getaddrinfo waiting is that of its query. */
	const struct lookup *asked = l->query ? l->query : l;
	char server[INET6_ADDRSTRLEN];
	struct lookup_evidence *v = &out->lookup;

	memset(out, 0, sizeof(*out));
	out->cause = CAUSE_DNS;
	out->connecting = true;
	out->since_rx_ns = LW_UNKNOWN;
	out->endpoint = endpoint_table__by_host(&e->endpoints, l->name);
	out->start_ns = l->start_ns;
	out->end_ns = l->end_ns;
	v->known = true;
	v->getaddrinfo = l->source == DNS_GETADDRINFO;
	v->outcome = l->outcome;
	snprintf(v->name, sizeof(v->name), "%s", l->name);
	snprintf(v->type, sizeof(v->type), "%s", asked->type);
	snprintf(v->error, sizeof(v->error), "%s", l->error);
	if (lookup__server_text(asked, server))
		snprintf(v->server, sizeof(v->server), "%s", server);
}

/* A connect that follows the look-up of its name by less than this was waiting for it. */
#define LOOKUP_FOR_CONNECT_NS (200 * NS_PER_MS)

void engine__blame_lookup(const struct member *m, const struct conn *c, bool gave_up,
			  uint64_t now_ns, struct diagnosis *d)
{
	const struct diagnosis *slow = &m->slow_lookup;
	uint64_t start = conn__attempt_start(c);

	if (!gave_up || !slow->lookup.known || start < slow->end_ns ||
	    start - slow->end_ns > LOOKUP_FOR_CONNECT_NS ||
	    now_ns - start > slow->end_ns - slow->start_ns)
		return;
	*d = *slow;
	d->end_ns = now_ns;
}

void engine__dns_status(const struct engine *e, uint64_t now_ns, struct dns_status *out)
{
	const struct lookup_stats *calls = &e->lookups.stats[DNS_GETADDRINFO];
	const struct lookup_stats *queries = &e->lookups.stats[DNS_QUERY];
	const struct lookup_stats *stats = calls->ended ? calls : queries;
	const struct lookup *oldest = lookup_table__oldest(&e->lookups);
	const struct lookup *asked = oldest && oldest->query ? oldest->query : oldest;

	*out = (struct dns_status){
		.lookups = stats->ended,
		.failed = stats->failed,
		.last_ns = stats->ended ? stats->last_ns : LW_UNKNOWN,
		.oldest_ns = LW_UNKNOWN,
	};
	if (!oldest)
		return;
	out->oldest_ns = lookup__duration_ns(oldest, now_ns);
	snprintf(out->oldest_name, sizeof(out->oldest_name), "%s", oldest->name);
	if (!lookup__server_text(asked, out->oldest_server))
		out->oldest_server[0] = '\0';
}
