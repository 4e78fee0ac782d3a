// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * dns.c - lookups of names, in one line.
 */
#include <inttypes.h>
#include <stdio.h>

#include "leasewatch/units.h"
#include "sink/top/private.h"

/* An unanswered lookup that is younger is no news. */
#define UNANSWERED_NS (NS_PER_S / 4)

void top_dns__draw(const struct top *t, struct top_grid *g, int row)
{
	const struct dns_status *d = &t->shown.status.dns;
	bool waits = d->oldest_ns >= UNANSWERED_NS;
	char age[HUMAN_BYTES];
	int col = top_grid__put(g, row, 0, g->cols, TONE_BOLD, "DNS        ");

	if (waits) {
		col = top_grid__printf(g, row, col, g->cols - col,
				       d->oldest_ns >= NS_PER_S ? TONE_BAD : TONE_WARN,
				       "UNANSWERED for %s: %s%s%s", top_seconds(age, d->oldest_ns),
				       d->oldest_name[0] ? d->oldest_name : "a lookup",
				       d->oldest_server[0] ? " at " : "", d->oldest_server);
		col = top_grid__put(g, row, col, g->cols - col, TONE_PLAIN, "; ");
	}
	if (!d->lookups && !waits) {
		top_grid__put(g, row, col, g->cols - col, TONE_PLAIN, "no lookup seen");
		return;
	}
	col = top_grid__printf(g, row, col, g->cols - col, TONE_PLAIN, "%" PRIu64 " lookup%s, ",
			       d->lookups, d->lookups == 1 ? "" : "s");
	col = top_grid__printf(g, row, col, g->cols - col, d->failed ? TONE_WARN : TONE_PLAIN,
			       "%" PRIu64 " failed", d->failed);
	if (d->last_ns >= 0)
		top_grid__printf(g, row, col, g->cols - col, TONE_PLAIN, ", last took %s",
				 human_duration(age, d->last_ns));
}
