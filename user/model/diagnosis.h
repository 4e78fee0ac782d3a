/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * diagnosis.h - what is known of one attempt to renew a lease, hanging or failed: its cause, the
 * evidence, and what follows from that.
 */
#ifndef LEASEWATCH_DIAGNOSIS_H
#define LEASEWATCH_DIAGNOSIS_H

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

/* The other kinds of request pass, and renewals do not: the incident. */
bool diagnosis__is_half_healthy(const struct diagnosis *d);

/* The process is stopped: by a signal, or by a debugger. */
bool diagnosis__is_stopped(const struct diagnosis *d);

/* Something on this host keeps Patroni from its loop: how long that takes says nothing of its pace.
 */
bool diagnosis__is_held_up(const struct diagnosis *d);

/* Did this take a good part of the time that the renewal is missing? */
bool thread_delay__matters(const struct thread_delay *d, int64_t part_ns);

/* How long it has waited for the same. A sample may be a little later than now_ns: then 0. */
uint64_t thread_sample__waited_ns(const struct thread_sample *t, uint64_t now_ns);

#endif
