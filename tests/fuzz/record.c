// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * record.c - make seeds for the fuzz targets out of real traffic: record PID DIR SECS
 *
 * Follows one Patroni with leasewatch's own probe, and writes what it sends and receives to DIR, a
 * file a piece: "q" and the bytes sent, or "r" and the bytes received, as fuzz_http1 reads them. A
 * seed is kept for good, so a piece that may carry a password or a token is not written.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kernel/probe.h"

struct recorder {
	const char *dir;
	unsigned int pieces;
	bool after_secret; /* the body or the answer that follows a secret's headers */
};

static bool holds(const struct lw_event_data *e, const char *word)
{
	return memmem(e->payload, e->captured, word, strlen(word));
}

static bool is_secret(struct recorder *r, const struct lw_event_data *e)
{
	bool secret = holds(e, "uthoriz") || holds(e, "/auth/") || holds(e, "password") ||
		      holds(e, "token");

	if (holds(e, "POST ") || secret)
		r->after_secret = secret;
	return secret || r->after_secret;
}

static void on_event(void *ctx, const struct lw_event *event)
{
	const struct lw_event_data *e = (const struct lw_event_data *)event;
	struct recorder *r = ctx;
	char path[512];
	FILE *f;

	if (event->type != LW_EVENT_SEND && event->type != LW_EVENT_RECV)
		return;
	if (!e->captured || is_secret(r, e))
		return;
	snprintf(path, sizeof(path), "%s/recorded-%04u", r->dir, r->pieces++);
	f = fopen(path, "w");
	if (!f) {
		perror(path);
		exit(1);
	}
	fputc(event->type == LW_EVENT_SEND ? 'q' : 'r', f);
	fwrite(e->payload, 1, e->captured, f);
	fclose(f);
}

int main(int argc, char **argv)
{
	struct recorder r = {0};
	struct probe *probe;
	char why[512];
	time_t end;

	if (argc != 4) {
		fprintf(stderr, "usage: record PID DIR SECS\n");
		return 1;
	}
	r.dir = argv[2];
	end = time(NULL) + atoi(argv[3]);
	if (probe__open(&probe, on_event, &r, NULL, why, sizeof(why)) ||
	    probe__follow(probe, atoi(argv[1]), 0, false)) {
		fprintf(stderr, "record: %s\n", why);
		return 1;
	}
	while (time(NULL) < end)
		probe__poll(probe, 50);
	probe__free(probe);
	fprintf(stderr, "%u pieces\n", r.pieces);
	return 0;
}
