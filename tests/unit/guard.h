/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guard.h - a buffer that ends exactly at a page nobody may touch: one byte read too many is a
 * crash.
 */
#ifndef LEASEWATCH_TESTS_GUARD_H
#define LEASEWATCH_TESTS_GUARD_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct guard {
	uint8_t *map;
	size_t room, page; /* bytes before the guard page, and the size of that */
};

/* For samples of up to `size` bytes. Ends the program when there is no memory. */
static inline struct guard guard__new(size_t size)
{
	struct guard g = {.page = (size_t)sysconf(_SC_PAGESIZE)};

	g.room = (size / g.page + 1) * g.page;
	g.map = mmap(NULL, g.room + g.page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		     0);
	if (g.map == MAP_FAILED || mprotect(g.map + g.room, g.page, PROT_NONE)) {
		perror("guard");
		exit(1);
	}
	return g;
}

/* A copy of the sample that ends at the guard page. Valid until the next call. */
static inline const void *guard__put(struct guard *g, const void *data, size_t len)
{
	uint8_t *at = g->map + g->room - len;

	if (len > g->room)
		abort();
	if (len)
		memcpy(at, data, len);
	return at;
}

static inline void guard__free(struct guard *g)
{
	munmap(g->map, g->room + g->page);
}

#endif
