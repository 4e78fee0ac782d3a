/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * log.h - the JSON log of a daemon: a file that is reopened on request (logrotate) and survives a
 * full disk.
 *
 * A line that cannot be written is lost whole and counted. The first one is reported on stderr, and
 * so is the end of the trouble; then the log itself gets a `lost` line with the reason "log".
 */
#ifndef LEASEWATCH_LOG_H
#define LEASEWATCH_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/finding.h"

struct log;

/*
 * `path` is copied; "-" is stdout, "" no log. 0 or -errno with a sentence; -EBUSY: another daemon
 * writes to this file.
 */
int log__open(struct log **out, const char *path, char *why, size_t why_size);
void log__free(struct log *l);

/* Close the file and open this one; when that fails it is tried again later. */
void log__reopen(struct log *l, const char *path);

void log__finding(struct log *l, const struct finding *f);

uint64_t log__lost(const struct log *l); /* lines, since the start */
bool log__works(const struct log *l);	 /* the last one was written */

#endif
