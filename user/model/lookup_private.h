/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lookup_private.h - what the files of the look-up table share.
 */
#ifndef LEASEWATCH_LOOKUP_PRIVATE_H
#define LEASEWATCH_LOOKUP_PRIVATE_H

#include "model/lookup.h"

/* A new look-up in flight; makes room if there is none. NULL: no memory, counted as dropped. */
struct lookup *lookup_table__add(struct lookup_table *t, enum dns_source source,
				 const struct lw_event *event);

/* It ended: counted, remembered, told, freed. */
void lookup_table__end(struct lookup_table *t, struct lookup *l, enum dns_outcome outcome,
		       uint64_t now_ns);

/* Frees it without a word. */
void lookup_table__forget(struct lookup_table *t, struct lookup *l);

/* Nobody will see its end: counted as dropped, freed. */
void lookup_table__lose(struct lookup_table *t, struct lookup *l);

/* The thread does not wait for this query any more. */
void lookup_table__give_up(struct lookup_table *t, struct lookup *query, uint64_t now_ns);

/* ... for none of its queries, but those for `name` (NULL: for no name). */
void lookup_table__give_up_all(struct lookup_table *t, uint32_t tgid, uint32_t tid,
			       const char *name, uint64_t now_ns);

/* The thread's getaddrinfo in flight, NULL = none. */
struct lookup *lookup_table__resolve(const struct lookup_table *t, uint32_t tgid, uint32_t tid);

bool lookup__on_thread(const struct lookup *l, uint32_t tgid, uint32_t tid);

/* lookup_query.c, lookup_resolve.c: the records. */
void lookup_table__dns(struct lookup_table *t, const struct lw_event_dns *e);
void lookup_table__getaddrinfo(struct lookup_table *t, const struct lw_event_resolve *e);

#endif
