// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * evidence.c - what evidence is called, and what it means.
 */
#include <string.h>

#include "leasewatch/units.h"
#include "sink/evidence.h"

const struct evidence_row evidence_rows[] = {
	{"waiting_for", "waiting for", NULL,
	 "What Patroni waits for: connect, tls handshake, or a request such as lease/keepalive."},
	{"dns.source", "dns source", NULL,
	 "Which lookup it waits for: getaddrinfo (the call) or query (to a nameserver)."},
	{"dns.question.name", "name", NULL, "The name that is looked up."},
	{"dns.question.type", "type", NULL, "The type of record that is asked for."},
	{"dns.server.address", "nameserver", NULL, "The nameserver that was asked."},
	{"dns.outcome", "lookup", NULL, "What became of the lookup, as in the event dns."},
	{"error.type", "error", NULL, "Details of the lookup's error, such as EAI_AGAIN."},
	{"attempt_s", "attempt", "s", "How long the attempt took that failed."},
	{"failed_attempts", "failed attempts", NULL,
	 "How many attempts have failed since the last good renewal."},
	{"same_elsewhere", "same elsewhere", NULL,
	 "At how many other endpoints Patroni has met the same since the last good renewal."},
	{"http.response.status_code", "status code", NULL, "The HTTP status of the answer."},
	{"etcd.error.code", "error code", NULL, "The error code in etcd's answer."},
	{"etcd.error.message", "error message", NULL, "The error message in etcd's answer."},
	{"tls.client.server_name", "server name", NULL,
	 "The host name that Patroni asked for in the TLS handshake (SNI)."},
	{"tls.error", "TLS error", NULL, "Why the TLS handshake failed."},
	{"tcp.retransmits", "tcp retransmits", NULL,
	 "How many TCP segments were sent again during the attempt."},
	{"tcp.backoff", "tcp backoff", NULL,
	 "How many times in a row the kernel has doubled its wait before it sends again."},
	{"tcp.unacked_bytes", "tcp unacked", "bytes",
	 "Bytes that Patroni has sent and the peer's kernel has not acknowledged."},
	{"tcp.unread_bytes", "tcp unread", "bytes",
	 "Bytes that have arrived on this host and that Patroni has not read."},
	{"unread_s", "unread", "s", "How long those bytes have been waiting."},
	{"tcp.last_received_s", "tcp last received", "s", "Time since anything arrived."},
	{"tcp.srtt_s", "tcp srtt", "s", "The connection's smoothed round-trip time."},
	{"other_requests", "other requests", NULL,
	 "answered: the same endpoint answers other requests meanwhile."},
	{"thread.state", "thread state", NULL,
	 "The state of Patroni's thread, as in /proc: R runs or wants to, S sleeps, D waits for "
	 "a device, T is stopped."},
	{"thread.wchan", "thread wchan", NULL, "The kernel function that the thread waits in."},
	{"thread.waits_for", "thread waits for", NULL,
	 "The system call that the thread is in, and its peer or file if that is known."},
	{"thread.waits_s", "thread waits", "s", "How long it has been waiting there."},
	{"host.window_s", "host window", "s",
	 "The time over which run_delay, throttled and suspended were measured."},
	{"host.run_delay_s", "host run delay", "s",
	 "How long the thread wanted to run but had no CPU."},
	{"host.throttled_s", "host throttled", "s",
	 "How long the CPU limit of Patroni's cgroup kept it from running."},
	{"host.suspended_s", "host suspended", "s", "How long this host was suspended."},
	{"host.cpu_pressure_percent", "cpu pressure", "%",
	 "Share of the last 10 seconds in which tasks waited for a CPU (PSI): of Patroni's cgroup, else "
	 "of the host."},
	{"host.memory_pressure_percent", "memory pressure", "%",
	 "Share of the last 10 seconds in which tasks waited for memory, as above."},
	{"host.io_pressure_percent", "io pressure", "%",
	 "Share of the last 10 seconds in which tasks waited for a disk, as above."},
	{"etcd.raft_term", "raft term", NULL, "Note election: the new Raft term."},
	{"previous", "previous", NULL,
	 "Note election: the Raft term before. Note switch: the endpoint before."},
	{"etcd.member_id", "member id", NULL, "Note several_members: one of them."},
	{"other", "other", NULL, "Note several_members: another of them."},
	{"duration_s", "duration", "s", "Note nagle: how long the last request took."},
	{"asked", "asked", NULL, "Note failsafe: the member that Patroni asks."},
	{"patroni.version", "patroni version", NULL,
	 "Note known_fault: the version that has the bug."},
};
const size_t evidence_rows_len = ARRAY_LEN(evidence_rows);

const struct evidence_row *evidence__row(const char *key)
{
	for (size_t i = 0; i < evidence_rows_len; i++)
		if (!strcmp(evidence_rows[i].key, key))
			return &evidence_rows[i];
	return NULL;
}
