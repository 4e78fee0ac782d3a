// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * members.c - every member's lease, running out and being renewed.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/param.h>

#include "sink/top/private.h"

enum {
	COL_NAME,
	COL_ROLE,
	COL_STATE,
	COL_BAR,
	COL_LEFT,
	COL_TTL,
	COL_EVERY,
	COL_SENT,
	COL_VIA,
	COL_PID,
	COL_VERSION,
	COL_LEASE,
	COLS,
};

static const struct top_column all_columns[COLS] = {
	[COL_NAME] = {.title = "MEMBER", .least = 8},
	[COL_ROLE] = {.title = "ROLE", .least = 7, .most = 14, .drop = 3},
	[COL_STATE] = {.title = "STATE", .least = 5, .drop = 2},
	[COL_BAR] = {.title = "LEASE", .least = 8, .most = 40, .rest = true},
	[COL_LEFT] = {.title = "LEFT", .least = 8, .right = true},
	[COL_TTL] = {.title = "TTL", .least = 6, .right = true, .drop = 4},
	[COL_EVERY] = {.title = "EVERY", .least = 6, .right = true, .drop = 5},
	[COL_SENT] = {.title = "LAST SENT", .least = 12, .right = true, .drop = 7},
	[COL_VIA] = {.title = "THROUGH", .least = 14, .drop = 6},
	[COL_PID] = {.title = "PID", .least = 7, .right = true, .drop = 8},
	[COL_VERSION] = {.title = "PATRONI", .least = 7, .most = 8, .drop = 9},
	[COL_LEASE] = {.title = "LEASE ID", .least = 16, .drop = 10},
};

/* A bar that is worth its name, on screens from this width on. */
#define BAR_COLUMNS	 10
#define BAR_FROM_COLUMNS 70

#define NAME_COLUMNS	 16 /* of a long name that are kept before other columns go */

static void fit_members(const struct status *s, const struct top_grid *g,
			struct top_column columns[COLS])
{
	int name = 6, via = 7, role = 4;
	char buf[160];

	memcpy(columns, all_columns, sizeof(all_columns));
	for (size_t i = 0; i < s->members_len; i++) {
		const struct member_status *m = &s->members[i];

		name = MAX(name, top_grid__columns(g, finding_who_name(&m->who, buf, sizeof(buf))));
		finding_where_name(&m->where, buf, sizeof(buf));
		via = MAX(via, top_grid__columns(g, buf));
		if (m->who.role)
			role = MAX(role, top_grid__columns(g, m->who.role));
	}
	columns[COL_NAME].least = MIN(name, NAME_COLUMNS);
	columns[COL_NAME].most = MIN(name, 40);
	columns[COL_ROLE].least = MIN(role, 7);
	columns[COL_ROLE].most = MIN(role, 14);
	columns[COL_VIA].least = MIN(via, NAME_COLUMNS);
	columns[COL_VIA].most = MIN(via, 48);
	if (g->cols >= BAR_FROM_COLUMNS)
		columns[COL_BAR].least = BAR_COLUMNS;
	top_table__fit(columns, COLS, g->cols);
}

static bool holds_a_lease(const struct member_status *m)
{
	return m->remaining_ns != LW_UNKNOWN_REMAINING && m->ttl_s > 0 && m->remaining_ns > 0;
}

static enum tone lease_style(const struct member_status *m)
{
	if (top_is_short(m))
		return TONE_ALARM;
	return m->stalled ? TONE_WARN : TONE_GOOD;
}

static void draw_bar(struct top_grid *g, int row, const struct top_column *c,
		     const struct member_status *m)
{
	double share = (double)m->remaining_ns / 1e9 / (double)m->ttl_s;
	int filled = (int)(share * c->width + 0.5);
	enum tone style = lease_style(m);

	filled = MIN(filled, c->width);
	/* Empty is said only when it is empty. */
	filled = MAX(filled, m->remaining_ns > 0);
	for (int i = 0; i < c->width; i++) {
		const char *block = i < filled ? "#" : ".";

		if (g->utf8)
			block = i < filled ? "\u2593" : "\u2591";
		top_grid__put(g, row, c->at + i, 1, i < filled ? style : TONE_DIM, block);
	}
}

