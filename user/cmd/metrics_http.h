/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * metrics_http.h - the metrics over HTTP, within the caller's own thread: nothing happens but in
 * metrics_http__turn(), and each turn does a bounded amount of work.
 */
#ifndef LEASEWATCH_METRICS_HTTP_H
#define LEASEWATCH_METRICS_HTTP_H

#include <stddef.h>
#include <stdint.h>

/* The page, malloc'ed. 0 or -errno. */
typedef int (*metrics_page_fn)(void *ctx, char **text, size_t *len);

struct metrics_http;

/* `address` is numeric. 0 or -errno with a sentence. */
int metrics_http__new(struct metrics_http **out, const char *address, uint16_t port,
		      metrics_page_fn page, void *ctx, char *why, size_t why_size);
void metrics_http__free(struct metrics_http *h); /* NULL is fine */

/* Answer who has asked; never waits. Call it every 100 ms or more often. */
void metrics_http__turn(struct metrics_http *h); /* NULL is fine */

#endif
