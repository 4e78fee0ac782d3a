// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * daemon.c - `leasewatch daemon`: watch for ever; a JSON log, metrics, and a word to systemd.
 *
 * One thread does it all, in turns of at most POLL_MS.
 */
#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "cmd/cmd.h"
#include "cmd/conf.h"
#include "cmd/metrics_http.h"
#include "cmd/options.h"
#include "cmd/textfile.h"
#include "cmd/watch.h"
#include "model/digest.h"
#include "model/summary.h"
#include "sink/log.h"
#include "sink/metrics.h"

#define POLL_MS	     50
#define CONF_DEFAULT "/etc/leasewatch.conf"

enum { OPTION_CHECK_CONFIG = OPTION_OWN };

struct daemon {
	const char *conf_path; /* NULL: CONF_DEFAULT, if there is one */
	bool check_config, verbose;
	struct conf conf;
	struct watch *watch;
	struct summary *summary;
	struct digest *digest;
	struct log *log;
	struct metrics *metrics;
	struct metrics_http *http;
	bool textfile_broken;
	/* wall clock */
	uint64_t digest_ns, textfile_ns, watchdog_every_ns, watchdog_ns;
	sigset_t hup;
};

static const struct argp_option options[] = {
	{"config", 'c', "FILE", 0, "the configuration (default: " CONF_DEFAULT ", if it is there)",
	 0},
	{"check-config", OPTION_CHECK_CONFIG, NULL, 0, "say whether it is good, and end", 0},
	{"verbose", 'v', NULL, 0, "show what libbpf says", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct daemon *d = state->input;

	switch (key) {
	case 'c':
		d->conf_path = arg;
		return 0;
	case OPTION_CHECK_CONFIG:
		d->check_config = true;
		return 0;
	case 'v':
		d->verbose = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int load_conf(const struct daemon *d, struct conf *conf, char *why, size_t why_size)
{
	int err = conf__load(d->conf_path ? d->conf_path : CONF_DEFAULT, conf, why, why_size);

	if (err != -ENOENT || d->conf_path)
		return err;
	conf__defaults(conf);
	return 0;
}

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
	if (d->conf.log.each_request || !digest__take(d->digest, f))
		tell(d, f);
}

static int render(void *ctx, char **text, size_t *len)
{
	static struct status status; /* large, and there is one thread */
	struct daemon *d = ctx;
	struct metrics_self self = {
		.log_lines_lost = log__lost(d->log),
		.log_works = log__works(d->log),
	};

	watch__status(d->watch, &status);
	return metrics__render(d->metrics, &status, &self, text, len);
}

static struct log_options log_options(const struct conf_log *c)
{
	return (struct log_options){.path = c->file, .max_bytes = c->max_bytes, .keep = c->keep};
}

static int open_http(struct daemon *d, const struct conf_metrics *c, struct metrics_http **out,
		     char *why, size_t why_size)
{
	*out = NULL;
	if (!c->address[0])
		return 0;
	return metrics_http__new(out, c->address, c->port, render, d, why, why_size);
}

/* A port that is taken keeps the old one open: better there than nowhere. */
static void reload_http(struct daemon *d, struct conf_metrics *next)
{
	const struct conf_metrics *now = &d->conf.metrics;
	struct metrics_http *http;
	char why[256];

	if (!strcmp(now->address, next->address) && now->port == next->port)
		return;
	if (open_http(d, next, &http, why, sizeof(why))) {
		fprintf(stderr, "leasewatch: %s; it stays as it was\n", why);
		strcpy(next->address, now->address);
		next->port = now->port;
		return;
	}
	metrics_http__free(d->http);
	d->http = http;
}

static void reload(struct daemon *d)
{
	struct log_options log;
	struct timespec ts;
	struct conf next;
	char why[512];

	clock_gettime(CLOCK_MONOTONIC, &ts);
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld",
		   (long long)ts.tv_sec * 1000000 + ts.tv_nsec / 1000);
	if (load_conf(d, &next, why, sizeof(why))) {
		fprintf(stderr, "leasewatch: %s; the old configuration stays\n", why);
		next = d->conf;
	}
	if (next.watch.stall_after_ns != d->conf.watch.stall_after_ns ||
	    next.watch.hooks != d->conf.watch.hooks || next.watch.tls != d->conf.watch.tls)
		fprintf(stderr, "leasewatch: what changed in [watch] needs a restart\n");
	next.watch = d->conf.watch;
	if (next.log.each_request && !d->conf.log.each_request)
		digest__flush(d->digest, watch__wall_ns(d->watch), tell, d);
	reload_http(d, &next.metrics);
	d->conf = next;
	d->textfile_ns = 0;
	log = log_options(&d->conf.log);
	log__reopen(d->log, &log);
	sd_notify(0, "READY=1");
}

static void write_textfile(struct daemon *d)
{
	const char *path = d->conf.metrics.textfile;
	char *text = NULL;
	size_t len;
	int err = render(d, &text, &len);

	if (!err)
		err = textfile__write(path, text, len);
	free(text);
	if (err && !d->textfile_broken)
		fprintf(stderr, "leasewatch: cannot write the metrics to '%s': %s\n", path,
			strerror(-err));
	else if (!err && d->textfile_broken)
		fprintf(stderr, "leasewatch: writing the metrics to '%s' works again\n", path);
	d->textfile_broken = err != 0;
}

/* What is done now and then. */
static void tend(struct daemon *d, uint64_t now_ns)
{
	const struct conf *c = &d->conf;

	if (now_ns - d->digest_ns >= (uint64_t)c->log.interval_ns) {
		d->digest_ns = now_ns;
		digest__flush(d->digest, now_ns, tell, d);
	}
	if (c->metrics.textfile[0] &&
	    now_ns - d->textfile_ns >= (uint64_t)c->metrics.textfile_interval_ns) {
		d->textfile_ns = now_ns;
		write_textfile(d);
	}
	if (d->watchdog_every_ns && now_ns - d->watchdog_ns >= d->watchdog_every_ns) {
		d->watchdog_ns = now_ns;
		sd_notify(0, "WATCHDOG=1");
	}
}

static int run(struct daemon *d)
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

	f.ts_ns = watch__wall_ns(d->watch);
	digest__flush(d->digest, f.ts_ns, tell, d);
	summary__finish(d->summary, f.ts_ns);
	log__finding(d->log, &f);
	if (d->conf.metrics.textfile[0])
		write_textfile(d);
}

