// SPDX-License-Identifier: GPL-2.0-or-later
/* limits.c - see limits.h. */
#include <inttypes.h>
#include <stdatomic.h>

#include "base/limits.h"
#include "leasewatch/units.h"

/* The name in the metrics, and what there is too much of. */
static const struct limit_row {
	const char *name, *what;
} rows[] = {
	[LIMIT_MEMBERS] = {"members", "Patroni processes: some have no metrics"},
	[LIMIT_TARGETS] = {"targets", "Patroni processes: some are not watched"},
	[LIMIT_ENDPOINTS] = {"endpoints", "names for one address: new ones are ignored"},
	[LIMIT_ADDRESSES] = {"addresses", "addresses: connections to new ones are ignored"},
	[LIMIT_CONNECTIONS] = {"connections", "connections: the oldest are dropped"},
	[LIMIT_EXCHANGES] = {"exchanges", "unfinished requests: the oldest are dropped"},
	[LIMIT_LOOKUPS] = {"lookups", "lookups: the oldest are dropped"},
	[LIMIT_LABEL_NAMES] = {"label_names",
			       "names for the metrics: some are counted as \"other\""},
	[LIMIT_TLS_SOCKETS] = {"tls_sockets", "TLS connections: some cannot be read"},
	[LIMIT_RING] = {"ring", "events of one process: some are dropped"},
	[LIMIT_HTTP_CLIENTS] = {"http_clients", "metrics clients: the oldest are disconnected"},
	[LIMIT_READER_QUEUE] = {"reader_queue", "processes to look at: some have to wait"},
};
_Static_assert(sizeof(rows) / sizeof(rows[0]) == LIMITS, "a limit has no words");

const struct enum_names limit_names = ENUM_NAMES_OF(rows, name);

static _Atomic uint64_t hits[LIMITS];

void limits__hit(enum limit limit)
{
	atomic_fetch_add_explicit(&hits[limit], 1, memory_order_relaxed);
}

uint64_t limits__hits(enum limit limit)
{
	return atomic_load_explicit(&hits[limit], memory_order_relaxed);
}

void limits__report(FILE *to, uint64_t now_ns)
{
	static struct {
		uint64_t hits, at_ns;
	} told[LIMITS];

	for (int i = 0; i < LIMITS; i++) {
		uint64_t all = limits__hits(i);

		if (all == told[i].hits ||
		    (told[i].at_ns && now_ns - told[i].at_ns < LIMITS_REPORT_NS))
			continue;
		fprintf(to, "leasewatch: too many %s (%s, %" PRIu64 " times)\n", rows[i].what,
			rows[i].name, all - told[i].hits);
		told[i].hits = all;
		told[i].at_ns = now_ns;
	}
}
