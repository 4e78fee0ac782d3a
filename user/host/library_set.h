/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * library_set.h - the libraries that are looked for together, and the functions in them. A question
 * to the reader names a set by its number, and the answer a function by its place in it.
 */
#ifndef LEASEWATCH_LIBRARY_SET_H
#define LEASEWATCH_LIBRARY_SET_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "host/library.h"

enum library_set { LIBRARY_LIBC, LIBRARY_OPENSSL, LIBRARY_SETS };

#define LIBRARY_COPIES_MAX  8
#define LIBRARY_SYMBOLS_MAX 8

/* One of the copies that a process has mapped. */
struct library_copy {
	uint64_t dev, ino;
	uint64_t offsets[LIBRARY_SYMBOLS_MAX]; /* of the functions in the file; 0 = it has not */
	char name[LIBRARY_NAME_BYTES];
	int32_t err; /* why it cannot be used; -EREMOTE: its file system may not answer */
	uint32_t pad;
};

struct library_copies {
	int32_t err; /* why there are none, though one is mapped; -ESRCH */
	uint32_t len;
	struct library_copy copies[LIBRARY_COPIES_MAX];
	/* Of LIBRARY_OPENSSL: a module that the process uses with an OpenSSL inside; "" = none. */
	char own[LIBRARY_NAME_BYTES];
};

/* The place of a function in its set, or -1. */
int library_set__symbol(enum library_set set, const char *name);

/* fds: of those without an error, in their order, for the caller to close. Returns how many. */
size_t library_set__find(enum library_set set, pid_t pid, struct library_copies *out,
			 int fds[LIBRARY_COPIES_MAX]);

#endif
