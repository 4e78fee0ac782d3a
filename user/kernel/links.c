// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * links.c - see links.h.
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "kernel/links.h"

#define THREADS_MAX 64
#define DELAY_S	    20

struct batch {
	size_t n;
	struct bpf_link *links[];
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

static void *destroy_batch(void *arg)
{
	struct batch *batch = arg;

	sleep(DELAY_S);
	for (size_t i = 0; i < batch->n; i++)
		bpf_link__destroy(batch->links[i]);
	free(batch);
	return NULL;
}

void links__destroy_later(struct bpf_link **links, size_t n)
{
	struct batch *batch = malloc(sizeof(*batch) + n * sizeof(struct bpf_link *));
	pthread_t thread;

	if (!batch)
		return;
	batch->n = 0;
	for (size_t i = 0; i < n; i++)
		if (links[i])
			batch->links[batch->n++] = links[i];
	if (!batch->n || start(&thread, destroy_batch, batch))
		free(batch);
	else
		pthread_detach(thread);
}

static void *destroy_one(void *link)
{
	bpf_link__destroy(link);
	return NULL;
}

void links__destroy(struct bpf_link **links, size_t n)
{
	pthread_t threads[THREADS_MAX];
	size_t i = 0, started;

	while (i < n) {
		for (started = 0; i < n && started < THREADS_MAX; i++) {
			if (!links[i])
				continue;
			if (start(&threads[started], destroy_one, links[i]))
				bpf_link__destroy(links[i]);
			else
				started++;
		}
		while (started)
			pthread_join(threads[--started], NULL);
	}
}
