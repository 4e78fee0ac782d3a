/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cause.h - whose fault it is: one attempt to refresh a lease, hanging or failed, and its evidence.
 */
#ifndef LEASEWATCH_CAUSE_H
#define LEASEWATCH_CAUSE_H

#include <stdbool.h>
#include <stdint.h>

#include "model/conn.h"
#include "model/finding.h"

/* What the thread that should renew the lease is in, as the kernel side of the house read it. */
struct thread_evidence {
	uint64_t at_ns;	    /* 0 = not known */
	char state;	    /* as in /proc/PID/stat: R S D T t Z */
	char wchan[32];	    /* kernel function it sleeps in, "" = not known */
	char waits_for[96]; /* "recv from 127.0.0.1:5432", "" = not known */
};

/* What is known of one attempt. A cause of CAUSE_UNKNOWN means that there is nothing to say. */
struct diagnosis {
	enum cause cause;
	struct endpoint *endpoint; /* NULL = none */
	struct address *address;
	uint64_t start_ns; /* of the attempt; 0 = there was none */
	uint64_t end_ns;   /* when it failed; 0 = it is still in flight */
	bool connecting;
	enum etcd_rpc rpc; /* ETCD_RPC_UNKNOWN while connecting */
	int status, error_code;
	bool has_error;
	char message[ETCD_MESSAGE_BYTES];
	uint32_t retransmits, unacked_bytes, unsent_bytes, unread_bytes;
	bool reset;	    /* RST, else FIN (connection_reset); refused, else unreachable */
	bool answers_reads; /* another kind of request passed meanwhile, or before a clear no */
	struct thread_evidence thread;
};

/* What is in flight on this connection: a connect or an exchange. Decided from the socket's
 * evidence. */
void cause__of_flight(const struct conn *c, uint64_t now_ns, struct diagnosis *out);
/* A connect that failed. */
void cause__of_connect(const struct conn *c, enum connect_outcome outcome, uint64_t now_ns,
		       struct diagnosis *out);
/* An exchange that failed (c->exchange is still there). */
void cause__of_exchange(const struct conn *c, enum request_outcome outcome, uint64_t now_ns,
			struct diagnosis *out);

/*
 * Should `next` take the place of `now` as what is said of a stall? A cause may sharpen; it never
 * flaps: what an endpoint has clearly said is not unsaid because the next try at it hangs for a
 * while.
 */
bool cause__supersedes(const struct diagnosis *next, const struct diagnosis *current,
		       uint64_t now_ns);

#endif
