/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * private.h - the parts of the live screen, to each other. Each part has a file; it says how
 * many rows it would take, and draws itself into the rows that it is given.
 */
#ifndef LEASEWATCH_TOP_PRIVATE_H
#define LEASEWATCH_TOP_PRIVATE_H

#include "model/human.h"
#include "sink/top/top.h"
#include "sink/top/events.h"
#include "sink/top/snapshot.h"

enum top_page { TOP_MAIN, TOP_EVENTS, TOP_HELP };

/* What the first line says; it stays live while the rest is paused. */
struct top_live {
	uint64_t taken_ns; /* 0 = nothing is known yet */
	size_t members, leases, run_out, blind, stalled, endpoints_ill;
	int64_t worst_remaining_ns; /* of the stalled; LW_UNKNOWN_REMAINING */
	char worst[96];		    /* whose it is */
	uint64_t events_lost;
};

/* How the last stall ended. */
struct top_last_stall {
	uint64_t ended_ns; /* 0 = none has */
	char end[256], cause[256];
};

struct top {
	struct sink sink;
	struct top_options opts;
	char host[64];
	struct top_live live;
	struct top_snapshot shown;
	struct top_events events;
	struct top_last_stall last_stall;
	uint64_t stalls; /* that have ended */
	bool stale;	 /* something has happened since the last status */
	bool seen;	 /* a Patroni has been there */
	bool paused, verbose;
	enum top_page page;
	uint64_t bottom; /* id of the lowest event in the list; 0 = the newest, whichever it is */
	int page_rows;	 /* of the list, when it was last drawn */
};

struct top_area {
	int row, rows;
};

/* ---- words.c: short spellings. All return buf. */

/* "57.8 s" below two minutes (a number that counts down keeps its shape), then human_duration(). */
const char *top_seconds(char buf[HUMAN_BYTES], int64_t ns);
/* At most five columns: "<1ms", "46ms", "7.04s", "24.1s", "120s", "45min", "3h", "12d"; "-"
 * unknown. */
const char *top_latency(char buf[HUMAN_BYTES], int64_t ns);
/* The same with room: human_duration(), "-" unknown. */
const char *top_duration(char buf[HUMAN_BYTES], int64_t ns);
const char *top_clock(char *buf, size_t size, uint64_t ts_ns);
/* Is it in a state that an operator should look at? */
bool top_is_ill(enum endpoint_state state);
/* Is less than a third left, or nothing? The same third at which a stall turns critical. */
bool top_is_short(const struct member_status *m);

/* ---- table.c: columns that make room for each other */

struct top_column {
	const char *title;
	int least, most; /* its width: at least, and when there is room */
	bool right;	 /* aligned to the right */
	bool rest;	 /* grows only when no other column wants to */
	int drop;	 /* when room is short, the highest goes first; 0 = never */
	int at, width;	 /* set by fit: where it stands; width 0 = left out */
};

/* Choose columns and widths for a screen of `cols`; columns stand one apart. */
void top_table__fit(struct top_column *columns, size_t n, int cols);
void top_table__heading(struct top_grid *g, int row, const struct top_column *columns, size_t n);
/* One field; nothing where the column is left out. */
void top_table__put(struct top_grid *g, int row, const struct top_column *column, enum tone style,
		    const char *text);

/* ---- the parts */

void top_head__draw(const struct top *t, uint64_t now_ns, struct top_grid *g, int row);
void top_keys__draw(const struct top *t, struct top_grid *g, int row);

/* The finding, or what else should be known first. Rows without the evidence, and with it. */
void top_finding__rows(const struct top *t, struct top_grid *g, int *brief, int *full);
void top_finding__draw(const struct top *t, struct top_grid *g, struct top_area area);
/* The stalled member whose lease runs out first; NULL = none is stalled. */
const struct member_status *top_finding__worst(const struct status *s);

/* Tables: with `heading` the first row is the heading. */
void top_members__draw(const struct top *t, struct top_grid *g, struct top_area area, bool heading);
void top_endpoints__draw(const struct top *t, struct top_grid *g, struct top_area area,
			 bool heading);
/* Are the requests in flight a column of the table? If not, they are a line of their own. */
bool top_endpoints__shows_in_flight(const struct top *t, const struct top_grid *g);
void top_in_flight__draw(const struct top *t, struct top_grid *g, int row);
void top_dns__draw(const struct top *t, struct top_grid *g, int row);

/* The list below the tables, a row each; and the page of them, in full. */
void top_list__draw(struct top *t, struct top_grid *g, struct top_area area, bool heading);
void top_list__draw_page(struct top *t, struct top_grid *g, struct top_area area);
void top_list__scroll(struct top *t, int64_t by); /* by so many events, down is positive */
void top_list__home(struct top *t);
const struct top_ring *top_list__ring(const struct top *t);

void top_help__draw(struct top_grid *g, struct top_area area);

/* ---- layout.c: who gets which rows */
void top_layout__draw(struct top *t, uint64_t now_ns, struct top_grid *g);

#endif
