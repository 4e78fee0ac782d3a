/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tls.h - the hooks on libssl: uprobes in each target's own copies of it, for that target only.
 * Never fails: a target whose TLS cannot be read is followed all the same, and says why.
 */
#ifndef LEASEWATCH_KERNEL_TLS_H
#define LEASEWATCH_KERNEL_TLS_H

#include <stdbool.h>
#include <sys/types.h>
#include <bpf/libbpf.h>

struct lw_event;
struct tls;

/* The loaded programs: entry and return of libssl's functions, and of libcrypto's one each. */
struct tls_programs {
	const struct bpf_program *enter, *leave, *verify, *error;
};

/* The programs must outlive the object. NULL when memory is out. */
struct tls *tls__new(const struct tls_programs *programs);
void tls__free(struct tls *t);

/*
 * Hook a target: now when it is expected to speak TLS, else when it is seen to begin a handshake.
 * Hooks cost time to put in and to take out, and a target without TLS needs none. To call it again
 * is fine: it then only tries what has not worked.
 */
void tls__hook(struct tls *t, pid_t tgid, bool expected);
void tls__unhook(struct tls *t, pid_t tgid);

/*
 * Any record, in the order of the ring buffer. A program may map its libssl late, when it first
 * needs it, or another copy later: so a new TLS connection is a reason to look again. Only takes
 * note: what follows from it is done by tls__turn(), outside the ring buffer.
 */
void tls__record(struct tls *t, const struct lw_event *event);
void tls__turn(struct tls *t);

/*
 * Why nothing of the target's TLS connections is read. Asked when there are some of which that is
 * so: with all hooks in place, its TLS does not pass through them. Valid until the next call.
 */
const char *tls__trouble(struct tls *t, pid_t tgid);

#endif
