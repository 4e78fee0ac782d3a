/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * units.h - times are int64_t or uint64_t nanoseconds (CLOCK_BOOTTIME unless said otherwise).
 */
#ifndef LEASEWATCH_UNITS_H
#define LEASEWATCH_UNITS_H

#define NS_PER_US	 1000LL
#define NS_PER_MS	 1000000LL
#define NS_PER_S	 1000000000LL
#define NS_PER_DAY	 (86400 * NS_PER_S)

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

#endif
