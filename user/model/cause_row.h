/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cause_row.h - one row per cause: its name, what it is like, what is said of it.
 *
 * To add a cause: its value in enum cause (finding.h), its row, and the decision (cause.c). README
 * and the manual quote the rows, and a test holds them to it.
 */
#ifndef LEASEWATCH_CAUSE_ROW_H
#define LEASEWATCH_CAUSE_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/finding.h"

struct diagnosis;
struct member;

/* Where the fault is. */
enum cause_side {
	SIDE_UNKNOWN,
	SIDE_ENDPOINT,	 /* etcd, or what stands in its place */
	SIDE_NETWORK,	 /* between this host and the endpoint */
	SIDE_NAMESERVER, /* or the zone that it serves */
	SIDE_HOST,	 /* this host: what the renewing thread is in is evidence */
};

struct cause_row {
	const char *name; /* of the public contract */
	enum cause_side side;
	/* Of a failed attempt: is that a clear answer, which a try that hangs does not unsay? NULL:
	 * never. */
	bool (*is_clear)(const struct diagnosis *d);
	bool same_everywhere; /* at two endpoints it is the same fault; else each may have its own
			       */
	bool shows_tls;	      /* TLS is evidence */
	/* Both are put behind what is in buf. */
	void (*headline)(char *buf, size_t size, const struct member *m, uint64_t now_ns);
	void (*hint)(char *buf, size_t size, const struct member *m);
	/* For the manual, in Markdown: what it means, and where to look. NULL: it is not there. */
	const char *meaning, *where_to_look;
};

/* Never NULL: of a value that is none, the row of CAUSE_UNKNOWN. */
const struct cause_row *cause_row(enum cause cause);

#endif
