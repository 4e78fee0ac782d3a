// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * message.c - the short spellings of the live screen.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "leasewatch/units.h"
#include "model/lease.h"
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
	return human_time(ts_ns, "%H:%M:%S", buf, size);
}

bool top_is_ill(enum endpoint_state state)
{
	return state != ENDPOINT_UNKNOWN && state != ENDPOINT_HEALTHY;
}

bool top_is_short(const struct member_status *m)
{
	return m->remaining_ns != LW_UNKNOWN_REMAINING && m->ttl_s > 0 &&
	       lease_is_short(m->remaining_ns, m->ttl_s);
}
