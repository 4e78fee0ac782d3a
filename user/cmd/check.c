// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * check.c - `leasewatch check`: what this host offers, and what is missing. Changes nothing.
 */
#include <argp.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/check_processes.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "host/patroni.h"
#include "kernel/probe.h"

struct check {
	bool json, verbose;
	struct users users;
	enum hooks hooks;
	bool ok;
	char *why;		    /* not ok: the sentence */
	const char *tier;	    /* of the data hooks; NULL = none */
	bool uprobes;		    /* what is inside TLS would be looked for */
	size_t patronis, watchable; /* whose DCS may be etcd */
	json_t *root, *features, *processes;
};

/* One line of the table. `used`, `lost` and `detail` may be unknown. */
struct row {
	const char *feature;
	bool found, used, required;
	bool untried; /* whether it would be found is not known */
	const char *detail;
	const char *lost;
};

static void row_json(struct check *c, const struct row *r)
{
	json_t *o = json_pack("{s:s, s:b, s:b}", "feature", r->feature, "used", r->used, "required",
			      r->required);

	if (!r->untried)
		json_object_set_new(o, "found", json_boolean(r->found));
	if (r->detail && *r->detail)
		json_object_set_new(o, "detail", json_string(r->detail));
	if (r->lost)
		json_object_set_new(o, "lost_without", json_string(r->lost));
	json_array_append_new(c->features, o);
}

static void row(struct check *c, struct row r)
{
	if (c->json) {
		row_json(c, &r);
		return;
	}
	printf("  %-20s %-7s %-5s %s\n", r.feature,
	       r.untried ? "?"
	       : r.found ? "yes"
			 : "MISSING",
	       r.used ? "yes" : "no", r.detail ? r.detail : "");
	if (!r.found && r.lost)
		printf("  %-20s %-7s %-5s without it: %s\n", "", "", "", r.lost);
}

static void ignore_event(void *ctx, const struct lw_event *event)
{
	(void)ctx;
	(void)event;
}

/* What every feature needs. */
static void check_need(struct check *c, const char *feature, bool found, const char *detail,
		       const char *lost)
{
	row(c, (struct row){
		       .feature = feature,
		       .found = found,
		       .used = found,
		       .required = true,
		       .detail = detail,
		       .lost = lost,
	       });
}

static void check_host(struct check *c, const struct host *h)
{
	char missing[128], lacks[160] = "";

	host__missing(h, missing, sizeof(missing));
	if (h->missing)
		snprintf(lacks, sizeof(lacks), "missing: %s%s", missing,
			 h->root ? "" : "; run it as root (sudo)");
	check_need(c, "privileges", !h->missing, lacks,
		   "nothing can be watched; if only CAP_SYS_PTRACE is missing: Patroni's "
		   "configuration and getaddrinfo");
	check_need(c, "no lockdown", h->lockdown != LOCKDOWN_CONFIDENTIALITY,
		   h->lockdown == LOCKDOWN_UNKNOWN ? NULL : enum_name(&lockdown_names, h->lockdown),
		   "nothing can be watched: no program may read the kernel's memory; boot with "
		   "lockdown=integrity or without");
	check_need(c, "BTF", h->btf,
		   h->btf	   ? "/sys/kernel/btf/vmlinux"
		   : h->btf_hidden ? "hidden: mount sysfs at /sys"
				   : "mount sysfs at /sys, or boot a kernel built with "
				     "CONFIG_DEBUG_INFO_BTF",
		   "the BPF programs cannot be fitted to this kernel");
	check_need(c, "host's pids", patroni__sees_host_pids(), NULL,
		   "nothing can be watched from a private pid namespace: run it on the host, or "
		   "give the container the host's pid namespace (--pid=host)");
}

/* `obstacle`: something stops all of them, and has its own line. */
static void check_feature(struct check *c, const struct probe *probe, bool obstacle,
			  enum feature_id id)
{
	const struct feature *f = &features[id];
	struct row r = {
		.feature = f->name,
		.used = probe && probe__uses(probe, id),
		.required = f->need == FEATURE_REQUIRED,
		.untried = obstacle,
		.lost = f->lost,
	};
	bool other_tier = probe && (f->need == FEATURE_TIER ||
				    (id == FEATURE_FEXIT6 && probe__uses(probe, FEATURE_SOCK)));
	char why[160] = "";
	int err = r.used || obstacle ? 0 : probe__try(id);

	r.found = err == 0 && !obstacle;
	if (obstacle)
		snprintf(why, sizeof(why), "not tried: see above");
	else if (err)
		features__failure(f, err, why, sizeof(why));
	r.detail = why;
	if (obstacle && !c->json)
		r.lost = NULL; /* all is */
	if (other_tier && !c->json)
		r.lost = "nothing is lost; the other tier is used";
	row(c, r);
}

