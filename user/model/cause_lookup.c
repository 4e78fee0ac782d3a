// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cause_lookup.c - lookups as causes.
 */
#include <stdio.h>
#include <string.h>

#include "model/cause_lookup.h"

/* A connect that follows the look-up of its name by less than this was waiting for it. */
#define LOOKUP_FOR_CONNECT_NS (200 * NS_PER_MS)

const struct lookup *cause__awaited_lookup(const struct lookup_table *t, const struct member *m,
					   const struct conn *attempt, uint64_t now_ns)
{
	const struct lookup *l;

	/* A refresh that was sent waits for no name. */
	if (attempt && attempt->exchange && exchange__is_refresh(attempt->exchange))
		return NULL;
	if (!stall__refresh_is_due(&m->lease, now_ns))
		return NULL;
	l = lookup_table__waiting(t, m->pid, m->refresh_tid);
	/* Nor does a connect that began later: its thread has given that query up. */
	if (l && attempt && attempt->state == CONN_CONNECTING &&
	    attempt->connect_start_ns >= l->start_ns)
		return NULL;
	return l;
}

void cause__of_lookup(const struct lookup *l, const struct endpoint_table *endpoints,
		      struct diagnosis *out)
{
	/* The nameserver that keeps a getaddrinfo waiting is that of its query. */
	const struct lookup *asked = l->query ? l->query : l;
	char server[INET6_ADDRSTRLEN];
	struct lookup_evidence *v = &out->lookup;

	memset(out, 0, sizeof(*out));
	out->cause = CAUSE_DNS;
	out->connecting = true;
	out->since_rx_ns = LW_UNKNOWN;
	out->endpoint = endpoint_table__by_host(endpoints, l->name);
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

void cause__blame_lookup(const struct member *m, const struct conn *c, bool gave_up,
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
