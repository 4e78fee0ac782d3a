// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * tone.c - how bad is it?
 */
#include "sink/tone.h"

enum tone tone__state(enum endpoint_state state)
{
	switch (state) {
	case ENDPOINT_UNKNOWN:
		return TONE_DIM;
	case ENDPOINT_HEALTHY:
		return TONE_GOOD;
	case ENDPOINT_SLOW:
		return TONE_WARN;
	default:
		return TONE_BAD;
	}
}

enum tone tone__cell(enum matrix_cell cell)
{
	switch (cell) {
	case CELL_UNKNOWN:
		return TONE_DIM;
	case CELL_OK:
		return TONE_GOOD;
	case CELL_SLOW:
		return TONE_WARN;
	default:
		return TONE_BAD;
	}
}

const char *cell__word(enum matrix_cell cell, bool room)
{
	static const char *const words[CELLS][2] = {
		[CELL_UNKNOWN] = {"-", "-"},	      [CELL_OK] = {"ok", "ok"},
		[CELL_SLOW] = {"slow", "slow"},	      [CELL_ERROR] = {"FAIL", "FAILS"},
		[CELL_HANGING] = {"HANG", "HANGS"},   [CELL_TIMEOUT] = {"T/O", "TIMES OUT"},
		[CELL_RESET] = {"RST", "RESET"},      [CELL_CLOSED] = {"EOF", "CLOSED"},
		[CELL_REFUSED] = {"REFU", "REFUSED"}, [CELL_UNREACHABLE] = {"UNRE", "UNREACHABLE"},
	};

	if ((unsigned int)cell >= CELLS || !words[cell][room])
		return "?";
	return words[cell][room];
}

enum tone tone__severity(enum stall_severity severity)
{
	return severity == STALL_WARNING ? TONE_WARN : TONE_ALARM;
}

enum tone tone__result(enum stall_result result)
{
	switch (result) {
	case STALL_RECOVERED:
		return TONE_GOOD;
	case STALL_RESULT_EXPIRED:
		return TONE_ALARM;
	default:
		return TONE_WARN;
	}
}
