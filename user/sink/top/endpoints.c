// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * endpoints.c - every etcd endpoint: what works through it, how fast, and what waits for it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "leasewatch/units.h"
#include "sink/top/private.h"

enum {
	COL_NAME,
	COL_STATE,
	COL_MATRIX, /* one for each column of the matrix */
	COL_LAST = COL_MATRIX + MATRIX_COLUMNS,
	COL_P50,
	COL_P99,
	COL_MAX,
	COL_REQUESTS,
	COL_FAILED,
	COL_IN_FLIGHT,
	COLS,
};

/* From here on, words and numbers are written out. */
#define ROOMY_COLUMNS 150
#define NAME_COLUMNS  16
/* A request that is younger is no news. */
#define IN_FLIGHT_NS (NS_PER_S / 4)

static const struct top_column tight[COLS] = {
	[COL_NAME] = {.title = "ENDPOINT"},
	[COL_STATE] = {.title = "STATE", .least = 12},
	[COL_MATRIX + MATRIX_CONNECT] = {.title = "CONN", .least = 4, .drop = 3},
	[COL_MATRIX + MATRIX_READ] = {.title = "READ", .least = 4, .drop = 4},
	[COL_MATRIX + MATRIX_WRITE] = {.title = "WRITE", .least = 5, .drop = 5},
	[COL_MATRIX + MATRIX_KEEPALIVE] = {.title = "KEEP", .least = 4},
	[COL_MATRIX + MATRIX_WATCH] = {.title = "WATCH", .least = 5, .drop = 7},
	[COL_MATRIX + MATRIX_TLS] = {.title = "TLS", .least = 4},
	[COL_LAST] = {.title = "LAST", .least = 5, .right = true, .drop = 2},
	[COL_P50] = {.title = "P50", .least = 5, .right = true, .drop = 8},
	[COL_P99] = {.title = "P99", .least = 5, .right = true, .drop = 6},
	[COL_MAX] = {.title = "MAX", .least = 5, .right = true, .drop = 9},
	[COL_REQUESTS] = {.title = "REQS", .least = 6, .right = true, .drop = 11},
	[COL_FAILED] = {.title = "FAILED", .least = 6, .right = true, .drop = 10},
	[COL_IN_FLIGHT] = {.title = "IN FLIGHT", .least = 24, .most = 30, .rest = true, .drop = 12},
};

static const struct top_column roomy[COLS] = {
	[COL_NAME] = {.title = "ENDPOINT"},
	[COL_STATE] = {.title = "STATE", .least = 12},
	[COL_MATRIX + MATRIX_CONNECT] = {.title = "CONNECT", .least = 11},
	[COL_MATRIX + MATRIX_READ] = {.title = "READ", .least = 9},
	[COL_MATRIX + MATRIX_WRITE] = {.title = "WRITE", .least = 9},
	[COL_MATRIX + MATRIX_KEEPALIVE] = {.title = "KEEPALIVE", .least = 9},
	[COL_MATRIX + MATRIX_WATCH] = {.title = "WATCH", .least = 9},
	[COL_MATRIX + MATRIX_TLS] = {.title = "TLS", .least = 9},
	[COL_LAST] = {.title = "LAST", .least = 8, .right = true},
	[COL_P50] = {.title = "P50", .least = 8, .right = true},
	[COL_P99] = {.title = "P99", .least = 8, .right = true},
	[COL_MAX] = {.title = "MAX", .least = 8, .right = true},
	[COL_REQUESTS] = {.title = "REQUESTS", .least = 8, .right = true, .drop = 2},
	[COL_FAILED] = {.title = "FAILED", .least = 6, .right = true, .drop = 1},
	[COL_IN_FLIGHT] = {.title = "IN FLIGHT", .least = 28, .most = 48, .rest = true},
};

/* Only where some requests cannot be read. */
static bool is_blind(const struct status *s)
{
	for (size_t i = 0; i < s->endpoints_len; i++)
		if (s->endpoints[i].matrix[MATRIX_TLS] != CELL_UNKNOWN)
			return true;
	return false;
}

static void fit_endpoints(const struct status *s, const struct top_grid *g,
			  struct top_column columns[COLS])
{
	bool room = g->cols >= ROOMY_COLUMNS;
	int name = 8;
	char buf[160];

	memcpy(columns, room ? roomy : tight, sizeof(tight));
	for (size_t i = 0; i < s->endpoints_len; i++) {
		int n = top_grid__columns(
			g, finding_where_name(&s->endpoints[i].where, buf, sizeof(buf)));

		name = n > name ? n : name;
	}
	if (!is_blind(s))
		columns[COL_MATRIX + MATRIX_TLS] = (struct top_column){0};
	columns[COL_NAME].least = name < NAME_COLUMNS ? name : NAME_COLUMNS;
	columns[COL_NAME].most = name < 60 ? name : 60;
	top_table__fit(columns, COLS, g->cols);
}

bool top_endpoints__shows_in_flight(const struct top *t, const struct top_grid *g)
{
	struct top_column columns[COLS];

	fit_endpoints(&t->shown.status, g, columns);
	return columns[COL_IN_FLIGHT].width > 0;
}

static bool has_waited(const struct endpoint_status *e)
{
	return e->in_flight && e->oldest_ns >= IN_FLIGHT_NS;
}

