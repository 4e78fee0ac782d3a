/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * jsonline.h - one JSON object a line: how a line reaches a file whole.
 */
#ifndef LEASEWATCH_JSONLINE_H
#define LEASEWATCH_JSONLINE_H

#include <stdbool.h>
#include <stddef.h>

struct jsonline_file {
	int fd;
	bool dirty; /* the last line was cut and could not be taken back: end it before the next one
		     */
};

/*
 * Write one line with one write(2). A signal or a slow reader may cut a write short: the rest
 * follows then. When the rest cannot be written, the part is taken back from a regular file (if it
 * is still the file's end); from a pipe it cannot, and the next line begins on a line of its own. 0
 * or -errno (ENOSPC, EFBIG, EPIPE, EAGAIN when a non-blocking reader does not drain within 200 ms).
 * SIGPIPE and SIGXFSZ are the caller's to ignore.
 */
int jsonline__write(struct jsonline_file *file, const char *line, size_t len);

#endif
