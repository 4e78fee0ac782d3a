/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * returns.h - may a target have a return probe? Since Linux 6.11, x86-64 comes back from one
 * through a system call, which on some kernels the target's own seccomp filter judges: a filter
 * that does not know it kills the target. Decided by trying it on a child of our own.
 *
 * No libbpf here: the caller makes the probe.
 */
#ifndef LEASEWATCH_RETURNS_H
#define LEASEWATCH_RETURNS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum returns {
	RETURNS_UNKNOWN, /* it could not be tried: nothing is risked */
	RETURNS_SAFE,
	RETURNS_DEADLY,
};

/* Put a return probe at this offset of /proc/self/exe, for that process: 0 or -errno. */
struct returns_hook {
	int (*hook)(void *ctx, pid_t pid, uint64_t offset);
	void (*unhook)(void *ctx);
	void *ctx;
};

/* Once: what was found out stays so. Waits for the child, tens of milliseconds; any thread. */
enum returns returns__try(const struct returns_hook *hook);
/* The same, each time. */
enum returns returns__try_again(const struct returns_hook *hook);

/* `status`: the text of /proc/PID/status. In doubt, it has one. */
bool returns__has_filter(const char *status);
bool returns__process_has_filter(pid_t pid);

#endif
