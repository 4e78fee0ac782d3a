/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * events.h - the last entries, as `trace` would write them, for the live screen to scroll through.
 */
#ifndef LEASEWATCH_TOP_EVENTS_H
#define LEASEWATCH_TOP_EVENTS_H

#include "model/finding.h"
#include "sink/entry.h"
#include "sink/top/grid.h"

#define TOP_EVENTS_KEPT 200

struct top_event {
	uint64_t ts_ns;
	enum tone tone;
	const char *tag; /* "STALL", "FAILED", ... */
	char *text;	 /* lines without labels, with '\n' between; the first says what happened */
	enum entry_kind kinds[ENTRY_LINES]; /* of the lines */
};

/* The newest have the highest ids; ids count from 1. */
struct top_ring {
	uint64_t last; /* id of the newest; 0 = none yet */
	struct top_event events[TOP_EVENTS_KEPT];
};

struct top_events {
	struct entries entries;
	struct top_ring notable; /* what trace shows */
	struct top_ring all;	 /* what trace -v shows */
};

/* 0 or -ENOMEM (then the event is not kept). */
int top_events__add(struct top_events *e, const struct finding *f);
void top_events__free(struct top_events *e);

/* NULL: there is none of that id, or it is too old to be kept. */
const struct top_event *top_ring__get(const struct top_ring *r, uint64_t id);
/* The oldest id that is kept; 0 = none. */
uint64_t top_ring__first(const struct top_ring *r);

/* One line of an entry without its label, cut to fit; "" when memory is out. Returns buf. */
const char *top_line(const struct entry *e, size_t line, bool utf8, char *buf, size_t size);

#endif