/* Tried on a child of ours. */
static void check_returns(struct check *c, const struct probe *probe)
{
	enum returns returns = probe ? probe__try_returns(probe) : RETURNS_UNKNOWN;
	bool safe = returns == RETURNS_SAFE;

	row(c,
	    (struct row){
		    .feature = "seccomp, uretprobes",
		    .found = safe,
		    .used = safe,
		    .untried = returns == RETURNS_UNKNOWN,
		    .detail = returns == RETURNS_DEADLY
				      ? "on this kernel a return probe kills a process that has a "
					"seccomp filter"
			      : safe ? NULL
				     : "could not be tried",
		    .lost = "processes with a seccomp filter get no return probes: their "
			    "getaddrinfo is not timed, and nothing inside their TLS is read",
	    });
}

static void check_kernel(struct check *c)
{
	struct probe_options opts = {.verbose = c->verbose, .hooks = c->hooks};
	char why[512] = "", above[512];
	struct probe *probe = NULL;
	struct host host;
	bool obstacle;

	host__read(&host, "");
	c->ok = probe__open(&probe, ignore_event, NULL, &opts, why, sizeof(why)) == 0;
	if (!c->json)
		printf("Kernel %s\n  %-20s %-7s %-5s\n", host.release, "feature", "found", "used");
	check_host(c, &host);
	obstacle = !c->ok && host__obstacle(&host, above, sizeof(above));
	for (int id = 0; id < FEATURES; id++)
		check_feature(c, probe, obstacle, (enum feature_id)id);
	check_returns(c, probe);
	c->why = c->ok ? NULL : strdup(why);
	c->uprobes = probe && probe__uses(probe, FEATURE_TLS);
	c->tier = !probe ? NULL : probe__uses(probe, FEATURE_SOCK) ? "sock" : "fexit";
	if (!c->json && c->ok)
		printf("  hooks: %s\n", probe__hooks(probe));
	probe__free(probe);
	if (c->ok && !patroni__sees_host_pids()) {
		c->ok = false;
		c->why = strdup(PATRONI_NO_HOST_PIDS);
	}
}

/* The library that the process does TLS with; or why it cannot be read, as a sentence would go on.
 */
static bool tls_readable(const struct check *c, const struct check_process *p, const char **how)
{
	*how = !c->uprobes     ? "this kernel offers no uprobes"
	       : p->tls_how[0] ? p->tls_how
			       : "its libraries could not be read in time";
	return c->uprobes && p->tls_readable;
}

static void config_json(const struct check *c, const struct check_process *p, json_t *o)
{
	const struct patroni_config *f = p->config;
	json_t *endpoints = json_array();
	const char *how;

	json_object_set_new(o, "dcs", json_string(check_processes__dcs(f->dcs)));
	json_object_set_new(o, "tls", json_boolean(f->tls));
	if (f->tls) {
		bool readable = tls_readable(c, p, &how);

		json_object_set_new(o, "tls.readable", json_boolean(readable));
		json_object_set_new(o, readable ? "tls.library" : "tls.obstacle", json_string(how));
	}
	if (f->scope[0])
		json_object_set_new(o, "patroni.scope", json_string(f->scope));
	if (f->member[0])
		json_object_set_new(o, "patroni.member", json_string(f->member));
	for (size_t i = 0; i < f->endpoints_len; i++)
		json_array_append_new(endpoints, json_string(f->endpoints[i]));
	json_object_set_new(o, "endpoints", endpoints);
}

static void process_json(struct check *c, const struct check_process *p)
{
	json_t *o = json_pack("{s:i, s:I, s:b, s:b}", "process.pid", (int)p->process.pid,
			      "process.user.id", (json_int_t)p->process.uid, "container",
			      p->process.container, "ignored", !p->counts);

	if (p->config)
		config_json(c, p, o);
	json_array_append_new(c->processes, o);
}

static void show_tls(const struct check *c, const struct check_process *p)
{
	const char *how;

	if (tls_readable(c, p, &how))
		printf("    TLS can be read, in %s\n", how);
	else
		printf("    TLS cannot be read: %s; requests are seen by their timing alone, and "
		       "renewals cannot be distinguished from other requests\n",
		       how);
}

