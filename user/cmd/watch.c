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
#include "base/limits.h"
#include "cmd/cmd.h"
#include "cmd/discover.h"
#include "cmd/targets.h"
#include "cmd/watch.h"
#include "host/patroni.h"
#include "kernel/probe.h"
#include "host/reader.h"
#include "leasewatch/units.h"

#define TICK_NS (50 * NS_PER_MS)
/* How long records may wait to be read: most of them wake nobody. */
#define POLL_BUSY_MS 50
#define POLL_IDLE_MS 100
/* While the reader is about to say what has been started. */
#define POLL_ANSWER_MS 5
/* While no record comes, losses are asked for less often: it takes a system call for each reason.
 */
#define LOSSES_NS NS_PER_S
/* After losses, sockets and hooks are compared so often at the most. */
#define RECOVER_NS (2 * NS_PER_S)
/* By so much the wall clock may be wrong in what is said. */
#define WALL_STEP_NS (10 * (int64_t)NS_PER_MS)

/* Of a question about libraries that is not the probe's. */
#define TAG_BLIND UINT32_MAX

struct watch {
	struct watch_options opts;
	struct probe *probe;
	struct engine *engine;
	uint64_t lost[LW_LOST_REASONS];
	struct reader *reader;
	struct discover *discover;
	struct targets targets;
	bool explaining; /* why one is blind */
	size_t sampling; /* threads that the reader was asked about */
	bool recover;	 /* sockets and hooks are to be compared */
	uint64_t recovered_ns;
	bool saw_record; /* since losses were asked for */
	uint64_t last_tick_ns, last_losses_ns;
	int64_t wall_offset_ns; /* what the engine goes by */
};

static int64_t wall_offset_ns(void)
{
	return (int64_t)(clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_BOOTTIME));
}

static void on_event(void *ctx, const struct lw_event *event)
{
	struct watch *w = ctx;

	w->saw_record = true;
	if (event->type == LW_EVENT_EXEC)
		discover__exec(w->discover, (pid_t)event->tgid, event->ts_ns);
	else
		engine__event(w->engine, event);
}

static void report_losses(struct watch *w, uint64_t now_ns)
{
	uint64_t counts[LW_LOST_REASONS];

	w->last_losses_ns = now_ns;
	w->saw_record = false;
	probe__lost(w->probe, counts);
	for (int r = 0; r < LW_LOST_REASONS; r++) {
		if (r == LW_LOST_RING_FULL && counts[r] != w->lost[r])
			discover__scan(w->discover, now_ns); /* what began may be among them */
		/* Or a connection: all are compared when it is over, or so often. */
		w->recover = w->recover || (r != LW_LOST_PAYLOAD && r != LW_LOST_TLS_TIE &&
					    counts[r] != w->lost[r]);
		if (counts[r] != w->lost[r] && r == LW_LOST_BUDGET)
			limits__hit(LIMIT_RING);
		if (counts[r] != w->lost[r] && r == LW_LOST_TLS_TIE)
			limits__hit(LIMIT_TLS_SOCKETS);
		engine__lost(w->engine, enum_name(&lost_names, r), counts[r] - w->lost[r], now_ns);
		w->lost[r] = counts[r];
	}
}

static void recover(struct watch *w, uint64_t now_ns)
{
	if (!w->recover || now_ns - w->recovered_ns < RECOVER_NS)
		return;
	w->recover = false;
	w->recovered_ns = now_ns;
	probe__recover(w->probe);
}

