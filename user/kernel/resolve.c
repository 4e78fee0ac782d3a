// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * resolve.c - see resolve.h.
 */
#include "kernel/resolve.h"

/* The return first: an entry without a return would look like a call that hangs. */
enum { LEAVE, ENTER, POINTS };

struct uprobes *resolve__new(const struct bpf_program *enter, const struct bpf_program *leave,
			     bool together)
{
	struct uprobe_set set = {
		.library = LIBRARY_LIBC,
		.targets_max = 128,
		.points_len = POINTS,
		.points =
			{
				[LEAVE] = {"getaddrinfo", leave, .at_return = true},
				[ENTER] = {"getaddrinfo", enter},
			},
		.essential = LEAVE,
		.together = together,
		.all = true,
		.what = "getaddrinfo",
		.none = "cannot hook getaddrinfo: the process has no C library mapped",
	};

	return uprobes__new(&set);
}

const char *resolve__trouble(const struct uprobes *u, pid_t tgid)
{
	return uprobes__trouble(u, tgid, 1U << LEAVE | 1U << ENTER);
}
