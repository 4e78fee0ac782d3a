/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * append.h - building a string piece by piece.
 */
#ifndef LEASEWATCH_APPEND_H
#define LEASEWATCH_APPEND_H

#include <stddef.h>

/* At the end of the string in buf; what does not fit into its `size` bytes is cut. */
__attribute__((format(printf, 3, 4))) void text_append(char *buf, size_t size, const char *format,
						       ...);

#endif
