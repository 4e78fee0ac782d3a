// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * top.c - the live screen as a sink: findings become events, a status becomes tables, keys choose
 * what is seen of them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sink/top/private.h"

/* How the last stall ended, as its entry says it. */
static void take_last_stall(struct top *t, const struct finding *f)
{
	struct entries one = {.several = true, .utf8 = t->opts.utf8};
	const struct entry *e = entries__add(&one, f);
	struct top_last_stall *l = &t->last_stall;

	if (!e)
		return;
	l->ended_ns = f->ts_ns;
	top_line(e, 0, one.utf8, l->end, sizeof(l->end));
	l->cause[0] = '\0';
	if (e->lines_len > 1)
		top_line(e, 1, one.utf8, l->cause, sizeof(l->cause));
}

/* Does this change what the tables say? What passes many times a second can wait for the interval.
 */
static bool is_screen_news(const struct finding *f)
{
	if (f->type == FINDING_REQUEST)
		return f->request.outcome != REQUEST_OK || f->request.ttl_s > 0;
	if (f->type == FINDING_DNS)
		return entry__dns_matters(f);
	return f->type != FINDING_CONNECT || f->connect.outcome != CONNECT_OK;
}

static int top__finding(struct sink *sink, const struct finding *f)
{
	struct top *t = (struct top *)sink;

	if (f->type == FINDING_STALL && f->stall.phase == STALL_END) {
		t->stalls++;
		take_last_stall(t, f);
	}
	t->stale |= is_screen_news(f);
	return top_events__add(&t->events, f);
}

static void take_live(struct top_live *l, const struct status *s)
{
	const struct member_status *worst = top_finding__worst(s);

	*l = (struct top_live){.taken_ns = s->now_ns,
			       .members = s->members_len,
			       .worst_remaining_ns = LW_UNKNOWN_REMAINING,
			       .events_lost = s->events_lost};
	for (size_t i = 0; i < s->members_len; i++) {
		int64_t left = s->members[i].remaining_ns;

		l->stalled += s->members[i].stalled;
		l->leases += left != LW_UNKNOWN_REMAINING && left > 0;
		l->blind += s->members[i].blind;
		l->run_out += left != LW_UNKNOWN_REMAINING && left <= 0;
	}
	for (size_t i = 0; i < s->endpoints_len; i++)
		l->endpoints_ill += top_is_ill(s->endpoints[i].state);
	if (!worst)
		return;
	l->worst_remaining_ns = worst->remaining_ns;
	finding_who_name(&worst->who, l->worst, sizeof(l->worst));
}

void top__status(struct top *t, const struct status *s)
{
	take_live(&t->live, s);
	t->seen |= s->members_len > 0;
	t->stale = false;
	if (!t->paused)
		top_snapshot__take(&t->shown, s);
}

bool top__wants_status(const struct top *t, uint64_t now_ns)
{
	uint64_t age = now_ns - t->live.taken_ns;

	return t->stale || t->live.stalled || !t->live.taken_ns ||
	       age >= (uint64_t)t->opts.interval_ns;
}

static void pause_or_go_on(struct top *t)
{
	t->paused = !t->paused;
	/* What happens from here on stays below the edge. */
	t->bottom = t->paused ? top_list__ring(t)->last : 0;
	t->stale = true;
}

static void turn_to(struct top *t, enum top_page page)
{
	t->page = t->page == page ? TOP_MAIN : page;
	if (!t->paused)
		t->bottom = 0;
}

static void scroll_key(struct top *t, int key)
{
	switch (key) {
	case TOP_KEY_UP:
		top_list__scroll(t, -1);
		break;
	case TOP_KEY_DOWN:
		top_list__scroll(t, 1);
		break;
	case TOP_KEY_PAGE_UP:
		top_list__scroll(t, -t->page_rows);
		break;
	case TOP_KEY_PAGE_DOWN:
		top_list__scroll(t, t->page_rows);
		break;
	case TOP_KEY_HOME:
		top_list__home(t);
		break;
	case TOP_KEY_END:
		t->bottom = 0;
		break;
	default:
		break;
	}
}

bool top__key(struct top *t, int key)
{
	if (t->page == TOP_HELP) {
		t->page = TOP_MAIN;
		return true;
	}
	switch (key) {
	case 'q':
	case 'Q':
	case TOP_KEY_ESCAPE:
		/* Leaving a page must not leave the screen; nor may a stray Escape. */
		if (t->page == TOP_MAIN)
			return key == TOP_KEY_ESCAPE;
		turn_to(t, t->page);
		break;
	case 'p':
	case ' ':
		pause_or_go_on(t);
		break;
	case 'v':
		t->verbose = !t->verbose;
		t->bottom = t->paused ? top_list__ring(t)->last : 0;
		break;
	case 'e':
		turn_to(t, TOP_EVENTS);
		break;
	case 'h':
	case '?':
		t->page = TOP_HELP;
		break;
	default:
		scroll_key(t, key);
	}
	return true;
}

void top__draw(struct top *t, uint64_t now_ns, struct top_grid *grid)
{
	if (!t->paused)
		top_snapshot__advance(&t->shown, now_ns);
	top_layout__draw(t, now_ns, grid);
}

static void top__free(struct sink *sink)
{
	struct top *t = (struct top *)sink;

	top_events__free(&t->events);
	free(t);
}

static const struct sink_ops top_ops = {
	.finding = top__finding,
	.free = top__free,
};

struct top *top__new(const struct top_options *opts)
{
	struct top *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	tzset();
	t->sink.ops = &top_ops;
	t->opts = *opts;
	snprintf(t->host, sizeof(t->host), "%s", opts->host ? opts->host : "");
	t->opts.host = t->host;
	t->verbose = opts->verbose;
	t->events.entries.utf8 = opts->utf8;
	t->page_rows = 1;
	return t;
}

struct sink *top__sink(struct top *t)
{
	return &t->sink;
}
