// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * utf8.c - decoding UTF-8, and making text from the network harmless.
 */
#include <string.h>

#include "base/utf8.h"

#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */

/* How many bytes the sequence that starts so has, and the smallest code point it may encode. */
static size_t sequence_length(unsigned char lead, uint32_t *smallest)
{
	if (lead < 0x80) {
		*smallest = 0;
		return 1;
	}
	if ((lead & 0xE0) == 0xC0) {
		*smallest = 0x80;
		return 2;
	}
	if ((lead & 0xF0) == 0xE0) {
		*smallest = 0x800;
		return 3;
	}
	if ((lead & 0xF8) == 0xF0) {
		*smallest = 0x10000;
		return 4;
	}
	return 0;
}

size_t utf8__decode(const char *s, size_t len, uint32_t *code_point)
{
	const unsigned char *p = (const unsigned char *)s;
	uint32_t smallest = 0, c;
	size_t n = sequence_length(*p, &smallest);

	*code_point = n == 1 ? *p : UTF8_INVALID;
	if (n < 2 || n > len)
		return 1;
	c = *p & (0x7Fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xC0) != 0x80)
			return 1;
		c = c << 6 | (p[i] & 0x3F);
	}
	if (c < smallest || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
		return 1;
	*code_point = c;
	return n;
}

uint32_t utf8__next(const char **s)
{
	uint32_t code_point;

	*s += utf8__decode(*s, strnlen(*s, 4), &code_point);
	return code_point;
}

bool utf8__is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x061C || c == 0x200E || c == 0x200F ||
	       (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
}

size_t utf8__clean_next(const char **s, char *out)
{
	const char *from = *s;
	uint32_t c = utf8__next(s);
	size_t len = (size_t)(*s - from);

	if (c == UTF8_INVALID || (c >= 0x20 && utf8__is_control(c))) {
		from = REPLACEMENT;
		len = strlen(REPLACEMENT);
	}
	memcpy(out, from, len);
	return len;
}

size_t utf8__clean(const char *in, char *out, size_t size)
{
	size_t len = 0;

	if (!size)
		return 0;
	while (*in) {
		char clean[UTF8_MAX_BYTES];
		size_t n = utf8__clean_next(&in, clean);

		if (len + n >= size)
			break;
		memcpy(out + len, clean, n);
		len += n;
	}
	out[len] = '\0';
	return len;
}
