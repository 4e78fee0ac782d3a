/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * grid.h - a screen as a grid of cells, before it goes to a terminal.
 *
 * The parts of the live screen write here and nowhere else, so that a test can read what stands on
 * a screen of any size. Every string passes one place that lets no control character through.
 */
#ifndef LEASEWATCH_TOP_GRID_H
#define LEASEWATCH_TOP_GRID_H

#include <stdbool.h>
#include <stdint.h>

#include "sink/tone.h"

struct top_cell {
	uint32_t c; /* code point; 0 = the right half of a wide character */
	uint8_t style;
};

struct top_grid {
	int rows, cols;
	bool utf8;		/* characters beyond ASCII may be used */
	struct top_cell *cells; /* rows * cols, row by row */
};

/* Largest size that is drawn; a larger terminal keeps an empty margin. */
#define TOP_GRID_MAX 1000

/*
 * Make it rows x cols (cut to 1..TOP_GRID_MAX) and blank. Starts from a zeroed struct. 0 or
 * -ENOMEM, then it is as it was.
 */
int top_grid__resize(struct top_grid *g, int rows, int cols);
void top_grid__free(struct top_grid *g);

struct top_cell *top_grid__cell(const struct top_grid *g, int row, int col);

/* Columns that this string takes. */
int top_grid__columns(const struct top_grid *g, const char *text);

/*
 * Text in the `width` columns from col on, one row; outside the grid nothing happens. What does not
 * fit is cut, and the cut is marked. Returns the column after the text.
 */
int top_grid__put(struct top_grid *g, int row, int col, int width, enum tone style,
		  const char *text);
/* The same, ending at the right edge of the field. */
void top_grid__put_right(struct top_grid *g, int row, int col, int width, enum tone style,
			 const char *text);
/* printf into a field; formats up to 1 KiB. */
__attribute__((format(printf, 6, 7))) int top_grid__printf(struct top_grid *g, int row, int col,
							   int width, enum tone style,
							   const char *fmt, ...);
/* The style of a whole row, its blanks included. */
void top_grid__paint(struct top_grid *g, int row, enum tone style);

/* One paragraph, wrapped between words. */
struct top_wrap {
	int row, rows; /* draws at most so many rows; the cut is marked */
	int col, width;
	int first; /* column of the first row; the others begin at col */
	enum tone style;
};

/* Returns the rows it takes in full, drawn or not. With rows = 0 it only measures. */
int top_grid__wrap(struct top_grid *g, const struct top_wrap *how, const char *text);

#endif
