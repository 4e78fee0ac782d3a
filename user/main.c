// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * main.c - which subcommand? Nothing else happens here.
 */
#include <malloc.h>
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "leasewatch/units.h"

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *what;
} commands[] = {
	{"trace", cmd_trace, "log of findings as they happen, then a summary and a verdict"},
	{"top", cmd_top, "live screen: what is wrong, what to do, how much time is left"},
	{"daemon", cmd_daemon, "run as a service: JSON log, metrics for Prometheus"},
	{"report", cmd_report, "summary of a JSON log, on any machine, without root"},
	{"check", cmd_check, "what this host offers: kernel, hooks, Patroni, endpoints"},
};

static void usage(FILE *out)
{
	fprintf(out, "Usage: leasewatch COMMAND [OPTION...]\n"
		     "Watch how Patroni renews its lease in etcd, and report why when it cannot."
		     "\n\n");
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].what);
	fprintf(out, "\nIn an incident: sudo leasewatch top. More: leasewatch COMMAND --help, "
		     "leasewatch(1).\n"
		     "Exit status: 0 healthy, 1 error, 2 a stall was seen, 3 nothing to watch.\n");
}

int main(int argc, char **argv)
{
	/*
	 * Memory is given back: threads are few and short, an arena for each would only stay; and a
	 * page of metrics that was large once shall not be the size of the heap from then on.
	 */
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_MMAP_THRESHOLD, 65536);
	mallopt(M_TRIM_THRESHOLD, 65536);
	/* A pipe that nobody reads, a limit on file size: errors of write(2), told where it
	 * happens. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	if (argc < 2) {
		usage(stderr);
		return EXIT_TOOL_ERROR;
	}
	if (!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help") || !strcmp(argv[1], "help")) {
		usage(stdout);
		return EXIT_HEALTHY;
	}
	if (!strcmp(argv[1], "-V") || !strcmp(argv[1], "--version")) {
		puts("leasewatch " LW_VERSION);
		return EXIT_HEALTHY;
	}
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		char name[32];

		if (strcmp(argv[1], commands[i].name) != 0)
			continue;
		/* What argp calls us in its messages. */
		snprintf(name, sizeof(name), "leasewatch %s", commands[i].name);
		argv[1] = name;
		return commands[i].run(argc - 1, argv + 1);
	}
	fprintf(stderr, "leasewatch: unknown command '%s'; `leasewatch --help` lists them\n",
		argv[1]);
	return EXIT_TOOL_ERROR;
}
