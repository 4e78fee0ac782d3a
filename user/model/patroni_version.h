/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * patroni_version.h - Patroni's versions as numbers, and its known bugs by the versions that have
 * them.
 */
#ifndef LEASEWATCH_PATRONI_VERSION_H
#define LEASEWATCH_PATRONI_VERSION_H

#include <stdbool.h>
#include <stdint.h>

#define PATRONI_VERSION(major, minor, patch)                                                       \
	((uint32_t)(major) << 16 | (uint32_t)(minor) << 8 | (uint32_t)(patch))

/* "3.0.2", "4.1" or "4.0.0b1" as PATRONI_VERSION(); 0 = not a version. */
uint32_t patroni_version__parse(const char *text);

enum patroni_bug {
	PATRONI_BUG_STAYS, /* it keeps asking an etcd that answers renewals with code 14 */
	PATRONI_BUGS,
};

/* Has this version the bug? Of a version that is not known (0) nobody can tell: no. */
bool patroni_bug__is_in(enum patroni_bug bug, uint32_t version);
/* "3.3.7 and 4.0.6" */
const char *patroni_bug__fixed_in(enum patroni_bug bug);

#endif
