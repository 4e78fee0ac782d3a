/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stall.h - when a lease is not being refreshed: begin, update, end. Driven by time and by
 * diagnoses.
 */
#ifndef LEASEWATCH_STALL_H
#define LEASEWATCH_STALL_H

#include <stdbool.h>
#include <stdint.h>

#include "leasewatch/units.h"
#include "model/cause.h"
#include "model/finding.h"
#include "model/lease.h"

/*
 * A failed attempt that is followed by a good one within this time is no stall: Patroni has simply
 * gone to the next etcd. Below the 200 ms within which a failure must be flagged.
 */
#define STALL_GRACE_NS (130 * NS_PER_MS)

/* Beyond these, a stall's further causes and endpoints are shown and not told. */
#define STALL_TOLD_MAX 24

struct stall_told {
	enum cause cause;
	const struct endpoint *endpoint; /* NULL = none */
	bool why;			 /* with what the endpoint or nameserver said */
};

struct stall {
	bool active;
	uint64_t id;
	uint64_t begin_ns;
	enum stall_severity severity;
	struct diagnosis diagnosis; /* what is said of it */
	/* What was told of it: Patroni tries its endpoints in turn, again and again. */
	size_t told_len;
	struct stall_told told[STALL_TOLD_MAX];
};

/* What the model knows about the attempts at this moment; the caller collects it. */
struct stall_inputs {
	uint64_t now_ns;
	int64_t stall_after_ns;
	const struct diagnosis *flight;	 /* what is in flight; NULL = nothing */
	bool flight_is_settled;		 /* its socket's evidence is at hand */
	const struct diagnosis *failure; /* the last failed attempt since the last good one; NULL */
	bool replica;			 /* its lease keeps a member key alive, not the primary */
};

enum stall_news { STALL_NO_NEWS, STALL_NEWS_BEGIN, STALL_NEWS_UPDATE };

/* Look at the rules of DESIGN; changes *s and says what is to be told. */
enum stall_news stall__evaluate(struct stall *s, const struct lease *l,
				const struct stall_inputs *in);

/* Is this about a refresh itself, and not about what else the renewing thread does? */
bool stall__concerns_refresh(const struct diagnosis *d);

/* Has a refresh become due? Then what the renewing thread is stuck in stands in its way. */
bool stall__refresh_is_due(const struct lease *l, uint64_t now_ns);

/*
 * A refresh was granted, or the process went away: how the stall ends. `remaining_ns` as it was
 * just before; `replaced`: the lease is another one now.
 */
enum stall_result stall__result(const struct stall *s, int64_t remaining_ns, bool replaced,
				bool exited);

#endif
