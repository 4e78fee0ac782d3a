// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * table.c - tables of the live screen: which columns fit, and how wide they are.
 */
#include <string.h>

#include "sink/top/private.h"

static int total(const struct top_column *columns, size_t n)
{
	int sum = 0;

	for (size_t i = 0; i < n; i++)
		if (columns[i].width)
			sum += columns[i].width + (sum > 0);
	return sum;
}

static struct top_column *most_dispensable(struct top_column *columns, size_t n)
{
	struct top_column *found = NULL;

	for (size_t i = 0; i < n; i++)
		if (columns[i].width && columns[i].drop &&
		    (!found || columns[i].drop > found->drop))
			found = &columns[i];
	return found;
}

static void widen(struct top_column *columns, size_t n, bool rest, int *spare)
{
	for (size_t i = 0; i < n; i++) {
		int more = columns[i].most - columns[i].width;

		if (!columns[i].width || columns[i].rest != rest || more <= 0)
			continue;
		if (more > *spare)
			more = *spare;
		columns[i].width += more;
		*spare -= more;
	}
}

void top_table__fit(struct top_column *columns, size_t n, int cols)
{
	struct top_column *drop;
	int spare, at = 0;

	for (size_t i = 0; i < n; i++)
		columns[i].width = columns[i].least;
	while (total(columns, n) > cols && (drop = most_dispensable(columns, n)))
		drop->width = 0;
	spare = cols - total(columns, n);
	if (spare > 0) {
		widen(columns, n, false, &spare);
		widen(columns, n, true, &spare);
	}
	for (size_t i = 0; i < n; i++) {
		columns[i].at = at;
		if (columns[i].width)
			at += columns[i].width + 1;
	}
}

void top_table__heading(struct top_grid *g, int row, const struct top_column *columns, size_t n)
{
	for (size_t i = 0; i < n; i++)
		top_table__put(g, row, &columns[i], TONE_HEADING, columns[i].title);
	top_grid__paint(g, row, TONE_HEADING);
}

void top_table__put(struct top_grid *g, int row, const struct top_column *column, enum tone style,
		    const char *text)
{
	if (!column->width)
		return;
	if (column->right)
		top_grid__put_right(g, row, column->at, column->width, style, text);
	else
		top_grid__put(g, row, column->at, column->width, style, text);
}
