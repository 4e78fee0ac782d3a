/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * digest.h - healthy requests, counted for a while instead of told one by one.
 *
 * Nothing that `report` counts is lost by it: the counts carry the buckets of the same histogram.
 */
#ifndef LEASEWATCH_DIGEST_H
#define LEASEWATCH_DIGEST_H

#include "model/finding.h"

struct digest;

/* A request that took slow_ns or longer is told by itself. NULL: no memory. */
struct digest *digest__new(int64_t slow_ns);
void digest__free(struct digest *d);

/*
 * Is this the end of a healthy request, and counted now? False: tell it by itself. That is also so
 * when there is no room for one more kind (endpoint, rpc and member) or no memory.
 */
bool digest__take(struct digest *d, const struct finding *f);

/* Tell what was counted, one FINDING_REQUESTS for each kind, and begin again at 0. */
void digest__flush(struct digest *d, uint64_t ts_ns,
		   void (*tell)(void *ctx, const struct finding *f), void *ctx);

#endif
