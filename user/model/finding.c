// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * finding.c - the words of the public contract: one table per enum, read in both directions, so
 * that what is written can always be read back.
 */
#include <stdio.h>
#include <string.h>

#include "model/finding.h"

#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

static const char *const connect_outcomes[] = {
	[CONNECT_OK] = "ok",	       [CONNECT_REFUSED] = "refused",
	[CONNECT_TIMEOUT] = "timeout", [CONNECT_UNREACHABLE] = "unreachable",
	[CONNECT_RESET] = "reset",     [CONNECT_ABANDONED] = "abandoned",
	[CONNECT_TLS] = "tls",
};

static const char *const request_outcomes[] = {
	[REQUEST_OK] = "ok",	   [REQUEST_ERROR] = "error",	[REQUEST_TIMEOUT] = "timeout",
	[REQUEST_RESET] = "reset", [REQUEST_CLOSED] = "closed", [REQUEST_UNOBSERVED] = "unobserved",
};

static const char *const process_phases[] = {
	[PROCESS_FOUND] = "found",
	[PROCESS_EXITED] = "exited",
	[PROCESS_UPDATED] = "updated",
};

static const char *const stall_phases[] = {
	[STALL_BEGIN] = "begin",
	[STALL_UPDATE] = "update",
	[STALL_END] = "end",
};

static const char *const stall_severities[] = {
	[STALL_WARNING] = "warning",
	[STALL_CRITICAL] = "critical",
	[STALL_EXPIRED] = "expired",
};

static const char *const stall_results[] = {
	[STALL_RECOVERED] = "recovered",
	[STALL_RESULT_EXPIRED] = "expired",
	[STALL_EXITED] = "exited",
	[STALL_ONGOING] = "ongoing",
};

static const char *const causes[] = {
	[CAUSE_UNKNOWN] = "unknown",
	[CAUSE_DNS] = "dns",
	[CAUSE_CONNECT_REFUSED] = "connect_refused",
	[CAUSE_NETWORK_LOSS] = "network_loss",
	[CAUSE_TLS] = "tls",
	[CAUSE_CONNECTION_RESET] = "connection_reset",
	[CAUSE_ENDPOINT_ERROR] = "endpoint_error",
	[CAUSE_LEASE_LOST] = "lease_lost",
	[CAUSE_LOCAL_DELAY] = "local_delay",
	[CAUSE_ENDPOINT_SILENT] = "endpoint_silent",
	[CAUSE_NOT_ATTEMPTED] = "not_attempted",
};

static const char *const endpoint_states[] = {
	[ENDPOINT_UNKNOWN] = "unknown", [ENDPOINT_HEALTHY] = "healthy",
	[ENDPOINT_SLOW] = "slow",	[ENDPOINT_HALF_HEALTHY] = "half_healthy",
	[ENDPOINT_SILENT] = "silent",	[ENDPOINT_UNREACHABLE] = "unreachable",
};

static const char *const matrix_columns[] = {
	[MATRIX_CONNECT] = "connect",	  [MATRIX_READ] = "read",   [MATRIX_WRITE] = "write",
	[MATRIX_KEEPALIVE] = "keepalive", [MATRIX_WATCH] = "watch", [MATRIX_TLS] = "tls",
};

static const char *const matrix_cells[] = {
	[CELL_UNKNOWN] = "unknown", [CELL_OK] = "ok",
	[CELL_SLOW] = "slow",	    [CELL_ERROR] = "error",
	[CELL_HANGING] = "hanging", [CELL_TIMEOUT] = "timeout",
	[CELL_RESET] = "reset",	    [CELL_CLOSED] = "closed",
	[CELL_REFUSED] = "refused", [CELL_UNREACHABLE] = "unreachable",
};

static const char *const dns_sources[] = {
	[DNS_QUERY] = "query",
	[DNS_GETADDRINFO] = "getaddrinfo",
};

static const char *const dns_outcomes[] = {
	[DNS_OK] = "ok",
	[DNS_NXDOMAIN] = "nxdomain",
	[DNS_SERVFAIL] = "servfail",
	[DNS_REFUSED] = "refused",
	[DNS_TIMEOUT] = "timeout",
	[DNS_ERROR] = "error",
	[DNS_IN_FLIGHT] = "in_flight",
};

static const char *const note_kinds[] = {
	[NOTE_ELECTION] = "election",	    [NOTE_SEVERAL] = "several_members",
	[NOTE_SWITCH] = "switch",	    [NOTE_NAGLE] = "nagle",
	[NOTE_KNOWN_FAULT] = "known_fault", [NOTE_FAILSAFE] = "failsafe",
};

