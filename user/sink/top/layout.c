// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * layout.c - which part of the live screen gets which rows.
 *
 * When rows are short: the finding first, then the leases, the endpoints, DNS, headings; events and
 * the evidence share what is left.
 */
#include <sys/param.h>

#include "sink/top/private.h"

#define KEYS_FROM_ROWS	 12 /* a lower screen does without the line of keys */
#define EVENTS_ROWS	 4  /* heading and three events, before evidence gets more */
#define EVIDENCE_ROWS	 2  /* of evidence, on a screen lower than: */
#define TALL_ROWS	 36
#define BLANKS_FROM_ROWS 16 /* left over, so that tables may stand apart */

struct plan {
	int finding, members, endpoints; /* rows; of the tables without their headings */
	bool headings, in_flight, dns, blanks;
	int events;
};

static int take_rows(int *left, int rows)
{
	rows = rows < 0 ? 0 : MIN(rows, *left);
	*left -= rows;
	return rows;
}

static struct plan make_plan(const struct top *t, struct top_grid *g, int rows)
{
	const struct status *s = &t->shown.status;
	int members = (int)s->members_len + (s->members_more > 0);
	int endpoints = (int)s->endpoints_len + (s->endpoints_more > 0);
	int brief, full, left = rows;
	struct plan p = {0};

	top_finding__rows(t, g, &brief, &full);
	p.finding = take_rows(&left, MIN(brief, rows - (members > 0)));
	p.members = take_rows(&left, MIN(members, left / 2 > 1 ? left / 2 : 1));
	p.endpoints = take_rows(&left, endpoints);
	p.members += take_rows(&left, members - p.members);
	p.in_flight = endpoints && !top_endpoints__shows_in_flight(t, g) && take_rows(&left, 1);
	p.dns = members && take_rows(&left, 1);
	p.headings = members && left >= 2 && take_rows(&left, 1 + (endpoints > 0));
	if (left > EVENTS_ROWS) {
		int most = rows < TALL_ROWS ? EVIDENCE_ROWS : rows;

		p.finding += take_rows(&left, MIN(MIN(full - brief, most), left - EVENTS_ROWS));
	}
	p.blanks = left >= BLANKS_FROM_ROWS;
	p.events = left;
	return p;
}

static int draw_tables(const struct top *t, struct top_grid *g, const struct plan *p, int row)
{
	struct top_area area = {.row = row};

	if (p->members) {
		area.rows = p->members + p->headings;
		top_members__draw(t, g, area, p->headings);
		area.row += area.rows + p->blanks;
	}
	if (p->endpoints) {
		area.rows = p->endpoints + p->headings;
		top_endpoints__draw(t, g, area, p->headings);
		area.row += area.rows + p->blanks;
	}
	if (p->in_flight)
		top_in_flight__draw(t, g, area.row++);
	if (p->dns)
		top_dns__draw(t, g, area.row++);
	return area.row;
}

static void draw_main(struct top *t, struct top_grid *g, struct top_area area)
{
	struct plan p = make_plan(t, g, area.rows);
	int row = area.row, end = area.row + area.rows;

	if (p.finding) {
		top_finding__draw(t, g, (struct top_area){row + p.blanks, p.finding});
		row += p.finding + 2 * p.blanks;
	}
	row = draw_tables(t, g, &p, row);
	row += p.blanks;
	/* A heading over nothing is a row wasted. */
	if (end > row)
		top_list__draw(t, g, (struct top_area){row, end - row}, end - row > 1);
}

void top_layout__draw(struct top *t, uint64_t now_ns, struct top_grid *g)
{
	bool keys = g->rows >= KEYS_FROM_ROWS;
	struct top_area body = {.row = 1, .rows = g->rows - 1 - keys};

	top_head__draw(t, now_ns, g, 0);
	if (keys)
		top_keys__draw(t, g, g->rows - 1);
	if (body.rows <= 0)
		return;
	if (t->page == TOP_HELP)
		top_help__draw(g, body);
	else if (t->page == TOP_EVENTS)
		top_list__draw_page(t, g, body);
	else
		draw_main(t, g, body);
}
