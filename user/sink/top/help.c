// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * help.c - what the keys do and what the columns mean.
 */
#include "leasewatch/units.h"
#include "sink/top/private.h"

static const struct {
	const char *word, *meaning;
} lines[] = {
	{"q", "quit, as Ctrl-C does; the verdict is printed when the screen is gone"},
	{"p", "pause: everything but the first line stands still; watching continues"},
	{"v", "list every request, or only what matters"},
	{"e", "the events in full, on a page of their own"},
	{"arrows", "scroll the events, as PgUp, PgDn, Home and End do; Ctrl-L redraws"},
	{"", ""},
	{"LEFT", "time until the lease expires, at least: the TTL of the last good renewal, "
		 "counted from when that renewal was sent"},
	{"EVERY", "how often Patroni renews this lease"},
	{"THROUGH", "the endpoint that the last renewal was sent to"},
	{"STATE", "half_healthy: some kinds of request fail or hang while others pass; silent: "
		  "accepts connections, but does not answer"},
	{"CONN", "the last outcome of each kind: connect, read, write, keepalive (the renewal), "
		 "watch. FAIL: answered with an error; HANG: no answer yet; T/O: timed out; RST: "
		 "reset; EOF: closed; REFU: refused; UNRE: unreachable"},
	{"LAST", "latency of the last answer; P50, P99 and MAX of all answers so far"},
};

#define WORD_COLUMNS 9

void top_help__draw(struct top_grid *g, struct top_area area)
{
	struct top_wrap how = {.col = WORD_COLUMNS,
			       .first = WORD_COLUMNS,
			       .width = (g->cols < 100 ? g->cols : 100) - WORD_COLUMNS};
	int end = area.row + area.rows;

	how.row = area.row;
	for (size_t i = 0; i < ARRAY_LEN(lines) && how.row < end; i++) {
		how.rows = end - how.row;
		top_grid__put(g, how.row, 0, WORD_COLUMNS - 1, TONE_BOLD, lines[i].word);
		how.row += top_grid__wrap(g, &how, lines[i].meaning);
	}
}
