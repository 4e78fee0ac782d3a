/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * place.h - files that root writes, in directories that may not be root's alone: there somebody
 * else may have put a link to another file under our file's name, or a FIFO that nobody reads.
 */
#ifndef LEASEWATCH_PLACE_H
#define LEASEWATCH_PLACE_H

#include <stdbool.h>
#include <sys/types.h>

enum place_kind {
	PLACE_OURS,    /* only root and we put files into the directory */
	PLACE_SHARED,  /* it is root's, and so can a group, as in Ubuntu's /var/log */
	PLACE_FOREIGN, /* so can anybody else */
};

struct place {
	int dir; /* O_PATH */
	enum place_kind kind;
	const char *name; /* the file's, in the path that was given */
};

/* 0 or -errno. Then place__close it; the path must live as long. */
int place__find(struct place *p, const char *path);
void place__close(struct place *p);

/*
 * Open the file to append to it, or create it with this mode, whatever the umask. No link is
 * followed and nothing is waited for. Where others can write, an existing file must be a regular
 * one of ours or root's, and have no other name. A descriptor or -errno: see place__reason.
 */
int place__append(const struct place *p, mode_t mode);

/* Create the file, in place of what has its name. A descriptor or -errno. */
int place__create(const struct place *p, mode_t mode);

/* What an error of these says, with what to do. -EXDEV: the directory is refused (by the caller).
 */
const char *place__reason(int err);

#endif
