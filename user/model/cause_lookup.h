/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cause_lookup.h - when the lookup of a name is what an attempt waits for, or what it failed of.
 */
#ifndef LEASEWATCH_CAUSE_LOOKUP_H
#define LEASEWATCH_CAUSE_LOOKUP_H

#include "model/cause.h"
#include "model/lookup.h"
#include "model/member.h"

/* The lookup that keeps the member from its next renewal, which `attempt` carries; NULL = none. */
const struct lookup *cause__awaited_lookup(const struct lookup_table *t, const struct member *m,
					   const struct conn *attempt, uint64_t now_ns);
void cause__of_lookup(const struct lookup *l, const struct endpoint_table *endpoints,
		      struct diagnosis *out);
/*
 * The attempt on this connection has failed; `gave_up`: Patroni waited no longer. If a lookup right
 * before it took most of the time that Patroni had, that is the cause: *d is changed.
 */
void cause__blame_lookup(const struct member *m, const struct conn *c, bool gave_up,
			 uint64_t now_ns, struct diagnosis *d);

#endif
