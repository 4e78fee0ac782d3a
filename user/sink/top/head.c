// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * head.c - the first line: is all well, on which host, at what time?
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sink/top/private.h"

/* `brief`: where the screen has no room for the name. */
static void say_stall(const struct top_live *l, uint64_t now_ns, bool brief, char *buf, size_t size)
{
	char d[HUMAN_BYTES], of[112] = "";
	int64_t left = l->worst_remaining_ns;

	if (!brief)
		snprintf(of, sizeof(of), " of %s", l->worst);
	if (left == LW_UNKNOWN_REMAINING) {
		snprintf(buf, size, "STALL: lease%s is not renewed", of);
		return;
	}
	left -= (int64_t)(now_ns - l->taken_ns);
	if (left > 0)
		snprintf(buf, size, "STALL: lease%s expires in %s", of, top_seconds(d, left));
	else
		snprintf(buf, size, "STALL: lease%s expired %s ago", of, top_seconds(d, -left));
}

/* The verdict in words. True: it is bad. */
static bool say_verdict(const struct top *t, uint64_t now_ns, bool brief, char *buf, size_t size)
{
	const struct top_live *l = &t->live;
	char earlier[48] = "";

	if (l->stalled) {
		say_stall(l, now_ns, brief, buf, size);
		return true;
	}
	if (t->stalls)
		snprintf(earlier, sizeof(earlier), ", %" PRIu64 " stall%s earlier", t->stalls,
			 t->stalls == 1 ? "" : "s");
	if (!l->taken_ns)
		snprintf(buf, size, "starting");
	else if (!l->members)
		snprintf(buf, size, "%s%s", t->seen ? "Patroni has exited" : "no Patroni yet",
			 earlier);
	else if (!l->leases)
		snprintf(buf, size, "%s%s",
			 l->run_out ? "no lease is held"
			 : l->blind ? "leases unknown: TLS cannot be read"
				    : "no renewal seen yet",
			 earlier);
	else if (l->endpoints_ill)
		snprintf(buf, size, "healthy, but %zu endpoint%s%s", l->endpoints_ill,
			 l->endpoints_ill == 1 ? " is not" : "s are not", earlier);
	else
		snprintf(buf, size, "healthy%s", earlier);
	return false;
}

static void draw_verdict(const struct top *t, uint64_t now_ns, struct top_grid *g, int row, int col,
			 int width)
{
	char verdict[160];
	bool bad = say_verdict(t, now_ns, false, verdict, sizeof(verdict));

	/* The seconds are at its end: they must not be cut off. */
	if (top_grid__columns(g, verdict) > width)
		bad = say_verdict(t, now_ns, true, verdict, sizeof(verdict));
	top_grid__put(g, row, col, width, bad ? TONE_BAR_ALARM : TONE_BAR, verdict);
}

void top_head__draw(const struct top *t, uint64_t now_ns, struct top_grid *g, int row)
{
	char clock[16], lost[48] = "", right[64];
	int col = 0, right_columns, room = g->cols;

	top_clock(clock, sizeof(clock), now_ns);
	snprintf(right, sizeof(right), "%s%s", t->paused ? "PAUSED  " : "", clock);
	right_columns = (int)strlen(right);
	if (t->live.events_lost)
		snprintf(lost, sizeof(lost), "  %" PRIu64 " event%s lost", t->live.events_lost,
			 t->live.events_lost == 1 ? "" : "s");
	top_grid__paint(g, row, TONE_BAR);
	/* On a narrow screen the names go first, the verdict stays. */
	if (g->cols >= 60 + (t->paused ? 8 : 0) + (int)strlen(lost))
		col = top_grid__put(g, row, 0, 16, TONE_BAR, "leasewatch top  ");
	if (g->cols >= 80)
		col = top_grid__printf(g, row, col, 24, TONE_BAR, "%.20s  ", t->host);
	if (g->cols >= 30 || t->paused) {
		room -= right_columns + 1;
		top_grid__put(g, row, room + 1, right_columns, TONE_BAR, right);
	}
	if (*lost && room - (int)strlen(lost) > 20) {
		room -= (int)strlen(lost);
		top_grid__put(g, row, room, (int)strlen(lost), TONE_BAR_ALARM, lost);
	}
	draw_verdict(t, now_ns, g, row, col, room - col);
}
