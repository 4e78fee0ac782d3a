/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * clock.h - what time it is: for those who bring time in, not for the model.
 */
#ifndef LEASEWATCH_CLOCK_H
#define LEASEWATCH_CLOCK_H

#include <stdint.h>
#include <time.h>

#include "leasewatch/units.h"

static inline uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

#endif
