/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * finding.h - what the model says to the outside: one struct finding per line of JSON.
 *
 * The engine makes findings out of kernel events; `report` makes them out of a JSON log. Sinks and
 * the summary read nothing else, which is why both give the same numbers.
 *
 * What is not known: a string is NULL, an id or a count of seconds that cannot be 0 is 0, a
 * duration or another number is LW_UNKNOWN. Durations are nanoseconds, rounded to microseconds when
 * they are made, because that is what the JSON log carries. Strings are borrowed: valid during the
 * call that hands the finding on.
 */
#ifndef LEASEWATCH_FINDING_H
#define LEASEWATCH_FINDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/names.h"
#include "leasewatch/event.h"

#define LW_UNKNOWN ((int64_t)-1)
/* For remaining seconds, which may be negative once the lease has run out. */
#define LW_UNKNOWN_REMAINING INT64_MIN

enum finding_type {
	FINDING_START,
	FINDING_PROCESS,
	FINDING_CONNECT,
	FINDING_REQUEST,
	FINDING_STALL,
	FINDING_ENDPOINT,
	FINDING_LOST,
	FINDING_DNS,
	FINDING_NOTE,
	FINDING_REQUESTS,
	FINDING_SUMMARY,
	FINDING_TYPES,
};

enum process_phase {
	PROCESS_FOUND,
	PROCESS_EXITED,
	PROCESS_UPDATED,
	PROCESS_IGNORED, /* looks like a Patroni, but its owner does not count */
	PROCESS_PHASES
};
enum connect_outcome {
	CONNECT_OK,
	CONNECT_REFUSED,
	CONNECT_TIMEOUT, /* Patroni gave up, or the kernel did */
	CONNECT_UNREACHABLE,
	CONNECT_RESET,
	CONNECT_ABANDONED, /* Patroni went away while connecting */
	CONNECT_TLS,	   /* connected, but TLS came to nothing: tls.error */
	CONNECT_OUTCOMES,
};
enum request_outcome {
	REQUEST_OK,
	REQUEST_ERROR,
	REQUEST_TIMEOUT,
	REQUEST_RESET,
	REQUEST_CLOSED,
	REQUEST_UNOBSERVED,
	REQUEST_OUTCOMES,
};
enum stall_phase { STALL_BEGIN, STALL_UPDATE, STALL_END, STALL_PHASES };
enum stall_severity { STALL_WARNING, STALL_CRITICAL, STALL_EXPIRED, STALL_SEVERITIES };
enum stall_result {
	STALL_RECOVERED,
	STALL_RESULT_EXPIRED,
	STALL_EXITED,
	STALL_ONGOING,
	STALL_RESULTS
};

/* In the order in which the evidence is weighed (DESIGN's table). */
enum cause {
	CAUSE_UNKNOWN,
	CAUSE_DNS,
	CAUSE_CONNECT_REFUSED,
	CAUSE_NETWORK_LOSS,
	CAUSE_TLS,
	CAUSE_CONNECTION_RESET,
	CAUSE_ENDPOINT_ERROR,
	CAUSE_LEASE_LOST,
	CAUSE_LOCAL_DELAY,
	CAUSE_ENDPOINT_SILENT,
	CAUSE_NOT_ATTEMPTED,
	CAUSES,
};

enum endpoint_state {
	ENDPOINT_UNKNOWN,
	ENDPOINT_HEALTHY,
	ENDPOINT_SLOW,
	ENDPOINT_HALF_HEALTHY,
	ENDPOINT_SILENT,
	ENDPOINT_UNREACHABLE,
	ENDPOINT_STATES,
};

/* The columns of the matrix: the last outcome of each kind of thing that is asked of an endpoint.
 */
