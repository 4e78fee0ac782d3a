/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * histogram.h - latencies with a bounded relative error, mergeable.
 *
 * Log-linear buckets: each power of two of microseconds is cut into 16 equal parts, so that a
 * quantile is at most 1/16 (6.25 %) above the true value. Holds 1 us to 2^36 us (19 hours); what
 * lies outside counts in the first or last bucket. min and max are exact.
 */
#ifndef LEASEWATCH_HISTOGRAM_H
#define LEASEWATCH_HISTOGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HISTOGRAM_SUB_BITS 4
#define HISTOGRAM_BUCKETS  ((36 - HISTOGRAM_SUB_BITS + 1) << HISTOGRAM_SUB_BITS)

struct histogram {
	uint64_t count, sum_us, min_us, max_us;
	uint32_t buckets[HISTOGRAM_BUCKETS];
};

void histogram__record(struct histogram *h, int64_t duration_ns); /* negative: ignored */
void histogram__merge(struct histogram *into, const struct histogram *from);
/*
 * Bucket by bucket, for who writes a histogram down: the first used one from *at on; false = no
 * more. Begin with *at = 0. `last_us` is the largest value that it holds.
 */
bool histogram__next(const struct histogram *h, size_t *at, uint64_t *last_us, uint32_t *count);
/* Back again: that many more in the bucket that holds this value. min, max and sum are the
 * caller's. */
void histogram__put(struct histogram *h, uint64_t us, uint32_t count);
/* The value below which a share q (0..1) of the records lies, ns; never above max. -1 when empty.
 */
int64_t histogram__quantile_ns(const struct histogram *h, double q);

#endif
