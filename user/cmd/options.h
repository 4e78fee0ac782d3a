/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * options.h - options that several subcommands share. Errors end the program with a message, as
 * argp_error() does.
 */
#ifndef LEASEWATCH_OPTIONS_H
#define LEASEWATCH_OPTIONS_H

#include <argp.h>

#include "cmd/watch.h"

/* Long enough for a century, short enough for nanoseconds in 63 bits. */
#define SECONDS_MAX 3e9

/* Keys without a letter; a command's own begin at OPTION_OWN. */
enum {
	OPTION_USAGE = 256,
	OPTION_STALL_AFTER,
	OPTION_HOOKS,
	OPTION_NO_PLAINTEXT,
	OPTION_USERS,
	OPTION_OWN
};

/* A number of seconds, least..most; `what` is the option's name. */
double options__seconds(const char *arg, const char *what, double least, double most,
			struct argp_state *state);

/* The argument of --hooks. */
enum hooks options__hooks(const char *arg, struct argp_state *state);

/* Read a command's options into `input`. */
void options__parse(const struct argp *argp, int argc, char **argv, void *input);

/* Children of a command's own parser: */

/* -h, --usage, -V, and no argument but options. Of every command; has no input. */
extern const struct argp options__common;

/*
 * -p, --stall-after, --hooks, --users and --no-plaintext, of the live commands. Its input is the
 * struct watch_options to fill.
 */
extern const struct argp options__watch;

#endif
