// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cmd.c - how a command ends: what asks it to, and its exit status.
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

int cmd_exit_status(enum verdict v)
{
	switch (v) {
	case VERDICT_HEALTHY:
		return EXIT_HEALTHY;
	case VERDICT_STALLED:
		return EXIT_STALL_SEEN;
	case VERDICT_NO_TRAFFIC:
		return EXIT_NOTHING_TO_WATCH;
	}
	return EXIT_TOOL_ERROR;
}
