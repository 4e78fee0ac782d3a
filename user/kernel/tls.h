/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tls.h - the hooks on OpenSSL: uprobes in each target's own copies of libssl and libcrypto.
 */
#ifndef LEASEWATCH_KERNEL_TLS_H
#define LEASEWATCH_KERNEL_TLS_H

#include <stdbool.h>

#include "kernel/uprobes.h"

struct lw_event;

/* The loaded programs: entry and return of libssl's functions; one each for two of libcrypto's
 * functions and one of libssl's that reveal more. */
struct tls_programs {
	const struct bpf_program *enter, *leave, *verify, *error, *shutdown;
};

/* `together`: how they were prepared. NULL when memory is out. */
struct uprobes *tls__new(const struct tls_programs *programs, bool together);

/*
 * A program may map its libssl late, when it first needs it, or another copy later: so a new TLS
 * connection is a reason to look again.
 */
enum uprobes_sign tls__sign(const struct lw_event *event);

/*
 * Why nothing, or not everything, of the target's TLS connections is read: judging by its
 * libraries; NULL = no obstacle is known. May write into buf.
 */
const char *tls__trouble(const struct uprobes *u, pid_t tgid, char *buf, size_t size);

/*
 * Would a process's TLS be read, by what the reader says of its LIBRARY_OPENSSL? Hooks nothing.
 * Writes the library's path, or why not.
 */
bool tls__outlook(const struct reader_answer *a, char *buf, size_t size);

#endif