_Static_assert(LENGTH(connect_outcomes) == CONNECT_OUTCOMES, "a word is missing");
_Static_assert(LENGTH(request_outcomes) == REQUEST_OUTCOMES, "a word is missing");
_Static_assert(LENGTH(stall_phases) == STALL_PHASES, "a word is missing");
_Static_assert(LENGTH(stall_severities) == STALL_SEVERITIES, "a word is missing");
_Static_assert(LENGTH(stall_results) == STALL_RESULTS, "a word is missing");
_Static_assert(LENGTH(causes) == CAUSES, "a word is missing");
_Static_assert(LENGTH(endpoint_states) == ENDPOINT_STATES, "a word is missing");
_Static_assert(LENGTH(matrix_columns) == MATRIX_COLUMNS, "a word is missing");
_Static_assert(LENGTH(matrix_cells) == CELLS, "a word is missing");
_Static_assert(LENGTH(dns_sources) == DNS_SOURCES, "a word is missing");
_Static_assert(LENGTH(dns_outcomes) == DNS_OUTCOMES, "a word is missing");
_Static_assert(LENGTH(note_kinds) == NOTE_KINDS, "a word is missing");

static const char *name_of(const char *const *table, size_t len, unsigned int value)
{
	return value < len ? table[value] : NULL;
}

static int value_of(const char *const *table, size_t len, const char *name)
{
	if (!name)
		return -1;
	for (size_t i = 0; i < len; i++)
		if (!strcmp(table[i], name))
			return (int)i;
	return -1;
}

const char *connect_outcome_name(enum connect_outcome o)
{
	return name_of(connect_outcomes, LENGTH(connect_outcomes), o);
}

const char *request_outcome_name(enum request_outcome o)
{
	return name_of(request_outcomes, LENGTH(request_outcomes), o);
}

const char *process_phase_name(enum process_phase p)
{
	return name_of(process_phases, LENGTH(process_phases), p);
}

const char *stall_phase_name(enum stall_phase p)
{
	return name_of(stall_phases, LENGTH(stall_phases), p);
}

const char *stall_severity_name(enum stall_severity s)
{
	return name_of(stall_severities, LENGTH(stall_severities), s);
}

const char *stall_result_name(enum stall_result r)
{
	return name_of(stall_results, LENGTH(stall_results), r);
}

const char *cause_name(enum cause c)
{
	return name_of(causes, LENGTH(causes), c);
}

const char *endpoint_state_name(enum endpoint_state s)
{
	return name_of(endpoint_states, LENGTH(endpoint_states), s);
}

const char *matrix_column_name(enum matrix_column c)
{
	return name_of(matrix_columns, LENGTH(matrix_columns), c);
}

const char *matrix_cell_name(enum matrix_cell c)
{
	return name_of(matrix_cells, LENGTH(matrix_cells), c);
}

const char *dns_source_name(enum dns_source s)
{
	return name_of(dns_sources, LENGTH(dns_sources), s);
}

const char *dns_outcome_name(enum dns_outcome o)
{
	return name_of(dns_outcomes, LENGTH(dns_outcomes), o);
}

const char *note_kind_name(enum note_kind k)
{
	return name_of(note_kinds, LENGTH(note_kinds), k);
}

int connect_outcome_from_name(const char *name)
{
	return value_of(connect_outcomes, LENGTH(connect_outcomes), name);
}

int request_outcome_from_name(const char *name)
{
	return value_of(request_outcomes, LENGTH(request_outcomes), name);
}

int process_phase_from_name(const char *name)
{
	return value_of(process_phases, LENGTH(process_phases), name);
}

int stall_phase_from_name(const char *name)
{
	return value_of(stall_phases, LENGTH(stall_phases), name);
}

int stall_severity_from_name(const char *name)
{
	return value_of(stall_severities, LENGTH(stall_severities), name);
}

int stall_result_from_name(const char *name)
{
	return value_of(stall_results, LENGTH(stall_results), name);
}

int cause_from_name(const char *name)
{
	return value_of(causes, LENGTH(causes), name);
}

int endpoint_state_from_name(const char *name)
{
	return value_of(endpoint_states, LENGTH(endpoint_states), name);
}

int matrix_cell_from_name(const char *name)
{
	return value_of(matrix_cells, LENGTH(matrix_cells), name);
}

int dns_source_from_name(const char *name)
{
	return value_of(dns_sources, LENGTH(dns_sources), name);
}

int dns_outcome_from_name(const char *name)
{
	return value_of(dns_outcomes, LENGTH(dns_outcomes), name);
}

int note_kind_from_name(const char *name)
{
	return value_of(note_kinds, LENGTH(note_kinds), name);
}

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
		snprintf(buf, size, strchr(where->address, ':') ? "[%s]:%u" : "%s:%u",
			 where->address, where->port);
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