/* Everything but the watch, which begins to speak when it is opened. 0 or -errno. */
static int prepare(struct daemon *d, char *why, size_t why_size)
{
	struct log_options log = log_options(&d->conf.log);
	uint64_t usec = 0;

	/* SIGHUP waits until the loop has time for it. */
	sigemptyset(&d->hup);
	sigaddset(&d->hup, SIGHUP);
	sigprocmask(SIG_BLOCK, &d->hup, NULL);
	if (sd_watchdog_enabled(0, &usec) > 0)
		d->watchdog_every_ns = usec * 1000 / 3;
	d->summary = summary__new();
	d->digest = digest__new(d->conf.watch.stall_after_ns);
	d->metrics = metrics__new();
	if (!d->summary || !d->digest || !d->metrics)
		return -ENOMEM;
	return log__open(&d->log, &log, why, why_size);
}

static int serve(struct daemon *d)
{
	struct watch_options opts = {
		.stall_after_ns = d->conf.watch.stall_after_ns,
		.no_plaintext = !d->conf.watch.tls,
		.verbose = d->verbose,
		.hooks = d->conf.watch.hooks,
		.on_finding = on_finding,
		.ctx = d,
	};
	char why[512] = "out of memory";
	int err = prepare(d, why, sizeof(why));

	if (!err) /* before the log says that it has started */
		err = open_http(d, &d->conf.metrics, &d->http, why, sizeof(why));
	lw_catch_signals();
	if (!err)
		err = watch__open(&d->watch, &opts, why, sizeof(why));
	if (err) {
		fprintf(stderr, "leasewatch: %s\n", why);
		return err;
	}
	d->digest_ns = watch__wall_ns(d->watch);
	sd_notify(0, "READY=1");
	err = run(d);
	sd_notify(0, "STOPPING=1");
	if (err)
		fprintf(stderr, "leasewatch: reading from the kernel failed: %s\n", strerror(-err));
	conclude(d);
	return err;
}

int cmd_daemon(int argc, char **argv)
{
	static const struct argp_child children[] = {{.argp = &options__common}, {0}};
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.children = children,
		.doc = "Watch for ever: a JSON log, metrics for Prometheus. SIGHUP reads the "
		       "configuration again and opens the log anew.\v"
		       "Exit status: 0 ended by SIGTERM or SIGINT, 1 error.",
	};
	struct daemon d = {0};
	char why[512];
	int err;

	options__parse(&argp, argc, argv, &d);
	if (load_conf(&d, &d.conf, why, sizeof(why))) {
		fprintf(stderr, "leasewatch: %s\n", why);
		return EXIT_TOOL_ERROR;
	}
	if (d.check_config) {
		printf("%s: good\n", d.conf_path ? d.conf_path : CONF_DEFAULT);
		return EXIT_HEALTHY;
	}
	err = serve(&d);
	metrics_http__free(d.http);
	watch__free(d.watch);
	log__free(d.log);
	metrics__free(d.metrics);
	digest__free(d.digest);
	summary__free(d.summary);
	return err ? EXIT_TOOL_ERROR : EXIT_HEALTHY;
}
