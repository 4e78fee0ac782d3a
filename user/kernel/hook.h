/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hook.h - a program on functions of one process's library: uprobes, by whichever of two ways the
 * kernel supports.
 *
 * Together (BPF_TRACE_UPROBE_MULTI): one link for all functions of a program. It is removed in one
 * go, needs no more than CAP_BPF and CAP_PERFMON, and blocks nobody. Otherwise one by one, each
 * with a perf event: those are removed one after the other, host-wide, at some 100 ms each, and
 * nobody can add one meanwhile; the kernel may require CAP_SYS_ADMIN.
 */
#ifndef LEASEWATCH_HOOK_H
#define LEASEWATCH_HOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <bpf/libbpf.h>

/* Does the kernel support the first way? Tries it at each call; takes CAP_BPF and CAP_PERFMON. */
bool hook__together_works(void);
/* A program must be prepared for it before it is loaded, and can be used for nothing else then. */
void hook__prepare_together(struct bpf_program *program);

struct hook;

struct hook_place {
	const struct bpf_program *program;
	bool at_return;
	pid_t tgid;
	const char *path; /* of the library */
};

/* One function, by its offset in the file (symbols.h). NULL with errno. */
struct hook *hook__new(const struct hook_place *place, uint64_t offset, uint64_t cookie);
/* n functions. NULL with errno. */
struct hook *hook__new_together(const struct hook_place *place, const uint64_t *offsets,
				const uint64_t *cookies, size_t n);
/* Waits until nobody can be running the program any more. */
void hook__free(struct hook *h); /* NULL is fine */

#endif
