/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * json_text.h - JSON as bytes: how each kind of value is spelled, in a buffer that is used again
 * for every line.
 *
 * A real number is a plain decimal with one to six places ("7.05", "0.000035", "7.0"): never an
 * exponent, never 0.29999999999999999, and never an integer, so that a store which guesses types
 * from the first line guesses right. Ids of 64 bits are decimal strings, as etcd's own gateway
 * spells them: as numbers they would lose their last digits in every reader that uses doubles.
 */
#ifndef LEASEWATCH_JSON_TEXT_H
#define LEASEWATCH_JSON_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* A longer string is cut. The longest that we know of are request paths and error messages. */
#define JSON_STRING_BYTES 1024

/* The first failure stays in err (-ENOMEM, -EINVAL), so that a caller checks once, at the end. */
struct json_text {
	char *data;
	size_t len, size;
	int err;
	/* The second that was spelled last: lines come many a second. */
	time_t second;
	char date[24];
};

void json_text__free(struct json_text *t);

/* A value stands behind its key, or in an array; commas come by themselves. */
void json_text__key(struct json_text *t, const char *key);
void json_text__open(struct json_text *t, char bracket); /* '{', '[' */
void json_text__close(struct json_text *t, char bracket);
void json_text__string(struct json_text *t, const char *value);
void json_text__int(struct json_text *t, int64_t value);
void json_text__id(struct json_text *t, uint64_t id);
void json_text__real(struct json_text *t, int64_t millionths);
void json_text__time(struct json_text *t, uint64_t ts_ns);
void json_text__end_line(struct json_text *t);

/*
 * Keys that come from outside may be the same, once they are cleaned and cut: only the first of
 * them is written. False = this one has been, and wants no value.
 */
#define JSON_KEYS_MAX 32
struct json_keys {
	size_t len;
	size_t at[JSON_KEYS_MAX], bytes[JSON_KEYS_MAX];
};
bool json_text__new_key(struct json_text *t, struct json_keys *keys, const char *key);

#endif
