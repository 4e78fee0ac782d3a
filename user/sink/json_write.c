// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * json_write.c - one finding as a line of JSON: the rows of its event, one by one.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/address.h"
#include "model/histogram.h"
#include "sink/field.h"
#include "sink/json_write.h"

#define EVIDENCE_LIMIT 9e12 /* times 1e6 still fits an int64_t */

static const void *value_at(const struct field *f, const void *base)
{
	return (const char *)base + f->offset;
}

static const char *string_at(const struct field *f, const void *base)
{
	const char *s;

	memcpy(&s, value_at(f, base), sizeof(s));
	return s;
}

static const struct histogram *borrowed_histogram(const struct field *f, const void *base)
{
	const struct histogram *h;

	memcpy(&h, value_at(f, base), sizeof(void *));
	return h;
}

static size_t len_at(const struct field *f, const void *base)
{
	size_t len;

	memcpy(&len, (const char *)base + f->len_offset, sizeof(len));
	return len;
}

/* An integer or an enum, of its width. */
static int64_t integer_at(const struct field *f, const void *base)
{
	const void *at = value_at(f, base);

	if (f->number)
		return f->number(base);
	switch (f->size) {
	case sizeof(uint16_t):
		return *(const uint16_t *)at;
	case sizeof(uint32_t):
		return f->is_signed ? *(const int32_t *)at : (int64_t) * (const uint32_t *)at;
	default:
		return *(const int64_t *)at;
	}
}

static void write_string(struct json_text *t, const char *key, const char *value)
{
	if (!value)
		return;
	json_text__key(t, key);
	json_text__string(t, value);
}

static void write_int(struct json_text *t, const char *key, int64_t value)
{
	json_text__key(t, key);
	json_text__int(t, value);
}

static void write_seconds(struct json_text *t, const char *key, int64_t ns)
{
	json_text__key(t, key);
	json_text__real(t, finding_round_us(ns) / 1000);
}

static void write_string_field(struct json_text *t, const struct field *f, const void *base)
{
	write_string(t, f->key, string_at(f, base));
}

static void write_chars(struct json_text *t, const struct field *f, const void *base)
{
	write_string(t, f->key, value_at(f, base));
}

static void write_fixed(struct json_text *t, const struct field *f, const void *base)
{
	(void)base;
	write_string(t, f->key, enum_name(f->words, 0));
}

static void write_count(struct json_text *t, const struct field *f, const void *base)
{
	write_int(t, f->key, integer_at(f, base));
}

static void write_nonzero(struct json_text *t, const struct field *f, const void *base)
{
	int64_t value = integer_at(f, base);

	if (value)
		write_int(t, f->key, value);
}

static void write_known(struct json_text *t, const struct field *f, const void *base)
{
	int64_t value = integer_at(f, base);

	if (value >= 0)
		write_int(t, f->key, value);
}

static void write_id(struct json_text *t, const struct field *f, const void *base)
{
	uint64_t id = (uint64_t)integer_at(f, base);

	if (!id)
		return;
	json_text__key(t, f->key);
	json_text__id(t, id);
}

static void write_duration(struct json_text *t, const struct field *f, const void *base)
{
	int64_t ns = integer_at(f, base);

	if (ns >= 0)
		write_seconds(t, f->key, ns);
}

static void write_remaining(struct json_text *t, const struct field *f, const void *base)
{
	int64_t ns = integer_at(f, base);

	if (ns != LW_UNKNOWN_REMAINING)
		write_seconds(t, f->key, ns);
}

static void write_share(struct json_text *t, const struct field *f, const void *base)
{
	int64_t ns = histogram__quantile_ns(value_at(f, base), f->percent / 100.0);

	if (ns >= 0)
		write_seconds(t, f->key, ns);
}

static void write_enum(struct json_text *t, const struct field *f, const void *base)
{
	write_string(t, f->key, enum_name(f->words, (unsigned int)integer_at(f, base)));
}

static void write_enum_but(struct json_text *t, const struct field *f, const void *base)
{
	if (integer_at(f, base) != f->otherwise)
		write_enum(t, f, base);
}

static void write_host(struct json_text *t, const struct field *f, const void *base)
{
	const char *endpoint = string_at(f, base);
	char host[JSON_STRING_BYTES];
	size_t len;

	if (!endpoint)
		return;
	address__port(endpoint, &len);
	if (len >= 2 && endpoint[0] == '[' && endpoint[len - 1] == ']') {
		endpoint++;
		len -= 2;
	}
	if (len >= sizeof(host))
		len = sizeof(host) - 1;
	memcpy(host, endpoint, len);
	host[len] = '\0';
	write_string(t, f->key, host);
}

static void write_port(struct json_text *t, const struct field *f, const void *base)
{
	const char *endpoint = string_at(f, base);
	uint16_t port;
	size_t len;

	port = endpoint ? address__port(endpoint, &len) : 0;
	if (port)
		write_int(t, f->key, port);
}

/* Whole numbers without a unit of time are counts; a duration is a real, even when it is whole. */
static void write_evidence_value(struct json_text *t, const struct evidence *e)
{
	size_t len = strlen(e->key);
	bool seconds = len > 2 && !strcmp(e->key + len - 2, "_s");
	int64_t millionths;

	if (e->text) {
		json_text__string(t, e->text);
		return;
	}
	/* As it will be written, with six places: what reads as a whole number is one. */
	millionths = (int64_t)(e->number * 1e6 + (e->number < 0 ? -0.5 : 0.5));
	if (!seconds && millionths % 1000000 == 0)
		json_text__int(t, millionths / 1000000);
	else
		json_text__real(t, millionths);
}

