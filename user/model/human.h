/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * human.h - durations and times as a person reads them.
 */
#ifndef LEASEWATCH_HUMAN_H
#define LEASEWATCH_HUMAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Enough for any duration. */
#define HUMAN_BYTES 32

/*
 * "820 us", "4.6 ms", "46 ms", "7.05 s", "24.1 s", "2 min 5 s", "1 h 5 min", "3 d 4 h"; a negative
 * one with a minus in front. Never longer than 12 columns below 100 days. ASCII. Returns buf.
 */
const char *human_duration(char buf[HUMAN_BYTES], int64_t ns);

/* The same, with the Greek letter where it can be shown. */
const char *human_duration_utf8(bool utf8, char buf[HUMAN_BYTES], int64_t ns);

/* A wall clock in local time, as strftime spells it; tzset() was called. Returns buf. */
const char *human_time(uint64_t ts_ns, const char *format, char *buf, size_t size);

#endif
