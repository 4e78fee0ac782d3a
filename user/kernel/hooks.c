// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hooks.c - see hooks.h.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "kernel/hooks.h"
#include "leasewatch/units.h"

#define THREADS_MAX 64
#define DELAY_NS    20000000000

struct batch {
	struct batch *next;
	uint64_t due_ns;
	size_t n;
	struct hook *hooks[];
};

struct hooks_bin {
	struct batch *first, **end; /* in the order in which they came */
	struct batch *going;	    /* the thread's, NULL = there is none */
	pthread_t thread;
	atomic_bool done;
};

/* Signals are for the thread that runs the program. */
static int start(pthread_t *thread, void *(*run)(void *), void *arg)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(thread, NULL, run, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return err;
}

static void *free_one(void *hook)
{
	hook__free(hook);
	return NULL;
}

void hooks__free(struct hook **hooks, size_t n)
{
	pthread_t threads[THREADS_MAX];
	size_t i = 0, started;

	while (i < n) {
		for (started = 0; i < n && started < THREADS_MAX; i++) {
			if (!hooks[i])
				continue;
			if (start(&threads[started], free_one, hooks[i]))
				hook__free(hooks[i]);
			else
				started++;
		}
		while (started)
			pthread_join(threads[--started], NULL);
	}
}

struct hooks_bin *hooks_bin__new(void)
{
	struct hooks_bin *b = calloc(1, sizeof(*b));

	if (b)
		b->end = &b->first;
	return b;
}

void hooks_bin__put(struct hooks_bin *b, struct hook **hooks, size_t n)
{
	struct batch *batch = n ? malloc(sizeof(*batch) + n * sizeof(struct hook *)) : NULL;

	if (!batch) {
		hooks__free(hooks, n);
		return;
	}
	batch->next = NULL;
	batch->due_ns = clock_ns(CLOCK_MONOTONIC_COARSE) + DELAY_NS;
	batch->n = n;
	memcpy(batch->hooks, hooks, n * sizeof(struct hook *));
	*b->end = batch;
	b->end = &batch->next;
}

static void *free_going(void *arg)
{
	struct hooks_bin *b = arg;

	for (const struct batch *batch = b->going; batch; batch = batch->next)
		for (size_t i = 0; i < batch->n; i++)
			hook__free(batch->hooks[i]);
	atomic_store(&b->done, true);
	return NULL;
}

static void free_batches(struct batch *batch)
{
	while (batch) {
		struct batch *next = batch->next;

		free(batch);
		batch = next;
	}
}

static void collect_hooks(struct hooks_bin *b)
{
	pthread_join(b->thread, NULL);
	free_batches(b->going);
	b->going = NULL;
}

void hooks_bin__turn(struct hooks_bin *b)
{
	struct batch **at = &b->first;
	uint64_t now;

	if (b->going && atomic_load(&b->done))
		collect_hooks(b);
	if (b->going || !b->first)
		return;
	now = clock_ns(CLOCK_MONOTONIC_COARSE);
	while (*at && (*at)->due_ns <= now)
		at = &(*at)->next;
	if (at == &b->first)
		return;
	/* Take the first ones off the list; if no thread can be created, they go back to wait. */
	b->going = b->first;
	b->first = *at;
	*at = NULL;
	atomic_store(&b->done, false);
	if (start(&b->thread, free_going, b)) {
		*at = b->first;
		b->first = b->going;
		b->going = NULL;
	} else if (!b->first) {
		b->end = &b->first;
	}
}

/* All together, because they wait together. */
static void free_at_once(const struct batch *first)
{
	struct hook **all;
	size_t n = 0;

	for (const struct batch *batch = first; batch; batch = batch->next)
		n += batch->n;
	all = malloc((n + 1) * sizeof(struct hook *));
	n = 0;
	for (const struct batch *batch = first; batch; batch = batch->next) {
		if (all)
			memcpy(all + n, batch->hooks, batch->n * sizeof(struct hook *));
		else
			hooks__free((struct hook **)batch->hooks, batch->n);
		n += batch->n;
	}
	if (all)
		hooks__free(all, n);
	free(all);
}

void hooks_bin__free(struct hooks_bin *b)
{
	if (!b)
		return;
	if (b->going)
		collect_hooks(b);
	free_at_once(b->first);
	free_batches(b->first);
	free(b);
}
