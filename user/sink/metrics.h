/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * metrics.h - counters out of findings, gauges out of the status, as Prometheus' text format 0.0.4
 * (prometheus.io/docs/instrumenting/exposition_formats). What each means: leasewatch(1), METRICS.
 *
 * Every label comes from a closed list of words, or from a list of names that ends at a number of
 * them and then goes on as "other"; a member that renews its lease takes the place of one that
 * exited or never did: never a pid, a lease, a name that was looked up, or a port of
 * the client's.
 */
#ifndef LEASEWATCH_METRICS_H
#define LEASEWATCH_METRICS_H

#include <stddef.h>

#include "model/finding.h"
#include "model/status.h"

#define METRICS_ENDPOINTS_MAX 64
#define METRICS_RPCS_MAX      24
#define METRICS_MEMBERS_MAX   64
#define METRICS_OTHER	      "other"

/* What the daemon says of itself. */
struct metrics_self {
	uint64_t log_lines_lost;
	bool log_works;
	double cpu_s;
	uint64_t resident_bytes, open_files;
};

struct metrics;

struct metrics *metrics__new(void); /* NULL: no memory */
void metrics__free(struct metrics *m);

void metrics__finding(struct metrics *m, const struct finding *f);

/* All of it as text, malloc'ed, NUL-terminated. 0 or -ENOMEM. */
int metrics__render(struct metrics *m, const struct status *s, const struct metrics_self *self,
		    char **text, size_t *len);

#endif
