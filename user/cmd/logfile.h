/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * logfile.h - the lines of a log file, whatever it holds, in bounded memory.
 */
#ifndef LEASEWATCH_LOGFILE_H
#define LEASEWATCH_LOGFILE_H

#include <stdbool.h>
#include <stddef.h>

/* A longer line is no line of ours: the longest, a summary of 64 endpoints, has about 200 KiB. */
#define LOGFILE_LINE_BYTES (1024 * 1024)

struct logfile;

struct logfile_line {
	const char *text; /* without its newline, not NUL-terminated, may hold NULs; until the next
			     call */
	size_t len;
	bool too_long; /* nothing is known of it: text is NULL */
	bool unended;  /* the file ends here, without a newline */
};

/* "-" is stdin. 0 or -errno; -EISDIR for a directory. */
int logfile__open(const char *path, struct logfile **file);
void logfile__close(struct logfile *file);

/* 1: *line is set; 0: the end; or -errno. */
int logfile__next(struct logfile *file, struct logfile_line *line);

#endif
