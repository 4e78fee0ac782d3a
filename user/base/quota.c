// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * quota.c - see quota.h. Each use puts off the time at which the share is whole again, so many
 * steps ahead at the most.
 */
#include "base/quota.h"

bool quota__take(struct quota *q, uid_t uid, uint64_t now_ns)
{
	size_t i = uid % QUOTA_USERS;

	/* Of two users at one place, the later one begins with a whole share. */
	if (q->users[i].uid != uid || q->users[i].whole_ns < now_ns) {
		q->users[i].uid = uid;
		q->users[i].whole_ns = now_ns;
	}
	if (q->users[i].whole_ns - now_ns > (QUOTA_BURST - 1) * (uint64_t)QUOTA_EVERY_NS)
		return false;
	q->users[i].whole_ns += QUOTA_EVERY_NS;
	return true;
}
