// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * uprobes_copy.c - see uprobes_private.h. It runs in a job's thread.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kernel/hooks.h"
#include "kernel/uprobes_private.h"

struct hooking {
	const struct uprobe_set *set;
	pid_t tgid;
	const struct library_copy *library;
	char path[32]; /* of it, through our descriptor */
	char *trouble;
};

static uint64_t cookie_of(const struct hooking *h, size_t point)
{
	return (uint64_t)h->set->points[point].tag << 32 | (unsigned int)h->tgid;
}

static struct hook_place place_of(const struct hooking *h, size_t point)
{
	return (struct hook_place){
		.program = h->set->points[point].program,
		.at_return = h->set->points[point].at_return,
		.tgid = h->tgid,
		.path = h->path,
	};
}

static void say_unhooked(const struct hooking *h, size_t point)
{
	snprintf(h->trouble, TROUBLE_BYTES, "cannot hook %s in %s: %s",
		 h->set->points[point].symbol, h->library->name, strerror(errno));
}

static void hook_one(const struct hooking *h, struct copy *c, size_t i, uint64_t offset)
{
	const struct hook_place place = place_of(h, i);

	c->hooks[i] = hook__new(&place, offset, cookie_of(h, i));
	if (c->hooks[i])
		c->hooked |= 1U << i;
}

/* Point i and those behind it that have the same program. */
static void hook_group(const struct hooking *h, struct copy *c, size_t i, const uint64_t *offsets)
{
	const struct uprobe_point *points = h->set->points;
	const struct hook_place place = place_of(h, i);
	uint64_t at[UPROBE_POINTS_MAX], cookies[UPROBE_POINTS_MAX];
	uint32_t hooked = 0;
	size_t n = 0;

	for (size_t k = i; k < h->set->points_len; k++) {
		if (!offsets[k] || points[k].program != points[i].program ||
		    points[k].at_return != points[i].at_return)
			continue;
		at[n] = offsets[k];
		cookies[n++] = cookie_of(h, k);
		hooked |= 1U << k;
	}
	c->hooks[i] = hook__new_together(&place, at, cookies, n);
	if (c->hooks[i])
		c->hooked |= hooked;
}

static void hook_all(const struct hooking *h, struct copy *c)
{
	const struct uprobe_set *set = h->set;
	uint64_t offsets[UPROBE_POINTS_MAX] = {0};

	for (size_t i = 0; i < set->points_len; i++) {
		int k = library_set__symbol(set->library, set->points[i].symbol);

		offsets[i] = k < 0 ? 0 : h->library->offsets[k];
	}
	for (size_t i = 0; i < set->points_len; i++) {
		if (c->hooked & 1U << i)
			continue;
		errno = ENOENT;
		if (offsets[i] && set->together)
			hook_group(h, c, i, offsets);
		else if (offsets[i])
			hook_one(h, c, i, offsets[i]);
		/* Not every version has every symbol. */
		if (!(c->hooked & 1U << i) && (errno != ENOENT || set->all))
			say_unhooked(h, i);
	}
}

void copy__hook(struct copy *c, const struct uprobe_set *set, pid_t tgid,
		const struct library_copy *library, int fd, char trouble[TROUBLE_BYTES])
{
	struct hooking h = {.set = set, .tgid = tgid, .library = library, .trouble = trouble};

	*c = (struct copy){.dev = library->dev, .ino = library->ino};
	snprintf(h.path, sizeof(h.path), "/proc/self/fd/%d", fd);
	hook_all(&h, c);
	if (set->all && c->hooked != (1U << set->points_len) - 1) {
		hooks__free(c->hooks, UPROBE_POINTS_MAX);
		c->hooked = 0;
	}
}

/* ---- return probes and seccomp */

struct trial_hook {
	const struct uprobe_set *set;
	struct hook *hook;
};

/* With a cookie that is nobody's: the program finds that this is no target. */
static int hook_trial(void *ctx, pid_t pid, uint64_t offset)
{
	static const uint64_t nobody;
	struct trial_hook *t = ctx;
	const struct hook_place place = {
		.program = t->set->points[t->set->essential].program,
		.at_return = true,
		.tgid = pid,
		.path = "/proc/self/exe",
	};

	t->hook = t->set->together ? hook__new_together(&place, &offset, &nobody, 1)
				   : hook__new(&place, offset, nobody);
	return t->hook ? 0 : -errno;
}

static void unhook_trial(void *ctx)
{
	struct trial_hook *t = ctx;

	hook__free(t->hook);
}

enum returns copy__try_returns(const struct uprobe_set *set)
{
	struct trial_hook t = {.set = set};
	const struct returns_hook hook = {hook_trial, unhook_trial, &t};

	return returns__try(&hook);
}

bool copy__may_return(const struct uprobe_set *set, pid_t tgid)
{
	return !returns__process_has_filter(tgid) || copy__try_returns(set) == RETURNS_SAFE;
}
