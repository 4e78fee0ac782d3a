/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench.h - what the benchmark's small programs share. Each is driven line by line over stdin and
 * stdout by the Python side, so that one process can be measured many times while other things
 * come and go around it.
 */
#ifndef LEASEWATCH_BENCH_H
#define LEASEWATCH_BENCH_H

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS_PER_S 1000000000ULL

static inline uint64_t now_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

/* errno is shown if it is set. */
static inline void __attribute__((noreturn, format(printf, 1, 2))) die(const char *format, ...)
{
	int err = errno;
	va_list args;

	fprintf(stderr, "bench: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "%s%s\n", err ? ": " : "", err ? strerror(err) : "");
	exit(1);
}

/* One line to the driver, at once. */
static inline void __attribute__((format(printf, 1, 2))) reply(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

static inline int compare_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

#endif
