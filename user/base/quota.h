/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * quota.h - how often something is done for each user: one who makes it happen all the time uses up
 * no more than that user's own share.
 */
#ifndef LEASEWATCH_QUOTA_H
#define LEASEWATCH_QUOTA_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define QUOTA_USERS 64

/* Zeroed, nobody has used anything. */
struct quota {
	struct {
		uid_t uid;
		uint64_t whole_ns; /* when its share is whole again */
	} users[QUOTA_USERS];
};

/* May it be done once more? So often in a row, then once in so long. */
#define QUOTA_BURST    256
#define QUOTA_EVERY_NS 50000000
bool quota__take(struct quota *q, uid_t uid, uint64_t now_ns);

#endif
