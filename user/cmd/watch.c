// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * watch.c - the loop: records to the engine, new Patronis to the probe, what the engine wants to
 * know from the socket or /proc back to the engine.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/address.h"
#include "cmd/cmd.h"
#include "cmd/watch.h"
#include "host/patroni.h"
#include "kernel/probe.h"
#include "host/sample.h"
#include "leasewatch/units.h"

#define TICK_NS (50 * NS_PER_MS)
/* How long records may wait to be read: most of them wake nobody. */
#define POLL_BUSY_MS 50
#define POLL_IDLE_MS 100
/* While no record comes, losses are asked for less often: it takes a system call for each reason.
 */
#define LOSSES_NS NS_PER_S
/* By so much the wall clock may be wrong in what is said. */
#define WALL_STEP_NS (10 * (int64_t)NS_PER_MS)
/* execs that wait to be looked at; more at one moment are found by a walk through /proc */
#define EXECS_MAX 256
/* A script's interpreter may set its final argv by itself: it is looked at again until then. */
#define SECOND_LOOK_NS (300 * NS_PER_MS)

struct pending_exec {
	pid_t pid;
	uint64_t at_ns;
};

struct watch {
	struct watch_options opts;
	struct probe *probe;
	struct engine *engine;
	uint64_t lost[LW_LOST_REASONS];
	size_t execs_len;
	struct pending_exec execs[EXECS_MAX];
	struct sample_host sample_host;
	bool rescan;
	bool saw_target;
	bool saw_record; /* since losses were asked for */
	uint64_t last_tick_ns, last_losses_ns;
	int64_t wall_offset_ns; /* what the engine goes by */
};

static int64_t wall_offset_ns(void)
{
	return (int64_t)(clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_BOOTTIME));
}

static void copy_config(struct member_config *to, const struct patroni_config *from)
{
	snprintf(to->scope, sizeof(to->scope), "%s", from->scope);
	snprintf(to->member, sizeof(to->member), "%s", from->member);
	to->ttl_s = from->ttl_s;
	to->loop_wait_s = from->loop_wait_s;
	for (size_t i = 0; i < from->endpoints_len && to->ports_len < MEMBER_PORTS_MAX; i++) {
		size_t host_len;
		uint16_t port = address__port(from->endpoints[i], &host_len);

		if (port)
			to->ports[to->ports_len++] = port;
	}
}

static void on_address(void *ctx, const uint8_t addr[16], uint16_t port, const char *endpoint)
{
	struct watch *w = ctx;

	engine__name(w->engine, addr, port, endpoint);
}

/* Its exit is seen once it is followed; it may have been before that. */
static void drop_if_gone(struct watch *w, pid_t pid)
{
	struct lw_event exit = {.type = LW_EVENT_EXIT, .tgid = (uint32_t)pid};
	struct patroni_process p;

	if (patroni__describe(pid, &p) != -ESRCH)
		return;
	exit.ts_ns = clock_ns(CLOCK_BOOTTIME);
	engine__event(w->engine, &exit);
	probe__unfollow(w->probe, pid);
}

static int add_target(struct watch *w, pid_t pid, const char *note)
{
	struct patroni_config config;
	struct member_config member = {0};
	int err, err_follow, primary;

	if (engine__has_member(w->engine, pid))
		return 0;
	memset(&config, 0, sizeof(config));
	patroni__config(pid, &config); /* what it could not read stays unknown */
	copy_config(&member, &config);
	sample__postgres_port(&w->sample_host, config.postgres_port);
	primary = patroni__is_primary(pid, &config);
	if (primary >= 0)
		member.role = primary ? ETCD_ROLE_LEADER : ETCD_ROLE_REPLICA;
	for (size_t i = 0; i < config.endpoints_len; i++)
		engine__endpoint(w->engine, config.endpoints[i]);
	patroni__addresses(pid, &config, on_address, w);
	/*
	 * Followed first: whoever reads that it was found may count on all that it does from then
	 * on. The records about it come later, with the next poll.
	 */
	err_follow = probe__follow(w->probe, pid, config.tls || config.dcs == PATRONI_DCS_UNKNOWN);
	err = engine__add_member(w->engine, pid, &member, note, clock_ns(CLOCK_BOOTTIME));
	if (err)
		return err;
	w->saw_target = true;
	drop_if_gone(w, pid);
	return err_follow;
}

