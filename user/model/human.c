// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * human.c - durations and times as a person reads them, for sentences and tables.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "leasewatch/units.h"
#include "model/human.h"

static uint64_t divide_round(uint64_t value, uint64_t by)
{
	return value / by + (value % by >= by - by / 2);
}

/* From two minutes on: two units, the larger first, the smaller left out when it is 0. */
static void format_long(char *buf, const char *sign, uint64_t seconds)
{
	static const struct {
		uint64_t seconds;
		const char *name;
	} units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
	size_t i = 0;
	uint64_t rest;

	while (seconds < units[i].seconds)
		i++;
	rest = seconds % units[i].seconds / units[i + 1].seconds;
	if (rest)
		snprintf(buf, HUMAN_BYTES, "%s%" PRIu64 " %s %" PRIu64 " %s", sign,
			 seconds / units[i].seconds, units[i].name, rest, units[i + 1].name);
	else
		snprintf(buf, HUMAN_BYTES, "%s%" PRIu64 " %s", sign, seconds / units[i].seconds,
			 units[i].name);
}

/* Every step asks what the rounded number would be, so that "1000 ms" or "10.00 s" never appear. */
const char *human_duration(char buf[HUMAN_BYTES], int64_t ns)
{
	const char *sign = ns < 0 ? "-" : "";
	uint64_t n = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
	uint64_t us = divide_round(n, 1000), tenths_ms = divide_round(n, NS_PER_MS / 10);
	uint64_t ms = divide_round(n, NS_PER_MS), hundredths_s = divide_round(n, NS_PER_S / 100);
	uint64_t tenths_s = divide_round(n, NS_PER_S / 10), s = divide_round(n, NS_PER_S);

	if (us == 0)
		snprintf(buf, HUMAN_BYTES, "0 s");
	else if (us < 1000)
		snprintf(buf, HUMAN_BYTES, "%s%" PRIu64 " us", sign, us);
	else if (tenths_ms < 100)
		snprintf(buf, HUMAN_BYTES, "%s%" PRIu64 ".%" PRIu64 " ms", sign, tenths_ms / 10,
			 tenths_ms % 10);
	else if (ms < 1000)
		snprintf(buf, HUMAN_BYTES, "%s%" PRIu64 " ms", sign, ms);
	else if (hundredths_s < 1000)
		snprintf(buf, HUMAN_BYTES, "%s%" PRIu64 ".%02" PRIu64 " s", sign,
			 hundredths_s / 100, hundredths_s % 100);
	else if (tenths_s < 1200)
		snprintf(buf, HUMAN_BYTES, "%s%" PRIu64 ".%" PRIu64 " s", sign, tenths_s / 10,
			 tenths_s % 10);
	else
		format_long(buf, sign, s);
	return buf;
}

const char *human_duration_utf8(bool utf8, char buf[HUMAN_BYTES], int64_t ns)
{
	size_t len;

	human_duration(buf, ns);
	len = strlen(buf);
	if (utf8 && len > 3 && !strcmp(buf + len - 3, " us"))
		snprintf(buf + len - 2, HUMAN_BYTES - len + 2, "\u00b5s");
	return buf;
}

const char *human_time(uint64_t ts_ns, const char *format, char *buf, size_t size)
{
	time_t seconds = (time_t)(ts_ns / NS_PER_S);
	struct tm tm;

	if (!localtime_r(&seconds, &tm) || !strftime(buf, size, format, &tm))
		snprintf(buf, size, "?");
	return buf;
}
