// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * grid.c - where every character of the live screen passes.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "sink/top/grid.h"
#include "base/utf8.h"

#define PUT_BYTES 1024

static int bounded(int n)
{
	if (n < 1)
		return 1;
	return n > TOP_GRID_MAX ? TOP_GRID_MAX : n;
}

int top_grid__resize(struct top_grid *g, int rows, int cols)
{
	struct top_cell *cells;

	rows = bounded(rows);
	cols = bounded(cols);
	if (!g->cells || rows != g->rows || cols != g->cols) {
		cells = realloc(g->cells, (size_t)rows * (size_t)cols * sizeof(*cells));
		if (!cells)
			return -ENOMEM;
		g->cells = cells;
		g->rows = rows;
		g->cols = cols;
	}
	for (int i = 0; i < rows * cols; i++)
		g->cells[i] = (struct top_cell){.c = ' ', .style = TONE_PLAIN};
	return 0;
}

void top_grid__free(struct top_grid *g)
{
	free(g->cells);
	g->cells = NULL;
	g->rows = g->cols = 0;
}

struct top_cell *top_grid__cell(const struct top_grid *g, int row, int col)
{
	return &g->cells[row * g->cols + col];
}

/* The next character, made harmless, and its columns. 0 columns: it is left out (an accent alone).
 */
static uint32_t next_char(const struct top_grid *g, const char **text, int *columns)
{
	uint32_t c = utf8__next(text);

	*columns = 1;
	if (c == '\t' || c == '\n')
		return ' ';
	if (c == UTF8_INVALID || utf8__is_control(c) || (c >= 0x80 && !g->utf8))
		return '?';
	if (c < 0x80)
		return c;
	*columns = wcwidth((wchar_t)c);
	if (*columns < 0) {
		*columns = 1;
		return '?';
	}
	return c;
}

int top_grid__columns(const struct top_grid *g, const char *text)
{
	int columns = 0, n;

	while (*text) {
		next_char(g, &text, &n);
		columns += n;
	}
	return columns;
}

static void set_cell(struct top_grid *g, int row, int col, uint32_t c, enum tone style)
{
	struct top_cell *cell;

	if (row < 0 || row >= g->rows || col < 0 || col >= g->cols)
		return;
	cell = top_grid__cell(g, row, col);
	/* No half of a wide character may stay behind. */
	if (cell->c == 0 && col > 0)
		cell[-1].c = ' ';
	if (col + 1 < g->cols && cell[1].c == 0)
		cell[1].c = ' ';
	*cell = (struct top_cell){.c = c, .style = (uint8_t)style};
}

static void set_char(struct top_grid *g, int row, int col, uint32_t c, int columns, enum tone style)
{
	/* Half a wide character would shift the rest of the row. */
	if (columns == 2 && col + 1 >= g->cols) {
		set_cell(g, row, col, ' ', style);
		return;
	}
	set_cell(g, row, col, c, style);
	if (columns == 2)
		set_cell(g, row, col + 1, 0, style);
}

static uint32_t cut_mark(const struct top_grid *g)
{
	return g->utf8 ? 0x2026 : '~';
}

int top_grid__put(struct top_grid *g, int row, int col, int width, enum tone style,
		  const char *text)
{
	int end = col + width < g->cols ? col + width : g->cols;
	bool cut = top_grid__columns(g, text) > end - col;
	int room = cut ? end - 1 : end, n;

	if (end <= col)
		return col;
	while (*text) {
		uint32_t c = next_char(g, &text, &n);

		if (col + n > room)
			break;
		if (n)
			set_char(g, row, col, c, n, style);
		col += n;
	}
	if (cut)
		set_cell(g, row, col++, cut_mark(g), style);
	return col;
}

void top_grid__put_right(struct top_grid *g, int row, int col, int width, enum tone style,
			 const char *text)
{
	int n = top_grid__columns(g, text);

	if (n < width) {
		col += width - n;
		width = n;
	}
	top_grid__put(g, row, col, width, style, text);
}

int top_grid__printf(struct top_grid *g, int row, int col, int width, enum tone style,
		     const char *fmt, ...)
{
	char text[PUT_BYTES];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return top_grid__put(g, row, col, width, style, text);
}

void top_grid__paint(struct top_grid *g, int row, enum tone style)
{
	for (int col = 0; col < g->cols; col++)
		if (row >= 0 && row < g->rows)
			top_grid__cell(g, row, col)->style = (uint8_t)style;
}

/* Columns of the word that begins here, and where it ends. */
static int measure_word(const struct top_grid *g, const char *text, const char **end)
{
	int columns = 0, n;

	while (*text) {
		const char *from = text;

		if (next_char(g, &text, &n) == ' ') {
			text = from;
			break;
		}
		columns += n;
	}
	*end = text;
	return columns;
}

struct wrapping {
	struct top_grid *g;
	const struct top_wrap *how;
	int line, col; /* from 0; the column on the screen */
};

static void next_line(struct wrapping *w)
{
	w->line++;
	w->col = w->how->col;
}

static void wrap_word(struct wrapping *w, const char *word, const char *end)
{
	int right = w->how->col + w->how->width, n;

	while (word < end) {
		uint32_t c = next_char(w->g, &word, &n);

		/* Longer than a line: broken where it must be. */
		if (w->col + n > right && w->col > w->how->col)
			next_line(w);
		if (n && w->line < w->how->rows)
			set_char(w->g, w->how->row + w->line, w->col, c, n, w->how->style);
		w->col += n;
	}
}

/* The last row that is shown does not look like an end. */
static void mark_cut(const struct wrapping *w)
{
	int row = w->how->row + w->how->rows - 1, right = w->how->col + w->how->width;

	if (w->how->rows <= 0 || w->line < w->how->rows || row >= w->g->rows)
		return;
	if (right > w->g->cols)
		right = w->g->cols;
	/* After the last character, or over the last column. */
	for (int col = right - 1; col >= w->how->col; col--)
		if (col == w->how->col || top_grid__cell(w->g, row, col - 1)->c != ' ') {
			set_cell(w->g, row, col, cut_mark(w->g), w->how->style);
			return;
		}
}

int top_grid__wrap(struct top_grid *g, const struct top_wrap *how, const char *text)
{
	struct wrapping w = {.g = g, .how = how, .col = how->first};
	int right = how->col + how->width, spaces = 0;

	if (how->width < 1)
		return 0;
	while (*text) {
		const char *end, *next = text;
		int columns, n;

		if (next_char(g, &next, &n) == ' ') {
			spaces++;
			text = next;
			continue;
		}
		columns = measure_word(g, text, &end);
		if (w.col > how->col && w.col + spaces + columns > right)
			next_line(&w);
		else
			w.col += spaces;
		spaces = 0;
		wrap_word(&w, text, end);
		text = end;
	}
	mark_cut(&w);
	return w.line + 1;
}
