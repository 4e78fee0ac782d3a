// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * uprobes.c - see uprobes.h. A target's hooks belong to the loop. For new ones the reader is asked
 * first, then a job in its own thread makes them and passes them on when it is done.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "host/reader.h"
#include "kernel/hooks.h"
#include "kernel/uprobes_private.h"
#include "leasewatch/event.h"
#include "leasewatch/units.h"

/* A library that is not mapped at the fifth sign of activity will not be. */
#define TRIES_MAX 5
/*
 * A program that has just begun maps it soon, and uses it soon after that: so without a sign, too,
 * for so long, and so often.
 */
#define EAGER_NS (4 * NS_PER_S)
/* At the end a job that hangs in the kernel is waited for so long. */
#define LAST_WAIT_S 1

struct uprobes *uprobes__new(const struct uprobe_set *set)
{
	struct uprobes *u = calloc(1, sizeof(*u));

	if (!u)
		return NULL;
	u->set = *set;
	u->bin = hooks_bin__new();
	if (u->bin)
		return u;
	free(u);
	return NULL;
}

static struct target *find_target(const struct uprobes *u, pid_t tgid)
{
	struct target *g;

	HASH_FIND_INT(u->targets, &tgid, g);
	return g;
}

static void forget_question(struct uprobes *u, struct target *g)
{
	u->busy -= g->asked;
	g->asked = false;
}

/* What it found is the target's now; the job is over. */
static void collect_attach(struct uprobes *u, struct target *g, struct job *job)
{
	memcpy(g->copies, job->copies, sizeof(g->copies));
	g->copies_len = job->copies_len;
	memcpy(g->trouble, job->trouble, sizeof(g->trouble));
	g->refused = job->refused;
	u->refused = u->refused || (g->refused && !g->told);
	if (job->found && !g->stale) {
		g->tries = 0;
		g->eager_ns = 0;
	}
	g->stale = false;
	job__free(job);
	if (!g->copies_len)
		uprobes__leave_place(u, g);
}

static void begin_attach(struct uprobes *u, struct target *g, const struct reader_answer *a)
{
	struct job *job = job__new(&u->set, g->tgid, g->copies, g->copies_len, a->library, a->fds);

	if (!job)
		return;
	if (job->libraries_len) {
		if (job__start(job)) {
			job__free(job);
			return;
		}
		g->job = job;
		u->busy++;
		return;
	}
	/* Nothing new; or nothing yet; or nothing that can be used. */
	collect_attach(u, g, job);
}

void uprobes__answer(struct uprobes *u, const struct reader_answer *a)
{
	struct target *g = find_target(u, a->question.pid);

	if (!g)
		return;
	if (a->library)
		memcpy(g->own, a->library->own, sizeof(g->own));
	if (!g->asked || a->question.tag != g->execs)
		return;
	forget_question(u, g);
	if (!a->err) {
		begin_attach(u, g, a);
		return;
	}
	snprintf(g->trouble, sizeof(g->trouble), "cannot hook %s: %s", u->set.what,
		 a->err == -ETIMEDOUT ? "the libraries of the process could not be read in time"
				      : strerror(-a->err));
	if (!g->copies_len)
		uprobes__leave_place(u, g);
}

/* Of copies that belong to nobody now. */
static void discard(struct uprobes *u, const struct copy *copies, size_t n)
{
	struct hook *hooks[UPROBE_COPIES_MAX * UPROBE_POINTS_MAX];
	size_t len = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < UPROBE_POINTS_MAX; j++)
			if (copies[i].hooks[j])
				hooks[len++] = copies[i].hooks[j];
	hooks_bin__put(u->bin, hooks, len);
}

/* A job that is done, of a target that is gone. */
static void bury(struct uprobes *u, struct job *job)
{
	discard(u, job->copies + job->known, job->copies_len - job->known);
	job__free(job);
	u->busy--;
}

static void drop(struct uprobes *u, struct target *g)
{
	discard(u, g->copies, g->copies_len);
	forget_question(u, g);
	uprobes__leave_place(u, g);
	if (g->job) {
		g->job->next = u->orphans;
		u->orphans = g->job;
	}
	HASH_DEL(u->targets, g);
	free(g);
}

/* Those that end before then; the others hang. */
static void end_orphans(struct uprobes *u)
{
	struct timespec until;
	struct job *job;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += LAST_WAIT_S;
	while ((job = u->orphans)) {
		u->orphans = job->next;
		if (!job__join(job, &until))
			bury(u, job);
	}
}