static void show_process(const struct check *c, const struct check_process *p)
{
	const struct patroni_config *f = p->config;
	const char *where = p->process.container ? ", in a container" : "";

	if (!f) {
		printf("  pid %-8d its configuration could not be read in time%s\n", p->process.pid,
		       where);
		return;
	}
	/* To most people "etcd3" would be an etcd of that name. */
	printf("  pid %-8d %s/%s, %s%s%s\n", p->process.pid, f->scope[0] ? f->scope : "?",
	       f->member[0] ? f->member : "?",
	       f->dcs == PATRONI_DCS_ETCD3 ? "etcd (v3 API)" : check_processes__dcs(f->dcs),
	       f->tls ? " over TLS" : "", where);
	if (f->tls)
		show_tls(c, p);
	for (size_t i = 0; i < f->endpoints_len; i++)
		printf("    %s\n", f->endpoints[i]);
}

static void check_patronis(struct check *c, struct reader *reader)
{
	struct check_processes found;

	if (check_processes__find(reader, &c->users, &found))
		fprintf(stderr, "leasewatch: cannot look for Patroni: out of memory\n");
	for (size_t i = 0; i < found.len; i++) {
		const struct check_process *p = &found.list[i];

		c->patronis += p->counts;
		c->watchable += p->counts && (!p->config || p->config->dcs != PATRONI_DCS_OTHER);
		if (c->json)
			process_json(c, p);
		else if (p->counts)
			show_process(c, p);
	}
	if (!c->json)
		check_processes__show_ignored(&found);
	check_processes__free(&found);
}

/* The last line: the verdict. */
static void print_verdict(const struct check *c)
{
	if (!c->patronis)
		printf("  none runs here now\n");
	if (!c->ok)
		printf("not ready: %s\n", c->why);
	else if (!c->watchable)
		printf("ready: `leasewatch trace` will wait for a Patroni process%s\n",
		       c->patronis ? " that uses etcd" : "");
	else
		printf("ready: `leasewatch trace` will watch %zu Patroni process%s\n", c->watchable,
		       c->watchable == 1 ? "" : "es");
}

static error_t parse_check_option(int key, char *arg, struct argp_state *state)
{
	struct check *c = state->input;
	char why[160];

	switch (key) {
	case 'j':
		c->json = true;
		return 0;
	case 'v':
		c->verbose = true;
		return 0;
	case OPTION_HOOKS:
		c->hooks = options__hooks(arg, state);
		return 0;
	case OPTION_USERS:
		if (users__parse(arg, &c->users, why, sizeof(why)))
			argp_error(state, "--users: %s", why);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void conclude_check(struct check *c)
{
	if (!c->json)
		print_verdict(c);
	c->root = json_pack("{s:b, s:o, s:o}", "ready", c->ok, "features", c->features, "processes",
			    c->processes);
	if (c->tier && c->root)
		json_object_set_new(c->root, "tier", json_string(c->tier));
	if (c->why && c->root)
		json_object_set_new(c->root, "why", json_string(c->why));
	if (c->json && c->root) {
		json_dumpf(c->root, stdout, 0);
		putchar('\n');
	}
	json_decref(c->root);
	free(c->why);
}

int cmd_check(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{"json", 'j', NULL, 0, "write one JSON object", 0},
		{"verbose", 'v', NULL, 0, "show libbpf's messages", 0},
		{"hooks", OPTION_HOOKS, "TIER", 0, "check for this tier: auto, sock or fexit", 0},
		{"users", OPTION_USERS, "LIST", 0,
		 "count Patroni processes of these users: names, numbers, ranges, or any (default: "
		 "root, postgres, and the owner of the data directory)",
		 0},
		{0},
	};
	static const struct argp_child children[] = {{.argp = &options__common}, {0}};
	static const struct argp argp = {
		.options = options,
		.parser = parse_check_option,
		.children = children,
		.doc = "Report what this host offers: kernel, hooks, Patroni processes, their etcd "
		       "endpoints.\v"
		       "Exit status: 0 ready, 1 cannot watch here, 3 no Patroni runs here now.",
	};
	struct check c = {0};
	struct reader *reader;
	int err;

	users__defaults(&c.users);
	options__parse(&argp, argc, argv, &c);
	/* Forked first, while nothing is open. */
	err = reader__new(&reader);
	if (err) {
		fprintf(stderr, "leasewatch: cannot start the reader: %s\n", strerror(-err));
		return EXIT_TOOL_ERROR;
	}
	c.features = json_array();
	c.processes = json_array();
	check_kernel(&c);
	if (!c.json)
		printf("Patroni\n");
	check_patronis(&c, reader);
	reader__free(reader);
	conclude_check(&c);
	if (fflush(stdout) || !c.ok)
		return EXIT_TOOL_ERROR;
	return c.watchable ? EXIT_HEALTHY : EXIT_NOTHING_TO_WATCH;
}
