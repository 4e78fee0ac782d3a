/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * status.h - how a member stands at one moment, for outputs that show a state and not only events.
 */
#ifndef LEASEWATCH_STATUS_H
#define LEASEWATCH_STATUS_H

#include "model/finding.h"

/* One Patroni member at this moment, for outputs that show a state and not only what happens. */
struct member_status {
	struct finding_who who;
	struct finding_where where; /* the endpoint that the last refresh was sent to */
	uint64_t lease_id;
	int64_t ttl_s;	       /* LW_UNKNOWN */
	int64_t remaining_ns;  /* LW_UNKNOWN_REMAINING */
	int64_t cadence_ns;    /* learned interval between refreshes; LW_UNKNOWN */
	int64_t since_sent_ns; /* since the last refresh was sent; LW_UNKNOWN */
	bool stalled;
};

#endif
