/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * programs.h - the BPF programs, loaded and attached: the best set of features that this kernel
 * takes.
 */
#ifndef LEASEWATCH_PROGRAMS_H
#define LEASEWATCH_PROGRAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <bpf/libbpf.h>

#include "kernel/features.h"
#include "leasewatch.skel.h"

struct programs {
	struct leasewatch_bpf *skel;
	bool used[FEATURES];
	bool together; /* how uprobes are hooked, see hook.h */
};

/* 0 or -errno with a sentence in `why`: as probe__open(). `p` is zeroed by the caller. */
int programs__open(struct programs *p, enum hooks hooks, char *why, size_t why_size);
void programs__close(struct programs *p);

/* See probe__try(). */
int programs__try(enum feature_id id);

/* The names of the hooks in use, joined by ", ". */
void programs__hooks(const struct programs *p, char *out, size_t size);

#endif
