/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * discover_private.h - what discover.c and discover_settle.c share.
 */
#ifndef LEASEWATCH_DISCOVER_PRIVATE_H
#define LEASEWATCH_DISCOVER_PRIVATE_H

#include <uthash.h>

#include "base/quota.h"
#include "cmd/discover.h"

enum step {
	STEP_IDENTIFY, /* to be asked: is it Patroni? */
	STEP_CONFIG,   /* to be asked: what was it configured with? */
	STEP_READY,    /* to be handed on */
	STEP_DONE,     /* nothing to do, until it runs another program */
};

struct candidate {
	pid_t pid;
	struct patroni_process process; /* the kernel's facts; pid and start_ticks are who it is */
	enum step step;
	bool asked;	     /* and not answered */
	uint32_t tag;	     /* of questions: an answer about what ran before has another */
	bool named, trusted; /* trusted: by its owner alone */
	bool is_patroni;
	bool handed_on, counted; /* as one that counts */
	unsigned int failures;
	uint64_t exec_ns, due_ns;
	struct reader_config *config; /* ready; NULL = it could not be read */
	UT_hash_handle hh;
};

struct discover {
	struct reader *reader;
	struct users users;
	struct discover_events events;
	void *ctx;
	struct candidate *candidates; /* by pid */
	size_t others;		      /* of them, not trusted */
	struct quota newcomers;	      /* of each user that does not count */
	uint32_t last_tag;
	bool named_only; /* nothing is looked for */
	bool settling;
	bool rescan;
	uint64_t scanned_ns, reconciled_ns, now_ns;
};

/* Does it count, by its owner or, once its configuration was read, by its data directory? */
bool candidate__counts(const struct discover *d, const struct candidate *c);

#endif
