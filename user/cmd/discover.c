// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * discover.c - see discover.h. A candidate is a process that may be a Patroni: it is asked about
 * until it is known what it is, and kept while it is one, to notice when that ends.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "cmd/discover_private.h"
#include "leasewatch/units.h"

/* A script's interpreter may set its final argv by itself: it is looked at again until then. */
#define SETTLED_NS    (300 * NS_PER_MS)
#define LOOK_AGAIN_NS (100 * NS_PER_MS)
/* What could not be read is tried again after so long, and after twice as long each time. */
#define RETRY_NS     (5 * NS_PER_S)
#define RETRY_MAX_NS (60 * NS_PER_S)
/* What was found is compared with /proc so often, and all of /proc is looked through. */
#define RECONCILE_NS  (5 * NS_PER_S)
#define SCAN_NS	      (60 * NS_PER_S)
#define SCAN_LEAST_NS (2 * NS_PER_S)
/* Of users that do not count, so many are remembered. */
#define OTHERS_MAX 4096

int discover__new(struct discover **out, struct reader *reader, const struct users *users,
		  const struct discover_events *events, void *ctx)
{
	struct discover *d = calloc(1, sizeof(*d));

	if (!d)
		return -ENOMEM;
	d->reader = reader;
	d->users = *users;
	d->events = *events;
	d->ctx = ctx;
	*out = d;
	return 0;
}

static void forget_candidate(struct discover *d, struct candidate *c)
{
	d->others -= !c->trusted;
	HASH_DEL(d->candidates, c);
	free(c->config);
	free(c);
}

void discover__free(struct discover *d)
{
	struct candidate *c, *next;

	if (!d)
		return;
	HASH_ITER(hh, d->candidates, c, next)
		forget_candidate(d, c);
	free(d);
}

static struct candidate *find_candidate(struct discover *d, pid_t pid)
{
	struct candidate *c;

	HASH_FIND_INT(d->candidates, &pid, c);
	return c;
}

/* It is over, also for whoever was told of it. NULL. */
static struct candidate *lose_candidate(struct discover *d, struct candidate *c)
{
	pid_t pid = c->pid;
	bool counted = c->counted;

	forget_candidate(d, c);
	if (counted)
		d->events.gone(d->ctx, pid);
	return NULL;
}

static struct candidate *add_candidate(struct discover *d, pid_t pid, bool named)
{
	struct patroni_process p;
	struct candidate *c;
	bool trusted;

	if (patroni__describe(pid, &p))
		return NULL;
	trusted = named || users__counts(&d->users, p.uid);
	c = !trusted && d->others >= OTHERS_MAX ? NULL : calloc(1, sizeof(*c));
	if (!c) {
		limits__hit(LIMIT_READER_QUEUE);
		return NULL;
	}
	c->pid = pid;
	c->process = p;
	c->named = named;
	c->trusted = trusted;
	c->tag = ++d->last_tag;
	d->others += !trusted;
	HASH_ADD_INT(d->candidates, pid, c);
	return c;
}

/* Anybody can start a thousand a second: of a user that does not count, the rest wait for a scan.
 */
static struct candidate *look_at(struct discover *d, pid_t pid, uint64_t now_ns)
{
	uid_t uid = patroni__owner_hint(pid);

	if (users__counts(&d->users, uid) || quota__take(&d->newcomers, uid, now_ns))
		return add_candidate(d, pid, false);
	limits__hit(LIMIT_READER_QUEUE);
	return NULL;
}

/* Is it the same process still? Then its owner is looked at again. */
static bool refresh_candidate(struct discover *d, struct candidate *c)
{
	struct patroni_process p;

	if (patroni__describe(c->pid, &p) || p.start_ticks != c->process.start_ticks)
		return false;
	d->others -= !c->trusted;
	c->process = p;
	c->trusted = c->named || users__counts(&d->users, p.uid);
	d->others += !c->trusted;
	return true;
}

void discover__exec(struct discover *d, pid_t pid, uint64_t now_ns)
{
	struct candidate *c = find_candidate(d, pid);

	/* It may have another owner now; or the pid is another process. */
	if (c && !refresh_candidate(d, c))
		c = lose_candidate(d, c);
	if (!c && !d->named_only && patroni__could_be(pid))
		c = look_at(d, pid, now_ns);
	if (!c)
		return;
	c->exec_ns = now_ns;
	c->due_ns = 0;
	c->step = STEP_IDENTIFY;
	/* An answer that is under way is about the program before. */
	c->asked = false;
	c->tag = ++d->last_tag;
}

void discover__named(struct discover *d, pid_t pid, uint64_t now_ns)
{
	struct candidate *c = find_candidate(d, pid);

	d->named_only = true;
	if (!c)
		c = add_candidate(d, pid, true);
	if (c)
		c->exec_ns = now_ns;
}

