// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * probe.c - with programs.c, trial.c, resolve.c, tls.c and hook.c all that talks to libbpf: kernel
 * hook -> ring buffer -> the caller.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <malloc.h>
#include <sys/epoll.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "host/reader.h"
#include "kernel/probe.h"
#include "kernel/programs.h"
#include "kernel/resolve.h"
#include "kernel/ring.h"
#include "kernel/tls.h"
#include "leasewatch/units.h"

/* The longest: a piece of data as it was sent or received. */
#define RECORD_BYTES_MAX (sizeof(struct lw_event_data) + LW_CAPTURE_BYTES)

struct probe {
	struct programs programs;
	struct ring *ring, *processes;
	unsigned int slow;	 /* calls at which the first was blocked */
	int epoll;		 /* -1: not open; told of records that cannot wait */
	struct uprobes *resolve; /* NULL when this kernel cannot run programs on uprobes */
	struct uprobes *tls;	 /* the same, or switched off */
	bool no_plaintext;
	char tls_trouble[512];
	probe_event_fn on_event;
	void *ctx;
	unsigned int cpus;
	char hooks[256];
};

/* Its debug output is a thousand lines. */
static int print_warnings(enum libbpf_print_level level, const char *format, va_list args)
{
	return level == LIBBPF_DEBUG ? 0 : vfprintf(stderr, format, args);
}

/* The record's own size is checked here, once; after this it can be trusted. */
static bool event_is_sound(const struct lw_event *e, size_t size)
{
	static const size_t least[] = {
		[LW_EVENT_STATE] = sizeof(struct lw_event_sock),
		[LW_EVENT_SEED] = sizeof(struct lw_event_sock),
		[LW_EVENT_SEND] = sizeof(struct lw_event_data),
		[LW_EVENT_RECV] = sizeof(struct lw_event_data),
		[LW_EVENT_RETRANSMIT] = sizeof(struct lw_event_tcp),
		[LW_EVENT_SNAPSHOT] = sizeof(struct lw_event_tcp),
		[LW_EVENT_EXEC] = sizeof(struct lw_event_process),
		[LW_EVENT_EXIT] = sizeof(struct lw_event_process),
		[LW_EVENT_DNS] = sizeof(struct lw_event_dns),
		[LW_EVENT_RESOLVE] = sizeof(struct lw_event_resolve),
		[LW_EVENT_TLS_SEND] = sizeof(struct lw_event_data),
		[LW_EVENT_TLS_RECV] = sizeof(struct lw_event_data),
		[LW_EVENT_TLS] = sizeof(struct lw_event_tls),
	};

	if (size < sizeof(*e) || e->type == 0 || e->type >= ARRAY_LEN(least))
		return false;
	if (e->size > size || e->size < least[e->type])
		return false;
	if (e->type == LW_EVENT_SEND || e->type == LW_EVENT_RECV || e->type == LW_EVENT_TLS_SEND ||
	    e->type == LW_EVENT_TLS_RECV)
		return ((const struct lw_event_data *)e)->captured <= e->size - least[e->type];
	if (e->type == LW_EVENT_DNS)
		return ((const struct lw_event_dns *)e)->captured <= e->size - least[e->type];
	return true;
}

static void on_record(void *ctx, const void *data, size_t size)
{
	struct probe *p = ctx;
	const struct lw_event *event = data;

	if (!event_is_sound(event, size))
		return;
	if (p->resolve)
		uprobes__record(p->resolve, event, UPROBES_LIFE);
	if (p->tls)
		uprobes__record(p->tls, event, tls__sign(event));
	p->on_event(p->ctx, event);
}

static int open_ring(struct probe *p)
{
	int data = bpf_map__fd(p->programs.skel->maps.events);
	int processes = bpf_map__fd(p->programs.skel->maps.process_events);
	struct epoll_event event = {.events = EPOLLIN};
	int err;

	p->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (p->epoll < 0 || epoll_ctl(p->epoll, EPOLL_CTL_ADD, data, &event) ||
	    epoll_ctl(p->epoll, EPOLL_CTL_ADD, processes, &event))
		return -errno;
	err = ring__new(&p->ring, data, LW_RING_BYTES, RECORD_BYTES_MAX, on_record, p);
	if (err)
		return err;
	return ring__new(&p->processes, processes, LW_PROCESS_RING_BYTES,
			 sizeof(struct lw_event_process), on_record, p);
}