static int on_patroni(const struct patroni_process *p, void *ctx)
{
	add_target(ctx, p->pid, NULL);
	return 0;
}

static void on_event(void *ctx, const struct lw_event *event)
{
	struct watch *w = ctx;

	w->saw_record = true;
	if (event->type != LW_EVENT_EXEC) {
		engine__event(w->engine, event);
		return;
	}
	if (w->opts.pids_len)
		return;
	if (w->execs_len == EXECS_MAX)
		w->rescan = true;
	else
		w->execs[w->execs_len++] = (struct pending_exec){event->tgid, event->ts_ns};
}

static void look_at_execs(struct watch *w, uint64_t now_ns)
{
	struct patroni_process p;
	size_t kept = 0;

	for (size_t i = 0; i < w->execs_len; i++) {
		struct pending_exec e = w->execs[i];

		if (patroni__identify(e.pid, &p) == 1)
			on_patroni(&p, w);
		else if (now_ns - e.at_ns < SECOND_LOOK_NS && patroni__could_be(e.pid))
			w->execs[kept++] = e;
	}
	w->execs_len = kept;
	if (w->rescan) {
		w->rescan = false;
		patroni__scan(on_patroni, w);
	}
}

static void report_losses(struct watch *w, uint64_t now_ns)
{
	uint64_t counts[LW_LOST_REASONS];

	w->last_losses_ns = now_ns;
	w->saw_record = false;
	probe__lost(w->probe, counts);
	for (int r = 0; r < LW_LOST_REASONS; r++) {
		engine__lost(w->engine, enum_name(&lost_names, r), counts[r] - w->lost[r], now_ns);
		w->lost[r] = counts[r];
	}
}

static void bring_thread(struct watch *w, pid_t pid, pid_t tid)
{
	struct thread_sample sample;

	if (!sample__take(&w->sample_host, pid, tid, &sample))
		engine__thread(w->engine, pid, &sample);
}

/* It is blind, so there is a reason, known or not. */
static void explain_blindness(struct watch *w, uint32_t pid, uint64_t now_ns)
{
	const char *reason = probe__tls_trouble(w->probe, (pid_t)pid);

	engine__tls_blind(
		w->engine, pid,
		reason ? reason : "it does not pass through the libssl that the process has mapped",
		now_ns);
}

static void bring_evidence(struct watch *w, uint64_t now_ns)
{
	struct engine_wants wants = engine__wants(w->engine, now_ns);

	for (size_t i = 0; i < wants.sockets_len; i++)
		probe__snapshot(w->probe, (pid_t)wants.sockets[i]);
	if (wants.tls_pid)
		explain_blindness(w, wants.tls_pid, now_ns);
	for (size_t i = 0; i < wants.threads_len; i++)
		bring_thread(w, wants.threads[i].pid, wants.threads[i].tid);
}

/*
 * At boot the wall clock is often set when we run already, and then months go by. It is not read
 * for each finding: two that are close shall not change places because of how it was read.
 */
static void follow_wall(struct watch *w)
{
	int64_t offset = wall_offset_ns(), off = offset - w->wall_offset_ns;

	if (off > -WALL_STEP_NS && off < WALL_STEP_NS)
		return;
	w->wall_offset_ns = offset;
	engine__set_wall(w->engine, offset);
}

int watch__turn(struct watch *w, int timeout_ms)
{
	int longest = engine__is_busy(w->engine) ? POLL_BUSY_MS : POLL_IDLE_MS;
	int err = probe__poll(w->probe, timeout_ms < longest ? timeout_ms : longest);
	uint64_t now = clock_ns(CLOCK_BOOTTIME);

	if (err && err != -EINTR)
		return err;
	look_at_execs(w, now);
	if (now - w->last_tick_ns < TICK_NS / 2)
		return 0;
	w->last_tick_ns = now;
	follow_wall(w);
	if (w->saw_record || now - w->last_losses_ns >= LOSSES_NS)
		report_losses(w, now);
	bring_evidence(w, now);
	engine__tick(w->engine, now);
	return 0;
}

