/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * jsonlog.h - the way back: one line of a leasewatch JSON log to one struct finding.
 */
#ifndef LEASEWATCH_JSONLOG_H
#define LEASEWATCH_JSONLOG_H

#include "model/finding.h"

struct jsonlog_line; /* owns what the finding borrows */

/*
 * Parse one line (without its newline). 0: *line is set, free it; -EBADMSG: not JSON, or not a line
 * of ours (no ts/event); -ENOTSUP: a schema_version we do not know; -ENOMEM. An event of a kind
 * that we do not know (a newer leasewatch's) is -ENOMSG: skip it.
 */
int jsonlog__parse(const char *text, size_t len, struct jsonlog_line **line);
const struct finding *jsonlog__finding(const struct jsonlog_line *line);
void jsonlog__free(struct jsonlog_line *line);

#endif
