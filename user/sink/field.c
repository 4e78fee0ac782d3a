// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * field.c - the keys of every event but the summary. Their names and their order are the public
 * contract.
 */
#include "leasewatch/units.h"
#include "model/histogram.h"
#include "model/summary.h"
#include "sink/field.h"

#define ROW(k, kind_, m, ...)                                                                      \
	{                                                                                          \
		k, kind_, FIELD_INTEGER(struct finding, m), __VA_ARGS__                            \
	}
/* Of what is no integer. */
#define PART(k, kind_, m, ...)                                                                     \
	{                                                                                          \
		k, kind_, FIELD_AT(struct finding, m), __VA_ARGS__                                 \
	}
#define STRING(k, m, text)	PART(k, FIELD_STRING, m, .meaning = (text))
#define DURATION(k, m, text)	ROW(k, FIELD_DURATION, m, .meaning = (text))
#define WORD(k, m, names, text) ROW(k, FIELD_WORD, m, .words = &(names), .meaning = (text))
#define WORD_OR(k, m, names, or, text)                                                             \
	ROW(k, FIELD_WORD_OR, m, .words = &(names), .otherwise = (or), .meaning = (text))
/* NOLINTBEGIN(bugprone-macro-parentheses): m is the name of a member. */
#define EVIDENCE(m, text)                                                                          \
	PART("evidence", FIELD_EVIDENCE, m.evidence, FIELD_LEN(struct finding, m.evidence_len),    \
	     .max = ARRAY_LEN(((struct finding *)0)->m.evidence), .meaning = (text))
/* NOLINTEND(bugprone-macro-parentheses) */
/* The histogram is borrowed: what is in the finding is a pointer to it. */
#define BORROWED(k, kind_, ...)                                                                    \
	{                                                                                          \
		k, kind_, .size = sizeof(void *),                                                  \
			  .offset = offsetof(struct finding, requests.latency), __VA_ARGS__        \
	}
#define LATENCY(k, part, text)                                                                     \
	BORROWED(k, FIELD_LATENCY, .inner = offsetof(struct histogram, part), .meaning = (text))
#define ENDPOINT(text) STRING("endpoint", where.endpoint, text)
#define WHO                                                                                        \
	{                                                                                          \
		NULL, FIELD_GROUP, .rows = who_fields, .meaning = "the process"                    \
	}
#define PEER                                                                                       \
	{                                                                                          \
		NULL, FIELD_GROUP, .rows = peer_fields, .meaning = "the address"                   \
	}
#define SERVER                                                                                     \
	{                                                                                          \
		NULL, FIELD_GROUP, .rows = server_fields, .meaning = "the server"                  \
	}
#define LAST                                                                                       \
	{                                                                                          \
		.meaning = NULL                                                                    \
	}

#define WHICH_ENDPOINT                                                                             \
	"The etcd endpoint, as Patroni's configuration names it; its address and port as long as " \
	"the name is not known."

const struct field who_fields[] = {
	ROW("process.pid", FIELD_NONZERO, who.pid,
	    .meaning = "Patroni's process ID, as this host numbers it."),
	STRING("patroni.scope", who.scope, "The name of the Patroni cluster."),
	STRING("patroni.member", who.member, "The name of the Patroni member."),
	STRING("patroni.role", who.role,
	       "The member's role, as it last wrote it to etcd: leader, replica or standby_leader."),
	LAST,
};

const struct field peer_fields[] = {
	STRING("network.peer.address", where.address, "The IP address that Patroni connects to."),
	ROW("network.peer.port", FIELD_NONZERO, where.port, .meaning = "The TCP port there."),
	LAST,
};

const struct field server_fields[] = {
	PART("server.address", FIELD_HOST, where.endpoint,
	     .meaning = "The endpoint's host name or address, without the port."),
	PART("server.port", FIELD_PORT, where.endpoint, .meaning = "The endpoint's port."),
	LAST,
};

static const struct field start_fields[] = {
	ROW("schema_version", FIELD_COUNT, start.schema_version,
	    .meaning = "The version of this format. It changes only if a key changes its meaning."),
	STRING("version", start.version, "The version of leasewatch."),
	STRING("host", start.host, "The host's name."),
	STRING("kernel", start.kernel, "The kernel's release."),
	STRING("hooks", start.hooks, "The kernel hooks in use, separated by commas."),
	ROW("targets", FIELD_COUNT, start.targets,
	    .meaning = "How many Patroni processes were found."),
	LAST,
};

