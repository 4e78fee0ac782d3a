/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * log.h - the JSON log of a daemon: a file that is opened again, rotated, and survives a full disk.
 *
 * A line that cannot be written is lost whole and counted; that is said once on stderr, and once
 * more when it is over. Then the log itself has a `lost` line with the reason "log".
 */
#ifndef LEASEWATCH_LOG_H
#define LEASEWATCH_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/finding.h"

struct log_options {
	const char *path;   /* "-" = stdout, "" = none; copied */
	uint64_t max_bytes; /* rotate when the file has grown to this; 0 = never; not stdout */
	unsigned int keep;  /* FILE.1 ... FILE.keep stay */
};

struct log;

/* 0 or -errno with a sentence; -EBUSY: another daemon writes to this file. */
int log__open(struct log **out, const struct log_options *opts, char *why, size_t why_size);
void log__free(struct log *l);

/* Close the file and open what the options name; when that fails it is tried again later. */
void log__reopen(struct log *l, const struct log_options *opts);

void log__finding(struct log *l, const struct finding *f);

uint64_t log__lost(const struct log *l); /* lines, since the start */
bool log__works(const struct log *l);	 /* the last one was written */

#endif
