/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * top.h - the live screen: what it shows and how it answers keys. It knows no terminal; what it
 * draws is a grid of cells (grid.h), which screen.h puts on one.
 */
#ifndef LEASEWATCH_TOP_H
#define LEASEWATCH_TOP_H

#include "model/status.h"
#include "sink/sink.h"
#include "sink/top/grid.h"

struct top_options {
	const char *host;    /* copied */
	int64_t interval_ns; /* how often the tables are brought up to date when all is quiet */
	bool utf8;	     /* characters beyond ASCII may be drawn */
	bool verbose;	     /* list every request */
};

/* Keys that are no characters. Others are their code point; what has no meaning does nothing. */
enum top_key {
	TOP_KEY_UP = 0x110000,
	TOP_KEY_DOWN,
	TOP_KEY_PAGE_UP,
	TOP_KEY_PAGE_DOWN,
	TOP_KEY_HOME,
	TOP_KEY_END,
	TOP_KEY_ESCAPE,
};

struct top;

/* NULL when memory is out. Freed as a sink: sink__free(top__sink(t)). */
struct top *top__new(const struct top_options *opts);
struct sink *top__sink(struct top *t);

/* Show how everything stands now; the strings are copied. */
void top__status(struct top *t, const struct status *s);
/*
 * Is it time for a new status? Yes after each interval, after an event that
 * changes what is on the screen, and always while a lease is stalled. Times are wall clock.
 */
bool top__wants_status(const struct top *t, uint64_t now_ns);

/* Answer a key. False: the person wants to leave. */
bool top__key(struct top *t, int key);

/* Everything as of now_ns, onto a blank grid of any size. */
void top__draw(struct top *t, uint64_t now_ns, struct top_grid *grid);

#endif
