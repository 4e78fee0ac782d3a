// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * reporter.c - findings on their way out.
 */
#include "model/reporter.h"

uint64_t reporter__wall_ns(const struct reporter *r, uint64_t now_ns)
{
	return now_ns + r->wall_offset_ns;
}

void reporter__report(const struct reporter *r, struct finding *f, uint64_t now_ns)
{
	f->ts_ns = reporter__wall_ns(r, now_ns);
	r->on_finding(r->ctx, f);
}
