// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * finding.c - what is the matter, why, and what to do: the top of the screen.
 *
 * It is a few paragraphs. When room is short they lose rows in this order: the evidence, the cause,
 * the end of the hint; the sentence on what is the matter goes last.
 */
#include <stdio.h>
#include <string.h>

#include "base/append.h"
#include "leasewatch/units.h"
#include "sink/top/private.h"

/* Longer lines are hard to read. */
#define TEXT_COLUMNS   120
#define TAG_COLUMNS    7
#define NARROW_COLUMNS 60 /* below, text begins in the first column */
#define PARAGRAPHS_MAX 6
#define RANK_EVIDENCE  3

struct paragraph {
	const char *tag;
	enum tone tag_tone, tone;
	char text[1024];
	int rank; /* who gets rows first: 0, 1, ... */
	int want, rows;
};

struct finding_text {
	size_t len;
	struct paragraph paragraphs[PARAGRAPHS_MAX];
};

const struct member_status *top_finding__worst(const struct status *s)
{
	const struct member_status *worst = NULL;

	for (size_t i = 0; i < s->members_len; i++) {
		const struct member_status *m = &s->members[i];
		int64_t left = m->remaining_ns, least = worst ? worst->remaining_ns : INT64_MAX;

		if (left == LW_UNKNOWN_REMAINING)
			left = INT64_MAX;
		if (least == LW_UNKNOWN_REMAINING)
			least = INT64_MAX;
		if (m->stalled && (!worst || left < least))
			worst = m;
	}
	return worst;
}

/* Another paragraph; the last one is overwritten when there are too many. */
static struct paragraph *add_paragraph(struct finding_text *t, const char *tag, enum tone tag_tone,
				       enum tone tone, int rank)
{
	struct paragraph *p = &t->paragraphs[t->len];

	if (t->len + 1 < PARAGRAPHS_MAX)
		t->len++;
	*p = (struct paragraph){.tag = tag, .tag_tone = tag_tone, .tone = tone, .rank = rank};
	return p;
}

/* The entry of the stall as it stands now, a paragraph a line. */
static void add_stall(struct finding_text *t, const struct top *top, const struct member_status *m)
{
	static const struct {
		const char *tag;
		int rank;
	} kinds[] = {
		[ENTRY_TEXT] = {"STALL", 0},
		[ENTRY_HINT] = {"->", 1},
		[ENTRY_CAUSE] = {"cause", 2},
		[ENTRY_EVIDENCE] = {"", RANK_EVIDENCE},
	};
	struct finding f = {
		.type = FINDING_STALL, .who = m->who, .where = m->stall_where, .stall = m->stall};
	struct entries one = {.several = true, .utf8 = top->opts.utf8};
	const struct entry *e;

	f.stall.phase = STALL_BEGIN;
	e = entries__add(&one, &f);
	for (size_t i = 0; i < e->lines_len; i++) {
		enum entry_kind kind = e->lines[i].kind;
		enum tone tone = kind == ENTRY_TEXT   ? e->tone
				 : kind == ENTRY_HINT ? TONE_BOLD
						      : TONE_PLAIN;
		struct paragraph *p =
			add_paragraph(t, kinds[kind].tag, kind == ENTRY_TEXT ? e->tone : TONE_BOLD,
				      tone, kinds[kind].rank);

		top_line(e, i, one.utf8, p->text, sizeof(p->text));
		if (kind == ENTRY_CAUSE && top->live.stalled > 1)
			text_append(p->text, sizeof(p->text), "; %zu more member%s stalled",
				    top->live.stalled - 1, top->live.stalled == 2 ? "" : "s");
	}
}

static void add_last_stall(struct finding_text *t, const struct top_last_stall *l)
{
	struct paragraph *p;
	char clock[16];

	if (!l->ended_ns)
		return;
	p = add_paragraph(t, "ended", TONE_DIM, TONE_PLAIN, 1);
	text_append(p->text, sizeof(p->text), "%s  stall %s",
		    top_clock(clock, sizeof(clock), l->ended_ns), l->end);
	if (l->cause[0])
		text_append(p->text, sizeof(p->text), "; cause: %s", l->cause);
}

