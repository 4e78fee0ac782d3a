// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * daemon_serve.c - the service: JSON log, metrics and systemd's protocol. One thread does it all,
 * in turns of at most POLL_MS.
 *
 * The order at the start: first everything that the configuration names is opened, so that a
 * mistake there ends the start with a message; then the kernel side; then rights are dropped.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/limits.h"
#include "cmd/cmd.h"
#include "cmd/daemon.h"
#include "cmd/metrics_http.h"
#include "cmd/notify.h"
#include "cmd/self.h"
#include "cmd/textfile.h"
#include "cmd/watch.h"
#include "kernel/privileges.h"
#include "model/rollup.h"
#include "model/summary.h"
#include "sink/log.h"
#include "sink/metrics.h"

#define POLL_MS	     100
#define STATUS_NS    NS_PER_S /* how often systemd gets a status line at most */
#define STATUS_BYTES 480
#define NAME_BYTES   256
#define WHY_BYTES    (PATH_MAX + 256)

struct daemon {
	const struct daemon_options *opts;
	struct conf conf;
	struct watch *watch;
	struct summary *summary;
	struct rollup *rollup;
	struct log *log;
	struct metrics *metrics;
	struct metrics_http *http;
	struct notify *notify;
	struct textfile textfile;
	bool status_due;
	/* wall clock: when it was done last */
	uint64_t rollup_ns, textfile_ns, watchdog_ns, status_ns;
	sigset_t hup;
};

/*
 * The summary adds up what goes to the log, so that `report` finds the same in it, to the order of
 * its lines.
 */
static void tell(void *ctx, const struct finding *f)
{
	struct daemon *d = ctx;

	summary__add(d->summary, f);
	log__finding(d->log, f);
}

static void on_finding(void *ctx, const struct finding *f)
{
	struct daemon *d = ctx;

	metrics__finding(d->metrics, f);
	if (f->type == FINDING_STALL || f->type == FINDING_PROCESS)
		d->status_due = true;
	if (d->conf.log.each_request || !rollup__take(d->rollup, f))
		tell(d, f);
}

/* How everything stands now. Large, and there is one thread. */
static const struct status *status_of(struct daemon *d)
{
	static struct status status;

	watch__status(d->watch, &status);
	return &status;
}

static int render(void *ctx, char **text, size_t *len)
{
	struct daemon *d = ctx;
	struct metrics_self self = {
		.log_lines_lost = log__lost(d->log),
		.log_works = log__works(d->log),
	};

	self__measure(&self);
	return metrics__render(d->metrics, status_of(d), &self, text, len);
}

static int open_http(struct daemon *d, const struct conf_metrics *c, struct metrics_http **out,
		     char *why, size_t why_size)
{
	*out = NULL;
	if (!c->address[0])
		return 0;
	return metrics_http__new(out, c->address, c->port, render, d, why, why_size);
}

/* From 127.0.0.1 to 0.0.0.0 on the same port: our own socket is in the way. */
static int replace_http(struct daemon *d, const struct conf_metrics *next,
			struct metrics_http **http, char *why, size_t why_size)
{
	char again[WHY_BYTES];
	int err;

	metrics_http__free(d->http);
	d->http = NULL;
	err = open_http(d, next, http, why, why_size);
	if (err && open_http(d, &d->conf.metrics, &d->http, again, sizeof(again)))
		fprintf(stderr, "leasewatch: %s\n", again);
	return err;
}

/* If the port is taken, keep the old one: better there than nowhere. */
static void reload_http(struct daemon *d, struct conf_metrics *next)
{
	const struct conf_metrics *now = &d->conf.metrics;
	struct metrics_http *http;
	char why[WHY_BYTES];
	int err;

	if (!strcmp(now->address, next->address) && now->port == next->port)
		return;
	err = open_http(d, next, &http, why, sizeof(why));
	if (err == -EADDRINUSE && d->http && now->port == next->port)
		err = replace_http(d, next, &http, why, sizeof(why));
	if (err) {
		fprintf(stderr, "leasewatch: %s; keeping the old one\n", why);
		strcpy(next->address, now->address);
		next->port = now->port;
		return;
	}
	metrics_http__free(d->http);
	d->http = http;
}

