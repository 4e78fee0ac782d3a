// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * daemon.c - `leasewatch daemon`: its options. What it does: daemon_serve.c.
 */
#include <argp.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/daemon.h"
#include "cmd/options.h"

enum { OPTION_CHECK_CONFIG = OPTION_OWN };

struct arguments {
	struct daemon_options daemon;
	bool check_config;
};

static const struct argp_option options[] = {
	{"config", 'c', "FILE", 0, "the configuration (default: " CONF_DEFAULT ", if it is there)",
	 0},
	{"check-config", OPTION_CHECK_CONFIG, NULL, 0, "check the configuration and exit", 0},
	{"verbose", 'v', NULL, 0, "show libbpf's messages", 0},
	{0},
};

static error_t parse_daemon_option(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	switch (key) {
	case 'c':
		a->daemon.conf_path = arg;
		return 0;
	case OPTION_CHECK_CONFIG:
		a->check_config = true;
		return 0;
	case 'v':
		a->daemon.verbose = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int cmd_daemon(int argc, char **argv)
{
	static const struct argp_child children[] = {{.argp = &options__common}, {0}};
	static const struct argp argp = {
		.options = options,
		.parser = parse_daemon_option,
		.children = children,
		.doc = "Run as a service: JSON log, metrics for Prometheus. SIGHUP reloads the "
		       "configuration and reopens the log.\v"
		       "Exit status: 0 stopped by SIGTERM or SIGINT, 1 error.",
	};
	struct arguments a = {0};
	struct conf conf;
	char why[PATH_MAX + 256];

	options__parse(&argp, argc, argv, &a);
	if (conf__load_or_default(a.daemon.conf_path, &conf, why, sizeof(why))) {
		fprintf(stderr, "leasewatch: %s\n", why);
		return EXIT_TOOL_ERROR;
	}
	if (a.check_config) {
		if (a.daemon.conf_path || !access(CONF_DEFAULT, F_OK))
			printf("%s: good\n",
			       a.daemon.conf_path ? a.daemon.conf_path : CONF_DEFAULT);
		else
			puts("no " CONF_DEFAULT ": using the defaults");
		return EXIT_HEALTHY;
	}
	return daemon__serve(&a.daemon, &conf) ? EXIT_TOOL_ERROR : EXIT_HEALTHY;
}
