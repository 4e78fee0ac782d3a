/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * restore.h - the terminal as it was found, given back whatever happens.
 *
 * The orderly way is top_screen__close(). This is for the other ways out: a crash, abort(), an
 * exit() from somewhere. It is the process's one terminal, hence no object.
 */
#ifndef LEASEWATCH_TOP_RESTORE_H
#define LEASEWATCH_TOP_RESTORE_H

#include <stdbool.h>

/*
 * Note how the terminal is set (before anything changes it), catch fatal signals, and keep what
 * others write to a standard error on the same terminal until the end: it would run across the
 * screen. 0 or -errno.
 */
int top_restore__begin(void);

/* Note the bytes that undo what the screen does; call it once the terminal is known to terminfo. */
void top_restore__prepare(void);

/* The screen is closed in order: leave signals alone again, let out what was held back. */
void top_restore__end(void);

/* Is the terminal ours to touch? Not when a shell has put us into the background. */
bool top_restore__in_foreground(void);

#endif
