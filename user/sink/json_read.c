// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * json_read.c - the rows of an event, back from JSON.
 *
 * A key that is missing or of the wrong type is a value that is not known; only what a finding
 * cannot do without (FIELD_WORD) makes the line unusable.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "model/histogram.h"
#include "sink/json_in.h"
#include "sink/json_read.h"

static void *row_place(const struct field *f, void *base)
{
	return (char *)base + f->offset;
}

/* An integer or an enum, of its width. */
static void store(const struct field *f, void *base, int64_t value)
{
	uint16_t narrow = (uint16_t)value;
	uint32_t wide = (uint32_t)value;

	switch (f->size) {
	case sizeof(narrow):
		memcpy(row_place(f, base), &narrow, sizeof(narrow));
		break;
	case sizeof(wide):
		memcpy(row_place(f, base), &wide, sizeof(wide));
		break;
	default:
		memcpy(row_place(f, base), &value, sizeof(value));
	}
}

static int64_t largest(const struct field *f)
{
	switch (f->size) {
	case sizeof(uint16_t):
		return UINT16_MAX;
	case sizeof(uint32_t):
		return f->is_signed ? INT_MAX : UINT32_MAX;
	default:
		return INT64_MAX;
	}
}

static int read_string(const json_t *o, const struct field *f, void *base)
{
	const char *value = json_in__string(o, f->key);

	memcpy(row_place(f, base), &value, sizeof(value));
	return 0;
}

static int read_count(const json_t *o, const struct field *f, void *base)
{
	store(f, base, json_in__upto(o, f->key, largest(f)));
	return 0;
}

static int read_known(const json_t *o, const struct field *f, void *base)
{
	store(f, base, json_in__int(o, f->key, LW_UNKNOWN));
	return 0;
}

static int read_id(const json_t *o, const struct field *f, void *base)
{
	store(f, base, (int64_t)json_in__id(o, f->key));
	return 0;
}

static int read_duration(const json_t *o, const struct field *f, void *base)
{
	store(f, base, json_in__duration(o, f->key));
	return 0;
}

static int read_remaining(const json_t *o, const struct field *f, void *base)
{
	store(f, base, json_in__seconds(o, f->key, LW_UNKNOWN_REMAINING));
	return 0;
}

static int read_word(const json_t *o, const struct field *f, void *base)
{
	int value = enum_value(f->words, json_in__string(o, f->key));

	store(f, base, value);
	return value < 0 ? -ENOMSG : 0;
}

/* A newer one's word for a cause: the stall itself must not be missed for it. */
static int read_word_or(const json_t *o, const struct field *f, void *base)
{
	int value = enum_value(f->words, json_in__string(o, f->key));

	store(f, base, value < 0 ? f->otherwise : value);
	return 0;
}

static int read_evidence(const json_t *o, const struct field *f, void *base)
{
	size_t len = json_in__evidence(o, f->key, row_place(f, base), f->max);

	memcpy((char *)base + f->len_offset, &len, sizeof(len));
	return 0;
}

static int read_matrix(const json_t *o, const struct field *f, void *base)
{
	const json_t *matrix = json_object_get(o, f->key);
	enum matrix_cell *cells = row_place(f, base);

	for (size_t i = 0; i < MATRIX_COLUMNS; i++) {
		int cell = enum_value(&matrix_cell_names,
				      json_in__string(matrix, enum_name(&matrix_column_names, i)));

		cells[i] = cell < 0 ? CELL_UNKNOWN : (enum matrix_cell)cell;
	}
	return 0;
}

/* The finding borrows the histogram, but whoever has it read owns it. */
static struct histogram *histogram_of(const struct field *f, const void *base)
{
	struct histogram *h;

	memcpy(&h, (const char *)base + f->offset, sizeof(void *));
	return h;
}

static int read_latency(const json_t *o, const struct field *f, void *base)
{
	int64_t ns = json_in__duration(o, f->key);
	uint64_t us = ns < 0 ? 0 : (uint64_t)ns / 1000;

	memcpy((char *)histogram_of(f, base) + f->inner, &us, sizeof(us));
	return 0;
}

static int read_buckets(const json_t *o, const struct field *f, void *base)
{
	struct histogram *h = histogram_of(f, base);
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)json_object_get(o, f->key), key, value)
	{
		char *end;
		unsigned long long us = strtoull(key, &end, 10);
		json_int_t count = json_integer_value(value);

		if (end != key && !*end && count > 0 && count <= UINT32_MAX)
			histogram__put(h, us, (uint32_t)count);
	}
	return 0;
}

static int read_group(const json_t *o, const struct field *f, void *base)
{
	return json_read(o, f->rows, base);
}

static int (*const readers[FIELD_KINDS])(const json_t *, const struct field *, void *base) = {
	[FIELD_STRING] = read_string,
	[FIELD_COUNT] = read_count,
	[FIELD_NONZERO] = read_count,
	[FIELD_KNOWN] = read_known,
	[FIELD_ID] = read_id,
	[FIELD_DURATION] = read_duration,
	[FIELD_REMAINING] = read_remaining,
	[FIELD_WORD] = read_word,
	[FIELD_WORD_OR] = read_word_or,
	[FIELD_WORD_BUT] = read_word_or,
	[FIELD_EVIDENCE] = read_evidence,
	[FIELD_MATRIX] = read_matrix,
	[FIELD_LATENCY] = read_latency,
	[FIELD_BUCKETS] = read_buckets,
	[FIELD_GROUP] = read_group,
};

/* A kind without a reader follows from others, or is written only. */
int json_read(const json_t *o, const struct field *rows, void *base)
{
	int err = 0;

	for (const struct field *f = rows; !field__is_last(f) && !err; f++)
		if (readers[f->kind])
			err = readers[f->kind](o, f, base);
	return err;
}
