// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * json_text.c - JSON as bytes, written straight into a line.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "leasewatch/units.h"
#include "sink/json_text.h"

/* For any one value with what stands around it: every byte of a string escaped. */
#define VALUE_BYTES (6 * JSON_STRING_BYTES + 64)
#define DIGITS_MAX  20

static bool has_room(struct json_text *t)
{
	size_t size = 2 * t->size + 2 * (size_t)VALUE_BYTES;
	char *more;

	if (t->err)
		return false;
	if (t->size - t->len >= VALUE_BYTES)
		return true;
	more = realloc(t->data, size);
	if (!more) {
		t->err = -ENOMEM;
		return false;
	}
	t->data = more;
	t->size = size;
	return true;
}

void json_text__free(struct json_text *t)
{
	free(t->data);
	*t = (struct json_text){0};
}

/* The put_ functions write into room that has been made. */
static void put_bytes(struct json_text *t, const char *bytes, size_t len)
{
	memcpy(t->data + t->len, bytes, len);
	t->len += len;
}

static void put_char(struct json_text *t, char c)
{
	t->data[t->len++] = c;
}

static void put_comma(struct json_text *t)
{
	char last = t->len ? t->data[t->len - 1] : '{';

	if (last != '{' && last != '[' && last != ':')
		put_char(t, ',');
}

/* By hand: printf costs more than the rest of a number, and follows the locale. */
static void put_digits(struct json_text *t, uint64_t value)
{
	char digits[DIGITS_MAX];
	size_t at = DIGITS_MAX;

	do
		digits[--at] = (char)('0' + value % 10);
	while (value /= 10);
	put_bytes(t, digits + at, DIGITS_MAX - at);
}

static void put_six_digits(struct json_text *t, uint32_t value)
{
	for (int i = 5; i >= 0; i--, value /= 10)
		t->data[t->len + (size_t)i] = (char)('0' + value % 10);
	t->len += 6;
}

static uint64_t magnitude(int64_t value)
{
	return value < 0 ? -(uint64_t)value : (uint64_t)value;
}

static void put_escaped(struct json_text *t, unsigned char c)
{
	static const char hex[] = "0123456789ABCDEF";
	static const char letters[] = "\bb\ff\nn\rr\tt\"\"\\\\";

	put_char(t, '\\');
	for (const char *l = letters; *l; l += 2)
		if (*l == (char)c) {
			put_char(t, l[1]);
			return;
		}
	put_bytes(t, "u00", 3);
	put_char(t, hex[c >> 4]);
	put_char(t, hex[c & 15]);
}

static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7F && c != '"' && c != '\\';
}

/* What is not ASCII is cleaned a character at a time; `left` bytes of the limit remain. */
static size_t put_character(struct json_text *t, const char **s, size_t left)
{
	char clean[UTF8_MAX_BYTES];
	size_t len = utf8__clean_next(s, clean);

	if (len > left)
		return 0;
	put_bytes(t, clean, len);
	return len;
}

static void put_string(struct json_text *t, const char *s)
{
	size_t left = JSON_STRING_BYTES - 1, n;

	put_char(t, '"');
	while (*s && left) {
		for (n = 0; n < left && is_plain((unsigned char)s[n]);)
			n++;
		put_bytes(t, s, n);
		s += n;
		left -= n;
		if (!*s || !left)
			break;
		if ((unsigned char)*s < 0x7F) {
			put_escaped(t, (unsigned char)*s++);
			left--;
			continue;
		}
		n = put_character(t, &s, left);
		if (!n)
			break;
		left -= n;
	}
	put_char(t, '"');
}

void json_text__key(struct json_text *t, const char *key)
{
	if (!has_room(t))
		return;
	put_comma(t);
	put_string(t, key);
	put_char(t, ':');
}

bool json_text__new_key(struct json_text *t, struct json_keys *keys, const char *key)
{
	size_t before = t->len, at, bytes;

	json_text__key(t, key);
	if (t->err)
		return false;
	at = t->data[before] == ',' ? before + 1 : before;
	bytes = t->len - at;
	for (size_t i = 0; i < keys->len; i++)
		if (keys->bytes[i] == bytes &&
		    !memcmp(t->data + keys->at[i], t->data + at, bytes)) {
			t->len = before;
			return false;
		}
	if (keys->len < JSON_KEYS_MAX) {
		keys->at[keys->len] = at;
		keys->bytes[keys->len++] = bytes;
	}
	return true;
}

void json_text__open(struct json_text *t, char bracket)
{
	if (!has_room(t))
		return;
	put_comma(t);
	put_char(t, bracket);
}

void json_text__close(struct json_text *t, char bracket)
{
	if (has_room(t))
		put_char(t, bracket);
}

void json_text__string(struct json_text *t, const char *value)
{
	if (!has_room(t))
		return;
	put_comma(t);
	put_string(t, value);
}

void json_text__int(struct json_text *t, int64_t value)
{
	if (!has_room(t))
		return;
	put_comma(t);
	if (value < 0)
		put_char(t, '-');
	put_digits(t, magnitude(value));
}

void json_text__id(struct json_text *t, uint64_t id)
{
	if (!has_room(t))
		return;
	put_comma(t);
	put_char(t, '"');
	put_digits(t, id);
	put_char(t, '"');
}

void json_text__real(struct json_text *t, int64_t millionths)
{
	uint64_t size = magnitude(millionths);

	if (!has_room(t))
		return;
	put_comma(t);
	if (millionths < 0)
		put_char(t, '-');
	put_digits(t, size / 1000000);
	put_char(t, '.');
	put_six_digits(t, (uint32_t)(size % 1000000));
	while (t->data[t->len - 1] == '0' && t->data[t->len - 2] != '.')
		t->len--;
}

/* "2026-01-02T03:04:05.123456Z" */
void json_text__time(struct json_text *t, uint64_t ts_ns)
{
	time_t second = (time_t)(ts_ns / NS_PER_S);
	struct tm tm;

	if (!has_room(t))
		return;
	if (!t->date[0] || second != t->second) {
		if (!gmtime_r(&second, &tm) ||
		    !strftime(t->date, sizeof(t->date), "%Y-%m-%dT%H:%M:%S.", &tm)) {
			t->date[0] = '\0';
			t->err = -EINVAL;
			return;
		}
		t->second = second;
	}
	put_comma(t);
	put_char(t, '"');
	put_bytes(t, t->date, strlen(t->date));
	put_six_digits(t, (uint32_t)(ts_ns % NS_PER_S / 1000));
	put_bytes(t, "Z\"", 2);
}

void json_text__end_line(struct json_text *t)
{
	if (has_room(t))
		put_char(t, '\n');
}
