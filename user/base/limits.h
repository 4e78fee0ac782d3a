/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * limits.h - the limits that keep one process from crowding out the others, and how often each was
 * hit. One count for the whole program, from any thread.
 */
#ifndef LEASEWATCH_BASE_LIMITS_H
#define LEASEWATCH_BASE_LIMITS_H

#include <stdint.h>
#include <stdio.h>

#include "base/names.h"

enum limit {
	LIMIT_MEMBERS,	   /* shown in metrics and status */
	LIMIT_TARGETS,	   /* processes that the kernel side follows */
	LIMIT_ENDPOINTS,   /* remembered */
	LIMIT_ADDRESSES,   /* remembered */
	LIMIT_CONNECTIONS, /* followed at once */
	LIMIT_EXCHANGES,   /* followed at once */
	LIMIT_LOOKUPS,	   /* followed at once */
	LIMIT_LABEL_NAMES, /* of one label of the metrics */
	LIMIT_TLS_SOCKETS, /* tied to libssl's objects */
	LIMIT_RING,	   /* bytes per process in the kernel's rings */
	LIMIT_HTTP_CLIENTS,
	LIMIT_READER_QUEUE, /* questions about processes */
	LIMITS
};

extern const struct enum_names limit_names;

void limits__hit(enum limit limit);
uint64_t limits__hits(enum limit limit);

/* One line for each limit that was hit since its last line, at most every LIMITS_REPORT_NS. */
#define LIMITS_REPORT_NS (600 * NS_PER_S)
void limits__report(FILE *to, uint64_t now_ns);

#endif
