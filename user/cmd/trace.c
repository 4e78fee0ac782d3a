// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * trace.c - `leasewatch trace`: watch for a while, report findings as they happen, then sum up.
 */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/place.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/watch.h"
#include "model/summary.h"
#include "sink/sink.h"

#define POLL_MS 100

struct trace {
	struct watch_options watch;
	double duration_s; /* 0 = until Ctrl-C */
	bool json;
	const char *out_path;

	struct sink *sinks[2]; /* the screen, and the log */
	bool broken[2];
	const char *sink_names[2];
	struct summary *summary;
	bool person; /* sits at a terminal and reads the text */
	bool failed;
};

static const struct argp_option options[] = {
	{"duration", 'd', "SECS", 0, "stop after SECS seconds (default: on Ctrl-C)", 0},
	{"json", 'j', NULL, 0, "write JSON to stdout, one object a line, instead of text", 0},
	{"output", 'o', "FILE", 0, "also write the JSON log to FILE", 0},
	{"verbose", 'v', NULL, 0, "list every request, and show libbpf's messages", 0},
	{0},
};

static error_t parse_trace(int key, char *arg, struct argp_state *state)
{
	struct trace *t = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &t->watch;
		return 0;
	case 'd':
		t->duration_s = options__seconds(arg, "--duration", 1e-3, SECONDS_MAX, state);
		return 0;
	case 'j':
		t->json = true;
		return 0;
	case 'o':
		t->out_path = arg;
		return 0;
	case 'v':
		t->watch.verbose = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* A sink that fails is reported once, and once more when it works again. */
static void check_sink(struct trace *t, int i, int err)
{
	if (err == -EPIPE && i == 0) {
		lw_stop = 1; /* the reader has gone */
		return;
	}
	if (err && !t->broken[i])
		fprintf(stderr, "leasewatch: cannot write to %s: %s; lines are being lost\n",
			t->sink_names[i], strerror(-err));
	else if (!err && t->broken[i])
		fprintf(stderr, "leasewatch: writing to %s works again\n", t->sink_names[i]);
	if (err)
		t->failed = true;
	t->broken[i] = err != 0;
}

static void trace_finding(void *ctx, const struct finding *f)
{
	struct trace *t = ctx;

	if (summary__add(t->summary, f))
		t->failed = true;
	for (int i = 0; i < 2; i++)
		if (t->sinks[i])
			check_sink(t, i, sink__finding(t->sinks[i], f));
}

/*
 * Whoever calls it may well be in a directory of another user (sudo, /tmp): there only a file of
 * our own is overwritten. Elsewhere it may be anything: /dev/fd/3, a FIFO.
 */
static int open_output(const char *path)
{
	struct place place;
	int fd = place__find(&place, path);

	if (fd)
		return fd;
	if (place.kind != PLACE_OURS) {
		fd = place__append(&place, 0640);
		if (fd >= 0 && ftruncate(fd, 0)) {
			close(fd);
			fd = -EIO; /* a regular file can be cut */
		}
	} else {
		fd = openat(place.dir, place.name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
		if (fd < 0)
			fd = -errno;
	}
	place__close(&place);
	return fd;
}

static int open_sinks(struct trace *t)
{
	struct text_options text = {.verbose = t->watch.verbose};
	int fd;

	setlocale(LC_ALL, "");
	text_options__detect(&text, stdout);
	t->person = !t->json && isatty(STDOUT_FILENO);
	t->sink_names[0] = "stdout";
	t->sinks[0] = t->json ? sink_json__new(STDOUT_FILENO) : sink_text__new(stdout, &text);
	if (!t->sinks[0])
		return -ENOMEM;
	if (!t->out_path)
		return 0;
	fd = open_output(t->out_path);
	if (fd < 0) {
		fprintf(stderr, "leasewatch: cannot write to '%s': %s\n", t->out_path,
			place__reason(fd));
		return fd;
	}
	t->sink_names[1] = t->out_path;
	t->sinks[1] = sink_json__new(fd);
	return t->sinks[1] ? 0 : -ENOMEM;
}

static int trace_until_done(struct trace *t, struct watch *w)
{
	uint64_t start = watch__wall_ns(w), now = start;
	uint64_t duration = t->duration_s * NS_PER_S;
	bool told_waiting = false;
	int err = 0;

	while (!lw_stop && !err) {
		uint64_t left = duration ? start + duration - now : UINT64_MAX;

		err = watch__turn(w, left < POLL_MS * NS_PER_MS ? (int)(left / NS_PER_MS) + 1
								: POLL_MS);
		now = watch__wall_ns(w);
		if (duration && now - start >= duration)
			break;
		if (!told_waiting && !watch__saw_target(w)) {
			fprintf(stderr, "leasewatch: no Patroni runs here yet; waiting for one\n");
			told_waiting = true;
		}
		if (t->watch.pids_len && !engine__members(watch__engine(w))) {
			fprintf(stderr, "leasewatch: every process given with -p has exited\n");
			break;
		}
	}
	return err;
}

static int conclude_trace(struct trace *t, struct watch *w)
{
	struct finding f = {.type = FINDING_SUMMARY, .summary = t->summary};

	f.ts_ns = watch__wall_ns(w);
	summary__finish(t->summary, f.ts_ns);
	trace_finding(t, &f);
	return t->failed ? EXIT_TOOL_ERROR : cmd_exit_status(t->summary->verdict);
}

static int trace(struct trace *t)
{
	char why[512] = "out of memory";
	struct watch *w = NULL;
	int status = EXIT_TOOL_ERROR, err;

	t->summary = summary__new();
	if (!t->summary || open_sinks(t))
		goto out;
	t->watch.on_finding = trace_finding;
	t->watch.ctx = t;
	lw_catch_signals();
	err = watch__open(&w, &t->watch, why, sizeof(why));
	if (err) {
		fprintf(stderr, "leasewatch: %s\n", why);
		if (t->out_path)
			unlink(t->out_path); /* nothing was watched: no log that says so */
		goto out;
	}
	/* While all is well nothing moves: say that this is meant. */
	if (t->person)
		fprintf(stderr, "leasewatch: watching; Ctrl-C ends with a summary "
				"(live view: leasewatch top)\n");
	err = trace_until_done(t, w);
	if (err) {
		fprintf(stderr, "leasewatch: reading from the kernel failed: %s\n", strerror(-err));
		t->failed = true;
	}
	watch__conclude(w);
	status = conclude_trace(t, w);
out:
	watch__free(w);
	sink__free(t->sinks[0]);
	sink__free(t->sinks[1]);
	summary__free(t->summary);
	return status;
}

int cmd_trace(int argc, char **argv)
{
	static const struct argp_child children[] = {
		{.argp = &options__watch}, {.argp = &options__common}, {0}};
	static const struct argp argp = {
		.options = options,
		.parser = parse_trace,
		.children = children,
		.doc = "Watch Patroni's requests to etcd, report stalls as they happen, then "
		       "sum up.\v"
		       "Exit status: 0 healthy, 1 error, 2 a stall was seen, 3 nothing to watch.",
	};
	struct trace t = {.watch.stall_after_ns = NS_PER_S};

	users__defaults(&t.watch.users);
	options__parse(&argp, argc, argv, &t);
	return trace(&t);
}
