/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * textfile.h - a file that readers see whole or not at all: node_exporter's textfile collector.
 */
#ifndef LEASEWATCH_TEXTFILE_H
#define LEASEWATCH_TEXTFILE_H

#include <stddef.h>

/* Write PATH.tmp, then rename it. 0 or -errno: then the old file stays as it was. */
int textfile__write(const char *path, const char *text, size_t len);

/* Could it be written? 0 or -errno. */
int textfile__try(const char *path);

#endif
