// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * check.c - `leasewatch check`: what this host offers, and what is missing. Changes nothing.
 */
#include <argp.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "kernel/patroni.h"
#include "kernel/probe.h"

struct check {
	bool json, verbose;
	bool ok;
	size_t patronis;
	json_t *root, *features, *processes;
};

static void row(struct check *c, const char *what, bool found, const char *detail, const char *lost)
{
	if (c->json) {
		json_t *o = json_pack("{s:s, s:b}", "feature", what, "found", found);

		if (detail && *detail)
			json_object_set_new(o, "detail", json_string(detail));
		if (!found && lost)
			json_object_set_new(o, "lost_without", json_string(lost));
		json_array_append_new(c->features, o);
		return;
	}
	printf("  %-8s %-22s %s\n", found ? "ok" : "MISSING", what, detail ? detail : "");
	if (!found && lost)
		printf("  %-8s %-22s without it: %s\n", "", "", lost);
}

static void ignore_event(void *ctx, const struct lw_event *event)
{
	(void)ctx;
	(void)event;
}

static void check_kernel(struct check *c)
{
	char why[512] = "";
	struct utsname uts;
	struct probe *probe = NULL;
	bool btf = access("/sys/kernel/btf/vmlinux", R_OK) == 0;

	uname(&uts);
	row(c, "kernel", true, uts.release, NULL);
	row(c, "root", geteuid() == 0, geteuid() ? "run it with sudo" : "",
	    "nothing can be watched");
	row(c, "BTF", btf, btf ? "/sys/kernel/btf/vmlinux" : "needs CONFIG_DEBUG_INFO_BTF",
	    "the BPF programs cannot be fitted to this kernel");
	c->ok = probe__open(&probe, ignore_event, NULL, c->verbose, why, sizeof(why)) == 0;
	row(c, "hooks", c->ok, c->ok ? probe__hooks(probe) : why, "nothing can be watched");
	probe__free(probe);
	row(c, "host's pids", patroni__sees_host_pids(), NULL,
	    "nothing can be watched from a pid namespace of one's own: run it on the host, or give "
	    "the "
	    "container the host's pid namespace (--pid=host)");
	c->ok = c->ok && patroni__sees_host_pids();
}

static const char *dcs_name(enum patroni_dcs dcs)
{
	switch (dcs) {
	case PATRONI_DCS_ETCD:
		return "etcd (v2 API: not watched yet)";
	case PATRONI_DCS_ETCD3:
		return "etcd3";
	case PATRONI_DCS_OTHER:
		return "not etcd: nothing to watch";
	default:
		return "unknown";
	}
}

static void process_json(struct check *c, const struct patroni_process *p,
			 const struct patroni_config *f)
{
	json_t *o = json_pack("{s:i, s:b, s:s, s:b}", "process.pid", (int)p->pid, "container",
			      p->container, "dcs", dcs_name(f->dcs), "tls", f->tls);
	json_t *endpoints = json_array();

	if (f->scope[0])
		json_object_set_new(o, "patroni.scope", json_string(f->scope));
	if (f->member[0])
		json_object_set_new(o, "patroni.member", json_string(f->member));
	for (size_t i = 0; i < f->endpoints_len; i++)
		json_array_append_new(endpoints, json_string(f->endpoints[i]));
	json_object_set_new(o, "endpoints", endpoints);
	json_array_append_new(c->processes, o);
}

static int on_patroni(const struct patroni_process *p, void *ctx)
{
	struct check *c = ctx;
	struct patroni_config f;

	memset(&f, 0, sizeof(f));
	c->patronis++;
	patroni__config(p->pid, &f);
	if (c->json) {
		process_json(c, p, &f);
		return 0;
	}
	printf("  pid %-8d %s/%s, %s%s%s\n", p->pid, f.scope[0] ? f.scope : "?",
	       f.member[0] ? f.member : "?", dcs_name(f.dcs),
	       f.tls ? " over TLS (not readable yet)" : "", p->container ? ", in a container" : "");
	for (size_t i = 0; i < f.endpoints_len; i++)
		printf("    %s\n", f.endpoints[i]);
	return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct check *c = state->input;

	switch (key) {
	case 'j':
		c->json = true;
		return 0;
	case 'v':
		c->verbose = true;
		return 0;
	case 'h':
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
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

int cmd_check(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{"json", 'j', NULL, 0, "write one JSON object", 0},
		{"verbose", 'v', NULL, 0, "show what libbpf says", 0},
		{"help", 'h', NULL, 0, "give this help", -1},
		{"version", 'V', NULL, 0, "print the version", -1},
		{0},
	};
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.doc = "Say what this host offers: kernel, hooks, Patroni processes, their etcd "
		       "endpoints.\v"
		       "Exit status: 0 ready, 1 cannot watch here, 3 no Patroni runs here now.",
	};
	struct check c = {0};

	argp_err_exit_status = EXIT_TOOL_ERROR;
	argp_parse(&argp, argc, argv, ARGP_NO_HELP, NULL, &c);
	c.features = json_array();
	c.processes = json_array();
	if (!c.json)
		printf("Kernel\n");
	check_kernel(&c);
	if (!c.json)
		printf("Patroni\n");
	patroni__scan(on_patroni, &c);
	if (!c.json && !c.patronis)
		printf("  none runs here now; `leasewatch trace` waits for one\n");
	c.root = json_pack("{s:b, s:o, s:o}", "ready", c.ok, "features", c.features, "processes",
			   c.processes);
	if (c.json && c.root) {
		json_dumpf(c.root, stdout, 0);
		putchar('\n');
	}
	json_decref(c.root);
	if (fflush(stdout) || !c.ok)
		return EXIT_TOOL_ERROR;
	return c.patronis ? EXIT_HEALTHY : EXIT_NOTHING_TO_WATCH;
}