void watch__conclude(struct watch *w)
{
	watch__turn(w, 0);
	engine__conclude(w->engine, clock_ns(CLOCK_BOOTTIME));
}

static int count_patroni(const struct patroni_process *p, void *ctx)
{
	(void)p;
	(*(size_t *)ctx)++;
	return 0;
}

static void tell_start(struct watch *w, size_t targets)
{
	struct utsname uts;
	struct finding f = {.type = FINDING_START};

	uname(&uts);
	f.ts_ns = watch__wall_ns(w);
	f.start = (struct finding_start){
		.schema_version = LW_SCHEMA_VERSION,
		.version = LW_VERSION,
		.host = uts.nodename,
		.kernel = uts.release,
		.hooks = probe__hooks(w->probe),
		.targets = targets,
	};
	w->opts.on_finding(w->opts.ctx, &f);
}

static int add_named(struct watch *w, char *why, size_t why_size)
{
	for (size_t i = 0; i < w->opts.pids_len; i++) {
		struct patroni_process p;
		bool is = patroni__identify(w->opts.pids[i], &p) == 1;
		int err = add_target(w, w->opts.pids[i],
				     is ? NULL
					: "named with -p, though it does not look like Patroni");

		if (err) {
			snprintf(why, why_size, "cannot follow process %d: %s", w->opts.pids[i],
				 strerror(-err));
			return err;
		}
	}
	return 0;
}

static int check_pids(const struct watch_options *opts, char *why, size_t why_size)
{
	struct patroni_process p;

	for (size_t i = 0; i < opts->pids_len; i++)
		if (patroni__describe(opts->pids[i], &p)) {
			snprintf(why, why_size, "there is no process %d", opts->pids[i]);
			return -ESRCH;
		}
	return 0;
}

int watch__open(struct watch **out, const struct watch_options *opts, char *why, size_t why_size)
{
	struct watch *w;
	struct engine_config config = {
		.stall_after_ns = opts->stall_after_ns,
		.wall_offset_ns = wall_offset_ns(),
		.on_finding = opts->on_finding,
		.ctx = opts->ctx,
	};
	struct probe_options probe = {.verbose = opts->verbose, .hooks = opts->hooks};
	size_t targets = opts->pids_len;
	int err = check_pids(opts, why, why_size);

	if (err)
		return err;
	if (!patroni__sees_host_pids()) {
		snprintf(why, why_size, PATRONI_NO_HOST_PIDS);
		return -EXDEV;
	}
	w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	w->opts = *opts;
	w->wall_offset_ns = config.wall_offset_ns;
	sample__init(&w->sample_host);
	w->engine = engine__new(&config);
	err = w->engine ? probe__open(&w->probe, on_event, w, &probe, why, why_size) : -ENOMEM;
	if (err)
		goto fail;
	if (opts->no_plaintext)
		probe__no_plaintext(w->probe);
	if (!opts->pids_len)
		patroni__scan(count_patroni, &targets);
	tell_start(w, targets);
	if (opts->pids_len)
		err = add_named(w, why, why_size);
	else
		patroni__scan(on_patroni, w);
	if (err)
		goto fail;
	*out = w;
	return 0;
fail:
	watch__free(w);
	return err;
}

void watch__free(struct watch *w)
{
	if (!w)
		return;
	probe__free(w->probe);
	engine__free(w->engine);
	free(w);
}

const struct engine *watch__engine(const struct watch *w)
{
	return w->engine;
}

uint64_t watch__wall_ns(const struct watch *w)
{
	return engine__wall_ns(w->engine, clock_ns(CLOCK_BOOTTIME));
}

void watch__status(const struct watch *w, struct status *out)
{
	engine__status(w->engine, clock_ns(CLOCK_BOOTTIME), out);
}

bool watch__saw_target(const struct watch *w)
{
	return w->saw_target;
}
