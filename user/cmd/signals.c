// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * signals.c - what asks a command to stop.
 */
#include <stddef.h>

#include "cmd/cmd.h"

volatile sig_atomic_t lw_stop;

static void on_signal(int sig)
{
	(void)sig;
	lw_stop = 1;
}

void lw_catch_signals(void)
{
	struct sigaction stop = {.sa_handler = on_signal};

	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGHUP, &stop, NULL); /* the terminal is gone: end in good order */
}