static void reload(struct daemon *d)
{
	struct conf next;
	char why[WHY_BYTES];

	notify__send(d->notify, "RELOADING=1\nMONOTONIC_USEC=%lld",
		     (long long)clock_ns(CLOCK_MONOTONIC) / 1000);
	if (conf__load_or_default(d->opts->conf_path, &next, why, sizeof(why))) {
		fprintf(stderr, "leasewatch: %s; keeping the old configuration\n", why);
		next = d->conf;
	}
	if (next.watch.stall_after_ns != d->conf.watch.stall_after_ns ||
	    next.watch.hooks != d->conf.watch.hooks || next.watch.tls != d->conf.watch.tls ||
	    !users__same(&next.watch.users, &d->conf.watch.users))
		fprintf(stderr, "leasewatch: changes in [watch] need a restart\n");
	next.watch = d->conf.watch;
	if (next.log.each_request && !d->conf.log.each_request)
		rollup__flush(d->rollup, watch__wall_ns(d->watch), tell, d);
	reload_http(d, &next.metrics);
	textfile__move(&d->textfile, next.metrics.textfile);
	strcpy(next.metrics.textfile, d->textfile.path);
	d->conf = next;
	d->textfile_ns = 0;
	log__reopen(d->log, d->conf.log.file);
	notify__send(d->notify, "READY=1");
}

static void write_textfile(struct daemon *d)
{
	char *text = NULL;
	size_t len = 0;

	if (render(d, &text, &len))
		text = NULL;
	textfile__write(&d->textfile, text, len);
	free(text);
}

/* "STALL of demo/patroni1: dns at etcd1:2379", of each. */
static size_t say_stalls(const struct status *s, char *text, size_t size)
{
	char name[NAME_BYTES];
	size_t len = 0;

	for (size_t i = 0; i < s->members_len && len < size; i++) {
		const struct member_status *m = &s->members[i];

		if (!m->stalled)
			continue;
		finding_where_name(&m->stall_where, name, sizeof(name));
		len += (size_t)snprintf(text + len, size - len, "%sSTALL of %s/%s: %s at %s",
					len ? "; " : "", m->who.scope ? m->who.scope : "?",
					m->who.member ? m->who.member : "?",
					enum_name(&cause_names, m->stall.cause), name);
	}
	return len;
}

/* What `systemctl status` shows. */
static void tell_status(struct daemon *d)
{
	const struct status *s = status_of(d);
	size_t members = s->members_len + s->members_more;
	char stalls[STATUS_BYTES];

	if (say_stalls(s, stalls, sizeof(stalls)))
		notify__send(d->notify, "STATUS=%s", stalls);
	else if (members)
		notify__send(d->notify, "STATUS=Watching %zu Patroni process%s; no stall", members,
			     members == 1 ? "" : "es");
	else
		notify__send(d->notify, "STATUS=Waiting for Patroni");
}

/* Is it due? Then start the next interval. */
static bool is_due(uint64_t *last_ns, uint64_t now_ns, uint64_t every_ns)
{
	if (now_ns - *last_ns < every_ns)
		return false;
	*last_ns = now_ns;
	return true;
}

/* What is done now and then. */
static void tend(struct daemon *d, uint64_t now_ns)
{
	const struct conf *c = &d->conf;
	uint64_t watchdog_ns = notify__watchdog_ns(d->notify);

	limits__report(stderr, now_ns);
	if (is_due(&d->rollup_ns, now_ns, (uint64_t)c->log.interval_ns))
		rollup__flush(d->rollup, now_ns, tell, d);
	if (d->textfile.path[0] &&
	    is_due(&d->textfile_ns, now_ns, (uint64_t)c->metrics.textfile_interval_ns))
		write_textfile(d);
	if (watchdog_ns && is_due(&d->watchdog_ns, now_ns, watchdog_ns / 3))
		notify__send(d->notify, "WATCHDOG=1");
	if (d->notify && d->status_due && is_due(&d->status_ns, now_ns, STATUS_NS)) {
		d->status_due = false;
		tell_status(d);
	}
}

