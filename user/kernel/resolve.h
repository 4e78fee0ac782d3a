/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * resolve.h - the hooks on getaddrinfo(): a pair of uprobes in each target's own C library, for
 * that target only. Never fails: a target without its hooks is followed all the same, and says why.
 */
#ifndef LEASEWATCH_RESOLVE_H
#define LEASEWATCH_RESOLVE_H

#include <sys/types.h>
#include <bpf/libbpf.h>

struct lw_event;
struct resolve;

/* The two loaded programs; they must outlive the object. NULL when memory is out. */
struct resolve *resolve__new(const struct bpf_program *enter, const struct bpf_program *leave);
void resolve__free(struct resolve *r);

/* Hook a target. To call it again is fine: it then only tries what has not worked. */
void resolve__hook(struct resolve *r, pid_t tgid);
void resolve__unhook(struct resolve *r, pid_t tgid);

/*
 * Any record, in the order of the ring buffer. A target that shows life may have its library by
 * now, one that ran a new program may have another one. Only takes note: what follows from it is
 * done by resolve__turn(), outside the ring buffer.
 */
void resolve__record(struct resolve *r, const struct lw_event *event);
void resolve__turn(struct resolve *r);

/* Why a target's getaddrinfo() is not watched; NULL = it is. Valid until the next call. */
const char *resolve__trouble(const struct resolve *r, pid_t tgid);

#endif