enum matrix_column {
	MATRIX_CONNECT,
	MATRIX_READ,
	MATRIX_WRITE,
	MATRIX_KEEPALIVE,
	MATRIX_WATCH,
	MATRIX_TLS, /* requests inside TLS that cannot be read */
	MATRIX_COLUMNS,
};
enum matrix_cell {
	CELL_UNKNOWN, /* never asked, or never answered */
	CELL_OK,
	CELL_SLOW,
	CELL_ERROR,
	CELL_HANGING, /* in flight for too long */
	CELL_TIMEOUT,
	CELL_RESET,
	CELL_CLOSED,
	CELL_REFUSED,
	CELL_UNREACHABLE,
	CELLS,
};

enum dns_source { DNS_QUERY, DNS_GETADDRINFO, DNS_SOURCES };
enum dns_outcome {
	DNS_OK, /* for a query also when there is no record of that type */
	DNS_NXDOMAIN,
	DNS_SERVFAIL,
	DNS_REFUSED,
	DNS_TIMEOUT, /* never answered: asked again, or given up */
	DNS_ERROR,
	DNS_IN_FLIGHT, /* unanswered so far, and for too long */
	DNS_OUTCOMES,
};

/* What the wire tells besides: worth a line, never an alarm. */
enum note_kind {
	NOTE_ELECTION,	  /* raft_term moved: etcd has elected */
	NOTE_SEVERAL,	  /* several etcd members answer at one endpoint: a proxy, a shared name */
	NOTE_SWITCH,	  /* Patroni renews through another endpoint now */
	NOTE_NAGLE,	  /* each request waits for Nagle and delayed ACK; said once a process */
	NOTE_KNOWN_FAULT, /* this Patroni version has a known fault in what is being seen */
	NOTE_FAILSAFE,	  /* Patroni asks its members: it keeps the primary without etcd */
	NOTE_KINDS,
};

/* Which Patroni. */
struct finding_who {
	uint32_t pid; /* 0 = not one process */
	const char *scope;
	const char *member;
	const char *role;    /* "leader", "replica", "standby_leader" */
	const char *version; /* of Patroni */
};

/* Which etcd. */
struct finding_where {
	const char *endpoint; /* "etcd2.lab:2379", as Patroni names it; else "127.0.0.12:2379" */
	const char *address;  /* the peer's address, without port */
	uint16_t port;
};

struct finding_start {
	int schema_version;
	const char *version, *host, *kernel;
	const char *hooks; /* names joined by ", " */
	size_t targets;
};

struct finding_process {
	enum process_phase phase;
	int64_t uid; /* of the process's owner; LW_UNKNOWN */
	const char
		*previous_role; /* updated: its role was this, and is finding.who.role; or NULL */
	const char *tls_blind;	/* why its TLS cannot be read; NULL = it can, or there is none */
	const char *note; /* e.g. "named with -p; it does not look like Patroni"; NULL = none */
};

/* Of TLS, as far as it was seen. */
struct finding_tls {
	bool on;		 /* else the rest means nothing */
	const char *server_name; /* that the client asks for */
	int64_t duration_ns;	 /* of the handshake, from its first byte */
	const char *error;	 /* why it came to nothing, or NULL */
};

struct finding_connect {
	enum connect_outcome outcome;
	int64_t duration_ns; /* until it was connected, or came to nothing; without the handshake */
	struct finding_tls tls;
};

struct finding_request {
	const char *method, *path, *rpc;
	enum request_outcome outcome;
	int status;	/* 0 = no answer */
	int error_code; /* gRPC code; 0 = none given */
	const char *error_message;
	int64_t duration_ns, first_byte_ns, unread_ns, srtt_ns;
	int64_t retransmits;
	uint64_t member_id, raft_term, lease_id;
	int64_t ttl_s; /* of a refresh that was granted; LW_UNKNOWN = none in the answer */
};

struct histogram; /* histogram.h */

/* Healthy requests of one kind, counted for a while: outcome ok; a refresh got its TTL. */
struct finding_requests {
	const char *rpc;
	uint64_t count;
	int64_t interval_ns;		 /* since the first of them */
	const struct histogram *latency; /* of each of them; empty for watches */
};

