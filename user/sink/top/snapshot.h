/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * snapshot.h - a status that is kept: for a pause, and for the moments between two refreshes.
 */
#ifndef LEASEWATCH_TOP_SNAPSHOT_H
#define LEASEWATCH_TOP_SNAPSHOT_H

#include "model/status.h"

/* Names and sentences of a full status; beyond it a string is unknown (NULL). */
#define TOP_SNAPSHOT_BYTES (128 * 1024)

struct top_snapshot {
	struct status status; /* its strings are in `strings` */
	size_t used;
	char strings[TOP_SNAPSHOT_BYTES];
};

void top_snapshot__take(struct top_snapshot *s, const struct status *from);

/* Let its clocks run on until now_ns (wall clock): what is left of a lease shrinks, ages grow. */
void top_snapshot__advance(struct top_snapshot *s, uint64_t now_ns);

#endif
