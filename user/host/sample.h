/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sample.h - what the thread that renews a lease is doing at this moment, and what the host does to
 * it.
 *
 * Evidence for "Patroni sent nothing" and "Patroni did not read the answer". Everything comes from
 * /proc, from the cgroup file system and from the socket itself; no file of the target's is ever
 * opened, nothing is allocated, and what was read is treated as hostile. Samples are cheap enough
 * to take every few seconds; counters run since the thread began, so a caller subtracts two samples
 * of the same thread.
 *
 * Reading the wait of a thread takes CAP_SYS_PTRACE. Whatever a kernel or a missing capability does
 * not give is "not known", never an error.
 */
#ifndef LEASEWATCH_SAMPLE_H
#define LEASEWATCH_SAMPLE_H

#include <stdint.h>
#include <sys/types.h>

#include "model/thread_sample.h"

#define SAMPLE_PORTS_MAX 8
#define SAMPLE_PEERS_MAX 8

/* One mounted cgroup hierarchy. */
struct sample_mount {
	char point[256]; /* "" = there is none */
	char root[256];	 /* the cgroup that is at the mount point, as /proc/PID/cgroup names it */
};

/* What samples share. The caller owns it; one thread at a time uses it. */
struct sample_host {
	struct sample_mount unified;		   /* cgroup v2, alone or beside v1 */
	struct sample_mount cpu;		   /* v1's cpu controller: it says what v2 would */
	uint16_t postgres_ports[SAMPLE_PORTS_MAX]; /* in addition to 5432; 0 = none */
	/* Connected TCP sockets never change their peer, and finding it is the expensive part. */
	struct {
		uint64_t inode; /* 0 = free */
		enum wait_kind kind;
		char peer[64];
	} peers[SAMPLE_PEERS_MAX];
	unsigned int next_peer;
};

/* Find the cgroup mounts. Never fails: without them, quota and throttling are unknown. */
void sample__init(struct sample_host *host);

/* PostgreSQL also listens there. Beyond SAMPLE_PORTS_MAX the first is forgotten. */
void sample__postgres_port(struct sample_host *host, uint16_t port);

/*
 * All of it. 0, -ESRCH when there is no such thread, or another -errno when this process cannot
 * open files; then *out is untouched. Costs about 0.1 ms; a first look at a TCP socket reads the
 * target's /proc/PID/net/tcp (at most 4 MiB of it). Reads up to 256 bytes of the target's memory
 * (the descriptors of a poll, the name in an open), and does not where the memory is under
 * pressure: such a page might have to come from swap first.
 */
int sample__take(struct sample_host *host, pid_t pid, pid_t tid, struct thread_sample *out);

/*
 * State, faults, schedstat, throttling, quota and suspended_ns only; the rest is as "not known".
 * Errors as above. This is what to take while all is well.
 */
int sample__take_counters(const struct sample_host *host, pid_t pid, pid_t tid,
			  struct thread_sample *out);

#endif
