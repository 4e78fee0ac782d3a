// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lease.c - the arithmetic of one lease: refreshes in, cadence and remaining time out.
 */
#include "model/finding.h"
#include "model/lease.h"

void lease__sent(struct lease *l, uint64_t sent_ns)
{
	l->last_sent = sent_ns;
}

static void learn_interval(struct lease *l, int64_t interval_ns)
{
	for (int i = LEASE_INTERVALS - 1; i > 0; i--)
		l->intervals_ns[i] = l->intervals_ns[i - 1];
	l->intervals_ns[0] = interval_ns;
}

bool lease__granted(struct lease *l, uint64_t sent_ns, uint64_t id, int64_t ttl_s)
{
	bool replaced = l->id && id && l->id != id;
	int64_t interval = sent_ns - l->last_ok_sent;

	/* A grant right after a keepalive is part of the same loop, not a cadence. */
	if (l->last_ok_sent && l->last_was_ok && !l->held_up && !replaced &&
	    interval >= NS_PER_S / 2)
		learn_interval(l, interval);
	if (id)
		l->id = id;
	l->ttl_s = ttl_s;
	l->last_ok_sent = sent_ns;
	l->last_was_ok = true;
	l->held_up = false;
	l->lost_ns = 0;
	return replaced;
}

void lease__touched(struct lease *l)
{
	l->last_was_ok = true;
}

void lease__failed(struct lease *l)
{
	l->last_was_ok = false;
}

void lease__lost(struct lease *l, uint64_t now_ns)
{
	if (!l->lost_ns)
		l->lost_ns = now_ns;
}

void lease__set_leader(struct lease *l, bool leader)
{
	if (l->leader == leader)
		return;
	l->leader = leader;
	for (int i = 0; i < LEASE_INTERVALS; i++)
		l->intervals_ns[i] = 0;
}

bool lease__cadence_is_learned(const struct lease *l)
{
	return l->intervals_ns[0] != 0;
}

int64_t lease__cadence_ns(const struct lease *l)
{
	int64_t longest = 0, guess;

	for (int i = 0; i < LEASE_INTERVALS; i++)
		if (l->intervals_ns[i] > longest)
			longest = l->intervals_ns[i];
	if (l->intervals_ns[LEASE_INTERVALS - 1])
		return longest;
	guess = (l->conf_loop_wait_s ? l->conf_loop_wait_s : LEASE_DEFAULT_LOOP_WAIT_S) * NS_PER_S;
	/* Replicas of Patroni before 3.3.7 and 4.0.6 renew at every second loop. */
	if (!l->leader)
		guess *= 2;
	return guess > longest ? guess : longest;
}

int64_t lease__remaining_ns(const struct lease *l, uint64_t now_ns)
{
	int64_t since_lost = (int64_t)(now_ns - l->lost_ns), remaining;

	if (!l->last_ok_sent || !l->ttl_s)
		return l->lost_ns ? -since_lost : LW_UNKNOWN_REMAINING;
	remaining = (int64_t)(l->last_ok_sent - now_ns) + l->ttl_s * NS_PER_S;
	return l->lost_ns && -since_lost < remaining ? -since_lost : remaining;
}

int64_t lease__overdue_after_ns(const struct lease *l)
{
	int64_t cadence = lease__cadence_ns(l);
	int64_t by_cadence = 2 * cadence + NS_PER_S;
	int64_t ttl_ns = (l->ttl_s ? l->ttl_s : l->conf_ttl_s) * NS_PER_S;
	int64_t by_ttl = cadence + (ttl_ns - cadence) / 2;

	/* Without a TTL, or with a cadence that outlives it, only the cadence can speak. */
	if (ttl_ns <= cadence)
		return by_cadence;
	return by_ttl < by_cadence ? by_ttl : by_cadence;
}

bool lease__is_overdue(const struct lease *l, uint64_t now_ns)
{
	uint64_t since = l->last_sent ? l->last_sent : l->watched_since;

	return since && now_ns > since && (int64_t)(now_ns - since) > lease__overdue_after_ns(l);
}
