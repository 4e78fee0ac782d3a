// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * field_summary.c - the keys of the last line of a trace.
 */
#include "leasewatch/units.h"
#include "model/summary.h"
#include "sink/field.h"

#define ROW(type, k, kind_, m, ...)                                                                \
	{                                                                                          \
		k, kind_, FIELD_INTEGER(struct type, m), __VA_ARGS__                               \
	}
#define PART(type, k, kind_, m, ...)                                                               \
	{                                                                                          \
		k, kind_, FIELD_AT(struct type, m), __VA_ARGS__                                    \
	}
#define COUNT(type, k, m, text)	   ROW(type, k, FIELD_COUNT, m, .meaning = (text))
#define SHARE(type, k, m, q, text) PART(type, k, FIELD_SHARE, m, .percent = (q), .meaning = (text))
/* As many of `each` as the list at `p`, a pointer, points to. */
#define SEVERAL(type, k, kind_, p, each, text)                                                     \
	{                                                                                          \
		k, kind_, .offset = offsetof(struct type, p), .is_pointer = true,                  \
			  .size = sizeof(*((struct type *)0)->p), FIELD_LEN(struct type, p##_len), \
			  .rows = (each), .meaning = (text)                                        \
	}
#define LAST                                                                                       \
	{                                                                                          \
		.meaning = NULL                                                                    \
	}

static int64_t rpc_requests(const void *rpc)
{
	return (int64_t)summary_rpc__requests(rpc);
}

static int64_t rpc_failed(const void *rpc)
{
	return (int64_t)summary_rpc__failed(rpc);
}

static const struct field rpc_fields[] = {
	{"requests", FIELD_COUNT, .number = rpc_requests,
	 .meaning = "How many requests of this kind ended."},
	{"failed", FIELD_COUNT, .number = rpc_failed,
	 .meaning = "How many of them failed: error, timeout, reset or closed."},
	COUNT(summary_rpc, "timeouts", outcomes[REQUEST_TIMEOUT],
	      "How many of them timed out; part of failed."),
	SHARE(summary_rpc, "p50_s", latency, 50,
	      "The median duration of those that were answered, if only with an error."),
	SHARE(summary_rpc, "p99_s", latency, 99, "99 % of them took no longer than this."),
	SHARE(summary_rpc, "max_s", latency, 100, "The longest of them took this long."),
	LAST,
};

static const struct field endpoint_fields[] = {
	PART(summary_endpoint, "endpoint", FIELD_STRING, endpoint,
	     .meaning = "The endpoint, or other for those beyond the first 64."),
	ROW(summary_endpoint, "state", FIELD_WORD_BUT, state, .words = &endpoint_state_names,
	    .otherwise = ENDPOINT_UNKNOWN,
	    .meaning =
		    "Its last known state. It goes by what Patroni asks, and Patroni may have had "
		    "no reason to ask this endpoint again."),
	COUNT(summary_endpoint, "requests", requests,
	      "How many requests ended. Watches do not count."),
	COUNT(summary_endpoint, "failed", failed,
	      "How many of them failed: error, timeout, reset or closed."),
	COUNT(summary_endpoint, "timeouts", timeouts,
	      "How many of them timed out; part of failed."),
	SHARE(summary_endpoint, "p50_s", latency, 50,
	      "The median duration of those that were answered, if only with an error."),
	SHARE(summary_endpoint, "p99_s", latency, 99, "99 % of them took no longer than this."),
	SHARE(summary_endpoint, "max_s", latency, 100, "The longest of them took this long."),
	COUNT(summary_endpoint, "connects", connects, "How many times Patroni tried to connect."),
	COUNT(summary_endpoint, "connects_failed", connects_failed, "How many of those failed."),
	SEVERAL(summary_endpoint, "rpcs", FIELD_MAP, rpcs, rpc_fields,
		"The same by kind of request; each key is one, such as lease/keepalive."),
	LAST,
};

static const struct field nameserver_fields[] = {
	PART(summary_nameserver, "server.address", FIELD_CHARS, address,
	     .meaning = "The nameserver's IP address, unknown, or other for those beyond the "
			"first 12."),
	COUNT(summary_nameserver, "queries", queries.count, "How many queries to it ended."),
	COUNT(summary_nameserver, "failed", queries.failed,
	      "How many of them failed. A query for a name that does not exist counts only if the "
	      "name is an endpoint's: search lists and SRV lookups try names that do not exist."),
	COUNT(summary_nameserver, "timeouts", queries.timeouts,
	      "How many of them were never answered; part of failed."),
	SHARE(summary_nameserver, "p50_s", queries.latency, 50,
	      "The median duration of those that were answered."),
	SHARE(summary_nameserver, "max_s", queries.latency, 100,
	      "The longest of them took this long."),
	LAST,
};

static const struct field lookup_fields[] = {
	COUNT(summary_lookups, "lookups", count, "How many lookups ended."),
	COUNT(summary_lookups, "failed", failed, "How many of them failed."),
	COUNT(summary_lookups, "timeouts", timeouts,
	      "How many of them were never answered; part of failed."),
	SHARE(summary_lookups, "p50_s", latency, 50,
	      "The median duration, failed lookups included."),
	SHARE(summary_lookups, "p99_s", latency, 99, "99 % of them took no longer than this."),
	SHARE(summary_lookups, "max_s", latency, 100, "The longest of them took this long."),
	LAST,
};

static int64_t lookup_source(const void *dns)
{
	return summary_dns__source(dns);
}

static const void *lookups_that_count(const void *dns)
{
	const struct summary_dns *d = dns;

	return &d->ended[summary_dns__source(d)];
}

static int64_t lookups_in_flight(const void *dns)
{
	const struct summary_dns *d = dns;
	int64_t in_flight = 0;

	for (size_t i = 0; i < d->unanswered_len; i++)
		in_flight += d->unanswered[i].source == summary_dns__source(d);
	return in_flight;
}

static const struct field dns_fields[] = {
	{"source", FIELD_WORD, .number = lookup_source, .words = &dns_source_names,
	 .meaning =
		 "What the lookups are: calls of getaddrinfo if there were any, else each query."},
	{NULL, FIELD_GROUP, .of = lookups_that_count, .rows = lookup_fields,
	 .meaning = "the lookups"},
	{"in_flight", FIELD_NONZERO, .number = lookups_in_flight,
	 .meaning = "How many lookups were not seen to end."},
	PART(summary_dns, "nameservers", FIELD_ARRAY, nameservers[0],
	     FIELD_LEN(struct summary_dns, nameservers_len), .rows = nameserver_fields,
	     .meaning = "The queries to each nameserver."),
	LAST,
};

static const void *summary_dns(const void *summary)
{
	return &((const struct summary *)summary)->dns;
}

static bool has_dns(const void *summary)
{
	return summary_dns__any(summary_dns(summary));
}

static bool was_tls_blind(const void *summary)
{
	return ((const struct summary *)summary)->tls_blind[0];
}

static int64_t summary_duration(const void *summary)
{
	const struct summary *s = summary;

	return (int64_t)(s->end_ts_ns - s->begin_ts_ns);
}

const struct field summary_fields[] = {
	ROW(summary, "verdict", FIELD_WORD, verdict, .words = &verdict_names,
	    .meaning = "healthy; stalled: a stall was seen; no_traffic: Patroni sent nothing to "
		       "etcd."),
	COUNT(summary, "stalls", stalls, "How many stalls began."),
	ROW(summary, "worst_remaining_s", FIELD_REMAINING, worst_remaining_ns,
	    .meaning = "The least time that was left until a lease would expire, over all stalls; "
		       "negative if one expired."),
	COUNT(summary, "demotions", demotions,
	      "How many leaders recorded their own demotion in etcd, planned switchovers included."),
	SEVERAL(summary, "endpoints", FIELD_ARRAY, endpoints, endpoint_fields,
		"The endpoints that Patroni used."),
	{"dns", FIELD_OBJECT, .of = summary_dns, .when = has_dns, .rows = dns_fields,
	 .meaning = "The names that Patroni looked up. Absent if there were none."},
	PART(summary, "tls.blind", FIELD_CHARS, tls_blind, .when = was_tls_blind,
	     .meaning = "Why leasewatch could not read a process's TLS connections."),
	COUNT(summary, "events_lost", events_lost, "How many events were lost."),
	COUNT(summary, "refreshes", refreshes,
	      "How many times Patroni tried to renew a lease, as far as that was observed."),
	COUNT(summary, "refreshes_ok", refreshes_ok, "How many of those etcd granted."),
	{"duration_s", FIELD_DURATION, .number = summary_duration,
	 .meaning = "How long leasewatch was watching."},
	LAST,
};
