// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * engine_dns.c - look-ups of names: told as findings, and tied to the attempt that waits for them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/address.h"
#include "model/cause_lookup.h"
#include "model/engine_state.h"
#include "model/finding_fill.h"

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
		size_t len;
		uint16_t port = address__port(endpoint->name, &len);

		if (!port || len != strlen(answer->name) ||
		    strncasecmp(endpoint->name, answer->name, len) != 0)
			continue;
		for (int i = 0; i < answer->addresses_len; i++)
			endpoint_table__configured(&e->endpoints, answer->addresses[i], port,
						   endpoint->name);
	}
}

static void on_told(void *ctx, const struct lookup *l, uint64_t now_ns)
{
	struct engine *e = ctx;
	struct member *m = member__find(e->members, l->tgid);
	struct diagnosis d;
	struct finding f = {0};
	char server[INET6_ADDRSTRLEN];

	if (!m)
		return;
	if (l->message)
		learn_addresses(e, l->message);
	finding_fill__lookup(&f, m, l, endpoint_table__by_host(&e->endpoints, l->name),
			     lookup__server_text(l, server), now_ns);
	reporter__report(&e->reporter, &f, now_ns);
	if (l->outcome == DNS_IN_FLIGHT || l->tid != m->refresh_tid)
		return;
	if (l->source == DNS_GETADDRINFO && lookup__duration_ns(l, now_ns) > e->stall_after_ns)
		cause__of_lookup(l, &e->endpoints, &m->slow_lookup);
	forget_failure(e, m);
	if (!lookup_table__failed_since(&e->lookups, l->tgid, l->tid, l->start_ns))
		return;
	cause__of_lookup(l, &e->endpoints, &d);
	engine__fail_attempt(e, m, &d, now_ns);
}

const struct lookup_listener engine__lookup_listener = {.told = on_told};
