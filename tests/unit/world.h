/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * world.h - a host for the engine's tests: makes the records that a kernel would, and keeps the
 * findings that come out.
 *
 * Endpoint n is 127.0.0.n, which Patroni calls "etcd<n>.lab"; a connection's cookie is n, or n plus
 * a multiple of 100 for another connection to the same one. Time stands still unless a test lets it
 * pass.
 */
#ifndef LEASEWATCH_TEST_WORLD_H
#define LEASEWATCH_TEST_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/engine.h"

#define MS(n)	   ((uint64_t)(n)*NS_PER_MS)
#define SECONDS(n) MS((n)*1000)
#define PID	   42
#define T0	   MS(1000000)

struct world_note {
	int count; /* of this kind so far; the rest is of the last one */
	char text[400], endpoint[160], value[64]; /* value: of the first evidence, as text */
	double numbers[2];
};

struct world {
	struct engine *engine;
	uint64_t now;
	uint32_t pid, tid;    /* whose records come now */
	const char *version;  /* of Patroni, on the wire */
	const char *term;     /* raft_term, cluster_id and member_id in etcd's answers, as JSON */
	uint32_t since_rx_us; /* what a socket says when it is asked */
	/* What the renewing thread is in when it is asked about; state 0 = nobody can tell. */
	struct thread_sample thread;
	uint64_t thread_late_ns; /* so long after the moment of the tick it is read */
	uint32_t asked_tid;	 /* the last thread that was asked about; 0 = none */

	int endpoint_changes, begins, updates, ends, requests, requests_ok, connects_failed, exits;
	/* The last of each kind. The strings inside are the world's own. */
	struct finding_stall stall;
	struct finding_request request;
	struct finding_dns dns;
	struct finding_connect connect;
	char path[256];	       /* of the request */
	char request_who[160]; /* "demo/pg1" */
	char connect_endpoint[160], connect_error[128], connect_name[160];
	char process_note[640], tls_blind[256]; /* the last that was not NULL */
	char endpoint[160];			/* of the stall */
	char headline[320], hint[400], message[160], role[32], server[64], dns_endpoint[160];
	char texts[EVIDENCE_MAX][160];
	char changed[160]; /* the endpoint whose state this is */
	enum endpoint_state endpoint_state, previous_state;
	enum matrix_cell matrix[MATRIX_COLUMNS];
	char sentence[400]; /* the endpoint's */
	struct world_note notes[NOTE_KINDS];
	/*
	 * All stall findings, a line each: "begin dns etcd1.lab:2379 warning\n",
	 * "end dns etcd1.lab:2379 recovered\n"; "-" = no endpoint.
	 */
	char history[4096];
	/* All DNS findings: "getaddrinfo etcd1.lab in_flight\n". */
	char lookups[4096];
};

/* cmocka's setup: the leader demo/pg1 is process PID. The other: a replica, demo/pg2. */
int world__setup(void **state);
int world__setup_replica(void **state);
int world__teardown(void **state);

/* One more process; records that follow are still those of w->pid. */
void world__add(struct world *w, uint32_t pid, const char *scope, const char *name,
		enum etcd_role role);
void world__exit(struct world *w, uint32_t pid);

/* TCP: world__state is one change of state, err a positive errno; 2379 unless a port is given. */
void world__state(struct world *w, uint64_t cookie, int from, int to, int err, uint16_t port);
/* A socket that was there before us, in this state. */
void world__adopt(struct world *w, uint64_t cookie, int state);
void world__connect(struct world *w, uint64_t cookie);
void world__connecting(struct world *w, uint64_t cookie);
void world__refused(struct world *w, uint64_t cookie);
void world__closed_by_peer(struct world *w, uint64_t cookie); /* while idle */
void world__data(struct world *w, uint64_t cookie, uint32_t type, const char *text);
void world__receive(struct world *w, uint64_t cookie, int len); /* 0 = end, < 0: -errno */
void world__snapshot(struct world *w, uint64_t cookie, uint32_t unacked, uint32_t unread);

/* HTTP */
void world__post(struct world *w, uint64_t cookie, const char *path, const char *body);
void world__answer(struct world *w, uint64_t cookie, int status, const char *body);
/* etcd 3.4's error. */
void world__refuse(struct world *w, uint64_t cookie, int status, int code, const char *message);
void world__keepalive(struct world *w, uint64_t cookie);
void world__granted(struct world *w, uint64_t cookie); /* lease 77 for 30 s */
void world__range(struct world *w, uint64_t cookie);
/* Any answer that is only a header. */
void world__ok(struct world *w, uint64_t cookie);

/* Names: getaddrinfo() of w->tid, and queries of type A at nameserver 127.0.0.<server>. */
void world__resolve(struct world *w, const char *name);
void world__resolved(struct world *w, int result);
void world__ask(struct world *w, int server, uint16_t id, const char *name);
void world__reply(struct world *w, int server, uint16_t id, const char *name, int rcode);

/*
 * Time passes; every 50 ms the engine is called, and gets the evidence that it asks for: of this
 * cookie's socket, unless it is 0.
 */
void world__pass_with(struct world *w, uint64_t ms, uint64_t cookie, uint32_t unacked,
		      uint32_t unread);
void world__pass(struct world *w, uint64_t ms);
/* Loops of 10 s: a keepalive that takes 45 ms, and rest. */
void world__loops(struct world *w, uint64_t cookie, int loops);

/* Of the last stall finding; NULL = not there. */
const struct evidence *world__evidence(const struct world *w, const char *key);
/* "" = not there, or a number. */
const char *world__text(const struct world *w, const char *key);

#define assert_contains(text, part) assert_non_null(strstr((text), (part)))
#define assert_not_said(text, part) assert_null(strstr((text), (part)))

#endif
