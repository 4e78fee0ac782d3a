// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * text_status.c - what stands at the bottom of the terminal: every member's lease, running down.
 */
#include <inttypes.h>
#include <string.h>

#include "leasewatch/units.h"
#include "sink/text_private.h"

/* From the most telling to the shortest; the first that fits is shown. */
static const struct layout {
	int bar;
	const char *last; /* before the age of the last refresh; NULL = leave it out */
	bool via;
} layouts[] = {
	{12, "last keepalive", true},
	{6, "last keepalive", true},
	{6, "sent", true},
	{4, "sent", true},
	{6, "sent", false},
	{6, NULL, false},
};

struct status_line {
	char name[96]; /* "patroni1 leader" */
	char left[64]; /* " 24.1 s of 30 s" */
	int filled_of_1000;
	bool lease;
	enum text_color color;
};

/* One decimal below two minutes: a number that counts down must not change its shape. */
static const char *seconds(char buf[HUMAN_BYTES], int64_t ns)
{
	if (ns > -120 * NS_PER_S && ns < 120 * NS_PER_S)
		snprintf(buf, HUMAN_BYTES, "%.1f s", (double)ns / 1e9);
	else
		human_duration(buf, ns);
	return buf;
}

static void describe(const struct member_status *m, struct status_line *l)
{
	char who[64], d[HUMAN_BYTES];
	struct finding_who name_only = {.pid = m->who.pid, .member = m->who.member};

	memset(l, 0, sizeof(*l));
	snprintf(l->name, sizeof(l->name), "%s%s%s", text__who(&name_only, who, sizeof(who)),
		 m->who.role ? " " : "", m->who.role ? m->who.role : "");
	l->lease = m->remaining_ns != LW_UNKNOWN_REMAINING && m->ttl_s > 0;
	l->color = TEXT_GREEN;
	if (!l->lease)
		return;
	if (m->remaining_ns <= 0) {
		snprintf(l->left, sizeof(l->left), "ran out %s ago", seconds(d, -m->remaining_ns));
		l->color = TEXT_ALARM;
		return;
	}
	snprintf(l->left, sizeof(l->left), "%*s of %" PRId64 " s", m->ttl_s < 100 ? 6 : 7,
		 seconds(d, m->remaining_ns), m->ttl_s);
	l->filled_of_1000 = (int)((double)m->remaining_ns / 1e6 / (double)m->ttl_s);
	if (l->filled_of_1000 > 1000)
		l->filled_of_1000 = 1000;
	/* The same third at which a stall turns critical. */
	if (l->filled_of_1000 < 333)
		l->color = TEXT_ALARM;
	else if (m->stalled)
		l->color = TEXT_YELLOW;
}

static void put_bar(struct text_out *o, const struct status_line *l, int cells)
{
	int filled = (l->filled_of_1000 * cells + 500) / 1000;

	/* Empty is said only when it is empty. */
	if (!filled && l->filled_of_1000)
		filled = 1;
	for (int i = 0; i < cells; i++) {
		if (o->utf8)
			text_out__put(o, i < filled ? l->color : TEXT_DIM, "%s",
				      i < filled ? "\u2593" : "\u2591");
		else
			text_out__put(o, i < filled ? l->color : TEXT_DIM, "%c",
				      i < filled ? '#' : '.');
	}
}

static void put_last(struct text_out *o, const struct member_status *m, const struct layout *how)
{
	char where[160], d[HUMAN_BYTES];

	if (!how->last || m->since_sent_ns < 0)
		return;
	text_out__put(o, TEXT_PLAIN, "  %s %s ago", how->last, seconds(d, m->since_sent_ns));
	if (how->via && (m->where.endpoint || m->where.address))
		text_out__put(o, TEXT_PLAIN, " via %s",
			      finding_where_name(&m->where, where, sizeof(where)));
}

static void put_line(struct text_out *o, const struct member_status *m, const struct status_line *l,
		     int name_columns, const struct layout *how)
{
	text_out__put(o, TEXT_BOLD, "%s", l->name);
	text_out__to(o, name_columns + 2);
	if (!l->lease) {
		text_out__put(o, TEXT_PLAIN, "%s",
			      m->blind ? "lease unknown: TLS cannot be read"
			      : m->who.role && !strcmp(m->who.role, "replica")
				      ? "holds no lease"
				      : "lease not seen yet");
		put_last(o, m, how);
		return;
	}
	text_out__put(o, m->stalled ? TEXT_ALARM : TEXT_PLAIN, "%s ",
		      m->stalled ? "STALL" : "lease");
	put_bar(o, l, how->bar);
	text_out__put(o, l->color, " %s", l->left);
	put_last(o, m, how);
}

/* What a layout would take. */
static int measure(const struct text_out *o, const struct member_status *m,
		   const struct status_line *l, int name_columns, const struct layout *how)
{
	struct text_out dry = {.utf8 = o->utf8};

	put_line(&dry, m, l, name_columns, how);
	return dry.col;
}

static const struct layout *choose_layout(const struct text_out *o, const struct member_status *m,
					  size_t len, int name_columns, int width)
{
	for (size_t i = 0; i < ARRAY_LEN(layouts); i++) {
		bool fits = true;

		for (size_t k = 0; k < len && fits; k++) {
			struct status_line l;

			describe(&m[k], &l);
			fits = measure(o, &m[k], &l, name_columns, &layouts[i]) <= width;
		}
		if (fits)
			return &layouts[i];
	}
	return &layouts[ARRAY_LEN(layouts) - 1];
}

_Static_assert(STATUS_MEMBERS_MAX >= TEXT_STATUS_LINES, "what is shown must be there");

size_t text__status(struct text_out *o, const struct status *s, int width,
		    int columns[TEXT_STATUS_LINES])
{
	const struct member_status *members = s->members;
	size_t len = s->members_len + s->members_more;
	size_t shown = len <= TEXT_STATUS_LINES ? len : TEXT_STATUS_LINES - 1, lines = 0;
	const struct layout *how = &layouts[0];
	int name_columns = 0;
	struct status_line l;

	for (size_t i = 0; i < shown; i++) {
		int n;

		describe(&members[i], &l);
		n = text_out__columns(o, l.name);
		name_columns = n > name_columns ? n : name_columns;
	}
	if (width > 0) {
		/* The last column stays free: a terminal that has reached it may wrap. */
		o->limit = width > 1 ? width - 1 : 1;
		how = choose_layout(o, members, shown, name_columns, o->limit);
	}
	for (size_t i = 0; i < shown; i++) {
		if (lines)
			text_out__newline(o);
		describe(&members[i], &l);
		put_line(o, &members[i], &l, name_columns, how);
		columns[lines++] = o->col;
	}
	if (shown == len && len)
		return lines;
	if (lines)
		text_out__newline(o);
	if (len)
		text_out__put(o, TEXT_PLAIN, "and %zu more", len - shown);
	else
		text_out__put(o, TEXT_PLAIN, "waiting for a Patroni process");
	columns[lines++] = o->col;
	return lines;
}
