/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * field.h - the fields of the JSON log, a row each: what a key is called, where its value is, how
 * it is spelled and what it means. The writer (json_write.c), the reader (json_read.c) and the
 * manual's list of keys all follow from these rows.
 *
 * A new field is one row here, and the place that fills it.
 */
#ifndef LEASEWATCH_FIELD_H
#define LEASEWATCH_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/finding.h"

/* What is not known is left out: `-` says when that is. */
enum field_kind {
	FIELD_STRING,	 /* const char *; - NULL */
	FIELD_CHARS,	 /* char [] */
	FIELD_FIXED,	 /* the first of `words` */
	FIELD_HOST,	 /* of "etcd2.lab:2379" or "[fd00::2]:2379", a const char *; - NULL */
	FIELD_PORT,	 /* of the same; - none */
	FIELD_COUNT,	 /* an integer */
	FIELD_NONZERO,	 /* - 0 */
	FIELD_KNOWN,	 /* - below 0 */
	FIELD_ID,	 /* 64 bits, as a decimal string; - 0 */
	FIELD_DURATION,	 /* nanoseconds, written as seconds; - below 0 */
	FIELD_REMAINING, /* the same, but it may be below 0; - LW_UNKNOWN_REMAINING */
	FIELD_SHARE,	 /* of a struct histogram: seconds that `percent` of it took at most */
	FIELD_WORD,	 /* an enum by its name; a line without it is not usable */
	FIELD_WORD_OR,	 /* the same, but a word that we do not know is read as `otherwise` */
	FIELD_WORD_BUT,	 /* the same; - `otherwise` */
	FIELD_EVIDENCE,	 /* struct evidence [], at most `max`; - none */
	FIELD_MATRIX,	 /* enum matrix_cell [MATRIX_COLUMNS]; of it - CELL_UNKNOWN */
	FIELD_LATENCY,	 /* of the borrowed histogram: the uint64_t at `inner`, microseconds */
	FIELD_BUCKETS,	 /* of the borrowed histogram, each by its upper end */
	FIELD_GROUP,	 /* no key: `rows`, as if they stood here */
	FIELD_OBJECT,	 /* `rows` */
	FIELD_ARRAY,	 /* as many objects of `rows` */
	FIELD_MAP,	 /* the same, each by its name: the const char * that it begins with */
	FIELD_KINDS,
};

struct field {
	const char *key;
	enum field_kind kind;
	bool is_signed, is_pointer; /* integers; arrays and maps */
	uint32_t size;		    /* of the value, or of an array's element */
	uint32_t offset, inner;
	uint32_t len_offset; /* a size_t: how many there are */
	uint16_t max, percent;
	int otherwise;
	const struct enum_names *words;
	const struct field *rows; /* its last one has no meaning */
	/* Instead of what is at `offset`: a number, what a group describes, or whether it counts.
	 */
	int64_t (*number)(const void *);
	const void *(*of)(const void *);
	bool (*when)(const void *);
	const char *meaning; /* the manual's text */
};

struct event_fields {
	const char *name;
	const struct field *rows;
	bool no_way_back; /* is not read: it is counted again from the lines before it */
	const char *meaning;
};

/* By enum finding_type. The rows describe a struct finding; the summary's a struct summary. */
extern const struct event_fields event_fields[FINDING_TYPES];
/* What many events share: which Patroni, at which address, and the endpoint's host and port. */
extern const struct field who_fields[], peer_fields[], server_fields[];
extern const struct field summary_fields[]; /* field_summary.c */

static inline bool field__is_last(const struct field *f)
{
	return !f->meaning;
}

/* For the tables: the member m of a struct. */
#define FIELD_AT(type, m) .offset = offsetof(type, m), .size = sizeof(((type *)0)->m)
#define FIELD_INTEGER(type, m)                                                                     \
	FIELD_AT(type, m),                                                                         \
		.is_signed = (__typeof__(((type *)0)->m))-1 < (__typeof__(((type *)0)->m))1
#define FIELD_LEN(type, m) .len_offset = offsetof(type, m)

#endif
