/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * screen.h - a terminal that shows a grid of cells: the only file that knows ncurses, with
 * top_restore.
 */
#ifndef LEASEWATCH_TOP_SCREEN_H
#define LEASEWATCH_TOP_SCREEN_H

#include <stddef.h>

#include "sink/top/grid.h"

struct top_screen;

/* Besides characters and enum top_key: */
#define TOP_SCREEN_NO_KEY (-1)
#define TOP_SCREEN_GONE	  (-2) /* the terminal has been closed */

/* Can a screen be shown here? 0, or -ENOTTY or -ENOTSUP with a sentence in `why`. */
int top_screen__check(char *why, size_t why_size);

/*
 * Take the terminal on standard input and output over. One at a time. 0 or -errno with a sentence
 * in `why`. setlocale() must have been called before.
 */
int top_screen__open(struct top_screen **out, char *why, size_t why_size);

/* Give it back as it was. NULL is fine. */
void top_screen__close(struct top_screen *s);

/*
 * See what has happened to the terminal. Stops here until continued when it was asked to (Ctrl-Z).
 * True: its size or its contents have changed; draw again.
 */
bool top_screen__changed(struct top_screen *s);
void top_screen__size(const struct top_screen *s, int *rows, int *cols);

/* The next key that was pressed; never waits. */
int top_screen__key(struct top_screen *s);

/* Only what differs from what is there goes to the terminal. */
void top_screen__show(struct top_screen *s, const struct top_grid *grid);

#endif
