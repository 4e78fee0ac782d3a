/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * http1_head.h - the meaning of single lines of an HTTP/1 head. Private to http1.
 *
 * Each function reads p->line (p->line_len bytes, p->line_cut when there were more).
 */
#ifndef LEASEWATCH_HTTP1_HEAD_H
#define LEASEWATCH_HTTP1_HEAD_H

#include "protocol/http1.h"

/* Can this beginning of a first line, of which `fresh` bytes are new, still become one? */
bool http1_start_is_plausible(const struct http1_parser *p, size_t fresh);

/* The whole first line, or header. False: the connection cannot be followed. */
bool http1_read_start(struct http1_parser *p);
bool http1_read_header(struct http1_parser *p);

/* A chunk's size, without its extensions. */
bool http1_read_chunk_size(const struct http1_parser *p, uint64_t *size);

#endif
