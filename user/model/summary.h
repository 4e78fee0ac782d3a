/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * summary.h - what a whole trace amounts to: a fold over findings.
 *
 * `trace` feeds it as findings happen, `report` feeds it from a log; it knows nothing of either.
 */
#ifndef LEASEWATCH_SUMMARY_H
#define LEASEWATCH_SUMMARY_H

#include "model/finding.h"
#include "model/histogram.h"

enum verdict { VERDICT_HEALTHY, VERDICT_STALLED, VERDICT_NO_TRAFFIC };

struct summary_rpc {
	const char *rpc; /* owned by the summary */
	uint64_t outcomes[REQUEST_OUTCOMES];
	struct histogram latency; /* of requests with an answer (ok, error) */
};

struct summary_endpoint {
	const char *endpoint; /* owned by the summary */
	enum endpoint_state state;
	enum matrix_cell matrix[MATRIX_COLUMNS];
	uint64_t requests; /* finished, unobserved ones included; watches are not counted */
	uint64_t failed;   /* error, timeout, reset, closed */
	uint64_t timeouts; /* the timeouts among them */
	uint64_t connects, connects_failed;
	struct histogram latency; /* all rpcs but watch, merged */
	size_t rpcs_len;
	struct summary_rpc *rpcs;
};

struct summary_stall { /* one per stall, in order of their begin */
	uint64_t stall_id;
	uint64_t begin_ts_ns;
	enum cause cause;	      /* the last one named: it may sharpen */
	enum stall_severity severity; /* the worst */
	enum stall_result result;     /* STALL_ONGOING until it ends */
	int64_t duration_ns;	      /* LW_UNKNOWN until it ends */
	int64_t begin_remaining_ns;   /* when it began; LW_UNKNOWN_REMAINING = not known */
	int64_t worst_remaining_ns;   /* the same, at worst */
	char endpoint[160], member[64];
	char headline[256]; /* the last one that was said */
};

struct summary {
	uint64_t begin_ts_ns, end_ts_ns;
	enum verdict verdict;
	uint64_t stalls;
	int64_t worst_remaining_ns; /* over all stalls; LW_UNKNOWN_REMAINING */
	uint64_t events_lost;
	uint64_t refreshes;    /* keepalives, grants, v2 leader puts; unobserved ones left out */
	uint64_t refreshes_ok; /* those answered with a TTL */
	size_t endpoints_len;
	struct summary_endpoint *endpoints;
	size_t stall_list_len; /* bounded: the last SUMMARY_STALLS_MAX are kept */
	struct summary_stall *stall_list;
};
#define SUMMARY_STALLS_MAX 256

/*
 * Memory is bounded, whatever a log holds: beyond these, endpoints and rpcs are counted under the
 * name SUMMARY_OTHER, and a name is cut to SUMMARY_NAME_BYTES - 1.
 */
#define SUMMARY_ENDPOINTS_MAX 64
#define SUMMARY_RPCS_MAX      24
#define SUMMARY_NAME_BYTES    160
#define SUMMARY_OTHER	      "other"

/* NULL when memory is out. Free with summary__free (NULL is fine). */
struct summary *summary__new(void);
void summary__free(struct summary *s);

/* Fold one finding in. A FINDING_SUMMARY is ignored. 0 or -ENOMEM (then nothing has changed). */
int summary__add(struct summary *s, const struct finding *f);

/*
 * Close it at end_ts_ns (wall clock): sets the verdict. May be called again later. For `report` to
 * find the same numbers, end_ts_ns must be the ts_ns of the FINDING_SUMMARY that carries it.
 */
void summary__finish(struct summary *s, uint64_t end_ts_ns);

const char *verdict_name(enum verdict v);

/* Does an rpc of this name renew the lease? */
bool summary__is_refresh(const char *rpc);

/* The sums of one rpc's outcomes. */
uint64_t summary_rpc__requests(const struct summary_rpc *r);
uint64_t summary_rpc__failed(const struct summary_rpc *r);

/* One sentence for a person: "healthy: 6 of 6 renewals ..." Writes at most size bytes, NUL
 * included. */
void summary__verdict_sentence(const struct summary *s, char *buf, size_t size);

#endif