static const struct field process_fields[] = {
	WORD("phase", process.phase, process_phase_names,
	     "found: the process is being watched. updated: more is known about the member, or its "
	     "role has changed. exited: the process is gone. ignored: it looks like Patroni, but "
	     "its owner's processes are not watched (--users)."),
	WHO,
	ROW("process.user.id", FIELD_KNOWN, process.uid,
	    .meaning = "The process's owner, as the kernel states it (the user ID on this host)."),
	STRING("patroni.previous_role", process.previous_role,
	       "The role that the member had until now. Present only if the role has changed."),
	STRING("patroni.version", who.version, "The version of Patroni."),
	STRING("tls.blind", process.tls_blind,
	       "Why leasewatch cannot read this process's TLS connections. Absent if it can, or if "
	       "there are none."),
	STRING("note", process.note, "What else is worth knowing about the process."),
	LAST,
};

static bool is_tls_seen(const void *base)
{
	return ((const struct finding *)base)->connect.tls.on;
}

static const struct field connect_fields[] = {
	WHO,
	ENDPOINT(WHICH_ENDPOINT),
	PEER,
	WORD("outcome", connect.outcome, connect_outcome_names,
	     "ok; refused; timeout: the kernel or Patroni gave up; unreachable: no route; reset; "
	     "abandoned: Patroni went away while connecting; tls: connected, but the handshake "
	     "failed, and tls.error says why."),
	DURATION("duration_s", connect.duration_ns,
		 "How long the TCP connection took to succeed or fail, without the TLS handshake."),
	PART("tls.client.server_name", FIELD_STRING, connect.tls.server_name, .when = is_tls_seen,
	     .meaning = "The host name that Patroni asked for in the TLS handshake (SNI)."),
	ROW("tls.duration_s", FIELD_DURATION, connect.tls.duration_ns, .when = is_tls_seen,
	    .meaning = "How long the TLS handshake took."),
	PART("tls.error", FIELD_STRING, connect.tls.error, .when = is_tls_seen,
	     .meaning = "Why the TLS handshake failed."),
	LAST,
};

static const struct field request_fields[] = {
	WHO,
	ENDPOINT(WHICH_ENDPOINT),
	SERVER,
	PEER,
	STRING("http.request.method", request.method, "The HTTP method."),
	STRING("url.path", request.path, "The path, without its query."),
	STRING("etcd.rpc", request.rpc,
	       "What is asked of etcd, such as lease/keepalive, lease/grant, kv/range, kv/txn or "
	       "watch."),
	WORD("outcome", request.outcome, request_outcome_names,
	     "ok; error: the answer says no; timeout: Patroni gave up and closed the connection; "
	     "reset: the connection was reset; closed: the endpoint closed the connection without "
	     "an answer; unobserved: leasewatch missed a part and does not guess."),
	ROW("http.response.status_code", FIELD_NONZERO, request.status,
	    .meaning = "The answer's HTTP status."),
	ROW("etcd.error.code", FIELD_NONZERO, request.error_code,
	    .meaning = "The error code in etcd's answer: gRPC's, or that of the v2 API."),
	STRING("etcd.error.message", request.error_message, "The error message in etcd's answer."),
	DURATION("duration_s", request.duration_ns,
		 "From the first byte sent to the last byte of the answer, or to the failure."),
	DURATION("first_byte_s", request.first_byte_ns,
		 "From the first byte sent to the first byte of the answer."),
	DURATION("unread_s", request.unread_ns,
		 "How long the answer had arrived on this host before Patroni read it."),
	DURATION("tcp.srtt_s", request.srtt_ns,
		 "The connection's smoothed round-trip time, as the kernel measures it."),
	ROW("tcp.retransmits", FIELD_KNOWN, request.retransmits,
	    .meaning = "How many TCP segments were sent again during the request."),
	ROW("etcd.member_id", FIELD_ID, request.member_id,
	    .meaning = "The etcd member that answered, as a decimal string."),
	ROW("etcd.raft_term", FIELD_NONZERO, request.raft_term,
	    .meaning = "The Raft term in the answer. It rises with every election in etcd."),
	ROW("lease.id", FIELD_ID, request.lease_id,
	    .meaning = "The lease that the request is about, as a decimal string."),
	ROW("lease.ttl_s", FIELD_KNOWN, request.ttl_s,
	    .meaning = "The lease's time to live, in whole seconds, as etcd granted it."),
	LAST,
};

