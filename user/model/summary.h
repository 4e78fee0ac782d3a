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
	enum cause first_cause;	      /* that was named, at first_endpoint */
	enum stall_severity severity; /* the worst */
	enum stall_result result;     /* STALL_ONGOING until it ends */
	int64_t duration_ns;	      /* LW_UNKNOWN until it ends */
	int64_t begin_remaining_ns;   /* when it began; LW_UNKNOWN_REMAINING = not known */
	int64_t worst_remaining_ns;   /* the same, at worst */
	char endpoint[160], first_endpoint[160], member[64];
	unsigned int elsewhere; /* other endpoints that failed in the same way, at most */
	bool leader;		/* at any time in it */
};

/*
 * Memory is bounded, whatever a log holds: beyond these, endpoints, rpcs and nameservers are
 * counted under the name SUMMARY_OTHER, the oldest unanswered lookups are forgotten, and a name is
 * cut to SUMMARY_NAME_BYTES - 1.
 */
#define SUMMARY_ENDPOINTS_MAX	64
#define SUMMARY_RPCS_MAX	24
#define SUMMARY_NAMESERVERS_MAX 12
#define SUMMARY_UNANSWERED_MAX	16
#define SUMMARY_NAME_BYTES	160
#define SUMMARY_SERVER_BYTES	64
#define SUMMARY_OTHER		"other"

struct summary_lookups { /* that have ended */
	uint64_t count;
	uint64_t failed;   /* see summary__dns_failed */
	uint64_t timeouts; /* the timeouts among them */
	struct histogram latency;
};

struct summary_nameserver {
	char address[SUMMARY_SERVER_BYTES]; /* "unknown" when it is not known */
	struct summary_lookups queries;	    /* latency: of those that were answered */
};

/* A lookup whose end was not seen: the last that was heard of it is that it waits. */
struct summary_unanswered {
	enum dns_source source;
	uint64_t ts_ns;	     /* when that was said */
	int64_t duration_ns; /* how long it had waited then; LW_UNKNOWN */
	char name[SUMMARY_NAME_BYTES], type[16], server[SUMMARY_SERVER_BYTES]; /* "" = not known */
};

struct summary_dns {
	/* getaddrinfo calls and queries apart: one call makes several queries, or none. Latency:
	 * of all, because that is how long somebody waited. */
	struct summary_lookups ended[DNS_SOURCES];
	size_t nameservers_len;
	struct summary_nameserver nameservers[SUMMARY_NAMESERVERS_MAX];
	size_t unanswered_len; /* in the order in which they were last heard of */
	struct summary_unanswered unanswered[SUMMARY_UNANSWERED_MAX];
};

struct summary {
	uint64_t begin_ts_ns, end_ts_ns;
	enum verdict verdict;
	uint64_t stalls;
	int64_t worst_remaining_ns; /* over all stalls; LW_UNKNOWN_REMAINING */
	uint64_t demotions;	    /* leaders that recorded their own demotion in etcd */
	char demoted[130];	    /* the last of them: "scope/member" */
	uint64_t events_lost;
	char tls_blind[256];   /* why a process's TLS could not be read; "" = it could */
	uint64_t refreshes;    /* keepalives, grants, v2 leader puts; unobserved ones left out */
	uint64_t refreshes_ok; /* those answered with a TTL */
	size_t endpoints_len;
	struct summary_endpoint *endpoints;
	size_t stall_list_len; /* bounded: the last SUMMARY_STALLS_MAX are kept */
	struct summary_stall *stall_list;
	struct summary_dns dns;
};
#define SUMMARY_STALLS_MAX 256

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

extern const struct enum_names verdict_names;

/* A watch has no end to wait for: its duration is no latency, and it is not one of the requests. */
bool summary__is_watch(const char *rpc);
/* Does an rpc of this name renew the lease? */
bool summary__is_refresh(const char *rpc);

/*
 * Is a FINDING_DNS one that failed? Not while it is in flight; and not the answer to a query that
 * there is no such name, unless the name is an endpoint's: search lists and SRV lookups go through
 * names that do not exist every day.
 */
bool summary__dns_failed(const struct finding *f);

/* What counts as a lookup: calls of getaddrinfo where any was seen, else queries. */
enum dns_source summary_dns__source(const struct summary_dns *d);
/* Was there any lookup, ended or not? */
bool summary_dns__any(const struct summary_dns *d);

/*
 * Where the cause was found: "etcd1.lab:2379", "etcd1.lab:2379 and 2 more", "" = nowhere. Returns
 * buf.
 */
const char *summary_stall__where(const struct summary_stall *st, char *buf, size_t size);

/* The sums of one rpc's outcomes. */
uint64_t summary_rpc__requests(const struct summary_rpc *r);
uint64_t summary_rpc__failed(const struct summary_rpc *r);

/* The longest sentence, NUL included: names, and why TLS cannot be read. */
#define SUMMARY_SENTENCE_BYTES 1024

/* One sentence for a person: "healthy: 6 of 6 renewals ..." Writes at most size bytes, NUL
 * included. */
void summary__verdict_sentence(const struct summary *s, char *buf, size_t size);

#endif
