// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * uprobes.c - see uprobes.h. A target's hooks belong to the loop; a job in its own thread makes new
 * ones and passes them on when it is done.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "kernel/hooks.h"
#include "host/library.h"
#include "kernel/uprobes_private.h"
#include "leasewatch/event.h"

/* A library that is not mapped at the fifth sign of activity will not be. */
#define TRIES_MAX 5
/*
 * A program that has just begun maps it soon, and uses it soon after that: so without a sign, too,
 * at so many turns (of 50 to 100 ms).
 */
#define EAGER_TURNS 60

struct job {
	const struct uprobe_set *set;
	pid_t tgid;
	pthread_t thread;
	atomic_bool done;
	/* What is there already, and behind it what the job has hooked. */
	size_t known, copies_len;
	struct copy copies[UPROBE_COPIES_MAX];
	bool found; /* what there is to be found */
	char trouble[TROUBLE_BYTES];
	struct job *next; /* among those that nobody waits for */
};

struct target {
	pid_t tgid;
	size_t copies_len;
	struct copy copies[UPROBE_COPIES_MAX];
	struct job *job; /* under way; NULL = none */
	bool expected;	 /* to use the library */
	int tries;	 /* left; 0 = there is nothing to look for */
	int eager;	 /* turns left in which it is looked for without a sign */
	bool due;	 /* it is time for the next one */
	bool gone;
	char trouble[TROUBLE_BYTES];
	UT_hash_handle hh;
};

struct uprobes {
	struct uprobe_set set;
	struct hooks_bin *bin;
	struct target *targets; /* by tgid */
	struct job *orphans;	/* their targets are gone */
	unsigned int jobs;	/* under way */
	bool due;		/* a target is due, or gone */
	bool eager;		/* a target may be */
};

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

/* ---- in the job's thread */

static bool is_known(const struct job *job, const struct library *library)
{
	for (size_t i = 0; i < job->copies_len; i++)
		if (job->copies[i].dev == library->dev && job->copies[i].ino == library->ino)
			return true;
	return false;
}

static void hook_copy(struct job *job, const struct library *library)
{
	struct copy *c = &job->copies[job->copies_len];

	copy__hook(c, job->set, job->tgid, library, job->trouble);
	if (c->hooked)
		job->copies_len++;
}

static bool is_hooked(const struct job *job)
{
	for (size_t i = 0; i < job->copies_len; i++)
		if (job->copies[i].hooked & 1U << job->set->essential)
			return true;
	return false;
}

static void *run_attach(void *arg)
{
	struct job *job = arg;
	struct library libraries[UPROBE_COPIES_MAX];
	int n = library__open(job->tgid, job->set->libraries, libraries, job->set->copies_max);

	if (n < 0)
		snprintf(job->trouble, sizeof(job->trouble), "cannot hook %s: %s", job->set->what,
			 strerror(-n));
	for (int i = 0; i < n; i++)
		if (!is_known(job, &libraries[i]) && job->copies_len < job->set->copies_max)
			hook_copy(job, &libraries[i]);
	if (n > 0)
		library__close(libraries, (size_t)n);
	job->found = is_hooked(job) || (n > 0 && job->trouble[0]);
	atomic_store(&job->done, true);
	return NULL;
}

/* ---- in the loop */

static void begin_attach(struct uprobes *u, struct target *g)
{
	struct job *job = calloc(1, sizeof(*job));
	sigset_t all, before;
	int err;

	if (!job)
		return;
	job->set = &u->set;
	job->tgid = g->tgid;
	job->known = job->copies_len = g->copies_len;
	memcpy(job->copies, g->copies, sizeof(job->copies));
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&job->thread, NULL, run_attach, job);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (err) {
		free(job);
		return;
	}
	g->job = job;
	u->jobs++;
}

static void try_attach(struct uprobes *u, struct target *g)
{
	if (g->job)
		return; /* still due when that is done */
	g->tries -= g->due;
	g->due = false;
	begin_attach(u, g);
}

static void collect_attach(struct uprobes *u, struct target *g)
{
	struct job *job = g->job;

	pthread_join(job->thread, NULL);
	g->job = NULL;
	memcpy(g->copies, job->copies, sizeof(g->copies));
	g->copies_len = job->copies_len;
	memcpy(g->trouble, job->trouble, sizeof(g->trouble));
	if (job->found)
		g->tries = g->eager = 0;
	free(job);
	u->jobs--;
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

static void bury(struct uprobes *u, struct job *job)
{
	pthread_join(job->thread, NULL);
	discard(u, job->copies + job->known, job->copies_len - job->known);
	free(job);
	u->jobs--;
}

static void drop(struct uprobes *u, struct target *g)
{
	discard(u, g->copies, g->copies_len);
	if (g->job) {
		g->job->next = u->orphans;
		u->orphans = g->job;
	}
	HASH_DEL(u->targets, g);
	free(g);
}

void uprobes__free(struct uprobes *u)
{
	struct target *g, *next;
	struct job *job;

	if (!u)
		return;
	while ((job = u->orphans)) {
		u->orphans = job->next;
		bury(u, job);
	}
	HASH_ITER(hh, u->targets, g, next) {
		if (g->job)
			collect_attach(u, g);
		drop(u, g);
	}
	hooks_bin__free(u->bin);
	free(u);
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
	g->tries = TRIES_MAX;
	g->eager = EAGER_TURNS;
	u->eager = true;
	try_attach(u, g);
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
		g->tries = g->expected ? TRIES_MAX : 0;
		g->eager = g->expected ? EAGER_TURNS : 0;
		u->eager = u->eager || g->expected;
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
		if (atomic_load(&job->done)) {
			*at = job->next;
			bury(u, job);
		} else {
			at = &job->next;
		}
	}
}

void uprobes__turn(struct uprobes *u)
{
	struct target *g, *next;

	hooks_bin__turn(u->bin);
	if (!u->due && !u->jobs && !u->eager)
		return;
	u->due = u->eager = false;
	turn_orphans(u);
	HASH_ITER(hh, u->targets, g, next) {
		if (g->job && atomic_load(&g->job->done))
			collect_attach(u, g);
		if (g->gone) {
			drop(u, g);
			continue;
		}
		if (g->due || g->eager)
			try_attach(u, g);
		g->eager -= g->eager > 0;
		u->eager = u->eager || g->eager;
	}
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
