/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd.h - the subcommands, and what they share.
 */
#ifndef LEASEWATCH_CMD_H
#define LEASEWATCH_CMD_H

#include <signal.h>

#include "model/summary.h"

/* Exit status: part of the public contract. */
enum exit_status {
	EXIT_HEALTHY = 0,
	EXIT_TOOL_ERROR = 1, /* or bad usage */
	EXIT_STALL_SEEN = 2,
	EXIT_NOTHING_TO_WATCH = 3,
};

int cmd_exit_status(enum verdict verdict);

#define LW_SCHEMA_VERSION 1

/* Set by SIGINT and SIGTERM: the one global. */
extern volatile sig_atomic_t lw_stop;
void lw_catch_signals(void);

int cmd_trace(int argc, char **argv);
int cmd_top(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_daemon(int argc, char **argv);

#endif