void uprobes__free(struct uprobes *u)
{
	struct target *g, *next;

	if (!u)
		return;
	HASH_ITER(hh, u->targets, g, next)
		drop(u, g);
	end_orphans(u);
	hooks_bin__free(u->bin);
	/* A job that hangs goes by the set until the process has ended. */
	if (!u->busy)
		free(u);
}

/* At once, and for a while. */
static void look_for(struct uprobes *u, struct target *g)
{
	g->tries = TRIES_MAX;
	g->tried_ns = 0;
	g->eager_ns = uprobes__now() + EAGER_NS;
	u->eager = true;
}

void uprobes__hook(struct uprobes *u, pid_t tgid, bool expected)
{
	struct target *g = find_target(u, tgid);

	if (!g) {
		g = calloc(1, sizeof(*g));
		if (!g)
			return;
		g->tgid = tgid;
		HASH_ADD_INT(u->targets, tgid, g);
	} else if (g->copies_len && !g->tries) {
		return;
	}
	g->expected = g->expected || expected;
	if (!g->expected)
		return;
	look_for(u, g);
}

pid_t uprobes__refused(struct uprobes *u)
{
	struct target *g, *next;

	if (!u->refused)
		return 0;
	HASH_ITER(hh, u->targets, g, next) {
		if (!g->refused || g->told)
			continue;
		g->told = true;
		return g->tgid;
	}
	u->refused = false;
	return 0;
}

enum returns uprobes__try_returns(const struct uprobes *u)
{
	return copy__try_returns(&u->set);
}

void uprobes__look_again(struct uprobes *u)
{
	struct target *g, *next;

	HASH_ITER(hh, u->targets, g, next) {
		if (!g->expected)
			continue;
		g->tries = TRIES_MAX;
		g->due = u->due = true;
	}
}

void uprobes__unhook(struct uprobes *u, pid_t tgid)
{
	struct target *g = find_target(u, tgid);

	if (g)
		drop(u, g);
}

void uprobes__record(struct uprobes *u, const struct lw_event *event, enum uprobes_sign sign)
{
	struct target *g = find_target(u, (pid_t)event->tgid);

	if (!g)
		return;
	if (event->type == LW_EVENT_EXEC) {
		/* Its libraries are not mapped yet. The kernel moves the hooks that it has. */
		forget_question(u, g);
		g->execs++;
		g->stale = g->job != NULL;
		g->tries = 0;
		if (g->expected)
			look_for(u, g);
		g->trouble[0] = '\0';
		return;
	}
	if (sign == UPROBES_NEW || (sign == UPROBES_USE && !g->expected)) {
		g->expected = true;
		g->tries = TRIES_MAX;
	}
	if (event->type == LW_EVENT_EXIT)
		g->gone = true;
	else if (g->tries)
		g->due = true;
	u->due = u->due || g->gone || g->due;
}

static void turn_orphans(struct uprobes *u)
{
	struct job **at = &u->orphans, *job;

	while ((job = *at)) {
		if (job__is_done(job)) {
			*at = job->next;
			pthread_join(job->thread, NULL);
			bury(u, job);
		} else {
			at = &job->next;
		}
	}
}

static void turn_job(struct uprobes *u, struct target *g)
{
	struct job *job = g->job;

	if (!job || !job__is_done(job))
		return;
	pthread_join(job->thread, NULL);
	g->job = NULL;
	u->busy--;
	collect_attach(u, g, job);
}

void uprobes__turn(struct uprobes *u)
{
	struct target *g, *next;

	hooks_bin__turn(u->bin);
	if (!u->due && !u->busy)
		return;
	turn_orphans(u);
	HASH_ITER(hh, u->targets, g, next) {
		turn_job(u, g);
		if (g->gone)
			drop(u, g);
	}
}

const char *uprobes__own(const struct uprobes *u, pid_t tgid)
{
	const struct target *g = find_target(u, tgid);

	return g && g->own[0] ? g->own : NULL;
}

const char *uprobes__trouble(const struct uprobes *u, pid_t tgid, uint32_t points)
{
	const struct target *g = find_target(u, tgid);

	if (!g)
		return "the process is not followed";
	for (size_t i = 0; i < g->copies_len; i++)
		if ((g->copies[i].hooked & points) == points)
			return NULL;
	return g->trouble[0] ? g->trouble : u->set.none;
}
