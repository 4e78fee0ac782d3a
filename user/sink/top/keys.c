// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * keys.c - the last line: what can be pressed.
 */
#include <string.h>

#include "sink/top/private.h"

#define KEYS_MAX 6

static size_t list_keys(const struct top *t, struct top_column keys[KEYS_MAX])
{
	const char *pause = t->paused ? "p go on" : "p pause";
	const char *what = t->verbose ? "v only what matters" : "v every request";

	if (t->page == TOP_HELP) {
		keys[0] = (struct top_column){.title = "any key: back"};
		return 1;
	}
	if (t->page == TOP_EVENTS) {
		keys[0] = (struct top_column){.title = "q back"};
		keys[1] = (struct top_column){.title = pause, .drop = 2};
		keys[2] = (struct top_column){.title = what, .drop = 1};
		keys[3] = (struct top_column){.title = "arrows PgUp PgDn", .drop = 3};
		return 4;
	}
	keys[0] = (struct top_column){.title = "q quit"};
	keys[1] = (struct top_column){.title = pause, .drop = 2};
	keys[2] = (struct top_column){.title = what, .drop = 4};
	keys[3] = (struct top_column){.title = "e events", .drop = 3};
	keys[4] = (struct top_column){.title = "arrows PgUp PgDn", .drop = 5};
	keys[5] = (struct top_column){.title = "h help", .drop = 1};
	return 6;
}

void top_keys__draw(const struct top *t, struct top_grid *g, int row)
{
	struct top_column keys[KEYS_MAX];
	size_t n = list_keys(t, keys);

	/* One more than the text: they stand two apart. */
	for (size_t i = 0; i < n; i++)
		keys[i].least = keys[i].most = (int)strlen(keys[i].title) + 1;
	top_table__fit(keys, n, g->cols + 1);
	top_grid__paint(g, row, TONE_BAR);
	for (size_t i = 0; i < n; i++)
		top_table__put(g, row, &keys[i], TONE_BAR, keys[i].title);
}
