/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * member.h - one watched Patroni process: who it is, its lease, its stall, its connections at work.
 */
#ifndef LEASEWATCH_MEMBER_H
#define LEASEWATCH_MEMBER_H

#include <stdbool.h>
#include <stdint.h>
#include <uthash.h>

#include "model/conn.h"
#include "model/lease.h"
#include "model/stall.h"
#include "model/failures.h"

#define MEMBER_VERSION_BYTES 32
#define MEMBER_PORTS_MAX     16

/* What Patroni's own configuration says, for what the wire does not (yet). Zero and "" = not known.
 */
struct member_config {
	char scope[ETCD_SCOPE_BYTES];
	char member[ETCD_MEMBER_BYTES];
	uint32_t uid;	     /* the process's owner */
	enum etcd_role role; /* a hint from the host; the wire overrules it */
	int64_t ttl_s, loop_wait_s;
	size_t ports_len; /* ports on which etcd is configured to be */
	uint16_t ports[MEMBER_PORTS_MAX];
};

/* What has been said of it already, and what is being counted for saying it. */
struct member_notes {
	bool nagle, known_fault;
	bool twin;		       /* that another has its scope and name */
	unsigned int delayed_in_a_row; /* requests that waited for a delayed ACK */
	uint64_t failsafe_ns;	       /* when failsafe was last told */
};

struct member {
	uint32_t pid;
	char scope[ETCD_SCOPE_BYTES];
	char name[ETCD_MEMBER_BYTES];
	char version[MEMBER_VERSION_BYTES];
	uint32_t version_number; /* the same, see patroni_version.h; 0 = not known */
	enum etcd_role role;
	struct member_config config;
	struct lease lease;
	struct stall stall;
	struct conn_list busy;
	uint32_t refresh_tid; /* the thread that renews; at first the main thread */
	bool has_failure;
	struct diagnosis failure;	 /* the last failed attempt since the last good one */
	struct address *refresh_address; /* where the last refresh was sent */
	struct address *good_address;	 /* where the last good one was */
	struct diagnosis slow_lookup;	 /* the last that took long, of the renewing thread */
	unsigned int failed_attempts;	 /* to refresh, since the last good one */
	struct failures failures;
	struct thread_sample thread;   /* the newest sample */
	struct thread_sample baseline; /* the first one after the last good refresh */
	bool v2; /* it uses etcd's v2 API: the leader key has the TTL, there is no lease */
	struct member_notes notes;
	/*
	 * No renewal was ever read, and requests are seen whose TLS nobody reads: they stand for
	 * the renewals, which cannot be told from them.
	 */
	bool blind;
	unsigned int blind_requests; /* seen so far */
	uint64_t blind_since_ns;     /* the first of them; 0 = none */
	uint64_t untied_ns;	     /* the last one on a connection too many; 0 = none */
	char blind_reason[256];	     /* as it was told, "" = not yet */
	UT_hash_handle hh;
};

struct member *member__find(struct member *members, uint32_t pid); /* NULL = none */

const char *member__role_name(enum etcd_role role); /* NULL = not known */

/* Learn from a request to etcd; true when something about who it is has changed. */
bool member__learn(struct member *m, const struct etcd_request *r, const char *agent);

/* The same from an answer that says yes: who holds the leader key, or gives it up. */
bool member__learn_answer(struct member *m, const struct exchange *x);

/* Is this an etcd, as far as the configuration and the usual ports tell? */
bool member__is_etcd_port(const struct member *m, uint16_t port);

/* A good refresh: what failed before it counts no more. */
void member__refreshed(struct member *m);

/* A newer sample of what the renewing thread is in. */
void member__thread_sample(struct member *m, const struct thread_sample *sample);
/* What is known of the thread, and what the host did to it since the last good refresh. */
void member__thread_evidence(const struct member *m, struct diagnosis *d);

/* The connection whose work stands between the member and its next refresh; NULL = none. */
struct conn *member__attempt(const struct member *m, uint64_t now_ns);

#endif
