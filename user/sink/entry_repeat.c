// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * entry_repeat.c - say once what happens again and again.
 */
#include "leasewatch/units.h"
#include "model/summary.h"
#include "sink/entry_private.h"

#define REPEAT_NS (10 * NS_PER_S)

static uint64_t hash_string(uint64_t hash, const char *s)
{
	for (; s && *s; s++)
		hash = hash * 33 + (unsigned char)*s;
	return hash * 33;
}

/* What is said again when it happens again; 0 = this is not folded. */
static uint64_t hash_of(const struct finding *f)
{
	uint64_t hash = 5381 + f->who.pid;

	switch (f->type) {
	case FINDING_CONNECT:
		if (f->connect.outcome == CONNECT_OK || !f->where.endpoint)
			return 0;
		return hash_string(hash, f->where.endpoint) + f->connect.outcome + 1;
	case FINDING_DNS:
		if (!entry__dns_matters(f))
			return 0;
		/* The types of one name are one matter, two nameservers are two. */
		hash = hash_string(hash_string(hash + 1, f->dns.name), f->where.address);
		return hash + f->dns.source * DNS_OUTCOMES + f->dns.outcome + 1;
	case FINDING_REQUEST:
		/* Renewals are what it is all about; anything else Patroni may try twenty times
		 * a second. */
		if (f->request.outcome == REQUEST_OK || !f->where.endpoint || !f->request.rpc ||
		    summary__is_refresh(f->request.rpc))
			return 0;
		hash = hash_string(hash_string(hash + 2, f->where.endpoint), f->request.rpc);
		return hash + (uint64_t)f->request.outcome * 1000 + (uint64_t)f->request.status + 1;
	default:
		return 0;
	}
}

bool entry__is_repeated(struct entries *s, const struct finding *f)
{
	struct entry_repeat *one = NULL;
	uint64_t hash = hash_of(f);

	if (!hash)
		return false;
	for (size_t i = 0; i < ENTRY_REPEATS && !one; i++)
		if (s->repeats[i].hash == hash)
			one = &s->repeats[i];
	if (one && f->ts_ns - one->said_ns < REPEAT_NS) {
		one->unsaid++;
		return true;
	}
	if (one) {
		s->unsaid = one->unsaid;
	} else {
		one = &s->repeats[s->next_repeat];
		s->next_repeat = (s->next_repeat + 1) % ENTRY_REPEATS;
	}
	*one = (struct entry_repeat){.hash = hash, .said_ns = f->ts_ns};
	return false;
}
