// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * words.c - the short spellings of the live screen.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "leasewatch/units.h"
#include "sink/top/private.h"

const char *top_seconds(char buf[HUMAN_BYTES], int64_t ns)
{
	if (ns > -120 * NS_PER_S && ns < 120 * NS_PER_S)
		snprintf(buf, HUMAN_BYTES, "%.1f s", (double)ns / 1e9);
	else
		human_duration(buf, ns);
	return buf;
}

/* Every step asks what the rounded number would be, so that "1000ms" never appears. */
const char *top_latency(char buf[HUMAN_BYTES], int64_t ns)
{
	double ms = (double)ns / 1e6, s = (double)ns / 1e9;

	if (ns < 0)
		snprintf(buf, HUMAN_BYTES, "-");
	else if (ms < 1)
		snprintf(buf, HUMAN_BYTES, "<1ms");
	else if (ms < 9.95)
		snprintf(buf, HUMAN_BYTES, "%.1fms", ms);
	else if (ms < 999.5)
		snprintf(buf, HUMAN_BYTES, "%.0fms", ms);
	else if (s < 9.995)
		snprintf(buf, HUMAN_BYTES, "%.2fs", s);
	else if (s < 99.95)
		snprintf(buf, HUMAN_BYTES, "%.1fs", s);
	else if (s < 600)
		snprintf(buf, HUMAN_BYTES, "%.0fs", s);
	else if (s < 99 * 60)
		snprintf(buf, HUMAN_BYTES, "%.0fmin", s / 60);
	else if (s < 99 * 3600)
		snprintf(buf, HUMAN_BYTES, "%.0fh", s / 3600);
	else
		snprintf(buf, HUMAN_BYTES, "%.0fd", s / 86400);
	return buf;
}

const char *top_duration(char buf[HUMAN_BYTES], int64_t ns)
{
	if (ns < 0)
		snprintf(buf, HUMAN_BYTES, "-");
	else
		human_duration(buf, ns);
	return buf;
}

const char *top_clock(char *buf, size_t size, uint64_t ts_ns)
{
	return text__time(ts_ns, "%H:%M:%S", buf, size);
}

/* Readable without colour: what is wrong is in capitals. */
const char *top_cell_word(enum matrix_cell cell, bool room)
{
	static const char *const words[CELLS][2] = {
		[CELL_UNKNOWN] = {"-", "-"},	      [CELL_OK] = {"ok", "ok"},
		[CELL_SLOW] = {"slow", "slow"},	      [CELL_ERROR] = {"FAIL", "FAILS"},
		[CELL_HANGING] = {"HANG", "HANGS"},   [CELL_TIMEOUT] = {"T/O", "TIMES OUT"},
		[CELL_RESET] = {"RST", "RESET"},      [CELL_CLOSED] = {"EOF", "CLOSED"},
		[CELL_REFUSED] = {"REFU", "REFUSED"}, [CELL_UNREACHABLE] = {"UNRE", "UNREACHABLE"},
	};

	if ((unsigned int)cell >= CELLS || !words[cell][room])
		return "?";
	return words[cell][room];
}

enum top_style top_cell_style(enum matrix_cell cell)
{
	switch (cell) {
	case CELL_UNKNOWN:
		return TOP_DIM;
	case CELL_OK:
		return TOP_GOOD;
	case CELL_SLOW:
		return TOP_WARN;
	default:
		return TOP_BAD;
	}
}

enum top_style top_state_style(enum endpoint_state state)
{
	switch (state) {
	case ENDPOINT_UNKNOWN:
		return TOP_DIM;
	case ENDPOINT_HEALTHY:
		return TOP_GOOD;
	case ENDPOINT_SLOW:
		return TOP_WARN;
	default:
		return TOP_BAD;
	}
}

enum top_style top_severity_style(enum stall_severity severity)
{
	return severity == STALL_WARNING ? TOP_WARN : TOP_ALARM;
}

bool top_is_ill(enum endpoint_state state)
{
	return state != ENDPOINT_UNKNOWN && state != ENDPOINT_HEALTHY;
}

bool top_is_short(const struct member_status *m)
{
	return m->remaining_ns != LW_UNKNOWN_REMAINING && m->ttl_s > 0 &&
	       m->remaining_ns < m->ttl_s * NS_PER_S / 3;
}
