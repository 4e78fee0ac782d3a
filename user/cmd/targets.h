/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * targets.h - what becomes of a process that was found: the probe follows it, the engine knows it.
 */
#ifndef LEASEWATCH_TARGETS_H
#define LEASEWATCH_TARGETS_H

#include "cmd/discover.h"
#include "kernel/probe.h"
#include "model/engine.h"

struct targets {
	struct engine *engine;
	struct probe *probe;
	void (*on_finding)(void *ctx, const struct finding *f); /* of what is only mentioned */
	void *ctx;
	bool seen;			  /* any, since the start */
	size_t ignored;			  /* that only look like a Patroni */
	uint16_t ports[READER_PORTS_MAX]; /* of PostgreSQL, beside 5432 */
	struct unfollowed *unfollowed;	  /* known, and the kernel side had no room */
	uint64_t retried_ns;
};

/* struct discover_events; ctx: the struct targets. */
void targets__found(void *ctx, const struct discovery *d);
void targets__gone(void *ctx, pid_t pid);

/* Now and then: try again to follow what could not be followed. */
void targets__turn(struct targets *t, uint64_t now_ns);
void targets__clear(struct targets *t);

#endif
