/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * options.h - options that several subcommands take, read in the same way. What is wrong ends the
 * program with a sentence, as argp_error() does.
 */
#ifndef LEASEWATCH_OPTIONS_H
#define LEASEWATCH_OPTIONS_H

#include <argp.h>

#include "cmd/watch.h"

/* Long enough for a century, short enough for nanoseconds in 63 bits. */
#define SECONDS_MAX 3e9

/* Keys without a letter. */
enum { OPTION_STALL_AFTER = 256, OPTION_HOOKS, OPTION_NO_PLAINTEXT };

/* A number of seconds, least..most; `what` is the option's name. */
double options__seconds(const char *arg, const char *what, double least, double most,
			struct argp_state *state);

/* The argument of --hooks. */
enum hooks options__hooks(const char *arg, struct argp_state *state);

/*
 * The parser of -p, --stall-after, --hooks, --no-plaintext, -h and -V, as a child of a command's
 * own; its input is the struct watch_options to fill.
 */
extern const struct argp options__watch;

#endif
