/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tone.h - how a piece of text is meant; the terminal decides how it looks. Nothing is said by tone
 * alone.
 */
#ifndef LEASEWATCH_TONE_H
#define LEASEWATCH_TONE_H

#include "model/finding.h"

enum tone {
	TONE_PLAIN,
	TONE_DIM,
	TONE_BOLD,
	TONE_GOOD,
	TONE_WARN,
	TONE_BAD,
	TONE_ALARM,
	/* Of the live screen only: */
	TONE_BAR,	/* the first and the last line */
	TONE_BAR_ALARM, /* the verdict in it, when it is bad */
	TONE_HEADING,	/* of a table */
	TONES,
};

enum tone tone__state(enum endpoint_state state);
enum tone tone__cell(enum matrix_cell cell);
/* Readable without colour: what is wrong is in capitals. At most 4 columns ("HANG"), with `room` up
 * to 11 ("HANGS"). Never NULL. */
const char *cell__word(enum matrix_cell cell, bool room);
enum tone tone__severity(enum stall_severity severity);
enum tone tone__result(enum stall_result result);

#endif
