// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * events.c - events for the live screen, worded by the text sink.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sink/top/events.h"

const struct top_event *top_ring__get(const struct top_ring *r, uint64_t id)
{
	if (id == 0 || id > r->last || r->last - id >= TOP_EVENTS_KEPT)
		return NULL;
	return &r->events[id % TOP_EVENTS_KEPT];
}

uint64_t top_ring__first(const struct top_ring *r)
{
	return r->last > TOP_EVENTS_KEPT ? r->last - TOP_EVENTS_KEPT + 1 : r->last > 0;
}

static int push(struct top_ring *r, const struct top_event *e)
{
	struct top_event *slot = &r->events[(r->last + 1) % TOP_EVENTS_KEPT];
	char *text = strdup(e->text);

	if (!text)
		return -ENOMEM;
	free(slot->text);
	*slot = *e;
	slot->text = text;
	r->last++;
	return 0;
}

static enum top_style style_of_color(enum text_color color)
{
	switch (color) {
	case TEXT_GREEN:
		return TOP_GOOD;
	case TEXT_YELLOW:
		return TOP_WARN;
	case TEXT_RED:
		return TOP_BAD;
	case TEXT_ALARM:
		return TOP_ALARM;
	default:
		return TOP_PLAIN;
	}
}

static enum top_style style_of_stall(const struct finding_stall *s)
{
	if (s->phase != STALL_END)
		return style_of_color(text__severity_color(s->severity));
	if (s->result == STALL_RECOVERED)
		return TOP_GOOD;
	return s->result == STALL_RESULT_EXPIRED ? TOP_ALARM : TOP_WARN;
}

static enum top_style style_of(const struct finding *f)
{
	switch (f->type) {
	case FINDING_STALL:
		return style_of_stall(&f->stall);
	case FINDING_ENDPOINT:
		return style_of_color(text__state_color(f->endpoint.state));
	case FINDING_CONNECT:
		return f->connect.outcome == CONNECT_OK ? TOP_PLAIN : TOP_WARN;
	case FINDING_REQUEST:
		return f->request.outcome == REQUEST_OK || f->request.outcome == REQUEST_UNOBSERVED
			       ? TOP_PLAIN
			       : TOP_WARN;
	case FINDING_DNS:
		return text__dns_matters(f) ? TOP_WARN : TOP_PLAIN;
	case FINDING_PROCESS:
		return f->process.phase == PROCESS_EXITED ? TOP_WARN : TOP_GOOD;
	case FINDING_LOST:
		return TOP_WARN;
	case FINDING_NOTE:
		return TOP_BOLD;
	default:
		return TOP_PLAIN;
	}
}

static char *skip_spaces(char *s)
{
	return s + strspn(s, " ");
}

/* Up to `columns` bytes from here, without the spaces around them; ASCII, by text__begin(). */
static void copy_column(char *to, size_t size, const char *from, size_t columns)
{
	while (columns && *from == ' ') {
		from++;
		columns--;
	}
	while (columns && from[columns - 1] == ' ')
		columns--;
	snprintf(to, size, "%.*s", (int)columns, from);
}

/*
 * The text sink's lines begin with a time and a tag, the following ones with as many blanks. Both
 * are taken off, in place: the screen has columns of its own.
 */
static void split(char *lines, struct top_event *e)
{
	char *from = lines, *to = lines;
	bool tagged = strlen(lines) > TEXT_BODY_COL && lines[2] == ':' && lines[5] == ':' &&
		      lines[TEXT_TAG_COL - 1] == ' ' && lines[TEXT_BODY_COL - 1] == ' ';

	e->tag[0] = '\0';
	if (tagged) {
		copy_column(e->tag, sizeof(e->tag), lines + TEXT_TAG_COL,
			    TEXT_BODY_COL - TEXT_TAG_COL);
		from += TEXT_BODY_COL;
	}
	e->text = lines;
	while (*from) {
		char *end = strchrnul(from, '\n');

		from = skip_spaces(from);
		memmove(to, from, (size_t)(end - from));
		to += end - from;
		from = *end ? end + 1 : end;
		if (*from)
			*to++ = '\n';
	}
	*to = '\0';
}

/* What the text sink says of it; NULL with *err set, or with 0 when it says nothing. */
static char *word(struct text_style *style, const struct finding *f, bool utf8, int *err)
{
	char *lines = NULL;
	size_t len = 0;
	struct text_out o = {.utf8 = utf8};

	*err = -ENOMEM;
	o.stream = open_memstream(&lines, &len);
	if (!o.stream)
		return NULL;
	text__event(&o, style, f);
	if (fclose(o.stream)) {
		free(lines);
		return NULL;
	}
	*err = 0;
	if (len)
		return lines;
	free(lines);
	return NULL;
}

static void notice_who(struct top_events *e, const struct finding *f)
{
	if (!f->who.pid)
		return;
	if (!e->first_pid)
		e->first_pid = f->who.pid;
	e->style.several |= f->who.pid != e->first_pid;
}

int top_events__add(struct top_events *e, const struct finding *f, bool utf8)
{
	struct top_event event = {.ts_ns = f->ts_ns, .style = style_of(f)};
	bool notable = false;
	char *lines = NULL;
	int err = 0;

	if (f->type == FINDING_SUMMARY)
		return 0;
	notice_who(e, f);
	e->style.untold = 0;
	e->style.verbose = false;
	if (!text__is_repeated(&e->repeats, f, &e->style.untold))
		lines = word(&e->style, f, utf8, &err);
	notable = lines != NULL;
	if (!lines && !err) {
		e->style.verbose = true;
		lines = word(&e->style, f, utf8, &err);
	}
	if (!lines)
		return err;
	split(lines, &event);
	err = push(&e->all, &event);
	if (!err && notable)
		err = push(&e->notable, &event);
	free(lines);
	return err;
}

static void free_ring(struct top_ring *r)
{
	for (size_t i = 0; i < TOP_EVENTS_KEPT; i++)
		free(r->events[i].text);
}

void top_events__free(struct top_events *e)
{
	free_ring(&e->notable);
	free_ring(&e->all);
}
