// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * top.c - `leasewatch top`: the live screen, until the person leaves it; then one line of verdict.
 */
#include <argp.h>
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/watch.h"
#include "model/summary.h"
#include "sink/top/top.h"
#include "sink/top/screen.h"

/* A key is answered, and a finding shown, within this time. */
#define POLL_MS 50
/* The seconds run this often: the tenths that are shown change one by one. */
#define DRAW_NS	       (100 * NS_PER_MS)

#define INTERVAL_MIN_S 0.1
#define INTERVAL_MAX_S 60

struct top_command {
	struct watch_options watch;
	struct top_options top;
	struct summary *summary;
	struct top *view;
	struct top_screen *screen;
	struct top_grid grid;
	struct status status;
	uint64_t drawn_ns;
	bool changed; /* draw at once */
	bool failed;  /* memory ran out: the counts are too low */
};

static const struct argp_option options[] = {
	{"interval", 'i', "SECS", 0,
	 "update the tables this often while nothing happens, 0.1 to 60 (default: 1)", 0},
	{"verbose", 'v', NULL, 0, "list every request", 0},
	{0},
};

static error_t parse_top(int key, char *arg, struct argp_state *state)
{
	struct top_command *c = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &c->watch;
		return 0;
	case 'i':
		c->top.interval_ns = (int64_t)(options__seconds(arg, "--interval", INTERVAL_MIN_S,
								INTERVAL_MAX_S, state) *
					       1e9);
		return 0;
	case 'v':
		c->top.verbose = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void show_finding(void *ctx, const struct finding *f)
{
	struct top_command *c = ctx;

	if (summary__add(c->summary, f) || sink__finding(top__sink(c->view), f))
		c->failed = true;
	/* A stall is on the screen at once; the rest may wait for the next turn of the seconds. */
	c->changed |= f->type == FINDING_STALL || f->type == FINDING_ENDPOINT;
}

/* False: the person leaves, or the terminal has gone. */
static bool answer_keys(struct top_command *c)
{
	int key;

	while ((key = top_screen__key(c->screen)) != TOP_SCREEN_NO_KEY) {
		if (key == TOP_SCREEN_GONE || !top__key(c->view, key))
			return false;
		c->changed = true;
	}
	return true;
}

static int draw_screen(struct top_command *c, const struct watch *w, uint64_t now)
{
	int rows, cols, err;

	if (top__wants_status(c->view, now)) {
		watch__status(w, &c->status);
		top__status(c->view, &c->status);
	}
	top_screen__size(c->screen, &rows, &cols);
	err = top_grid__resize(&c->grid, rows, cols);
	if (err)
		return err;
	top__draw(c->view, now, &c->grid);
	top_screen__show(c->screen, &c->grid);
	c->drawn_ns = now;
	c->changed = false;
	return 0;
}

static int run_screen(struct top_command *c, struct watch *w)
{
	int err = draw_screen(c, w, watch__wall_ns(w));

	while (!lw_stop && !err) {
		uint64_t now;

		err = watch__turn(w, POLL_MS);
		c->changed |= top_screen__changed(c->screen);
		if (err || !answer_keys(c))
			break;
		now = watch__wall_ns(w);
		if (c->changed || now - c->drawn_ns >= DRAW_NS)
			err = draw_screen(c, w, now);
	}
	return err;
}

/* What stays in the terminal's memory when the screen is gone. */
static int conclude_top(struct top_command *c, uint64_t now)
{
	char sentence[SUMMARY_SENTENCE_BYTES];

	summary__finish(c->summary, now);
	summary__verdict_sentence(c->summary, sentence, sizeof(sentence));
	printf("leasewatch: %s\n", sentence);
	return c->failed ? EXIT_TOOL_ERROR : cmd_exit_status(c->summary->verdict);
}

static int show_screen(struct top_command *c, struct watch *w)
{
	char why[256] = "out of memory";
	int err = top_screen__open(&c->screen, why, sizeof(why)), status;

	if (err) {
		fprintf(stderr, "leasewatch: %s\n", why);
		return EXIT_TOOL_ERROR;
	}
	err = run_screen(c, w);
	top_screen__close(c->screen);
	if (err) {
		fprintf(stderr, "leasewatch: %s\n", strerror(-err));
		c->failed = true;
	}
	status = conclude_top(c, watch__wall_ns(w));
	return fflush(stdout) ? EXIT_TOOL_ERROR : status;
}

static int prepare_top(struct top_command *c, char *why, size_t why_size)
{
	struct text_options text = {0};
	struct utsname uts;
	int err = top_screen__check(why, why_size);

	if (err)
		return err;
	text_options__detect(&text, stdout);
	uname(&uts);
	c->top.utf8 = text.utf8;
	c->top.host = uts.nodename;
	c->grid.utf8 = text.utf8;
	c->summary = summary__new();
	c->view = top__new(&c->top);
	return c->summary && c->view ? 0 : -ENOMEM;
}

static int top(struct top_command *c)
{
	char why[512] = "out of memory";
	struct watch *w = NULL;
	int status = EXIT_TOOL_ERROR, err;

	setlocale(LC_ALL, "");
	err = prepare_top(c, why, sizeof(why));
	if (!err) {
		c->watch.on_finding = show_finding;
		c->watch.ctx = c;
		lw_catch_signals();
		err = watch__open(&w, &c->watch, why, sizeof(why));
	}
	if (err)
		fprintf(stderr, "leasewatch: %s\n", why);
	else
		status = show_screen(c, w);
	watch__free(w);
	if (c->view)
		sink__free(top__sink(c->view));
	summary__free(c->summary);
	top_grid__free(&c->grid);
	return status;
}

int cmd_top(int argc, char **argv)
{
	static const struct argp_child children[] = {
		{.argp = &options__watch}, {.argp = &options__common}, {0}};
	static const struct argp argp = {
		.options = options,
		.parser = parse_top,
		.children = children,
		.doc = "A live screen: the time left on each lease, the state of each endpoint, "
		       "and what is wrong.\v"
		       "The last line shows the keys. Exit status: 0 healthy, 1 error, 2 a stall "
		       "was seen, 3 nothing to watch.",
	};
	static struct top_command c; /* large, and there is one */

	c.watch.stall_after_ns = NS_PER_S;
	users__defaults(&c.watch.users);
	c.top.interval_ns = NS_PER_S;
	options__parse(&argp, argc, argv, &c);
	return top(&c);
}
