/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * utf8.h - strings that came over a network, before they go to a terminal or into a line of JSON.
 */
#ifndef LEASEWATCH_UTF8_H
#define LEASEWATCH_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UTF8_INVALID UINT32_C(0xFFFFFFFF)

/*
 * Decode the code point at s, of at least one byte. Returns its length; what is not UTF-8 (RFC
 * 3629: shortest form, no surrogates, up to U+10FFFF) is UTF8_INVALID, one byte long.
 */
size_t utf8__decode(const char *s, size_t len, uint32_t *code_point);

/* The same for a string that ends with NUL, and is not at its end: steps over it. */
uint32_t utf8__next(const char **s);

/* Could this code point move the cursor, start an escape sequence or reorder what stands around it?
 */
bool utf8__is_control(uint32_t code_point);

/*
 * Step over the character at *s and copy it so that a JSON encoder takes it: an invalid byte, and a
 * control that JSON would not escape (DEL, C1, bidirectional overrides), becomes U+FFFD. Returns
 * how many bytes it has written.
 */
#define UTF8_MAX_BYTES 4
size_t utf8__clean_next(const char **s, char *out);

/* The whole string: at most size bytes, NUL included, cut between characters. Returns the length
 * without the NUL. */
size_t utf8__clean(const char *in, char *out, size_t size);

#endif
