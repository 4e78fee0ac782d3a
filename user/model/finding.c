// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * finding.c - the words of the public contract: one table per enum, read in both directions, so
 * that what is written can always be read back.
 */
#include <stdio.h>
#include <string.h>

#include "base/address.h"
#include "model/finding.h"

ENUM_NAMES(connect_outcome_names,
	   CONNECT_OUTCOMES, [CONNECT_OK] = "ok", [CONNECT_REFUSED] = "refused",
	   [CONNECT_TIMEOUT] = "timeout", [CONNECT_UNREACHABLE] = "unreachable",
	   [CONNECT_RESET] = "reset", [CONNECT_ABANDONED] = "abandoned", [CONNECT_TLS] = "tls");

ENUM_NAMES(request_outcome_names, REQUEST_OUTCOMES, [REQUEST_OK] = "ok", [REQUEST_ERROR] = "error",
	   [REQUEST_TIMEOUT] = "timeout", [REQUEST_RESET] = "reset", [REQUEST_CLOSED] = "closed",
	   [REQUEST_UNOBSERVED] = "unobserved");

ENUM_NAMES(process_phase_names,
	   PROCESS_PHASES, [PROCESS_FOUND] = "found", [PROCESS_EXITED] = "exited",
	   [PROCESS_UPDATED] = "updated", [PROCESS_IGNORED] = "ignored");

ENUM_NAMES(stall_phase_names,
	   STALL_PHASES, [STALL_BEGIN] = "begin", [STALL_UPDATE] = "update", [STALL_END] = "end");

ENUM_NAMES(stall_severity_names, STALL_SEVERITIES, [STALL_WARNING] = "warning",
	   [STALL_CRITICAL] = "critical", [STALL_EXPIRED] = "expired");

ENUM_NAMES(stall_result_names,
	   STALL_RESULTS, [STALL_RECOVERED] = "recovered", [STALL_RESULT_EXPIRED] = "expired",
	   [STALL_EXITED] = "exited", [STALL_ONGOING] = "ongoing");

ENUM_NAMES(endpoint_state_names,
	   ENDPOINT_STATES, [ENDPOINT_UNKNOWN] = "unknown", [ENDPOINT_HEALTHY] = "healthy",
	   [ENDPOINT_SLOW] = "slow", [ENDPOINT_HALF_HEALTHY] = "half_healthy",
	   [ENDPOINT_SILENT] = "silent", [ENDPOINT_UNREACHABLE] = "unreachable");

ENUM_NAMES(matrix_column_names, MATRIX_COLUMNS, [MATRIX_CONNECT] = "connect",
	   [MATRIX_READ] = "read", [MATRIX_WRITE] = "write", [MATRIX_KEEPALIVE] = "keepalive",
	   [MATRIX_WATCH] = "watch", [MATRIX_TLS] = "tls");

ENUM_NAMES(matrix_cell_names, CELLS, [CELL_UNKNOWN] = "unknown", [CELL_OK] = "ok",
	   [CELL_SLOW] = "slow", [CELL_ERROR] = "error", [CELL_HANGING] = "hanging",
	   [CELL_TIMEOUT] = "timeout", [CELL_RESET] = "reset", [CELL_CLOSED] = "closed",
	   [CELL_REFUSED] = "refused", [CELL_UNREACHABLE] = "unreachable");

ENUM_NAMES(dns_source_names, DNS_SOURCES, [DNS_QUERY] = "query", [DNS_GETADDRINFO] = "getaddrinfo");

ENUM_NAMES(dns_outcome_names, DNS_OUTCOMES, [DNS_OK] = "ok", [DNS_NXDOMAIN] = "nxdomain",
	   [DNS_SERVFAIL] = "servfail", [DNS_REFUSED] = "refused", [DNS_TIMEOUT] = "timeout",
	   [DNS_ERROR] = "error", [DNS_IN_FLIGHT] = "in_flight");

ENUM_NAMES(note_kind_names, NOTE_KINDS, [NOTE_ELECTION] = "election",
	   [NOTE_SEVERAL] = "several_members", [NOTE_SWITCH] = "switch", [NOTE_NAGLE] = "nagle",
	   [NOTE_KNOWN_FAULT] = "known_fault", [NOTE_FAILSAFE] = "failsafe");

ENUM_NAMES(lost_names,
	   LOST_REASONS, [LW_LOST_RING_FULL] = "ring_full", [LW_LOST_NO_MEMORY] = "no_memory",
	   [LW_LOST_PAYLOAD] = "payload_unreadable", [LW_LOST_TLS_TIE] = "tls_untied",
	   [LW_LOST_BUDGET] = "over_budget", [LOST_LOOKUP_DROPPED] = "lookup_dropped");

bool finding_is_demotion(const struct finding *f)
{
	const char *before = f->type == FINDING_PROCESS ? f->process.previous_role : NULL;

	return before && f->process.phase == PROCESS_UPDATED && !strcmp(before, "leader") &&
	       f->who.role && strcmp(f->who.role, "leader") != 0;
}

const char *finding_where_name(const struct finding_where *where, char *buf, size_t size)
{
	if (where->endpoint && where->endpoint[0])
		snprintf(buf, size, "%s", where->endpoint);
	else if (where->address && where->address[0])
		address__with_port(buf, size, where->address, where->port);
	else
		snprintf(buf, size, "unknown");
	return buf;
}

int64_t finding_round_us(int64_t ns)
{
	int64_t us = ns / 1000, rest = ns % 1000;

	if (ns > INT64_MAX - 1000 || ns < INT64_MIN + 1000)
		return ns; /* LW_UNKNOWN_REMAINING, or nonsense: nothing to round */
	if (rest >= 500)
		us++;
	else if (rest <= -500)
		us--;
	return us * 1000;
}

const char *finding_who_name(const struct finding_who *who, char *buf, size_t size)
{
	if (who->member && who->scope)
		snprintf(buf, size, "%s/%s", who->scope, who->member);
	else if (who->member)
		snprintf(buf, size, "%s", who->member);
	else if (who->pid)
		snprintf(buf, size, "pid %u", who->pid);
	else
		snprintf(buf, size, "Patroni");
	return buf;
}
