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
#include "model/thread_sample.h"
#include "protocol/dns.h"

/* What the host did to the thread between two samples. LW_UNKNOWN where a counter is missing. */
struct thread_delay {
	int64_t window_ns;    /* 0 = there are no two samples */
	int64_t run_delay_ns; /* it could have run and got no CPU */
	int64_t throttled_ns; /* its cgroup had used up its CPU quota */
	int64_t suspended_ns; /* the host slept */
};

/* The look-up of a name that an attempt waits for, or that failed it. */
struct lookup_evidence {
	bool known; /* else there is none */
	bool getaddrinfo;
	enum dns_outcome outcome;
	char name[DNS_NAME_BYTES], type[DNS_TYPE_BYTES];
	char server[ADDRESS_BYTES]; /* the nameserver; "" = not known */
	char error[32];		    /* "EAI_AGAIN", "rcode 4 NOTIMP"; "" = none */
};

/* TLS on the connection of an attempt. */
struct tls_evidence {
	bool on;
	bool shaking;  /* the handshake goes on */
	bool answered; /* the peer took part in it */
	enum tls_trouble trouble;
	enum request_outcome end; /* with trouble: how the connection ended; ok = it has not */
	unsigned int code;	  /* see enum tls_trouble */
	char name[TLS_NAME_BYTES];
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
	bool refresh;	   /* it is to renew the lease */
	int status, error_code;
	enum etcd_error error;
	char message[ETCD_MESSAGE_BYTES];
	uint32_t retransmits, unacked_bytes, unsent_bytes, unread_bytes;
	bool reset;	/* RST, else FIN (connection_reset); refused, else unreachable */
	bool tcp_known; /* the socket was asked: the bytes and times here are its */
	uint32_t backoff, srtt_us;
	int64_t since_rx_ns; /* since the peer last sent anything; LW_UNKNOWN */
	bool answers_reads;  /* another kind of request passed meanwhile, or before a clear no */
	struct lookup_evidence lookup; /* cause dns */
	struct tls_evidence tls;
	struct thread_sample thread;
	struct thread_delay delay;
};

/* What is in flight on this connection: a connect or an exchange. Decided from the socket's
 * evidence. */
void cause__of_flight(const struct conn *c, uint64_t now_ns, struct diagnosis *out);
/* A connect that failed. */
void cause__of_connect(const struct conn *c, enum connect_outcome outcome, uint64_t now_ns,
		       struct diagnosis *out);
/* A TLS handshake that failed, or what it showed was refused: c->tls.trouble. */
void cause__of_handshake(const struct conn *c, uint64_t now_ns, struct diagnosis *out);
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
