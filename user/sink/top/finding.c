// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * finding.c - what is the matter, why, and what to do: the top of the screen.
 *
 * It is a few paragraphs. When room is short they lose rows in this order: the evidence, the cause,
 * the end of the hint; the sentence on what is the matter goes last.
 */
#include <stdio.h>
#include <string.h>

#include "leasewatch/units.h"
#include "sink/top/private.h"

/* Longer lines are hard to read. */
#define TEXT_COLUMNS   120
#define TAG_COLUMNS    7
#define NARROW_COLUMNS 60 /* below, text begins in the first column */
#define PARAGRAPHS_MAX 6

struct paragraph {
	const char *tag;
	enum top_style tag_style, style;
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

static struct paragraph *add(struct finding_text *t, const char *tag, enum top_style tag_style,
			     enum top_style style, int rank)
{
	struct paragraph *p = &t->paragraphs[t->len];

	if (t->len + 1 < PARAGRAPHS_MAX) /* else the last one is overwritten */
		t->len++;
	p->tag = tag;
	p->tag_style = tag_style;
	p->style = style;
	p->rank = rank;
	p->text[0] = '\0';
	return p;
}

static void append(struct paragraph *p, const char *text)
{
	size_t len = strlen(p->text);

	snprintf(p->text + len, sizeof(p->text) - len, "%s", text);
}

/* "http.response.status_code" as "status code", "tcp.srtt_s" as "tcp srtt". */
static void spell_key(char *buf, size_t size, const char *key)
{
	static const char *const families[] = {"http.response.", "etcd."};

	for (size_t i = 0; i < ARRAY_LEN(families); i++)
		if (!strncmp(key, families[i], strlen(families[i])))
			key += strlen(families[i]);
	snprintf(buf, size, "%s", key);
	for (char *c = buf; *c; c++)
		if (*c == '_' || *c == '.')
			*c = ' ';
}

/* "tcp.in_flight_s": 7.05 becomes "tcp in flight: 7.05 s". */
static void append_evidence(struct paragraph *p, const struct evidence *e)
{
	char key[96], d[HUMAN_BYTES], text[400];
	size_t len;

	spell_key(key, sizeof(key), e->key);
	len = strlen(key);
	if (e->text) {
		snprintf(text, sizeof(text), "%s: %s", key, e->text);
	} else if (len > 2 && !strcmp(key + len - 2, " s") && e->number > -9e9 && e->number < 9e9) {
		key[len - 2] = '\0';
		snprintf(text, sizeof(text), "%s: %s", key,
			 human_duration(d, (int64_t)(e->number * 1e9)));
	} else {
		snprintf(text, sizeof(text), "%s: %g", key, e->number);
	}
	if (p->text[0])
		append(p, "; ");
	append(p, text);
}

/* Rows are dear: what the headline has quoted is not said twice. */
static bool is_quoted(const struct finding_stall *s, const struct evidence *e)
{
	return !strcmp(e->key, "etcd.error.message") && s->headline && strstr(s->headline, e->text);
}

/* Words tell more than numbers: they come first, should the end be cut. */
static void add_evidence(struct finding_text *t, const struct finding_stall *s)
{
	struct paragraph *p = add(t, "", TOP_PLAIN, TOP_PLAIN, 3);

	for (int numbers = 0; numbers < 2; numbers++)
		for (size_t i = 0; i < s->evidence_len && i < EVIDENCE_MAX; i++) {
			const struct evidence *e = &s->evidence[i];

			if (numbers ? e->text != NULL : !e->text || is_quoted(s, e))
				continue;
			append_evidence(p, e);
		}
}

static void add_cause(struct finding_text *t, const struct member_status *m, size_t stalled)
{
	const char *cause = enum_name(&cause_names, m->stall.cause);
	const char *severity = enum_name(&stall_severity_names, m->stall.severity);
	struct paragraph *p = add(t, "cause", TOP_BOLD, TOP_PLAIN, 2);
	char who[160], where[160], text[256];

	append(p, cause ? cause : "unknown");
	if (m->stall_where.endpoint || m->stall_where.address) {
		snprintf(text, sizeof(text), " at %s",
			 finding_where_name(&m->stall_where, where, sizeof(where)));
		append(p, text);
	}
	snprintf(text, sizeof(text), ", %s: %s%s%s", severity ? severity : "unknown",
		 text__who(&m->who, who, sizeof(who)), m->who.role ? ", " : "",
		 m->who.role ? m->who.role : "");
	append(p, text);
	if (stalled > 1) {
		snprintf(text, sizeof(text), " (and %zu more stalled)", stalled - 1);
		append(p, text);
	}
}

static void add_stall(struct finding_text *t, const struct top *top, const struct member_status *m)
{
	enum top_style style = top_severity_style(m->stall.severity);
	struct paragraph *p = add(t, "STALL", style, style, 0);
	char who[160], text[256];

	if (m->stall.headline) {
		append(p, m->stall.headline);
	} else {
		snprintf(text, sizeof(text), "the lease of %s is not being renewed",
			 text__who(&m->who, who, sizeof(who)));
		append(p, text);
	}
	add_cause(t, m, top->live.stalled);
	if (m->stall.evidence_len)
		add_evidence(t, &m->stall);
	if (m->stall.hint)
		append(add(t, "->", TOP_BOLD, TOP_BOLD, 1), m->stall.hint);
}

static void add_last_stall(struct finding_text *t, const struct top_last_stall *l)
{
	static const char *const results[STALL_RESULTS] = {
		[STALL_RECOVERED] = "recovered",
		[STALL_RESULT_EXPIRED] = "EXPIRED, the lease was lost,",
		[STALL_EXITED] = "Patroni went away",
		[STALL_ONGOING] = "not over",
	};
	char d[HUMAN_BYTES], clock[16], text[480];
	const char *cause = enum_name(&cause_names, l->cause);

	if (!l->ended_ns || (unsigned int)l->result >= STALL_RESULTS)
		return;
	snprintf(text, sizeof(text), "stall of %s: %s after %s; cause: %s%s%s", l->who,
		 results[l->result], top_duration(d, l->duration_ns), cause ? cause : "unknown",
		 l->where[0] ? " at " : "", l->where);
	append(add(t, "before", TOP_DIM, TOP_PLAIN, 1),
	       top_clock(clock, sizeof(clock), l->ended_ns));
	append(&t->paragraphs[t->len - 1], "  ");
	append(&t->paragraphs[t->len - 1], text);
}

/* An endpoint that is ill while the leases are well: the next stall may come from there. */
static void add_ill_endpoints(struct finding_text *t, const struct status *s)
{
	char where[160], text[480];

	for (size_t i = 0; i < s->endpoints_len && t->len < 3; i++) {
		const struct endpoint_status *e = &s->endpoints[i];

		if (!top_is_ill(e->state) || !e->sentence)
			continue;
		snprintf(text, sizeof(text), "%s is %s: %s",
			 finding_where_name(&e->where, where, sizeof(where)),
			 enum_name(&endpoint_state_names, e->state), e->sentence);
		append(add(t, "note", TOP_WARN, TOP_WARN, 0), text);
	}
}

static void compose(struct finding_text *t, const struct top *top)
{
	const struct status *s = &top->shown.status;
	const struct member_status *m = top_finding__worst(s);

	t->len = 0;
	if (m) {
		add_stall(t, top, m);
		return;
	}
	if (!s->members_len)
		append(add(t, "", TOP_PLAIN, TOP_PLAIN, 0),
		       top->seen
			       ? "The Patroni that was watched has gone; waiting for one to start."
			       : "No Patroni runs here yet; waiting for one to start.");
	add_ill_endpoints(t, s);
	add_last_stall(t, &top->last_stall);
}

static struct top_wrap wrapping(const struct top_grid *g)
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

static void measure(struct finding_text *t, struct top_grid *g)
{
	struct top_wrap how = wrapping(g);

	for (size_t i = 0; i < t->len; i++) {
		how.first = first_column(&how, &t->paragraphs[i]);
		t->paragraphs[i].want = top_grid__wrap(g, &how, t->paragraphs[i].text);
	}
}

void top_finding__rows(const struct top *top, struct top_grid *g, int *brief, int *full)
{
	struct finding_text t;

	compose(&t, top);
	measure(&t, g);
	*brief = *full = 0;
	for (size_t i = 0; i < t.len; i++) {
		*full += t.paragraphs[i].want;
		if (t.paragraphs[i].rank < 3)
			*brief += t.paragraphs[i].want;
	}
}

static void share(struct finding_text *t, int rows)
{
	for (int rank = 0; rank <= 3; rank++)
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
	struct top_wrap how = wrapping(g);
	struct finding_text t;

	compose(&t, top);
	measure(&t, g);
	share(&t, area.rows);
	how.row = area.row;
	for (size_t i = 0; i < t.len; i++) {
		const struct paragraph *p = &t.paragraphs[i];

		if (!p->rows)
			continue;
		how.rows = p->rows;
		how.style = p->style;
		how.first = first_column(&how, p);
		top_grid__put(g, how.row, 0, g->cols, p->tag_style, p->tag);
		top_grid__wrap(g, &how, p->text);
		how.row += p->rows;
	}
}