/* One {key, value} of a stall's evidence. Exactly one of text and number is meant. */
struct evidence {
	const char *key;  /* unit in the name, "in_flight_s" */
	const char *text; /* NULL: it is a number */
	double number;
};
#define EVIDENCE_MAX 24

struct finding_stall {
	enum stall_phase phase;
	enum cause cause;
	enum stall_severity severity;
	uint64_t stall_id; /* the same from begin to end; counts from 1 */
	uint64_t lease_id;
	int64_t ttl_s;
	int64_t remaining_ns; /* LW_UNKNOWN_REMAINING */
	int64_t since_last_ok_ns, in_flight_ns;
	size_t evidence_len;
	struct evidence evidence[EVIDENCE_MAX];
	const char *headline;	  /* one sentence: what is the matter, with the seconds left */
	const char *hint;	  /* one sentence: what to do */
	enum stall_result result; /* END */
	int64_t duration_ns;	  /* END */
};

struct finding_endpoint {
	enum endpoint_state state, previous;
	enum matrix_cell matrix[MATRIX_COLUMNS];
	const char *sentence; /* what an operator should know, NULL = nothing more than the state */
};

struct finding_dns {
	enum dns_source source;
	enum dns_outcome outcome;
	const char *name;      /* that was asked for, without a final dot */
	const char *type;      /* "A", "AAAA", "SRV", "TYPE65"; NULL for getaddrinfo */
	const char *transport; /* "udp", "tcp"; NULL for getaddrinfo */
	const char *error; /* "EAI_AGAIN", "rcode 4 NOTIMP"; NULL = none, or the outcome says it */
	int64_t duration_ns;
	int64_t answers; /* records in the answer; LW_UNKNOWN */
	/* finding.where: address and port of the nameserver (NULL for getaddrinfo), and the
	 * endpoint that the name belongs to (NULL = none). */
};

struct finding_note {
	enum note_kind kind;
	const char *text; /* one or two sentences for a person */
	size_t evidence_len;
	struct evidence evidence[4];
};

/* Lost records: the kernel side's reasons (enum lw_lost), and the engine's own. */
enum {
	LOST_LOOKUP_DROPPED = LW_LOST_REASONS,
	LOST_REASONS,
};
extern const struct enum_names lost_names;

struct finding_lost {
	const char *reason;
	uint64_t count; /* since the last such finding */
};

struct summary; /* summary.h */

struct finding {
	enum finding_type type;
	uint64_t ts_ns; /* wall clock, nanoseconds since 1970 */
	struct finding_who who;
	struct finding_where where;
	union {
		struct finding_start start;
		struct finding_process process;
		struct finding_connect connect;
		struct finding_request request;
		struct finding_stall stall;
		struct finding_endpoint endpoint;
		struct finding_lost lost;
		struct finding_dns dns;
		struct finding_note note;
		struct finding_requests requests;
		const struct summary *summary;
	};
};

/* The names of the public contract. */
extern const struct enum_names connect_outcome_names, request_outcome_names, process_phase_names,
	stall_phase_names, stall_severity_names, stall_result_names, cause_names,
	endpoint_state_names, matrix_column_names, matrix_cell_names, dns_source_names,
	dns_outcome_names, note_kind_names;

/* Has a leader written down, or been heard to say, that it is none any more? */
bool finding_is_demotion(const struct finding *f);

/*
 * The name to show for an endpoint: as Patroni names it, else "address:port" (IPv6 in brackets),
 * else "unknown". Writes at most size bytes, NUL included, and returns buf.
 */
const char *finding_where_name(const struct finding_where *where, char *buf, size_t size);

/* "demo/patroni1", "patroni1", "pid 4242", or "Patroni". Returns buf. */
const char *finding_who_name(const struct finding_who *who, char *buf, size_t size);

/* The rounding of durations that the JSON log implies: to the nearest microsecond, half away from
 * 0. */
int64_t finding_round_us(int64_t ns);

#endif
