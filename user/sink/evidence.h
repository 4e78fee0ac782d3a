/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * evidence.h - the keys of a stall's or a note's evidence, a row each: what the key is called on a
 * screen, in which unit, and what it means.
 */
#ifndef LEASEWATCH_EVIDENCE_H
#define LEASEWATCH_EVIDENCE_H

#include <stddef.h>

struct evidence_row {
	const char *key;
	const char *label;
	const char *unit;    /* "s": shown as a duration; NULL = none, or a text */
	const char *meaning; /* the manual's text */
};

extern const struct evidence_row evidence_rows[];
extern const size_t evidence_rows_len;

/* NULL for a key that we do not know: a newer leasewatch's, or anybody's. */
const struct evidence_row *evidence__row(const char *key);

#endif
