// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * append.c - building a string piece by piece.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/append.h"

void text_append(char *buf, size_t size, const char *format, ...)
{
	size_t len = strlen(buf);
	va_list args;

	va_start(args, format);
	vsnprintf(buf + len, size - len, format, args);
	va_end(args);
}
