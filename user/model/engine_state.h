/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * engine_state.h - what the engine knows, and what its files offer to those above them.
 *
 * From the top: engine.c hands out what comes in, engine_query.c only looks; engine_conn.c and
 * engine_dns.c listen to connections and lookups; engine_tls.c follows the handshakes among them;
 * engine_stall.c says when a lease is in danger; engine_endpoint.c how the endpoints stand,
 * engine_notes.c what else the wire shows.
 */
#ifndef LEASEWATCH_ENGINE_STATE_H
#define LEASEWATCH_ENGINE_STATE_H

#include "model/lookup.h"
#include "model/member.h"
#include "model/reporter.h"

/* Etcd clusters whose elections are followed at once; of one more, another is forgotten. */
#define ENGINE_CLUSTERS 64
/* Leaders that went away, and whose lease may still hold. */
#define ENGINE_BEQUESTS 8

struct engine {
	struct reporter reporter;
	int64_t stall_after_ns;
	struct member *members;
	struct endpoint_table endpoints;
	struct conn_table conns;
	struct lookup_table lookups;
	uint64_t stalls;
	uint64_t events_lost;
	uint64_t lookups_dropped; /* as far as it was told */
	struct {
		uint64_t id, raft_term; /* raft_term 0 = a free place */
	} clusters[ENGINE_CLUSTERS];
	size_t next_cluster; /* to be forgotten */
	struct bequest {
		char scope[ETCD_SCOPE_BYTES], name[ETCD_MEMBER_BYTES];
		uint32_t uid;
		struct lease lease;
	} bequests[ENGINE_BEQUESTS]; /* of leaders that went away, for those that come back */
	size_t next_bequest;
};

/* engine.c */
/* Report a `process` finding, with a note, once, when another process has its scope and name. */
/* Another process of this scope and name; NULL = none. */
const struct member *engine__find_twin(const struct engine *e, const struct member *m);
void engine__tell_process(struct engine *e, struct member *m, struct finding *f, uint64_t now_ns);

/* engine_conn.c */
extern const struct conn_listener engine__conn_listener;

/* engine_endpoint.c */
/* Say its state, if it has changed and was not told a moment ago. */
void engine__tell_endpoint(struct engine *e, struct endpoint *endpoint, uint64_t now_ns);
/* The end: say of each what has changed since it was told. */
void engine__tell_endpoints(struct engine *e, uint64_t now_ns);
/* Old trouble at endpoints that nobody waits for. */
void engine__forget_trouble(struct engine *e, uint64_t now_ns);
/* What hangs is shown in its endpoint's matrix while it hangs. */
void engine__note_hanging(struct engine *e, const struct member *m, uint64_t now_ns);

void engine__tell_connect(struct engine *e, struct conn *c, enum connect_outcome outcome,
			  uint64_t end_ns, uint64_t now_ns);
/* It went like this there; CELL_UNKNOWN: nothing is known of that. */
void engine__note_outcome(struct engine *e, struct address *a, enum matrix_column column,
			  enum matrix_cell cell, uint64_t start_ns, uint64_t at_ns,
			  uint64_t now_ns);
void engine__note_connect(struct engine *e, struct conn *c, enum matrix_cell cell, uint64_t now_ns);
/* Has this connect come to something only with the first answer? */
bool engine__waits_for_answer(const struct conn *c);

/* engine_tls.c */
bool engine__is_etcd(void *ctx, const struct conn *c);
void engine__greeted(void *ctx, struct conn *c, uint64_t now_ns);
void engine__handshake_failed(void *ctx, struct conn *c, uint64_t now_ns);
/* A request that cannot be read is under way, or was answered. */
void engine__blind_requested(struct engine *e, struct conn *c, uint64_t now_ns);
void engine__blind_answered(struct engine *e, struct conn *c, uint64_t now_ns);
/* A request inside TLS was read. */
void engine__tls_read(struct engine *e, struct conn *c, uint64_t now_ns);
/* Is it time to say that, and why, the member's TLS cannot be read? */
bool engine__wants_tls(const struct member *m, uint64_t now_ns);

/* engine_stall.c */
void engine__evaluate(struct engine *e, struct member *m, uint64_t now_ns);
void engine__end_stall(struct engine *e, struct member *m, enum stall_result result,
		       uint64_t now_ns);
/* Something that the next refresh depends on has failed. */
void engine__fail_attempt(struct engine *e, struct member *m, const struct diagnosis *d,
			  uint64_t now_ns);

/* engine_dns.c */
extern const struct lookup_listener engine__lookup_listener;

/* engine_notes.c */
void engine__note_named(struct engine *e, const struct conn *c, uint64_t now_ns);
/* Before m->good_address is moved on. */
void engine__note_refreshed(struct engine *e, const struct conn *c, uint64_t now_ns);
void engine__note_finished(struct engine *e, const struct conn *c, enum request_outcome outcome,
			   uint64_t now_ns);
void engine__note_stall(struct engine *e, struct member *m, uint64_t now_ns);

#endif
