/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * text_out.h - lines of text for a terminal: columns, colours, wrapping, and nothing harmful.
 *
 * Everything that the text sink prints goes through text_out__put, which lets no control character
 * through: what etcd or a log says cannot move the cursor.
 */
#ifndef LEASEWATCH_TEXT_OUT_H
#define LEASEWATCH_TEXT_OUT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "sink/tone.h"

struct text_out {
	FILE *stream; /* NULL: only measure */
	bool color, utf8;
	int width;	/* a word that would cross this column goes to the next line; 0 = never */
	int limit;	/* nothing is written at or beyond this column; 0 = no limit */
	int indent;	/* where a wrapped line continues */
	int col;	/* where we are, from 0 */
	int spaces;	/* owed: written only when something follows */
	int tail;	/* columns that the next put() adds to the last word of this one */
	enum tone owed; /* a colour that begins with the next word */
};

/* Formats up to 2 KiB; the rest is cut. Runs of spaces are kept, unless a line breaks there. */
__attribute__((format(printf, 3, 4))) void text_out__put(struct text_out *o, enum tone tone,
							 const char *fmt, ...);
/* Go to this column; at least one space when text has come that far already. */
void text_out__to(struct text_out *o, int col);
/* End at this column: for numbers, aligned to the right. */
void text_out__right(struct text_out *o, enum tone tone, int end_col, const char *text);
void text_out__newline(struct text_out *o);

/* Columns that put() would take for this string. */
int text_out__columns(const struct text_out *o, const char *text);

#endif
