// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * programs.c - see programs.h. Chosen by trying to load and attach: versions mean little, because
 * distributions backport features.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "kernel/hook.h"
#include "kernel/programs.h"
#include "kernel/trial.h"

/* The coarse clocks go forward once a tick: their resolution is the kernel's jiffy. */
static uint32_t tick_us(void)
{
	struct timespec tick;

	if (clock_getres(CLOCK_MONOTONIC_COARSE, &tick) || tick.tv_sec || tick.tv_nsec < 1000)
		return 4000; /* HZ=250, the most common */
	return (uint32_t)tick.tv_nsec / 1000;
}

/* Those that resolve.c and tls.c hook. */
static void prepare_uprobes(struct bpf_object *object)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, object)
	{
		const char *section = bpf_program__section_name(program);

		if (!strcmp(section, "uprobe") || !strcmp(section, "uretprobe"))
			hook__prepare_together(program);
	}
}

/* Load and attach the whole plan, or nothing. */
static int open_plan(struct programs *p, const bool plan[FEATURES])
{
	int err;

	p->skel = leasewatch_bpf__open();
	if (!p->skel)
		return -errno;
	p->skel->rodata->tick_us = tick_us();
	trial__choose(p->skel->obj, plan);
	if (p->together)
		prepare_uprobes(p->skel->obj);
	/* The iterators are attached when they are run. */
	bpf_program__set_autoattach(p->skel->progs.tcp_snapshot, false);
	bpf_program__set_autoattach(p->skel->progs.seed_sockets, false);
	err = leasewatch_bpf__load(p->skel);
	if (!err)
		err = leasewatch_bpf__attach(p->skel);
	if (err) {
		leasewatch_bpf__destroy(p->skel);
		p->skel = NULL;
		return err;
	}
	memcpy(p->used, plan, sizeof(p->used));
	return 0;
}

int programs__try(enum feature_id id)
{
	bool never[FEATURES] = {false};
	struct host host;
	size_t bytes;
	const void *elf = leasewatch_bpf__elf_bytes(&bytes);

	host__read(&host, "");
	host__never_run(&host, never);
	return never[id] ? FEATURES_NEVER_RUN : trial__feature(elf, bytes, id);
}

/* What all plans have in common and this kernel rejects. A required feature's errno. */
static int try_common(bool absent[FEATURES], char *why, size_t why_size)
{
	for (int id = 0; id < FEATURES; id++) {
		const struct feature *f = &features[id];
		char reason[128];
		int err;

		if (f->need == FEATURE_TIER || id == FEATURE_FEXIT6)
			continue;
		err = programs__try(id);
		absent[id] = err != 0;
		if (!err || f->need == FEATURE_OPTIONAL)
			continue;
		features__failure(f, err, reason, sizeof(reason));
		snprintf(why, why_size, "cannot watch: %s: %s", f->name, reason);
		return err;
	}
	return 0;
}

/* No plan works: the tier that was requested, and why it does not. */
static void explain_tiers(enum hooks hooks, char *why, size_t why_size)
{
	size_t len = (size_t)snprintf(why, why_size, "cannot watch: no hook for data");

	for (int id = FEATURE_SOCK; id <= FEATURE_FEXIT && len < why_size; id++) {
		char reason[160] = "it can be loaded alone only";
		int err;

		if (hooks == (id == FEATURE_SOCK ? HOOKS_FEXIT : HOOKS_SOCK))
			continue;
		err = programs__try(id);
		if (err)
			features__failure(&features[id], err, reason, sizeof(reason));
		len += (size_t)snprintf(why + len, why_size - len, "; %s: %s", features[id].name,
					reason);
	}
}

static int try_plans(struct programs *p, enum hooks hooks, const bool absent[FEATURES])
{
	bool plans[FEATURES_PLANS_MAX][FEATURES];
	size_t n = features__plans(hooks, plans);
	int err = -EOPNOTSUPP;

	for (size_t i = 0; i < n && err; i++) {
		for (int id = 0; id < FEATURES; id++)
			plans[i][id] = plans[i][id] && !absent[id];
		if (plans[i][FEATURE_SOCK] || plans[i][FEATURE_FEXIT])
			err = open_plan(p, plans[i]);
	}
	return err;
}

/*
 * The best plan that works. Most kernels accept one of them whole; only otherwise are the features
 * tried one by one.
 */
int programs__open(struct programs *p, enum hooks hooks, char *why, size_t why_size)
{
	bool absent[FEATURES] = {false};
	struct host host;
	int err, obstacle;

	host__read(&host, "");
	host__never_run(&host, absent);
	p->together = hook__together_works();
	/* Not attached, but run by resolve.c where a library is: so asked before. */
	absent[FEATURE_RESOLVE] = absent[FEATURE_TLS] =
		libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_KPROBE, NULL) != 1;
	if (!try_plans(p, hooks, absent))
		return 0;
	obstacle = host__obstacle(&host, why, why_size);
	if (obstacle)
		return obstacle;
	err = try_common(absent, why, why_size);
	if (err)
		return err;
	err = try_plans(p, hooks, absent);
	if (err)
		explain_tiers(hooks, why, why_size);
	return err;
}

void programs__hooks(const struct programs *p, char *out, size_t size)
{
	struct bpf_program *prog;
	size_t len = 0;

	out[0] = '\0';
	bpf_object__for_each_program(prog, p->skel->obj)
	{
		const char *section = bpf_program__section_name(prog);
		const char *name = strchr(section, '/');

		if (!bpf_program__autoload(prog) || len >= size ||
		    (strncmp(section, "tp_btf/", 7) != 0 && strncmp(section, "fexit/", 6) != 0))
			continue;
		len += (size_t)snprintf(out + len, size - len, "%s%s", len ? ", " : "", name + 1);
	}
}

void programs__close(struct programs *p)
{
	leasewatch_bpf__destroy(p->skel);
}