void discover__scan(struct discover *d, uint64_t now_ns)
{
	struct dirent *entry;
	DIR *dir;

	if (d->named_only)
		return;
	if (d->scanned_ns && now_ns - d->scanned_ns < SCAN_LEAST_NS) {
		d->rescan = true;
		return;
	}
	d->rescan = false;
	d->scanned_ns = now_ns;
	dir = opendir("/proc");
	while (dir && (entry = readdir(dir))) {
		pid_t pid = isdigit((unsigned char)entry->d_name[0]) ? atoi(entry->d_name) : 0;

		if (pid && !find_candidate(d, pid) && patroni__could_be(pid))
			look_at(d, pid, now_ns);
	}
	if (dir)
		closedir(dir);
}

static void retry_later(struct discover *d, struct candidate *c)
{
	int64_t wait = RETRY_NS << (c->failures < 8 ? c->failures : 8);

	c->failures++;
	c->due_ns = d->now_ns + (uint64_t)(wait < RETRY_MAX_NS ? wait : RETRY_MAX_NS);
}

static void on_identity(struct discover *d, struct candidate *c, const struct reader_answer *a)
{
	bool same = !a->err && a->identity->process.start_ticks == c->process.start_ticks;

	if (a->err) {
		retry_later(d, c);
		return;
	}
	c->is_patroni = a->identity->is == 1 && same;
	if (c->is_patroni || (c->named && same)) {
		c->step = STEP_CONFIG;
		c->due_ns = 0;
	} else if (same && d->now_ns - c->exec_ns < SETTLED_NS) {
		c->due_ns = d->now_ns + LOOK_AGAIN_NS;
	} else {
		lose_candidate(d, c);
	}
}

static void on_config(struct discover *d, struct candidate *c, const struct reader_answer *a)
{
	if (a->err) {
		retry_later(d, c);
		/* That it is there is worth knowing, whatever it says; once. */
		if (c->trusted && !c->handed_on)
			c->step = STEP_READY;
		return;
	}
	/* It may have been read from the next process of this pid. */
	if (!refresh_candidate(d, c)) {
		lose_candidate(d, c);
		return;
	}
	free(c->config);
	c->config = malloc(sizeof(*c->config));
	if (c->config)
		*c->config = *a->config;
	c->step = STEP_READY;
	c->due_ns = 0;
}

void discover__answer(struct discover *d, const struct reader_answer *a)
{
	struct candidate *c = find_candidate(d, a->question.pid);

	if (!c || !c->asked || a->question.tag != c->tag)
		return;
	c->asked = false;
	if (a->question.what == READER_IDENTIFY && c->step == STEP_IDENTIFY)
		on_identity(d, c, a);
	else if (a->question.what == READER_CONFIG && c->step == STEP_CONFIG)
		on_config(d, c, a);
}

bool candidate__counts(const struct discover *d, const struct candidate *c)
{
	return c->trusted || (d->users.by_data_dir && c->config && c->config->given == 1);
}

static void hand_on(struct discover *d, struct candidate *c)
{
	struct discovery found = {
		.process = &c->process,
		.config = c->config,
		.looks_like_patroni = c->is_patroni,
		.counts = candidate__counts(d, c),
	};

	if (!c->handed_on || found.counts)
		d->events.found(d->ctx, &found);
	c->handed_on = true;
	c->counted = c->counted || found.counts;
	c->step = STEP_DONE;
	/* Its data directory may be there later; and what could not be read may be read then. */
	if (!c->config || (!found.counts && d->users.by_data_dir)) {
		c->step = STEP_CONFIG;
		if (c->config)
			retry_later(d, c);
	}
	free(c->config);
	c->config = NULL;
}

static void ask(struct discover *d, struct candidate *c)
{
	const struct reader_question q = {
		.what = c->step == STEP_IDENTIFY ? READER_IDENTIFY : READER_CONFIG,
		.pid = c->pid,
		.trusted = c->trusted,
		.tag = c->tag,
	};

	if (reader__ask(d->reader, &q)) {
		limits__hit(LIMIT_READER_QUEUE);
		retry_later(d, c);
		return;
	}
	c->asked = true;
}

static void reconcile(struct discover *d)
{
	struct candidate *c, *next;

	d->reconciled_ns = d->now_ns;
	HASH_ITER(hh, d->candidates, c, next)
		if (!refresh_candidate(d, c))
			lose_candidate(d, c);
}

static void turn_candidates(struct discover *d)
{
	struct candidate *c, *next;

	HASH_ITER(hh, d->candidates, c, next) {
		if (c->step == STEP_READY && !d->settling)
			hand_on(d, c);
		else if (c->step <= STEP_CONFIG && !c->asked && d->now_ns >= c->due_ns)
			ask(d, c);
	}
}

void discover__turn(struct discover *d, uint64_t now_ns)
{
	d->now_ns = now_ns;
	if (d->rescan || now_ns - d->scanned_ns >= SCAN_NS)
		discover__scan(d, now_ns);
	if (now_ns - d->reconciled_ns >= RECONCILE_NS)
		reconcile(d);
	turn_candidates(d);
}
