/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * metrics_private.h - what is counted: metrics.c counts, metrics_text.c spells.
 */
#ifndef LEASEWATCH_METRICS_PRIVATE_H
#define LEASEWATCH_METRICS_PRIVATE_H

#include "sink/metrics.h"

#define NAME_BYTES    160
#define TIMING_BOUNDS 20
#define HOOKS_MAX     64
#define REASONS_MAX   16
#define MEMBERS_ALL   (METRICS_MEMBERS_MAX + 1)
/* Of endpoint and rpc: all that there can be, "other" included. */
#define PAIRS_MAX ((METRICS_ENDPOINTS_MAX + 1) * (METRICS_RPCS_MAX + 1))

/*
 * Upper bounds, in microseconds. Patroni gives a request up after 3.3 s (retry_timeout 10 divided
 * by three etcds), etcd says no after 7 s: each lies well inside a bucket of its own.
 */
extern const uint32_t timing_bounds_us[TIMING_BOUNDS];

struct timing {
	uint64_t buckets[TIMING_BOUNDS]; /* not cumulated; what is above all of them is in count */
	uint64_t count, sum_us;
};

/* Names that came from outside, each once, up to `max`. */
struct names {
	size_t len, max;
	char *list[METRICS_ENDPOINTS_MAX];
};

struct pair {
	const char *endpoint, *rpc;
	uint64_t outcomes[REQUEST_OUTCOMES];
	struct timing timing;
};

struct endpoint_counts {
	const char *endpoint;
	uint64_t connects[CONNECT_OUTCOMES];
	struct timing connect;
};

struct member_counts {
	char scope[NAME_BYTES], member[NAME_BYTES];
	bool named; /* in full: so it can be missed */
	bool gone;  /* it has exited: another may have its place */
	uint64_t refreshes[REQUEST_OUTCOMES];
	uint64_t last_good_ns; /* wall clock, when it was sent; 0 = none seen */
	uint64_t stalls, ended[CAUSES][STALL_RESULTS];
	/*
	 * While rendering; NULL = not running. Of several of one name, the one with the least time
	 * left; stalled: any that is.
	 */
	const struct member_status *now, *stalled;
	bool several;
};

struct lost_count {
	char reason[32];
	uint64_t count;
};

struct metrics {
	struct names endpoints, rpcs;
	size_t pairs_len, endpoint_counts_len, member_counts_len, lost_len, hooks_len;
	struct pair *pairs[PAIRS_MAX];
	struct endpoint_counts endpoint_counts[METRICS_ENDPOINTS_MAX + 1];
	struct member_counts member_counts[MEMBERS_ALL];
	struct lost_count lost[REASONS_MAX];
	uint64_t lookups[DNS_SOURCES][DNS_OUTCOMES];
	struct timing lookup[DNS_SOURCES];
	char version[64], kernel[96];
	char hooks[HOOKS_MAX][48];
	uint64_t start_ns;
};

/* The name as it is in the list, put there if there is room; else METRICS_OTHER. */
const char *names__get(struct names *n, const char *name);
/*
 * The counts of a member, or those of all for which there is no room. When there is none, one that
 * renews its lease takes the place of one that exited or never did so.
 */
struct member_counts *metrics__member(struct metrics *m, const struct finding_who *who,
				      bool renews);

/* Before rendering: whose status belongs to which counts. */
void metrics__match(struct metrics *m, const struct status *s);

#endif
