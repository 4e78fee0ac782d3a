// SPDX-License-Identifier: GPL-2.0-or-later
/* json.c - lookups in one JSON object (see json.h). The only place that knows jsmn. */
#define JSMN_STRICT
#define JSMN_PARENT_LINKS
#include <jsmn.h>

#include "protocol/json.h"

#include <errno.h>
#include <string.h>

#include "protocol/text.h"

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* jsmn drops a string whose end is missing. Its beginning may be all we need. */
static void keep_unfinished(struct json *j, const jsmn_parser *parser)
{
	jsmntok_t *token;

	if (parser->pos >= j->len || j->text[parser->pos] != '"' || j->count == JSON_TOKENS_MAX)
		return;
	j->unfinished = j->count++;
	token = &j->tokens[j->unfinished];
	token->type = JSMN_STRING;
	token->start = (int)parser->pos + 1;
	token->end = (int)j->len;
	token->size = 0;
	token->parent = parser->toksuper;
}

int json__parse(struct json *j, const char *text, size_t len)
{
	jsmn_parser parser;
	int ret;

	while (len && is_space(*text)) {
		text++;
		len--;
	}
	j->text = text;
	j->len = len < INT32_MAX ? len : INT32_MAX;
	j->count = 0;
	j->unfinished = JSON_NONE;
	j->cut = true;
	if (!len)
		return 0;
	if (*text != '{')
		return -EBADMSG;

	jsmn_init(&parser);
	ret = jsmn_parse(&parser, j->text, j->len, j->tokens, JSON_TOKENS_MAX);
	j->count = (int)parser.toknext;
	/* Ignore whatever follows the first object (such as a watch's next message). */
	j->cut = !j->count || j->tokens[JSON_ROOT].end == -1;
	if (ret == JSMN_ERROR_INVAL && j->cut)
		return -EBADMSG;
	if (ret == JSMN_ERROR_PART && j->cut)
		keep_unfinished(j, &parser);
	return 0;
}

static const jsmntok_t *get(const struct json *j, int value)
{
	return value >= 0 && value < j->count ? &j->tokens[value] : NULL;
}

/* A string that was seen whole. */
static const jsmntok_t *get_string(const struct json *j, int value)
{
	const jsmntok_t *token = get(j, value);

	return token && token->type == JSMN_STRING && value != j->unfinished ? token : NULL;
}

static bool is_behind(const jsmntok_t *container, const jsmntok_t *token)
{
	return container->end != -1 && token->start >= container->end;
}

int json__get(const struct json *j, int object, const char *name)
{
	const jsmntok_t *in = get(j, object);

	if (!in || in->type != JSMN_OBJECT)
		return JSON_NONE;
	for (int i = object + 1; i + 1 < j->count && !is_behind(in, &j->tokens[i]); i++) {
		if (j->tokens[i].parent == object && j->tokens[i + 1].parent == i &&
		    !is_behind(in, &j->tokens[i + 1]) && json__is(j, i, name))
			return i + 1;
	}
	return JSON_NONE;
}

int json__next(const struct json *j, int array, int previous)
{
	const jsmntok_t *in = get(j, array);

	if (!in || in->type != JSMN_ARRAY)
		return JSON_NONE;
	for (int i = (previous == JSON_NONE ? array : previous) + 1;
	     i < j->count && !is_behind(in, &j->tokens[i]); i++) {
		if (j->tokens[i].parent == array)
			return i;
	}
	return JSON_NONE;
}

bool json__is_object(const struct json *j, int value)
{
	const jsmntok_t *token = get(j, value);

	return token && token->type == JSMN_OBJECT;
}

bool json__is_complete(const struct json *j, int value)
{
	const jsmntok_t *token = get(j, value);

	return token && token->end != -1 && value != j->unfinished;
}

bool json__u64(const struct json *j, int value, uint64_t *out)
{
	const jsmntok_t *token = get(j, value);

	if (!token || (token->type != JSMN_PRIMITIVE && !get_string(j, value)))
		return false;
	return text_u64(j->text + token->start, (size_t)(token->end - token->start), out);
}

bool json__true(const struct json *j, int value)
{
	const jsmntok_t *token = get(j, value);

	return token && token->type == JSMN_PRIMITIVE && token->end - token->start == 4 &&
	       !memcmp(j->text + token->start, "true", 4);
}

bool json__is(const struct json *j, int value, const char *word)
{
	const jsmntok_t *token = get_string(j, value);
	size_t len = strlen(word);

	return token && (size_t)(token->end - token->start) == len &&
	       !memcmp(j->text + token->start, word, len);
}

static int hex4(const char *src, size_t len)
{
	int code = 0;

	if (len < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		char c = src[i];

		if (c >= '0' && c <= '9')
			code = code << 4 | (c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			code = code << 4 | ((c | 0x20) - 'a' + 10);
		else
			return -1;
	}
	return code;
}

/* One character of a JSON string; returns the bytes of the source that it took. */
static size_t unescape(const char *src, size_t len, char *out)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	const char *simple;
	int code;

	*out = src[0];
	if (src[0] != '\\' || len < 2)
		return 1;
	if (src[1] == 'u') {
		code = hex4(src + 2, len - 2);
		*out = code >= 0 && code < 0x80 ? (char)code : '?';
		return len < 6 ? len : 6;
	}
	simple = src[1] ? strchr(from, src[1]) : NULL;
	*out = simple ? to[simple - from] : src[1];
	return 2;
}

int json__string(const struct json *j, int value, char *buf, size_t size)
{
	const jsmntok_t *token = get_string(j, value);
	const char *src;
	size_t len, out = 0;

	if (!token)
		return -ENOENT;
	src = j->text + token->start;
	len = (size_t)(token->end - token->start);
	while (len && out < size - 1) {
		size_t n = unescape(src, len, &buf[out++]);

		src += n;
		len -= n;
	}
	buf[out] = '\0';
	return (int)out;
}

/*
 * Base64 needs no escapes, but some writers put "\/" for a slash. It is decoded in runs of whole
 * groups between those, through a small buffer, because the string may be long.
 */
size_t json__base64(const struct json *j, int value, uint8_t *buf, size_t size, bool *whole)
{
	const jsmntok_t *token = get(j, value);
	size_t out = 0, len, have = 0;
	const char *src;
	char group[256]; /* a multiple of 4: no group of digits is torn */

	*whole = false;
	if (!token || token->type != JSMN_STRING)
		return 0;
	src = j->text + token->start;
	len = (size_t)(token->end - token->start);
	for (;;) {
		while (len && have < sizeof(group)) {
			size_t n = unescape(src, len, &group[have++]);

			src += n;
			len -= n;
		}
		out += text_base64(buf + out, size - out, group, have, whole);
		if (!*whole || !len)
			break;
		have = 0;
	}
	*whole = *whole && !len && value != j->unfinished;
	return out;
}
