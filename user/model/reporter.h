/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reporter.h - where findings go out, with the wall clock's time.
 */
#ifndef LEASEWATCH_REPORTER_H
#define LEASEWATCH_REPORTER_H

#include <stdint.h>

#include "model/finding.h"

struct reporter {
	void (*on_finding)(void *ctx, const struct finding *f);
	void *ctx;
	int64_t wall_offset_ns; /* CLOCK_REALTIME minus CLOCK_BOOTTIME */
};

uint64_t reporter__wall_ns(const struct reporter *r, uint64_t now_ns);

/* Fills in f->ts_ns. */
void reporter__report(const struct reporter *r, struct finding *f, uint64_t now_ns);

#endif
