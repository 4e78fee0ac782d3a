// SPDX-License-Identifier: GPL-2.0-or-later
/* text.c - small tools over untrusted bytes (see text.h). */
#include "base/utf8.h"
#include "protocol/text.h"

#include <limits.h>
#include <string.h>

void text_copy_ascii(char *dst, size_t size, const char *src, size_t len)
{
	size_t n = len < size - 1 ? len : size - 1;

	for (size_t i = 0; i < n; i++)
		dst[i] = src[i] >= 0x20 && src[i] < 0x7f ? src[i] : '?';
	dst[n] = '\0';
}

/* Length of the well-formed UTF-8 character at src that may be shown, 0 = there is none. */
static size_t shown_char(const char *src, size_t len)
{
	uint32_t code;
	size_t n = utf8__decode(src, len, &code);

	return code == UTF8_INVALID || code < 0x20 || (code >= 0x7f && code < 0xa0) ? 0 : n;
}

void text_copy_utf8(char *dst, size_t size, const char *src, size_t len)
{
	size_t out = 0;

	for (size_t i = 0; i < len;) {
		size_t n = shown_char(src + i, len - i);

		if (out + (n ? n : 1) > size - 1)
			break;
		if (n)
			memcpy(dst + out, src + i, n);
		else
			dst[out] = '?';
		out += n ? n : 1;
		i += n ? n : 1;
	}
	dst[out] = '\0';
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

bool text_is(const char *src, size_t len, const char *word)
{
	if (strlen(word) != len)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (lower(src[i]) != lower(word[i]))
			return false;
	}
	return true;
}

void text_trim(const char **src, size_t *len)
{
	while (*len && (**src == ' ' || **src == '\t')) {
		(*src)++;
		(*len)--;
	}
	while (*len && ((*src)[*len - 1] == ' ' || (*src)[*len - 1] == '\t'))
		(*len)--;
}

bool text_u64(const char *src, size_t len, uint64_t *out)
{
	uint64_t value = 0;

	if (!len)
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned digit = (unsigned char)src[i] - '0';

		if (digit > 9 || __builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, digit, &value))
			return false;
	}
	*out = value;
	return true;
}

static int base64_digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+' || c == '-')
		return 62;
	if (c == '/' || c == '_')
		return 63;
	return -1;
}

size_t text_base64(uint8_t *dst, size_t size, const char *src, size_t len, bool *whole)
{
	uint32_t bits = 0;
	unsigned have = 0;
	size_t out = 0, i;

	for (i = 0; i < len; i++) {
		int digit = base64_digit(src[i]);

		if (digit < 0)
			break;
		bits = bits << 6 | (uint32_t)digit;
		have += 6;
		if (have < 8)
			continue;
		if (out == size)
			break;
		have -= 8;
		dst[out++] = (uint8_t)(bits >> have);
	}
	while (i < len && src[i] == '=')
		i++;
	if (whole)
		*whole = i == len;
	return out;
}
