/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lease.h - one member's lease: when it was refreshed, how often that happens, how long it still
 * holds.
 *
 * All times are CLOCK_BOOTTIME nanoseconds, 0 = never. Pure arithmetic: nothing here looks at a
 * clock.
 */
#ifndef LEASEWATCH_LEASE_H
#define LEASEWATCH_LEASE_H

#include <stdbool.h>
#include <stdint.h>

#include "leasewatch/units.h"

/* Patroni's own defaults, for a member whose configuration is not known. */
#define LEASE_DEFAULT_TTL_S	  30
#define LEASE_DEFAULT_LOOP_WAIT_S 10

#define LEASE_INTERVALS		  5

struct lease {
	uint64_t id;		/* 0 = not seen */
	int64_t ttl_s;		/* of the last good refresh; 0 = none seen */
	uint64_t watched_since; /* when we began to look */
	uint64_t last_ok_sent;	/* when the last good refresh was sent */
	uint64_t last_sent;	/* when the last refresh, good or not, was sent */
	bool last_was_ok;
	bool held_up; /* an attempt has failed since the last good one: what comes next is late */
	uint64_t lost_ns; /* when etcd said that it no longer exists; 0 = it has not said so */
	bool leader;	  /* renewed at every loop; others may do so at every second one */
	int64_t conf_loop_wait_s, conf_ttl_s;  /* from the wire or Patroni's file; 0 = not known */
	int64_t intervals_ns[LEASE_INTERVALS]; /* between good refreshes, newest first; 0 = none */
};

/* A refresh was sent at sent_ns. */
void lease__sent(struct lease *l, uint64_t sent_ns);
/* The refresh that was sent at sent_ns was granted. Returns true if it replaced another lease. */
bool lease__granted(struct lease *l, uint64_t sent_ns, uint64_t id, int64_t ttl_s);
/* A request that cannot be read was answered: it may have been a refresh. Nothing is granted. */
void lease__touched(struct lease *l);
/* The refresh failed: the interval to the next good one teaches nothing. */
void lease__failed(struct lease *l);

/* Its holder is the leader now, or no longer: what was learned of its cadence is void. */
void lease__set_leader(struct lease *l, bool leader);

/* etcd says that the lease no longer exists: revoked, or run out. Until the next good refresh. */
void lease__lost(struct lease *l, uint64_t now_ns);

/*
 * The interval to expect between refreshes: the longest of the last few; while there are only a
 * few (Patroni renews more often for a while when it starts or recovers), not below what its
 * configuration says.
 */
int64_t lease__cadence_ns(const struct lease *l);
bool lease__cadence_is_learned(const struct lease *l);

/*
 * A lower bound of the time until etcd drops the lease: the TTL of the last good refresh minus the
 * time since that refresh was *sent*. Negative once it has passed, or since etcd said that it is
 * gone; LW_UNKNOWN_REMAINING without a good one.
 */
int64_t lease__remaining_ns(const struct lease *l, uint64_t now_ns);

/* Less than a third of the TTL is left, or nothing: where a warning becomes critical. */
static inline bool lease_is_short(int64_t remaining_ns, int64_t ttl_s)
{
	return remaining_ns <= ttl_s * NS_PER_S / 3;
}

/* How long after the last refresh (or since we began to look) a missing one is a stall. */
int64_t lease__overdue_after_ns(const struct lease *l);
bool lease__is_overdue(const struct lease *l, uint64_t now_ns);

#endif
