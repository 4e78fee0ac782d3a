/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * engine.h - kernel records in, findings out.
 *
 * The engine has no clock and does no I/O: time comes in with every call (CLOCK_BOOTTIME
 * nanoseconds), findings go out through a callback, and what it would like to know more it says
 * with engine__wants.
 */
#ifndef LEASEWATCH_ENGINE_H
#define LEASEWATCH_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "leasewatch/event.h"
#include "model/cause.h"
#include "model/finding.h"
#include "model/member.h"
#include "model/status.h"

struct engine_config {
	int64_t stall_after_ns;
	int64_t wall_offset_ns; /* CLOCK_REALTIME minus CLOCK_BOOTTIME */
	void (*on_finding)(void *ctx, const struct finding *f);
	void *ctx;
};

struct engine;

struct engine *engine__new(const struct engine_config *config); /* NULL: no memory */
void engine__free(struct engine *e);

/* A record from the kernel. EXEC records are not for the engine. */
void engine__event(struct engine *e, const struct lw_event *event);

/* The wall clock was set: what is said from now on has its time. */
void engine__set_wall(struct engine *e, int64_t wall_offset_ns);

/* Time has passed: call it at least every 100 ms. */
void engine__tick(struct engine *e, uint64_t now_ns);

/*
 * The end: say of each endpoint what has changed since it was told, such as that what hung has
 * failed; an `endpoint` finding may then have the same state as before.
 */
void engine__conclude(struct engine *e, uint64_t now_ns);

bool engine__has_member(const struct engine *e, uint32_t pid);

/* A Patroni was found. `note`, if any, is said in the finding. 0, -EEXIST or -ENOMEM. */
int engine__add_member(struct engine *e, uint32_t pid, const struct member_config *config,
		       const char *note, uint64_t now_ns);

/* What it was configured with is known only now: where nothing is known, that holds. */
void engine__configure(struct engine *e, uint32_t pid, const struct member_config *config,
		       uint64_t now_ns);

/* Something is worth saying of a member: in a finding of its own. */
void engine__note_process(struct engine *e, uint32_t pid, const char *note, uint64_t now_ns);

/*
 * What answers at this address is configured under this name ("etcd1.lab:2379"). What Patroni says
 * on the wire wins.
 */
void engine__name(struct engine *e, const uint8_t addr[16], uint16_t port, const char *name);

/* An etcd of this name ("etcd1.lab:2379") is configured, wherever it may be. */
void engine__endpoint(struct engine *e, const char *name);

/* Processes that are asked about at once; the others have their turn later. */
#define ENGINE_WANTS_MAX 16

/* What would help to name a cause. */
struct engine_wants {
	size_t sockets_len;
	uint32_t sockets[ENGINE_WANTS_MAX]; /* LW_EVENT_SNAPSHOT records of these pids' */
	size_t threads_len;
	struct {
		uint32_t pid, tid;
	} threads[ENGINE_WANTS_MAX]; /* what these are in: engine__thread */
	uint32_t tls_pid; /* why this one's TLS cannot be read: engine__tls_blind; 0 = nobody's */
};
struct engine_wants engine__wants(const struct engine *e, uint64_t now_ns);
void engine__thread(struct engine *e, uint32_t pid, const struct thread_sample *evidence);

/* The requests of this one, inside TLS, cannot be read: why? */
void engine__tls_blind(struct engine *e, uint32_t pid, const char *reason, uint64_t now_ns);

/*
 * Is anything under way that may become a stall: a request or look-up in flight, a failure, a
 * stall? If not, engine__tick every 100 ms is soon enough, else every 50.
 */
bool engine__is_busy(const struct engine *e);

/* Records or parts of records that were lost since the last call. */
void engine__lost(struct engine *e, const char *reason, uint64_t count, uint64_t now_ns);

/* The present state, for outputs that show one: fills in all of *out. */
void engine__status(const struct engine *e, uint64_t now_ns, struct status *out);
size_t engine__members(const struct engine *e);

/* Wall clock for a time of ours. */
uint64_t engine__wall_ns(const struct engine *e, uint64_t now_ns);

#endif