static void write_evidence(struct json_text *t, const struct field *f, const void *base)
{
	const struct evidence *e = value_at(f, base);
	size_t len = len_at(f, base);
	struct json_keys keys = {0};

	if (!len)
		return;
	json_text__key(t, f->key);
	json_text__open(t, '{');
	for (size_t i = 0; i < len && i < f->max; i++) {
		/* Not NaN, nor a number that nobody measured. */
		if (!e[i].text &&
		    !(e[i].number >= -EVIDENCE_LIMIT && e[i].number <= EVIDENCE_LIMIT))
			continue;
		if (json_text__new_key(t, &keys, e[i].key))
			write_evidence_value(t, &e[i]);
	}
	json_text__close(t, '}');
}

static void write_matrix(struct json_text *t, const struct field *f, const void *base)
{
	const enum matrix_cell *matrix = value_at(f, base);

	json_text__key(t, f->key);
	json_text__open(t, '{');
	for (size_t i = 0; i < MATRIX_COLUMNS; i++)
		if (matrix[i] != CELL_UNKNOWN)
			write_string(t, enum_name(&matrix_column_names, i),
				     enum_name(&matrix_cell_names, matrix[i]));
	json_text__close(t, '}');
}

static void write_latency(struct json_text *t, const struct field *f, const void *base)
{
	const struct histogram *h = borrowed_histogram(f, base);
	uint64_t us;

	memcpy(&us, (const char *)h + f->inner, sizeof(us));
	if (h->count)
		write_seconds(t, f->key, (int64_t)(us * 1000));
}

static void write_buckets(struct json_text *t, const struct field *f, const void *base)
{
	const struct histogram *h = borrowed_histogram(f, base);
	uint64_t last_us;
	uint32_t count;
	size_t at = 0;

	json_text__key(t, f->key);
	json_text__open(t, '{');
	while (histogram__next(h, &at, &last_us, &count)) {
		char key[24];

		snprintf(key, sizeof(key), "%llu", (unsigned long long)last_us);
		write_int(t, key, count);
	}
	json_text__close(t, '}');
}

static void write_rows(struct json_text *t, const struct field *rows, const void *base);

static void write_object(struct json_text *t, const struct field *rows, const void *base)
{
	json_text__open(t, '{');
	write_rows(t, rows, base);
	json_text__close(t, '}');
}

static void write_several(struct json_text *t, const struct field *f, const void *base)
{
	const char *list = f->is_pointer ? string_at(f, base) : value_at(f, base);
	bool named = f->kind == FIELD_MAP;
	struct json_keys keys = {0};
	size_t len = len_at(f, base);

	json_text__key(t, f->key);
	json_text__open(t, named ? '{' : '[');
	for (size_t i = 0; i < len; i++) {
		const void *one = list + i * f->size;

		if (!named || json_text__new_key(t, &keys, *(const char *const *)one))
			write_object(t, f->rows, one);
	}
	json_text__close(t, named ? '}' : ']');
}

static void write_group(struct json_text *t, const struct field *f, const void *base)
{
	write_rows(t, f->rows, f->of ? f->of(base) : base);
}

static void write_object_field(struct json_text *t, const struct field *f, const void *base)
{
	json_text__key(t, f->key);
	write_object(t, f->rows, f->of ? f->of(base) : base);
}

static void (*const writers[FIELD_KINDS])(struct json_text *, const struct field *,
					  const void *base) = {
	[FIELD_STRING] = write_string_field,
	[FIELD_CHARS] = write_chars,
	[FIELD_FIXED] = write_fixed,
	[FIELD_HOST] = write_host,
	[FIELD_PORT] = write_port,
	[FIELD_COUNT] = write_count,
	[FIELD_NONZERO] = write_nonzero,
	[FIELD_KNOWN] = write_known,
	[FIELD_ID] = write_id,
	[FIELD_DURATION] = write_duration,
	[FIELD_REMAINING] = write_remaining,
	[FIELD_SHARE] = write_share,
	[FIELD_WORD] = write_enum,
	[FIELD_WORD_OR] = write_enum,
	[FIELD_WORD_BUT] = write_enum_but,
	[FIELD_EVIDENCE] = write_evidence,
	[FIELD_MATRIX] = write_matrix,
	[FIELD_LATENCY] = write_latency,
	[FIELD_BUCKETS] = write_buckets,
	[FIELD_GROUP] = write_group,
	[FIELD_OBJECT] = write_object_field,
	[FIELD_ARRAY] = write_several,
	[FIELD_MAP] = write_several,
};

static void write_rows(struct json_text *t, const struct field *rows, const void *base)
{
	for (const struct field *f = rows; !field__is_last(f); f++)
		if (!f->when || f->when(base))
			writers[f->kind](t, f, base);
}

int json_write(struct json_text *t, const struct finding *f)
{
	const struct event_fields *event;
	const void *base = f;

	if ((unsigned int)f->type >= FINDING_TYPES)
		return -EINVAL;
	event = &event_fields[f->type];
	if (f->type == FINDING_SUMMARY)
		base = f->summary;
	if (!base || !event->rows)
		return -EINVAL;
	t->len = 0;
	t->err = 0;
	json_text__open(t, '{');
	json_text__key(t, "ts");
	json_text__time(t, f->ts_ns);
	write_string(t, "event", event->name);
	write_rows(t, event->rows, base);
	json_text__close(t, '}');
	json_text__end_line(t);
	return t->err;
}
