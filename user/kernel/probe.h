/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * probe.h - the BPF programs as one object: load, attach, follow processes, pass on records.
 */
#ifndef LEASEWATCH_PROBE_H
#define LEASEWATCH_PROBE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "kernel/features.h"
#include "kernel/returns.h"
#include "leasewatch/event.h"

struct probe;
struct reader_answer;
struct reader_question;

/* Called for each record, in the order in which a process made them; the record is gone when it
 * returns. */
typedef void (*probe_event_fn)(void *ctx, const struct lw_event *event);

struct probe_options {
	bool verbose; /* let libbpf's own messages through to stderr */
	enum hooks hooks;
};

/*
 * Load and attach everything that this kernel takes. `opts` may be NULL. 0 or -errno; then `why`
 * (at most why_size bytes) holds a sentence for the operator. -EPERM: privileges, or the kernel is
 * locked down; -ENOENT: no BTF; else the errno of the feature that the main job needs.
 */
int probe__open(struct probe **out, probe_event_fn on_event, void *ctx,
		const struct probe_options *opts, char *why, size_t why_size);
void probe__free(struct probe *p);

/*
 * Follow a process from now on, known by its pid and its start time (as in /proc/PID/stat; 0 = by
 * the pid alone), adopt the sockets that it has open, and hook its getaddrinfo();
 * libssl too, now if it is expected to speak TLS, else at its first handshake. 0 or -errno (-E2BIG:
 * full). To call it again is fine. It ends with the process, or with probe__unfollow().
 */
int probe__follow(struct probe *p, pid_t tgid, uint64_t start_ticks, bool tls);
void probe__unfollow(struct probe *p, pid_t tgid);

/*
 * Records were lost: adopt the sockets of all that is followed again, which tells of those that are
 * known already, too, and look for libraries that are not hooked.
 */
void probe__recover(struct probe *p);

/*
 * Why getaddrinfo() of a followed process is not watched, NULL = it is; its queries on port 53 are
 * still seen. A process that has no library yet, or runs a new program, is retried by probe__poll()
 * when it is next active. Valid until the next call of a probe function.
 */
const char *probe__resolve_trouble(const struct probe *p, pid_t tgid);

/*
 * The same for its TLS connections, judging by its libraries; NULL = no obstacle is known. Both are
 * hooked in the background, shortly after probe__follow().
 */
const char *probe__tls_trouble(struct probe *p, pid_t tgid);

/* What to ask the reader about libraries of targets, until there is nothing; and its answer. */
bool probe__wants_library(struct probe *p, struct reader_question *q);
void probe__library(struct probe *p, const struct reader_answer *a);

/*
 * Followed processes that have a seccomp filter and get no return probes, because on this kernel
 * those would kill them: each once, 0 = no more. Neither getaddrinfo() nor TLS is seen of them.
 */
pid_t probe__without_returns(struct probe *p);
/* Tries that, and waits for it. */
enum returns probe__try_returns(const struct probe *p);

/* Leave TLS unread: for tests. Before anything is followed. */
void probe__no_plaintext(struct probe *p);

/*
 * Wait up to timeout_ms, or less if something urgent happens, and pass on the records. 0 or -errno
 * (-EINTR: a signal came).
 */
int probe__poll(struct probe *p, int timeout_ms);

/*
 * Read the state of a followed process's sockets: LW_EVENT_SNAPSHOT records, passed on before this
 * returns. 0 or -errno.
 */
int probe__snapshot(struct probe *p, pid_t tgid);

/* Losses since the probe was opened, index enum lw_lost. */
void probe__lost(const struct probe *p, uint64_t counts[LW_LOST_REASONS]);

/* The hooks in use, joined by ", ". */
const char *probe__hooks(const struct probe *p);

/* Is the feature among what was loaded? */
bool probe__uses(const struct probe *p, enum feature_id id);

/* Would this kernel accept it? Needs no probe. 0, or a negative errno for features__failure(). */
int probe__try(enum feature_id id);

#endif