/* In the place of the bar and the seconds: why there are none. */
static const char *without_bar(const struct member_status *m, char *buf, size_t size)
{
	char d[HUMAN_BYTES];

	if (m->remaining_ns == LW_UNKNOWN_REMAINING || m->ttl_s <= 0)
		snprintf(buf, size, "%s",
			 m->stalled					  ? "time unknown"
			 : m->blind					  ? "TLS not readable"
			 : m->who.role && !strcmp(m->who.role, "replica") ? "holds no lease"
									  : "not seen yet");
	else
		snprintf(buf, size, "RAN OUT %s ago", top_seconds(d, -m->remaining_ns));
	return buf;
}

static void draw_lease(struct top_grid *g, int row, const struct top_column columns[COLS],
		       const struct member_status *m)
{
	const struct top_column *bar = &columns[COL_BAR], *left = &columns[COL_LEFT];
	bool known = m->remaining_ns != LW_UNKNOWN_REMAINING && m->ttl_s > 0;
	char text[64], d[HUMAN_BYTES];

	if (holds_a_lease(m)) {
		draw_bar(g, row, bar, m);
		top_table__put(g, row, left, lease_style(m), top_seconds(d, m->remaining_ns));
		return;
	}
	top_grid__put(g, row, bar->at, left->at + left->width - bar->at,
		      known || m->stalled ? TONE_ALARM : TONE_DIM,
		      without_bar(m, text, sizeof(text)));
}

static void draw_member(struct top_grid *g, int row, const struct top_column columns[COLS],
			const struct member_status *m)
{
	char buf[160], d[HUMAN_BYTES];

	top_table__put(g, row, &columns[COL_NAME], m->stalled ? TONE_ALARM : TONE_BOLD,
		       finding_who_name(&m->who, buf, sizeof(buf)));
	top_table__put(g, row, &columns[COL_ROLE], TONE_PLAIN, m->who.role ? m->who.role : "-");
	top_table__put(g, row, &columns[COL_STATE], m->stalled ? TONE_ALARM : TONE_GOOD,
		       m->stalled	  ? "STALL"
		       : holds_a_lease(m) ? "ok"
					  : "-");
	draw_lease(g, row, columns, m);
	if (m->ttl_s > 0) {
		snprintf(buf, sizeof(buf), "%" PRId64 " s", m->ttl_s);
		top_table__put(g, row, &columns[COL_TTL], TONE_PLAIN, buf);
	}
	if (m->cadence_ns > 0)
		top_table__put(g, row, &columns[COL_EVERY], TONE_PLAIN,
			       top_seconds(d, m->cadence_ns));
	if (m->since_sent_ns >= 0) {
		snprintf(buf, sizeof(buf), "%s ago", top_seconds(d, m->since_sent_ns));
		top_table__put(g, row, &columns[COL_SENT], TONE_PLAIN, buf);
	}
	if (m->where.endpoint || m->where.address)
		top_table__put(g, row, &columns[COL_VIA], TONE_PLAIN,
			       finding_where_name(&m->where, buf, sizeof(buf)));
	if (m->who.pid) {
		snprintf(buf, sizeof(buf), "%u", m->who.pid);
		top_table__put(g, row, &columns[COL_PID], TONE_PLAIN, buf);
	}
	if (m->who.version)
		top_table__put(g, row, &columns[COL_VERSION], TONE_PLAIN, m->who.version);
	if (m->lease_id) {
		snprintf(buf, sizeof(buf), "%" PRIx64, m->lease_id);
		top_table__put(g, row, &columns[COL_LEASE], TONE_PLAIN, buf);
	}
}

void top_members__draw(const struct top *t, struct top_grid *g, struct top_area area, bool heading)
{
	const struct status *s = &t->shown.status;
	const struct member_status *worst = top_finding__worst(s);
	size_t all = s->members_len + s->members_more, shown = 0, room;
	struct top_column columns[COLS];
	int row = area.row;

	fit_members(s, g, columns);
	if (heading && area.rows > 0)
		top_table__heading(g, row++, columns, COLS);
	room = row < area.row + area.rows ? (size_t)(area.row + area.rows - row) : 0;
	/* The last row counts those that are not shown, unless it is the only one. */
	if (room < all && room > 1)
		room--;
	/* With too little room for all, the one in trouble comes first. */
	if (room < s->members_len && room && worst) {
		draw_member(g, row++, columns, worst);
		shown++;
	} else {
		worst = NULL;
	}
	for (size_t i = 0; i < s->members_len && shown < room; i++) {
		if (&s->members[i] == worst)
			continue;
		draw_member(g, row++, columns, &s->members[i]);
		shown++;
	}
	if (shown < all && row < area.row + area.rows)
		top_grid__printf(g, row, 0, g->cols, TONE_DIM, "and %zu more", all - shown);
}
