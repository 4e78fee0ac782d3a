/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * json.h - read-only lookups in one JSON object that may be cut short or hostile. No allocation.
 *
 * A thin layer over jsmn. A value is named by the index of its token; JSON_NONE means "not there"
 * and every function takes it, so that lookups can be nested without checks in between. Of two
 * members with the same name, the first counts.
 */
#ifndef LEASEWATCH_JSON_H
#define LEASEWATCH_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Strict: a number that may continue after the cut is not taken as whole. */
#ifndef JSMN_H
#define JSMN_STRICT
#define JSMN_PARENT_LINKS
#define JSMN_HEADER
#include <jsmn.h>
#endif

/* Enough for the 4096 bytes of a body that http1 keeps, in the shapes that etcd writes. */
#define JSON_TOKENS_MAX 512
#define JSON_NONE	(-1)
#define JSON_ROOT	0

struct json {
	const char *text; /* borrowed */
	size_t len;
	bool cut;	/* the object was not seen to its end: an absent member proves nothing */
	int unfinished; /* the string that the cut fell into, or JSON_NONE */
	int count;
	jsmntok_t tokens[JSON_TOKENS_MAX];
};

/*
 * Read the first JSON object of the text; ignore what follows. 0, or -EBADMSG when the text is not
 * one. A text without its end is fine (cut), an empty one too.
 */
int json__parse(struct json *j, const char *text, size_t len);

/* The member's value. */
int json__get(const struct json *j, int object, const char *name);
/* The array's element after `previous` (JSON_NONE: the first). */
int json__next(const struct json *j, int array, int previous);
bool json__is_object(const struct json *j, int value);
bool json__is_complete(const struct json *j, int value); /* seen to its end */

/* A number, or a string that holds one: false (and *out untouched) when it is not one, or negative.
 */
bool json__u64(const struct json *j, int value, uint64_t *out);
bool json__true(const struct json *j, int value);
/* Is it the string `word` (without escapes)? */
bool json__is(const struct json *j, int value, const char *word);

/*
 * A string's text, unescaped (beyond ASCII: '?'), cut to the buffer, NUL added. Returns its length
 * in the buffer, or -ENOENT when it is no string or an unfinished one.
 */
int json__string(const struct json *j, int value, char *buf, size_t size);

/*
 * The bytes of a base64 string. *whole says that nothing is missing (neither behind a cut of the
 * text nor for lack of room). Returns the bytes written, 0 when it is no string.
 */
size_t json__base64(const struct json *j, int value, uint8_t *buf, size_t size, bool *whole);

#endif
