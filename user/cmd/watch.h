/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * watch.h - a running leasewatch: probe, Patroni discovery and engine, turning together.
 *
 * Every live command is this loop with other sinks.
 */
#ifndef LEASEWATCH_WATCH_H
#define LEASEWATCH_WATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "host/users.h"
#include "kernel/features.h"
#include "model/engine.h"

#define WATCH_PIDS_MAX 256

struct watch_options {
	size_t pids_len; /* 0 = find Patroni */
	pid_t pids[WATCH_PIDS_MAX];
	struct users users; /* whose processes count, unless they are named */
	int64_t stall_after_ns;
	bool no_plaintext; /* leave TLS unread */
	bool verbose;
	enum hooks hooks;
	void (*on_finding)(void *ctx, const struct finding *f);
	void *ctx;
};

struct watch;

/*
 * Load, attach, find the processes, tell `start`. 0 or -errno with a sentence in `why`. -ESRCH: a
 * pid given with -p does not exist.
 */
int watch__open(struct watch **out, const struct watch_options *opts, char *why, size_t why_size);
void watch__free(struct watch *w);

/* One turn: wait up to timeout_ms (100 at most) for records, follow what they say. 0 or -errno. */
int watch__turn(struct watch *w, int timeout_ms);

/* The last turn: what is in the ring buffer, and what was not told yet. */
void watch__conclude(struct watch *w);

const struct engine *watch__engine(const struct watch *w);
uint64_t watch__wall_ns(const struct watch *w);
/* How everything stands now. */
void watch__status(const struct watch *w, struct status *out);
/* Has any Patroni been seen since the start? */
bool watch__saw_target(const struct watch *w);

#endif
