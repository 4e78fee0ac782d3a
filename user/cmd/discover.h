/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * discover.h - finds the Patroni processes that count: looks at what starts, asks the reader about
 * what may be one, and asks again where that did not work.
 *
 * Nothing here waits for a process, and only the kernel's own facts (pid, start time, owner,
 * executable) are looked at directly.
 */
#ifndef LEASEWATCH_DISCOVER_H
#define LEASEWATCH_DISCOVER_H

#include "host/reader.h"
#include "host/users.h"

struct discover;

/* What was found out about a process that is Patroni, or was named. */
struct discovery {
	const struct patroni_process *process;
	const struct reader_config *config; /* NULL: it could not be read in time, so far */
	bool looks_like_patroni;
	bool counts; /* its owner counts: else it is only to be mentioned */
};

struct discover_events {
	/* Once for a process; again with the configuration when that comes later. */
	void (*found)(void *ctx, const struct discovery *d);
	/* Its start time is another, or it is gone: whatever was found of this pid is over. */
	void (*gone)(void *ctx, pid_t pid);
};

/* The reader stays the caller's. 0 or -errno. */
int discover__new(struct discover **out, struct reader *reader, const struct users *users,
		  const struct discover_events *events, void *ctx);
void discover__free(struct discover *d);

/* A program has begun: a record of the kernel's. */
void discover__exec(struct discover *d, pid_t pid, uint64_t now_ns);
/* Named by the user: it counts, whatever it looks like; from then on no other is looked for. */
void discover__named(struct discover *d, pid_t pid, uint64_t now_ns);
/* Walk through /proc: at the start, and when records were lost. */
void discover__scan(struct discover *d, uint64_t now_ns);

/* Hand on what was found out, and ask the reader what is not known. Does not wait. */
void discover__turn(struct discover *d, uint64_t now_ns);
/* What the reader says to a question of ours: IDENTIFY or CONFIG. */
void discover__answer(struct discover *d, const struct reader_answer *a);
/*
 * At the start: turn until all that counts was answered about, for 3 s at the most. What was found
 * is handed on by the next turn. Returns how many count.
 */
size_t discover__settle(struct discover *d);

#endif