static bool has_stall_ended(const void *base)
{
	return ((const struct finding *)base)->stall.phase == STALL_END;
}

static const struct field stall_fields[] = {
	WORD("phase", stall.phase, stall_phase_names,
	     "begin; update: the cause, the endpoint or the severity has changed; end."),
	ROW("stall_id", FIELD_COUNT, stall.stall_id,
	    .meaning = "The stall's number: the same from its begin to its end. Counts from 1 with "
		       "each start of leasewatch."),
	WORD_OR("cause", stall.cause, cause_names, CAUSE_UNKNOWN,
		"Why the lease is not renewed: see CAUSES."),
	WHO,
	ENDPOINT("The endpoint at which the cause was found."),
	PEER,
	ROW("lease.id", FIELD_ID, stall.lease_id,
	    .meaning = "The lease that is not renewed, as a decimal string."),
	ROW("lease.ttl_s", FIELD_KNOWN, stall.ttl_s,
	    .meaning = "The lease's time to live, in whole seconds."),
	ROW("lease.remaining_s", FIELD_REMAINING, stall.remaining_ns,
	    .meaning = "How long until the lease expires: the TTL of the last good renewal, minus "
		       "the time since that renewal was sent. A lower bound; negative once the "
		       "lease has expired. A leader that cannot reach etcd for Patroni's "
		       "retry_timeout demotes itself before that."),
	DURATION("since_last_ok_s", stall.since_last_ok_ns,
		 "Time since the last good renewal was sent."),
	DURATION("in_flight_s", stall.in_flight_ns,
		 "How long the present attempt to renew has been going on."),
	WORD_OR("severity", stall.severity, stall_severity_names, STALL_WARNING,
		"warning; critical: less than a third of the TTL is left; expired: the lease has "
		"expired."),
	EVIDENCE(stall, "What the cause was concluded from: see Evidence."),
	STRING("headline", stall.headline, "What is happening, in a sentence."),
	STRING("hint", stall.hint, "What to do about it, in a sentence."),
	ROW("result", FIELD_WORD_OR, stall.result, .words = &stall_result_names,
	    .otherwise = STALL_ONGOING, .when = has_stall_ended,
	    .meaning = "With the phase end only. recovered: the lease was renewed. expired: the "
		       "lease was lost. exited: Patroni exited. ongoing: leasewatch stopped before "
		       "the stall ended."),
	ROW("duration_s", FIELD_DURATION, stall.duration_ns, .when = has_stall_ended,
	    .meaning = "With the phase end only: how long the stall lasted."),
	LAST,
};

static const struct field endpoint_fields[] = {
	ENDPOINT(WHICH_ENDPOINT),
	PEER,
	WORD("state", endpoint.state, endpoint_state_names,
	     "unknown; healthy; slow; half_healthy: some kinds of request fail or hang while others "
	     "are answered; silent: accepts connections, but answers nothing; unreachable."),
	ROW("previous", FIELD_WORD_BUT, endpoint.previous, .words = &endpoint_state_names,
	    .otherwise = ENDPOINT_UNKNOWN, .meaning = "The state before."),
	PART("matrix", FIELD_MATRIX, endpoint.matrix,
	     .meaning =
		     "The last outcome of each kind of request, by its name: connect, read, "
		     "write, keepalive, watch, and tls for requests that cannot be read. Each is "
		     "ok, slow, error, hanging, timeout, reset, closed, refused or unreachable."),
	STRING("sentence", endpoint.sentence, "What there is to know about the endpoint."),
	LAST,
};

static const struct field lost_fields[] = {
	STRING("reason", lost.reason, "Where the events were lost, such as ring_full."),
	ROW("count", FIELD_COUNT, lost.count,
	    .meaning = "How many were lost since the last such line."),
	LAST,
};

