/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * status.h - how everything stands at one moment, for outputs that show a state and not only
 * events.
 *
 * Strings are the engine's: valid until the next call that hands it something.
 */
#ifndef LEASEWATCH_STATUS_H
#define LEASEWATCH_STATUS_H

#include "model/finding.h"
#include "model/message.h"

#define STATUS_MEMBERS_MAX   64
#define STATUS_ENDPOINTS_MAX 64

/* One Patroni member. */
struct member_status {
	struct finding_who who;
	struct finding_where where; /* the endpoint that the last refresh was sent to */
	uint64_t lease_id;
	int64_t ttl_s;	       /* LW_UNKNOWN */
	int64_t remaining_ns;  /* LW_UNKNOWN_REMAINING */
	int64_t cadence_ns;    /* learned interval between refreshes; LW_UNKNOWN */
	int64_t since_ok_ns;   /* since the last good refresh was sent; LW_UNKNOWN */
	int64_t since_sent_ns; /* since the last refresh was sent; LW_UNKNOWN */
	bool blind;	       /* its TLS cannot be read: nothing is known of its lease */
	bool stalled;
	/* While stalled: what is said of it, as of now (the seconds in its headline run). */
	struct finding_where stall_where;
	struct finding_stall stall; /* borrows from message, below */
	struct message message;
};

/* One etcd endpoint. Watches count neither as requests nor as in flight. */
struct endpoint_status {
	struct finding_where where;
	enum endpoint_state state;
	enum matrix_cell matrix[MATRIX_COLUMNS];
	const char *sentence;		/* what the state means, NULL = it says it all */
	uint64_t requests;		/* answered or failed, since the start */
	uint64_t failed;		/* of them */
	int64_t last_ns;		/* the last answer's duration; LW_UNKNOWN */
	int64_t p50_ns, p99_ns, max_ns; /* of all answers since the start; LW_UNKNOWN */
	size_t in_flight;
	int64_t oldest_ns;	/* age of the oldest in flight, its connect included; LW_UNKNOWN */
	const char *oldest_rpc; /* "lease/keepalive", "connect"; NULL = nothing in flight */
	bool in_use;		/* some member's last refresh went here */
};

/* Look-ups of names by the watched processes (getaddrinfo; without it, queries). */
struct dns_status {
	uint64_t lookups, failed;
	int64_t last_ns;   /* duration of the last one that ended; LW_UNKNOWN */
	int64_t oldest_ns; /* age of the oldest that is unanswered; LW_UNKNOWN = none */
	char oldest_name[256], oldest_server[ADDRESS_BYTES]; /* "" = not known */
};

struct status {
	uint64_t now_ns;		  /* wall clock */
	size_t members_len, members_more; /* shown here, and how many there are beside them */
	struct member_status members[STATUS_MEMBERS_MAX];
	size_t endpoints_len, endpoints_more;
	struct endpoint_status endpoints[STATUS_ENDPOINTS_MAX]; /* in the order of their names */
	struct dns_status dns;
	uint64_t events_lost;
};

#endif
