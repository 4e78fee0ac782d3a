/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * failures.h - what a Patroni has met at which etcd since its last good refresh: is it one of them,
 * or is it the same with all?
 */
#ifndef LEASEWATCH_FAILURES_H
#define LEASEWATCH_FAILURES_H

#include <stddef.h>

#include "model/endpoint.h"
#include "model/finding.h"

/* Of one that fails in more ways and places, the rest is not remembered. */
#define FAILURES_MAX 24

struct failures {
	size_t len;
	struct {
		enum cause cause;
		const struct address *address; /* its endpoint's name may come later */
	} met[FAILURES_MAX];
};

/*
 * Another attempt failed. Nothing is remembered of a cause that can be another thing at each
 * endpoint (what an error says, how TLS fails), or that has no endpoint; `address` may be NULL.
 */
void failures__add(struct failures *t, enum cause cause, const struct address *address);

/* It has answered something: it can be reached. Whether it answers renewals is another matter. */
void failures__answered(struct failures *t, const struct endpoint *endpoint);

/*
 * The other endpoints at which it is the same, each once: fills in at most `max` names, which are
 * the endpoints' own, and returns how many there are.
 */
size_t failures__elsewhere(const struct failures *t, enum cause cause,
			   const struct endpoint *endpoint, const char **names, size_t max);

#endif
