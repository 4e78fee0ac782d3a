// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * histogram.c - latencies of one kind of request at one endpoint, for the summary.
 */
#include <stddef.h>

#include "model/histogram.h"

#define SUB_COUNT (1u << HISTOGRAM_SUB_BITS)

static size_t bucket_of(uint64_t us)
{
	int exponent;
	size_t bucket;

	if (us < SUB_COUNT)
		return us;
	exponent = 63 - __builtin_clzll(us);
	bucket = (size_t)(exponent - HISTOGRAM_SUB_BITS + 1) << HISTOGRAM_SUB_BITS;
	bucket += (us >> (exponent - HISTOGRAM_SUB_BITS)) & (SUB_COUNT - 1);
	return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

/* The largest value that falls into this bucket. The last one has no end. */
static uint64_t bucket_last_us(size_t bucket)
{
	size_t block = bucket >> HISTOGRAM_SUB_BITS, sub = bucket & (SUB_COUNT - 1);

	if (bucket == HISTOGRAM_BUCKETS - 1)
		return UINT64_MAX;
	if (block == 0)
		return bucket;
	return ((uint64_t)(SUB_COUNT + sub + 1) << (block - 1)) - 1;
}

static uint32_t add_saturated(uint32_t a, uint32_t b)
{
	return a > UINT32_MAX - b ? UINT32_MAX : a + b;
}

void histogram__record(struct histogram *h, int64_t duration_ns)
{
	uint64_t us;
	size_t bucket;

	if (duration_ns < 0)
		return;
	us = (uint64_t)duration_ns / 1000 + ((uint64_t)duration_ns % 1000 >= 500);
	if (us > INT64_MAX / 1000)
		us = INT64_MAX / 1000; /* it is handed out in nanoseconds */
	bucket = bucket_of(us);
	if (!h->count || us < h->min_us)
		h->min_us = us;
	if (us > h->max_us)
		h->max_us = us;
	h->count++;
	h->sum_us += us;
	h->buckets[bucket] = add_saturated(h->buckets[bucket], 1);
}

void histogram__merge(struct histogram *into, const struct histogram *from)
{
	if (!from->count)
		return;
	if (!into->count || from->min_us < into->min_us)
		into->min_us = from->min_us;
	if (from->max_us > into->max_us)
		into->max_us = from->max_us;
	into->count += from->count;
	into->sum_us += from->sum_us;
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
		into->buckets[i] = add_saturated(into->buckets[i], from->buckets[i]);
}

bool histogram__next(const struct histogram *h, size_t *at, uint64_t *last_us, uint32_t *count)
{
	while (*at < HISTOGRAM_BUCKETS && !h->buckets[*at])
		(*at)++;
	if (*at == HISTOGRAM_BUCKETS)
		return false;
	*last_us = bucket_last_us(*at);
	*count = h->buckets[(*at)++];
	return true;
}

void histogram__put(struct histogram *h, uint64_t us, uint32_t count)
{
	size_t bucket = bucket_of(us);

	h->buckets[bucket] = add_saturated(h->buckets[bucket], count);
	h->count += count;
}

int64_t histogram__quantile_ns(const struct histogram *h, double q)
{
	uint64_t rank, seen = 0, us = h->max_us;

	if (!h->count)
		return -1;
	if (!(q > 0))
		return (int64_t)h->min_us * 1000;
	if (q >= 1)
		return (int64_t)h->max_us * 1000;
	/* Rounded up: the value at this rank has a share of at least q at or below it. */
	rank = (uint64_t)(q * (double)h->count);
	if ((double)rank < q * (double)h->count)
		rank++;
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		seen += h->buckets[i];
		if (seen >= rank && h->buckets[i]) {
			us = bucket_last_us(i);
			break;
		}
	}
	return (int64_t)(us < h->max_us ? us : h->max_us) * 1000;
}