/* An endpoint that is ill while the leases are well: the next stall may come from there. */
static void add_ill_endpoints(struct finding_text *t, const struct top *top, const struct status *s)
{
	struct entry e;

	for (size_t i = 0; i < s->endpoints_len && t->len < 3; i++) {
		const struct endpoint_status *ill = &s->endpoints[i];
		struct finding_endpoint now = {.state = ill->state, .sentence = ill->sentence};
		struct paragraph *p;

		if (!top_is_ill(ill->state) || !ill->sentence)
			continue;
		entry__begin(&e, 0, TONE_WARN, "note");
		entry__add_state(&e, &ill->where, &now);
		p = add_paragraph(t, e.tag, e.tone, e.tone, 0);
		top_line(&e, 0, top->opts.utf8, p->text, sizeof(p->text));
	}
}

static void compose_box(struct finding_text *t, const struct top *top)
{
	const struct status *s = &top->shown.status;
	const struct member_status *m = top_finding__worst(s);

	t->len = 0;
	if (m) {
		add_stall(t, top, m);
		return;
	}
	if (!s->members_len) {
		struct paragraph *p = add_paragraph(t, "", TONE_PLAIN, TONE_PLAIN, 0);

		snprintf(p->text, sizeof(p->text), "%s",
			 top->seen ? "Patroni has exited; waiting for it to start again."
				   : "No Patroni runs here yet; waiting for one to start.");
	}
	add_ill_endpoints(t, top, s);
	add_last_stall(t, &top->last_stall);
}

static struct top_wrap box_wrapping(const struct top_grid *g)
{
	bool narrow = g->cols < NARROW_COLUMNS;
	int cols = g->cols < TEXT_COLUMNS ? g->cols : TEXT_COLUMNS;

	return (struct top_wrap){.col = narrow ? 0 : TAG_COLUMNS,
				 .width = narrow ? cols : cols - TAG_COLUMNS};
}

/* Where the text begins in the first row: behind the tag. */
static int first_column(const struct top_wrap *how, const struct paragraph *p)
{
	return how->col || !p->tag[0] ? how->col : (int)strlen(p->tag) + 1;
}

static void measure_box(struct finding_text *t, struct top_grid *g)
{
	struct top_wrap how = box_wrapping(g);

	for (size_t i = 0; i < t->len; i++) {
		how.first = first_column(&how, &t->paragraphs[i]);
		t->paragraphs[i].want = top_grid__wrap(g, &how, t->paragraphs[i].text);
	}
}

void top_finding__rows(const struct top *top, struct top_grid *g, int *brief, int *full)
{
	struct finding_text t;

	compose_box(&t, top);
	measure_box(&t, g);
	*brief = *full = 0;
	for (size_t i = 0; i < t.len; i++) {
		*full += t.paragraphs[i].want;
		if (t.paragraphs[i].rank < RANK_EVIDENCE)
			*brief += t.paragraphs[i].want;
	}
}

static void share_rows(struct finding_text *t, int rows)
{
	for (int rank = 0; rank <= RANK_EVIDENCE; rank++)
		for (size_t i = 0; i < t->len; i++) {
			struct paragraph *p = &t->paragraphs[i];

			if (p->rank != rank)
				continue;
			p->rows = p->want < rows ? p->want : rows;
			rows -= p->rows;
		}
}

void top_finding__draw(const struct top *top, struct top_grid *g, struct top_area area)
{
	struct top_wrap how = box_wrapping(g);
	struct finding_text t;

	compose_box(&t, top);
	measure_box(&t, g);
	share_rows(&t, area.rows);
	how.row = area.row;
	for (size_t i = 0; i < t.len; i++) {
		const struct paragraph *p = &t.paragraphs[i];

		if (!p->rows)
			continue;
		how.rows = p->rows;
		how.style = p->tone;
		how.first = first_column(&how, p);
		top_grid__put(g, how.row, 0, g->cols, p->tag_tone, p->tag);
		top_grid__wrap(g, &how, p->text);
		how.row += p->rows;
	}
}
