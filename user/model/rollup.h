/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rollup.h - healthy requests, counted for a while instead of logged one by one.
 *
 * Nothing that `report` counts is lost by it: the counts carry the buckets of the same histogram.
 */
#ifndef LEASEWATCH_ROLLUP_H
#define LEASEWATCH_ROLLUP_H

#include "model/finding.h"

struct rollup;

/* A request that took slow_ns or longer is not rolled up. NULL: no memory. */
struct rollup *rollup__new(int64_t slow_ns);
void rollup__free(struct rollup *r);

/*
 * Is this the end of a healthy request, and counted now? False: log it by itself. That is also so
 * when there is no room for one more kind (endpoint, rpc and member) or no memory.
 */
bool rollup__take(struct rollup *r, const struct finding *f);

/* Emit what was counted, one FINDING_REQUESTS for each kind, and begin again at 0. */
void rollup__flush(struct rollup *r, uint64_t ts_ns,
		   void (*emit)(void *ctx, const struct finding *f), void *ctx);

#endif
