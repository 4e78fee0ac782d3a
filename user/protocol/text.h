/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * text.h - small tools for untrusted bytes without a terminator.
 *
 * Every source is a pointer and a length, never a C string; every destination is a buffer with its
 * size and always ends with NUL.
 */
#ifndef LEASEWATCH_TEXT_H
#define LEASEWATCH_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Copy what fits; a byte that is not printable ASCII becomes '?'. */
void text_copy_ascii(char *dst, size_t size, const char *src, size_t len);

/*
 * Copy what fits in whole characters; control characters (C1 ones too, a terminal obeys them) and
 * what is not valid UTF-8 become '?', so that the result may go into JSON and to a terminal.
 */
void text_copy_utf8(char *dst, size_t size, const char *src, size_t len);

/* Case-insensitive (ASCII): is src[0..len) the word? */
bool text_is(const char *src, size_t len, const char *word);

/* Drop spaces and tabs at both ends. */
void text_trim(const char **src, size_t *len);

/* Decimal digits and nothing else, no overflow; else false and *out untouched. */
bool text_u64(const char *src, size_t len, uint64_t *out);

/*
 * Decode base64, standard or URL-safe alphabet, with or without padding. Stops when dst is full or
 * at the first character that is not base64. Returns the bytes written (no NUL is added); *whole,
 * if not NULL, says that all of the source was decoded.
 */
size_t text_base64(uint8_t *dst, size_t size, const char *src, size_t len, bool *whole);

#endif
