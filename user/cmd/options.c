// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * options.c - which processes to watch, and when a slow renewal is a stall: for every live command.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd/cmd.h"
#include "cmd/options.h"

static const struct argp_option common_options[] = {
	{"help", 'h', NULL, 0, "print this help", -1},
	{"usage", OPTION_USAGE, NULL, OPTION_HIDDEN, NULL, -1},
	{"version", 'V', NULL, 0, "print the version", -1},
	{0},
};

static const struct argp_option watch_options[] = {
	{"pid", 'p', "PID", 0, "watch only this process; may be repeated (default: find Patroni)",
	 0},
	{"stall-after", OPTION_STALL_AFTER, "SECS", 0,
	 "report a stall when a lease renewal takes longer than SECS (default: 1)", 0},
	{"hooks", OPTION_HOOKS, "TIER", 0,
	 "how to read Patroni's traffic: sock (tracepoints), fexit (function returns) or auto "
	 "(default)",
	 0},
	{"users", OPTION_USERS, "LIST", 0,
	 "watch Patroni processes of these users: names, numbers, ranges, or any (default: root, "
	 "postgres, and the owner of the data directory)",
	 0},
	{"no-plaintext", OPTION_NO_PLAINTEXT, NULL, 0,
	 "do not read inside TLS: see only the timing of requests", 0},
	{0},
};

double options__seconds(const char *arg, const char *what, double least, double most,
			struct argp_state *state)
{
	char *end;
	double value;

	errno = 0;
	value = strtod(arg, &end);
	if (errno || end == arg || *end || !isfinite(value))
		argp_error(state, "%s: '%s' is not a number of seconds", what, arg);
	if (value < least || value > most)
		argp_error(state, "%s: '%s' is not between %g and %g seconds", what, arg, least,
			   most);
	return value;
}

enum hooks options__hooks(const char *arg, struct argp_state *state)
{
	enum hooks hooks = HOOKS_AUTO;

	if (hooks__parse(arg, &hooks))
		argp_error(state, "--hooks: '%s' is not auto, sock or fexit", arg);
	return hooks;
}

static void add_pid(struct watch_options *w, const char *arg, struct argp_state *state)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(arg, &end, 10);
	if (errno || end == arg || *end || value <= 0 || value > INT32_MAX)
		argp_error(state, "--pid: '%s' is not a process id", arg);
	if (w->pids_len == WATCH_PIDS_MAX)
		argp_error(state, "--pid: more than %d processes", WATCH_PIDS_MAX);
	w->pids[w->pids_len++] = (pid_t)value;
}

static error_t parse_common(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case 'h':
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
		return 0;
	case OPTION_USAGE: /* argp's own error message names it */
		argp_state_help(state, stdout, ARGP_HELP_USAGE | ARGP_HELP_EXIT_OK);
		return 0;
	case 'V':
		puts("leasewatch " LW_VERSION);
		exit(EXIT_HEALTHY);
	case ARGP_KEY_ARG:
		argp_error(state, "unexpected argument '%s'", arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse_watch(int key, char *arg, struct argp_state *state)
{
	struct watch_options *w = state->input;
	char why[160];

	switch (key) {
	case 'p':
		add_pid(w, arg, state);
		return 0;
	case OPTION_STALL_AFTER:
		w->stall_after_ns =
			(int64_t)(options__seconds(arg, "--stall-after", 1e-3, SECONDS_MAX, state) *
				  1e9);
		return 0;
	case OPTION_HOOKS:
		w->hooks = options__hooks(arg, state);
		return 0;
	case OPTION_USERS:
		if (users__parse(arg, &w->users, why, sizeof(why)))
			argp_error(state, "--users: %s", why);
		return 0;
	case OPTION_NO_PLAINTEXT:
		w->no_plaintext = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp options__common = {.options = common_options, .parser = parse_common};
const struct argp options__watch = {.options = watch_options, .parser = parse_watch};

void options__parse(const struct argp *argp, int argc, char **argv, void *input)
{
	argp_err_exit_status = EXIT_TOOL_ERROR;
	argp_parse(argp, argc, argv, ARGP_NO_HELP, NULL, input);
}
