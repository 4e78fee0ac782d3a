/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * summary_private.h - what the fold remembers beside its result.
 */
#ifndef LEASEWATCH_SUMMARY_PRIVATE_H
#define LEASEWATCH_SUMMARY_PRIVATE_H

#include "model/summary.h"

struct summary_private {
	struct summary pub; /* first: it is what the caller holds */
	size_t endpoints_cap, stalls_cap;
	bool begun;
	uint64_t traffic; /* connects and requests, watches too: was there anything to judge? */
	size_t run;	  /* index in stall_list of the first stall of this run of the program */
	uint64_t forgotten_id; /* the highest stall_id of this run that is no longer in the list */
};

/* 0, or -EINVAL for an outcome or a source that does not exist. */
int summary__add_dns(struct summary_private *p, const struct finding *f);
int summary__add_stall(struct summary_private *p, const struct finding *f);
/* Those that are not over have gone on running down until the end of the summary. */
void summary__finish_stalls(struct summary_private *p);

#endif
