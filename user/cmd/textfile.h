/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * textfile.h - a file that readers see whole or not at all: node_exporter's textfile collector.
 *
 * A write error is reported once on stderr, and again when it is over.
 */
#ifndef LEASEWATCH_TEXTFILE_H
#define LEASEWATCH_TEXTFILE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

struct textfile {
	char path[PATH_MAX]; /* "" = none */
	bool broken;
};

/* Could it be written? 0, or -errno with a sentence and *t untouched. */
int textfile__open(struct textfile *t, const char *path, char *why, size_t why_size);

/* Write PATH.tmp, then rename it; an error leaves the old one. text NULL: there was no memory. */
void textfile__write(struct textfile *t, const char *text, size_t len);

/* To another path, "" for none, and no file at the old one. On an error it stays where it was. */
void textfile__move(struct textfile *t, const char *path);

/* A stale file would be read as current: no file is better. */
void textfile__remove(const struct textfile *t);

#endif
