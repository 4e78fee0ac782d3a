// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * discover_settle.c - see discover.h. The wait at the start, and how many there are.
 */
#include <poll.h>

#include "base/clock.h"
#include "cmd/discover_private.h"
#include "leasewatch/units.h"

/* At the start what counts by its owner is waited for, and for the others not so long. */
#define SETTLE_NS	 (3 * NS_PER_S)
#define SETTLE_OTHERS_NS (500 * NS_PER_MS)

static void on_answer(void *ctx, const struct reader_answer *a)
{
	discover__answer(ctx, a);
}

/* What counts by its owner has been answered about; the rest is given less time. */
static bool is_settled(const struct discover *d, bool others_too)
{
	const struct candidate *c, *next;

	HASH_ITER(hh, d->candidates, c, next)
		if ((c->trusted || others_too) && c->step <= STEP_CONFIG && !c->failures)
			return false;
	return true;
}

size_t discover__settle(struct discover *d)
{
	uint64_t begin_ns = clock_ns(CLOCK_BOOTTIME);
	struct candidate *c, *next;
	size_t counted = 0;

	d->settling = true;
	for (;;) {
		struct pollfd p = {.fd = reader__fd(d->reader), .events = POLLIN};
		uint64_t now_ns = clock_ns(CLOCK_BOOTTIME);

		discover__turn(d, now_ns);
		reader__turn(d->reader, now_ns, on_answer, d);
		if (now_ns - begin_ns >= SETTLE_NS ||
		    is_settled(d, now_ns - begin_ns < SETTLE_OTHERS_NS))
			break;
		poll(&p, 1, 20);
	}
	d->settling = false;
	HASH_ITER(hh, d->candidates, c, next)
		counted += c->step == STEP_READY && candidate__counts(d, c);
	return counted;
}
