// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * uprobes_wants.c - which target's libraries the reader is asked about next.
 */
#include <stdio.h>

#include "base/clock.h"
#include "host/reader.h"
#include "kernel/uprobes_private.h"
#include "leasewatch/units.h"

/* Without a sign a target is looked at so often. */
#define EAGER_EVERY_NS (100 * NS_PER_MS)
/*
 * Targets that are asked about or hooked at a time. One whose job hangs in the kernel keeps its
 * place.
 */
#define BUSY_MAX 2

uint64_t uprobes__now(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

/*
 * Unhooking takes the kernel a time that grows with the cube of how many processes are hooked at
 * one function: there is an end to it.
 */
static bool take_place(struct uprobes *u, struct target *g)
{
	if (!g->place && u->places >= u->set.targets_max) {
		snprintf(g->trouble, sizeof(g->trouble),
			 "cannot hook %s: too many processes are hooked already (%zu)", u->set.what,
			 u->places);
		g->due = false;
		g->eager_ns = 0;
		return false;
	}
	u->places += !g->place;
	g->place = true;
	return true;
}

void uprobes__leave_place(struct uprobes *u, struct target *g)
{
	u->places -= g->place;
	g->place = false;
}

static bool is_due(struct target *g, uint64_t now_ns)
{
	if (g->eager_ns && now_ns >= g->eager_ns)
		g->eager_ns = 0;
	if (g->asked || g->job || g->gone)
		return false;
	return g->due || (g->eager_ns && now_ns - g->tried_ns >= EAGER_EVERY_NS);
}

/* Of those whose time it is, the one that has waited longest. */
static struct target *next_target(struct uprobes *u)
{
	struct target *g, *next, *first = NULL;
	uint64_t now_ns = uprobes__now();

	u->due = u->eager = false;
	HASH_ITER(hh, u->targets, g, next) {
		if (is_due(g, now_ns) && (!first || g->tried_ns < first->tried_ns))
			first = g;
		u->due = u->due || g->due || g->gone;
		u->eager = u->eager || g->eager_ns;
	}
	return first;
}

bool uprobes__wants(struct uprobes *u, struct reader_question *q)
{
	struct target *g;

	while (u->busy < BUSY_MAX && (u->due || u->eager)) {
		g = next_target(u);
		if (!g)
			return false;
		if (!take_place(u, g))
			continue;
		g->tries -= g->due;
		g->due = false;
		g->tried_ns = uprobes__now();
		g->asked = true;
		u->busy++;
		*q = (struct reader_question){
			.what = READER_LIBRARY,
			.set = u->set.library,
			.pid = g->tgid,
			.trusted = true,
			.tag = g->execs,
		};
		return true;
	}
	return false;
}