/* Here the server is the nameserver, as OpenTelemetry has it for a lookup. */
static const struct field dns_fields[] = {
	WORD("source", dns.source, dns_source_names,
	     "getaddrinfo: a call of that function, which is what Patroni waits for, even if the "
	     "answer comes from /etc/hosts or a cache. query: one question to a nameserver. A call "
	     "makes several queries, or none."),
	WHO,
	ENDPOINT("The etcd endpoint that the name belongs to. Absent if it belongs to none."),
	STRING("dns.question.name", dns.name, "The name that is looked up."),
	STRING("dns.question.type", dns.type,
	       "The type of record that is asked for, such as A, AAAA or SRV. Of queries only."),
	STRING("server.address", where.address, "The nameserver's IP address. Of queries only."),
	ROW("server.port", FIELD_NONZERO, where.port,
	    .meaning = "The nameserver's port. Of queries only."),
	STRING("network.transport", dns.transport, "udp or tcp. Of queries only."),
	WORD("outcome", dns.outcome, dns_outcome_names,
	     "ok (of a query also if there is no record of that type); nxdomain; servfail; refused; "
	     "timeout: never answered, and asked again or given up; error; in_flight: unanswered for "
	     "too long. Another line reports how it ended."),
	STRING("error.type", dns.error,
	       "Details of the error, such as EAI_AGAIN or \"rcode 4 NOTIMP\"."),
	DURATION("duration_s", dns.duration_ns, "How long the lookup took, or has taken so far."),
	ROW("dns.answers", FIELD_KNOWN, dns.answers,
	    .meaning = "The number of records in the answer."),
	LAST,
};

static const struct field note_fields[] = {
	WORD("note", note.kind, note_kind_names,
	     "election: etcd has elected a leader. several_members: several etcd members answer at "
	     "one endpoint. switch: Patroni now renews through another endpoint. nagle: each request "
	     "waits for Nagle's algorithm and a delayed ACK. known_fault: this version of Patroni "
	     "has a known bug that affects what is happening. failsafe: Patroni asks the other "
	     "members whether it may stay primary without etcd."),
	WHO,
	ENDPOINT(WHICH_ENDPOINT),
	PEER,
	STRING("message", note.text, "The note, in a sentence or two."),
	EVIDENCE(note, "What it was concluded from: see Evidence."),
	LAST,
};

static const struct field requests_fields[] = {
	WHO,
	ENDPOINT(WHICH_ENDPOINT),
	SERVER,
	STRING("etcd.rpc", requests.rpc, "What was asked of etcd."),
	{"outcome", FIELD_FIXED, .words = &request_outcome_names, .meaning = "Always ok."},
	ROW("count", FIELD_COUNT, requests.count, .meaning = "How many requests there were."),
	DURATION("interval_s", requests.interval_ns, "Time since the first of them."),
	LATENCY("min_s", min_us, "The shortest of their durations."),
	LATENCY("max_s", max_us, "The longest of their durations."),
	LATENCY("sum_s", sum_us, "The sum of their durations."),
	BORROWED("duration_us", FIELD_BUCKETS,
		 .meaning = "The distribution of their durations. Each key is the upper bound of a "
			    "bucket in microseconds, and its value the number of requests in it. A "
			    "bucket is at most 1/16 of its bound wide; empty ones are left out."),
	LAST,
};

const struct event_fields event_fields[] = {
	[FINDING_START] = {"start", start_fields, .meaning = "leasewatch has started to watch."},
	[FINDING_PROCESS] = {"process", process_fields,
			     .meaning = "A Patroni process was found, has changed or has exited."},
	[FINDING_CONNECT] = {"connect", connect_fields,
			     .meaning = "Patroni tried to connect to an endpoint."},
	[FINDING_REQUEST] = {"request", request_fields, .meaning = "An HTTP request has ended."},
	[FINDING_STALL] = {"stall", stall_fields,
			   .meaning = "A lease is not being renewed: what is happening and why."},
	[FINDING_ENDPOINT] = {"endpoint", endpoint_fields,
			      .meaning =
				      "The state of an endpoint has changed. The last line of an "
				      "endpoint may repeat its state, with the final matrix."},
	[FINDING_LOST] = {"lost", lost_fields,
			  .meaning = "Events were lost: what the other lines say may be "
				     "incomplete."},
	[FINDING_DNS] = {"dns", dns_fields, .meaning = "Patroni looked up a name."},
	[FINDING_NOTE] = {"note", note_fields,
			  .meaning = "An observation that is worth knowing, but no alarm."},
	[FINDING_REQUESTS] = {"requests", requests_fields,
			      .meaning = "Healthy requests of one kind, counted. The daemon writes "
					 "these instead of a line for each."},
	[FINDING_SUMMARY] = {"summary", summary_fields, .no_way_back = true,
			     .meaning = "The last line: what was seen since the start."},
};
_Static_assert(ARRAY_LEN(event_fields) == FINDING_TYPES, "an event is missing");
