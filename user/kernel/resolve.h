/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * resolve.h - the hooks on getaddrinfo(): a pair of uprobes in each target's own C library.
 */
#ifndef LEASEWATCH_RESOLVE_H
#define LEASEWATCH_RESOLVE_H

#include "kernel/uprobes.h"

/* The two loaded programs, and how they were prepared. NULL when memory is out. */
struct uprobes *resolve__new(const struct bpf_program *enter, const struct bpf_program *leave,
			     bool together);

/* Why a target's getaddrinfo() is not watched; NULL = it is. Valid until the next call. */
const char *resolve__trouble(const struct uprobes *u, pid_t tgid);

#endif