/* Reading an iterator to its end runs it; it writes into the ring buffer, never into the file. */
static int run_iterator(const struct bpf_link *link)
{
	int fd = bpf_iter_create(bpf_link__fd(link));
	char sink[64];
	ssize_t n;

	if (fd < 0)
		return fd;
	do
		n = read(fd, sink, sizeof(sink));
	while (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)));
	if (n < 0)
		n = -errno;
	close(fd);
	return n;
}

static void add_uprobes(struct probe *p)
{
	struct tls_programs tls = {
		.enter = p->programs.skel->progs.tls_enter,
		.leave = p->programs.skel->progs.tls_return,
		.verify = p->programs.skel->progs.tls_verify,
		.error = p->programs.skel->progs.tls_error,
		.shutdown = p->programs.skel->progs.tls_shutdown,
	};

	if (p->programs.used[FEATURE_RESOLVE])
		p->resolve =
			resolve__new(p->programs.skel->progs.resolve_enter,
				     p->programs.skel->progs.resolve_return, p->programs.together);
	if (p->programs.used[FEATURE_TLS])
		p->tls = tls__new(&tls, p->programs.together);
}

int probe__open(struct probe **out, probe_event_fn on_event, void *ctx,
		const struct probe_options *opts, char *why, size_t why_size)
{
	struct probe *p = calloc(1, sizeof(*p));
	int err;

	if (!p) {
		snprintf(why, why_size, "out of memory");
		return -ENOMEM;
	}
	p->on_event = on_event;
	p->ctx = ctx;
	p->epoll = -1;
	p->cpus = libbpf_num_possible_cpus();
	libbpf_set_print(opts && opts->verbose ? print_warnings : NULL);

	err = programs__open(&p->programs, opts ? opts->hooks : HOOKS_AUTO, why, why_size);
	if (err)
		goto fail;
	err = open_ring(p);
	if (err) {
		snprintf(why, why_size, "cannot open the ring buffer: %s", strerror(-err));
		goto fail;
	}
	add_uprobes(p);
	programs__hooks(&p->programs, p->hooks, sizeof(p->hooks));
	malloc_trim(0); /* what it took to load */
	*out = p;
	return 0;
fail:
	probe__free(p);
	return err;
}

int probe__try(enum feature_id id)
{
	return programs__try(id);
}

bool probe__uses(const struct probe *p, enum feature_id id)
{
	return p->programs.used[id];
}

void probe__free(struct probe *p)
{
	if (!p)
		return;
	uprobes__free(p->resolve);
	uprobes__free(p->tls);
	ring__free(p->ring);
	ring__free(p->processes);
	if (p->epoll >= 0)
		close(p->epoll);
	programs__close(&p->programs);
	free(p);
}

/*
 * Walk the process's files with an iterator; kernels before 6.1 cannot limit the walk to one task,
 * so the program does.
 */
static int walk_files(const struct bpf_program *program, pid_t tgid)
{
	union bpf_iter_link_info info = {.task.pid = tgid};
	DECLARE_LIBBPF_OPTS(bpf_iter_attach_opts, opts, .link_info = &info,
			    .link_info_len = sizeof(info));
	struct bpf_link *link = bpf_program__attach_iter(program, &opts);
	int err;

	if (!link)
		link = bpf_program__attach_iter(program, NULL);
	if (!link)
		return -errno;
	err = run_iterator(link);
	bpf_link__destroy(link);
	return err;
}

/* Whoever was followed under this number is another now, or nobody was: its hooks are not ours. */
static int enter_target(struct probe *p, pid_t tgid, uint64_t start_ticks)
{
	const struct bpf_map *targets = p->programs.skel->maps.targets;
	struct lw_target known, target = {.start_ticks = start_ticks};
	__u32 key = tgid;

	if (!bpf_map__lookup_elem(targets, &key, sizeof(key), &known, sizeof(known), 0) &&
	    known.start_ticks == start_ticks)
		return 0;
	if (bpf_map__update_elem(targets, &key, sizeof(key), &target, sizeof(target), BPF_ANY))
		return -errno;
	if (p->resolve)
		uprobes__unhook(p->resolve, tgid);
	if (p->tls)
		uprobes__unhook(p->tls, tgid);
	return 0;
}

