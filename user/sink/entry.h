/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * entry.h - a finding as a person reads it: when, a tag, how bad it is, and lines of text.
 *
 * One place words every finding. The text sink writes entries to a terminal or a file; the live
 * screen lists them, and its finding box is the entry of the stall that is going on. To add a kind
 * of finding, write the function that words it and add a case to entries__add().
 */
#ifndef LEASEWATCH_ENTRY_H
#define LEASEWATCH_ENTRY_H

#include "model/human.h"
#include "sink/text_out.h"

#define ENTRY_LINES 8
#define ENTRY_SPANS 96
#define ENTRY_BYTES 16384

enum entry_kind { ENTRY_TEXT, ENTRY_CAUSE, ENTRY_EVIDENCE, ENTRY_HINT };

/* Text in one tone. */
struct entry_span {
	enum tone tone;
	uint16_t at;	/* in entry.text */
	uint16_t start; /* the column of the line where it starts; 0 = behind the span before */
	uint16_t end;	/* the column where it ends, aligned to the right; 0 = left to `start` */
	bool whole;	/* it and what follows, when they do not fit: on a line of their own */
};

struct entry_line {
	enum entry_kind kind;
	bool minor; /* only for a reader who wants every detail */
	size_t span, spans_len;
};

struct entry {
	uint64_t ts_ns;
	const char *tag; /* at most 8 columns: "STALL", "FAILED" */
	enum tone tone;
	bool minor; /* only for a reader who wants every request */
	size_t lines_len, spans_len, text_len;
	struct entry_line lines[ENTRY_LINES];
	struct entry_span spans[ENTRY_SPANS];
	char text[ENTRY_BYTES];
};

/* Failures that repeat: what it was about and how it went. */
#define ENTRY_REPEATS 16

struct entry_repeat {
	uint64_t hash, said_ns, unsaid;
};

/* What has been said so far, so that the next entry need not say it again. Starts zeroed. */
struct entries {
	bool every; /* nothing is folded: every request is listed */
	bool utf8;  /* characters beyond ASCII may be written */

	bool several; /* more than one Patroni has been seen: say which one it is */
	uint32_t first_pid;
	uint64_t unsaid; /* how often the present finding has happened since it was last said */
	size_t next_repeat;
	struct entry_repeat repeats[ENTRY_REPEATS];
	/* Of the last stall. */
	uint64_t stall_id;
	enum cause cause;
	char hint[400];
	struct entry entry; /* what entries__add() returns */
};

/* The entry of this finding, valid until the next call. NULL: it has none (a summary, ...). */
const struct entry *entries__add(struct entries *s, const struct finding *f);

/* ---- on the way to a terminal */

/* "cause: " or "-> " or "". */
const char *entry__label(enum entry_kind kind);
/* One line of it from column `base` on, without its label; wrapped lines go on at o->indent. */
void entry__put_line(struct text_out *o, const struct entry *e, size_t line, int base);

/* ---- what others want to know, too */

/* Is a lookup worth a line by itself: it failed, was slow, or is waited for? */
bool entry__dns_matters(const struct finding *f);
/* Start afresh, with this tag. */
void entry__begin(struct entry *e, uint64_t ts_ns, enum tone tone, const char *tag);
/* "connect ok  read ok  keepalive FAILS" on a line of its own; none when nothing was ever asked. */
void entry__add_matrix(struct entry *e, const enum matrix_cell matrix[MATRIX_COLUMNS]);
/* "etcd2.lab:2379 is half_healthy (was healthy): answers some requests, but fails others" */
void entry__add_state(struct entry *e, const struct finding_where *where,
		      const struct finding_endpoint *endpoint);

#endif