static const char *say_in_flight(const struct endpoint_status *e, char *buf, size_t size)
{
	char d[HUMAN_BYTES], more[32] = "";

	if (e->in_flight > 1)
		snprintf(more, sizeof(more), ", %zu more", e->in_flight - 1);
	snprintf(buf, size, "%s for %s%s", e->oldest_rpc ? e->oldest_rpc : "request",
		 top_seconds(d, e->oldest_ns), more);
	return buf;
}

static void draw_latencies(struct top_grid *g, int row, const struct top_column columns[COLS],
			   const struct endpoint_status *e)
{
	const char *(*spell)(char *buf, int64_t ns) =
		g->cols >= ROOMY_COLUMNS ? top_duration : top_latency;
	const int64_t values[] = {e->last_ns, e->p50_ns, e->p99_ns, e->max_ns};
	char d[HUMAN_BYTES];

	for (int i = 0; i < 4; i++)
		top_table__put(g, row, &columns[COL_LAST + i], TONE_PLAIN, spell(d, values[i]));
}

static void draw_endpoint(struct top_grid *g, int row, const struct top_column columns[COLS],
			  const struct endpoint_status *e)
{
	const char *state = enum_name(&endpoint_state_names, e->state);
	bool room = g->cols >= ROOMY_COLUMNS;
	char buf[160];

	top_table__put(g, row, &columns[COL_NAME], e->in_use ? TONE_BOLD : TONE_PLAIN,
		       finding_where_name(&e->where, buf, sizeof(buf)));
	top_table__put(g, row, &columns[COL_STATE], tone__state(e->state), state ? state : "-");
	for (int i = 0; i < MATRIX_COLUMNS; i++)
		top_table__put(g, row, &columns[COL_MATRIX + i], tone__cell(e->matrix[i]),
			       cell__word(e->matrix[i], room));
	draw_latencies(g, row, columns, e);
	snprintf(buf, sizeof(buf), "%" PRIu64, e->requests);
	top_table__put(g, row, &columns[COL_REQUESTS], TONE_PLAIN, buf);
	snprintf(buf, sizeof(buf), "%" PRIu64, e->failed);
	top_table__put(g, row, &columns[COL_FAILED], e->failed ? TONE_WARN : TONE_PLAIN, buf);
	if (has_waited(e))
		top_table__put(g, row, &columns[COL_IN_FLIGHT],
			       e->oldest_ns >= NS_PER_S ? TONE_WARN : TONE_PLAIN,
			       say_in_flight(e, buf, sizeof(buf)));
}

/* With too little room for all, those that matter: ill, or in use. */
static bool matters(const struct endpoint_status *e)
{
	return top_is_ill(e->state) || e->in_use;
}

void top_endpoints__draw(const struct top *t, struct top_grid *g, struct top_area area,
			 bool heading)
{
	const struct status *s = &t->shown.status;
	size_t all = s->endpoints_len + s->endpoints_more, shown = 0, room;
	struct top_column columns[COLS];
	bool choose;
	int row = area.row;

	fit_endpoints(s, g, columns);
	if (heading && area.rows > 0)
		top_table__heading(g, row++, columns, COLS);
	room = row < area.row + area.rows ? (size_t)(area.row + area.rows - row) : 0;
	choose = room < s->endpoints_len;
	if (room < all && room > 1)
		room--;
	for (int pass = choose ? 0 : 1; pass < 2; pass++)
		for (size_t i = 0; i < s->endpoints_len && shown < room; i++) {
			const struct endpoint_status *e = &s->endpoints[i];

			if (choose && matters(e) != (pass == 0))
				continue;
			draw_endpoint(g, row++, columns, e);
			shown++;
		}
	if (shown < all && row < area.row + area.rows)
		top_grid__printf(g, row, 0, g->cols, TONE_DIM, "and %zu more", all - shown);
}

/* Where the table has no column for it: all in one line, the oldest first. */
void top_in_flight__draw(const struct top *t, struct top_grid *g, int row)
{
	const struct status *s = &t->shown.status;
	const struct endpoint_status *oldest = NULL;
	char text[160], where[160];
	size_t more = 0;
	int col;

	for (size_t i = 0; i < s->endpoints_len; i++) {
		const struct endpoint_status *e = &s->endpoints[i];

		more += e->in_flight;
		if (has_waited(e) && (!oldest || e->oldest_ns > oldest->oldest_ns))
			oldest = e;
	}
	col = top_grid__put(g, row, 0, g->cols, TONE_BOLD, "in flight  ");
	if (!oldest) {
		top_grid__put(g, row, col, g->cols - col, TONE_PLAIN, "none");
		return;
	}
	more -= oldest->in_flight;
	col = top_grid__put(g, row, col, g->cols - col,
			    oldest->oldest_ns >= NS_PER_S ? TONE_WARN : TONE_PLAIN,
			    say_in_flight(oldest, text, sizeof(text)));
	col = top_grid__printf(g, row, col, g->cols - col, TONE_PLAIN, " at %s",
			       finding_where_name(&oldest->where, where, sizeof(where)));
	if (more)
		top_grid__printf(g, row, col, g->cols - col, TONE_PLAIN, "; %zu elsewhere", more);
}