int probe__follow(struct probe *p, pid_t tgid, uint64_t start_ticks, bool tls)
{
	int err = enter_target(p, tgid, start_ticks);

	if (err)
		return err;
	/* First, so that TLS on an adopted connection can soon be read. */
	if (p->tls)
		uprobes__hook(p->tls, tgid, tls);
	err = 0;
	if (p->programs.used[FEATURE_ADOPT])
		err = walk_files(p->programs.skel->progs.seed_sockets, tgid);
	if (p->resolve)
		uprobes__hook(p->resolve, tgid, true);
	return err;
}

void probe__recover(struct probe *p)
{
	const struct bpf_map *targets = p->programs.skel->maps.targets;
	__u32 key, *before = NULL;

	for (size_t n = 0; n < LW_TARGETS_MAX && p->programs.used[FEATURE_ADOPT] &&
			   !bpf_map__get_next_key(targets, before, &key, sizeof(key));
	     n++) {
		before = &key;
		walk_files(p->programs.skel->progs.seed_sockets, (pid_t)key);
	}
	if (p->resolve)
		uprobes__look_again(p->resolve);
	if (p->tls)
		uprobes__look_again(p->tls);
}

void probe__unfollow(struct probe *p, pid_t tgid)
{
	__u32 key = tgid;

	bpf_map__delete_elem(p->programs.skel->maps.targets, &key, sizeof(key), 0);
	if (p->resolve)
		uprobes__unhook(p->resolve, tgid);
	if (p->tls)
		uprobes__unhook(p->tls, tgid);
}

const char *probe__resolve_trouble(const struct probe *p, pid_t tgid)
{
	if (!p->resolve)
		return "this kernel cannot run programs on uprobes";
	return resolve__trouble(p->resolve, tgid);
}

const char *probe__tls_trouble(struct probe *p, pid_t tgid)
{
	if (p->no_plaintext)
		return "switched off with --no-plaintext";
	if (!p->tls)
		return "this kernel cannot run programs on uprobes";
	return tls__trouble(p->tls, tgid, p->tls_trouble, sizeof(p->tls_trouble));
}

pid_t probe__without_returns(struct probe *p)
{
	/* Of every target getaddrinfo() is looked for. */
	return p->resolve ? uprobes__refused(p->resolve) : 0;
}

enum returns probe__try_returns(const struct probe *p)
{
	const struct uprobes *u = p->resolve ? p->resolve : p->tls;

	return u ? uprobes__try_returns(u) : RETURNS_UNKNOWN;
}

void probe__no_plaintext(struct probe *p)
{
	uprobes__free(p->tls);
	p->tls = NULL;
	p->no_plaintext = true;
}

bool probe__wants_library(struct probe *p, struct reader_question *q)
{
	return (p->tls && uprobes__wants(p->tls, q)) ||
	       (p->resolve && uprobes__wants(p->resolve, q));
}

void probe__library(struct probe *p, const struct reader_answer *a)
{
	struct uprobes *u = a->question.set == LIBRARY_LIBC ? p->resolve : p->tls;

	if (u)
		uprobes__answer(u, a);
}

int probe__poll(struct probe *p, int timeout_ms)
{
	struct epoll_event event;

	if (epoll_wait(p->epoll, &event, 1, timeout_ms) < 0)
		return -errno;
	/* Most records come without a wake-up: read them anyway. */
	ring__consume_merged(p->ring, p->processes, &p->slow);
	if (p->resolve)
		uprobes__turn(p->resolve);
	if (p->tls)
		uprobes__turn(p->tls);
	return 0;
}

int probe__snapshot(struct probe *p, pid_t tgid)
{
	int err = 0;

	if (p->programs.used[FEATURE_SNAPSHOT])
		err = walk_files(p->programs.skel->progs.tcp_snapshot, tgid);
	ring__consume_merged(p->ring, p->processes, &p->slow);
	return err;
}

void probe__lost(const struct probe *p, uint64_t counts[LW_LOST_REASONS])
{
	for (__u32 reason = 0; reason < LW_LOST_REASONS; reason++) {
		__u64 per_cpu[p->cpus];

		counts[reason] = 0;
		if (bpf_map__lookup_elem(p->programs.skel->maps.lost, &reason, sizeof(reason),
					 per_cpu, sizeof(per_cpu), 0))
			continue;
		for (unsigned int cpu = 0; cpu < p->cpus; cpu++)
			counts[reason] += per_cpu[cpu];
	}
}

const char *probe__hooks(const struct probe *p)
{
	return p->hooks;
}