/* One sample of each thread is under way at a time. */
static void ask_for_samples(struct watch *w, const struct engine_wants *wants)
{
	if (w->sampling)
		return;
	for (size_t i = 0; i < wants->threads_len; i++) {
		struct reader_question q = {
			.what = READER_SAMPLE,
			.pid = (pid_t)wants->threads[i].pid,
			.tid = (pid_t)wants->threads[i].tid,
			.trusted = true,
		};

		memcpy(q.ports, w->targets.ports, sizeof(q.ports));
		w->sampling += !reader__ask(w->reader, &q);
	}
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

static void on_library(struct watch *w, const struct reader_answer *a)
{
	probe__library(w->probe, a);
	if (a->question.tag != TAG_BLIND)
		return;
	w->explaining = false;
	explain_blindness(w, (uint32_t)a->question.pid, clock_ns(CLOCK_BOOTTIME));
}

static void on_answer(void *ctx, const struct reader_answer *a)
{
	struct watch *w = ctx;

	if (a->question.what == READER_LIBRARY) {
		on_library(w, a);
		return;
	}
	if (a->question.what != READER_SAMPLE) {
		discover__answer(w->discover, a);
		return;
	}
	w->sampling--;
	if (!a->err)
		engine__thread(w->engine, (uint32_t)a->question.pid, a->sample);
}

/* It is blind, so there is a reason; which libraries it has by now says more. */
static void ask_why_blind(struct watch *w, uint32_t pid, uint64_t now_ns)
{
	const struct reader_question q = {
		.what = READER_LIBRARY,
		.set = LIBRARY_OPENSSL,
		.pid = (pid_t)pid,
		.tag = TAG_BLIND,
		.trusted = true,
	};

	if (w->explaining)
		return;
	if (reader__ask(w->reader, &q))
		explain_blindness(w, pid, now_ns);
	else
		w->explaining = true;
}

static void ask_for_libraries(struct watch *w)
{
	struct reader_question q;

	while (probe__wants_library(w->probe, &q))
		if (reader__ask(w->reader, &q))
			probe__library(w->probe,
				       &(struct reader_answer){.question = q, .err = -ENOMEM});
}

static void bring_evidence(struct watch *w, uint64_t now_ns)
{
	struct engine_wants wants = engine__wants(w->engine, now_ns);

	for (size_t i = 0; i < wants.sockets_len; i++)
		probe__snapshot(w->probe, (pid_t)wants.sockets[i]);
	if (wants.tls_pid)
		ask_why_blind(w, wants.tls_pid, now_ns);
	ask_for_samples(w, &wants);
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

static int longest_wait(const struct watch *w)
{
	return reader__pending_trusted(w->reader) ? POLL_ANSWER_MS
	       : engine__is_busy(w->engine)	  ? POLL_BUSY_MS
						  : POLL_IDLE_MS;
}

int watch__turn(struct watch *w, int timeout_ms)
{
	int longest, err;
	uint64_t now;

	ask_for_libraries(w);
	longest = longest_wait(w);
	err = probe__poll(w->probe, timeout_ms < longest ? timeout_ms : longest);
	now = clock_ns(CLOCK_BOOTTIME);
	if (err && err != -EINTR)
		return err;
	discover__turn(w->discover, now);
	ask_for_libraries(w); /* of those just found, before they go on */
	reader__turn(w->reader, now, on_answer, w);
	if (now - w->last_tick_ns < TICK_NS / 2)
		return 0;
	w->last_tick_ns = now;
	follow_wall(w);
	if (w->saw_record || now - w->last_losses_ns >= LOSSES_NS)
		report_losses(w, now);
	recover(w, now);
	targets__turn(&w->targets, now);
	bring_evidence(w, now);
	engine__tick(w->engine, now);
	return 0;
}

void watch__conclude(struct watch *w)
{
	watch__turn(w, 0);
	engine__conclude(w->engine, clock_ns(CLOCK_BOOTTIME));
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

static void find_targets(struct watch *w)
{
	uint64_t now = clock_ns(CLOCK_BOOTTIME);

	for (size_t i = 0; i < w->opts.pids_len; i++)
		discover__named(w->discover, w->opts.pids[i], now);
	if (!w->opts.pids_len)
		discover__scan(w->discover, now);
	tell_start(w, discover__settle(w->discover));
	discover__turn(w->discover, clock_ns(CLOCK_BOOTTIME));
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
	const struct discover_events events = {.found = targets__found, .gone = targets__gone};
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
	/* The reader is forked first, while nothing is open. */
	err = reader__new(&w->reader);
	if (!err)
		err = discover__new(&w->discover, w->reader, &opts->users, &events, &w->targets);
	if (err) {
		snprintf(why, why_size, "cannot start the reader: %s", strerror(-err));
		goto fail;
	}
	w->engine = engine__new(&config);
	err = w->engine ? probe__open(&w->probe, on_event, w, &probe, why, why_size) : -ENOMEM;
	if (err)
		goto fail;
	if (opts->no_plaintext)
		probe__no_plaintext(w->probe);
	w->targets.engine = w->engine;
	w->targets.probe = w->probe;
	w->targets.on_finding = opts->on_finding;
	w->targets.ctx = opts->ctx;
	find_targets(w);
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
	targets__clear(&w->targets);
	probe__free(w->probe);
	discover__free(w->discover);
	reader__free(w->reader);
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
	return w->targets.seen;
}
