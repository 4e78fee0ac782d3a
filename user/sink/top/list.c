// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * list.c - the events: below the tables one row each, and on a page of their own in full.
 *
 * The newest is at the bottom, as in a log. A person who has scrolled away stays where he is while
 * new ones arrive.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sink/top/private.h"

#define TAG_COL	       9 /* after "HH:MM:SS " */
#define BODY_COL       18
#define NARROW_COLUMNS 60

const struct top_ring *top_list__ring(const struct top *t)
{
	return t->verbose ? &t->events.all : &t->events.notable;
}

/* The id of the lowest that is shown; a place that has been overwritten moves up to the oldest. */
static uint64_t bottom_of(const struct top *t)
{
	const struct top_ring *r = top_list__ring(t);
	uint64_t first = top_ring__first(r);

	if (!t->bottom || t->bottom > r->last)
		return r->last;
	return t->bottom < first ? first : t->bottom;
}

void top_list__scroll(struct top *t, int64_t by)
{
	const struct top_ring *r = top_list__ring(t);
	uint64_t at = bottom_of(t), first = top_ring__first(r);

	if (by < 0)
		at = at - first > (uint64_t)-by ? at - (uint64_t)-by : first;
	else
		at += (uint64_t)by;
	/* At the end it follows again; so it does when it is paused, and no event is hidden. */
	t->bottom = at >= r->last ? 0 : at;
}

void top_list__home(struct top *t)
{
	uint64_t top = top_ring__first(top_list__ring(t)) + (uint64_t)(t->page_rows - 1);

	t->bottom = top;
	top_list__scroll(t, 0);
}

static void draw_stamp(struct top_grid *g, int row, const struct top_event *e)
{
	char clock[16];

	top_grid__put(g, row, 0, 8, TONE_DIM, top_clock(clock, sizeof(clock), e->ts_ns));
	if (g->cols >= NARROW_COLUMNS)
		top_grid__put(g, row, TAG_COL, BODY_COL - TAG_COL - 1, e->tone, e->tag);
}

static int body_column(const struct top_grid *g)
{
	return g->cols >= NARROW_COLUMNS ? BODY_COL : TAG_COL;
}

static void draw_line(struct top_grid *g, int row, const struct top_event *e)
{
	int col = body_column(g);
	char line[1024];

	snprintf(line, sizeof(line), "%.*s", (int)strcspn(e->text, "\n"), e->text);
	draw_stamp(g, row, e);
	top_grid__put(g, row, col, g->cols - col, e->tone, line);
}

static void draw_heading(const struct top *t, struct top_grid *g, int row, uint64_t bottom)
{
	const struct top_ring *r = top_list__ring(t);
	const char *what = t->verbose ? "EVENTS, every request" : "EVENTS";

	if (bottom < r->last)
		top_grid__printf(g, row, 0, g->cols, TONE_HEADING, "%s, %" PRIu64 " newer below",
				 what, r->last - bottom);
	else
		top_grid__put(g, row, 0, g->cols, TONE_HEADING, what);
	top_grid__paint(g, row, TONE_HEADING);
}

void top_list__draw(struct top *t, struct top_grid *g, struct top_area area, bool heading)
{
	const struct top_ring *r = top_list__ring(t);
	uint64_t bottom = bottom_of(t), id;

	if (heading && area.rows > 0) {
		draw_heading(t, g, area.row++, bottom);
		area.rows--;
	}
	if (area.rows <= 0)
		return;
	t->page_rows = area.rows;
	if (!r->last) {
		top_grid__put(g, area.row, 0, g->cols, TONE_DIM, "none yet");
		return;
	}
	id = bottom > (uint64_t)area.rows ? bottom - (uint64_t)area.rows + 1 : 1;
	for (; id <= bottom; id++) {
		const struct top_event *e = top_ring__get(r, id);

		if (e)
			draw_line(g, area.row++, e);
	}
}

static struct top_wrap event_wrapping(const struct top_grid *g, enum entry_kind kind)
{
	int col = body_column(g), hang = kind == ENTRY_HINT ? (int)strlen(entry__label(kind)) : 0;

	return (struct top_wrap){.col = col + hang, .width = g->cols - col - hang, .first = col};
}

/* In full, in the rows before `end`; dry: nothing is drawn. Returns the rows it takes in all. */
static int draw_event(struct top_grid *g, const struct top_event *e, int row, int end, bool dry)
{
	const char *text = e->text;
	int rows = 0;

	for (size_t i = 0; *text || !rows; i++) {
		size_t len = strcspn(text, "\n");
		struct top_wrap how = event_wrapping(g, e->kinds[i]);
		char line[1024];

		snprintf(line, sizeof(line), "%s%.*s", entry__label(e->kinds[i]), (int)len, text);
		how.row = row + rows;
		how.style = rows == 0 ? e->tone : TONE_PLAIN;
		how.rows = dry || end <= how.row ? 0 : end - how.row;
		if (rows == 0 && !dry)
			draw_stamp(g, row, e);
		rows += top_grid__wrap(g, &how, line);
		text += len + (text[len] == '\n');
	}
	return rows;
}

void top_list__draw_page(struct top *t, struct top_grid *g, struct top_area area)
{
	const struct top_ring *r = top_list__ring(t);
	uint64_t bottom = bottom_of(t), id = bottom;
	int rows = 0, end;

	draw_heading(t, g, area.row++, bottom);
	area.rows--;
	t->page_rows = area.rows > 4 ? area.rows / 2 : 1;
	end = area.row + area.rows;
	/* Back from the lowest, as many as fit; at least that one. */
	for (const struct top_event *e; (e = top_ring__get(r, id)); id--) {
		int takes = draw_event(g, e, 0, 0, true);

		if (rows && rows + takes > area.rows)
			break;
		rows += takes;
	}
	if (!r->last)
		top_grid__put(g, area.row, 0, g->cols, TONE_DIM, "none yet");
	for (id++; id <= bottom && area.row < end; id++)
		area.row += draw_event(g, top_ring__get(r, id), area.row, end, false);
}