static int run_daemon(struct daemon *d)
{
	static const struct timespec no_wait;
	bool told_waiting = false;
	int err = 0;

	while (!lw_stop && !err) {
		err = watch__turn(d->watch, POLL_MS);
		if (sigtimedwait(&d->hup, NULL, &no_wait) == SIGHUP)
			reload(d);
		metrics_http__turn(d->http);
		tend(d, watch__wall_ns(d->watch));
		if (!told_waiting && !watch__saw_target(d->watch))
			fprintf(stderr, "leasewatch: no Patroni runs here yet; waiting for one\n");
		told_waiting = true;
	}
	return err;
}

static void conclude(struct daemon *d)
{
	struct finding f = {.type = FINDING_SUMMARY, .summary = d->summary};

	watch__conclude(d->watch);
	f.ts_ns = watch__wall_ns(d->watch);
	rollup__flush(d->rollup, f.ts_ns, tell, d);
	summary__finish(d->summary, f.ts_ns);
	log__finding(d->log, &f);
	textfile__remove(&d->textfile);
}

/* What the configuration names. 0 or -errno with a sentence. */
static int open_outputs(struct daemon *d, char *why, size_t why_size)
{
	int err = log__open(&d->log, d->conf.log.file, why, why_size);

	if (!err)
		err = textfile__open(&d->textfile, d->conf.metrics.textfile, why, why_size);
	if (!err)
		err = open_http(d, &d->conf.metrics, &d->http, why, why_size);
	/* Root is used to writing everywhere. */
	if (err == -EACCES && strlen(why) < why_size)
		snprintf(why + strlen(why), why_size - strlen(why),
			 " (the daemon drops root's right to override permissions)");
	return err;
}

/* Everything but the watch, which begins to speak when it is opened. 0 or -errno. */
static int prepare(struct daemon *d, char *why, size_t why_size)
{
	int err = privileges__limit();

	if (err) {
		snprintf(why, why_size, "cannot give up privileges: %s", strerror(-err));
		return err;
	}
	/* SIGHUP waits until the loop has time for it. */
	sigemptyset(&d->hup);
	sigaddset(&d->hup, SIGHUP);
	sigprocmask(SIG_BLOCK, &d->hup, NULL);
	lw_catch_signals();
	d->notify = notify__new();
	d->summary = summary__new();
	d->rollup = rollup__new(d->conf.watch.stall_after_ns);
	d->metrics = metrics__new();
	if (!d->summary || !d->rollup || !d->metrics)
		return -ENOMEM;
	return open_outputs(d, why, why_size);
}

static int begin_watch(struct daemon *d, char *why, size_t why_size)
{
	struct watch_options opts = {
		.users = d->conf.watch.users,
		.stall_after_ns = d->conf.watch.stall_after_ns,
		.no_plaintext = !d->conf.watch.tls,
		.verbose = d->opts->verbose,
		.hooks = d->conf.watch.hooks,
		.on_finding = on_finding,
		.ctx = d,
	};
	int err = watch__open(&d->watch, &opts, why, why_size);

	if (err)
		return err;
	err = privileges__settle();
	if (err)
		snprintf(why, why_size, "cannot give up privileges: %s", strerror(-err));
	return err;
}

static void free_all(struct daemon *d)
{
	metrics_http__free(d->http);
	watch__free(d->watch);
	log__free(d->log);
	metrics__free(d->metrics);
	rollup__free(d->rollup);
	summary__free(d->summary);
	notify__free(d->notify);
}

int daemon__serve(const struct daemon_options *opts, const struct conf *conf)
{
	struct daemon d = {.opts = opts, .conf = *conf, .status_due = true};
	char why[WHY_BYTES] = "out of memory";
	int err = prepare(&d, why, sizeof(why));

	if (!err)
		err = begin_watch(&d, why, sizeof(why));
	if (err) {
		fprintf(stderr, "leasewatch: %s\n", why);
		notify__send(d.notify, "STATUS=%s\nERRNO=%d", why, -err);
		free_all(&d);
		return err;
	}
	d.rollup_ns = watch__wall_ns(d.watch);
	notify__send(d.notify, "READY=1");
	err = run_daemon(&d);
	notify__send(d.notify, "STOPPING=1\nSTATUS=Stopping");
	if (err)
		fprintf(stderr, "leasewatch: reading from the kernel failed: %s\n", strerror(-err));
	conclude(&d);
	free_all(&d);
	return err;
}
