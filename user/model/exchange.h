/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * exchange.h - one HTTP exchange with etcd: from the first byte sent to the last byte of the
 * answer.
 *
 * Pieces in, meaning and timings out. Knows nothing of connections, leases or outputs.
 */
#ifndef LEASEWATCH_EXCHANGE_H
#define LEASEWATCH_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "model/finding.h"
#include "protocol/etcd.h"
#include "protocol/http1.h"

struct exchange {
	uint64_t start_ns;	/* first send */
	uint64_t sent_ns;	/* last send so far */
	uint64_t first_byte_ns; /* of the answer; 0 = none yet */
	uint64_t last_byte_ns;
	uint32_t tid;	   /* the thread that asks */
	int64_t unread_ns; /* how long the answer's first piece waited to be read */
	bool request_done; /* the request was sent whole */
	bool incomplete;   /* a part of it was not seen: never guess */
	bool of_replica;   /* for its owner to set, with the request: it leads nothing */
	enum etcd_rpc rpc;
	struct etcd_request request;   /* filled in when the request is complete */
	struct etcd_response response; /* filled in when the answer is complete */
	struct http1_parser out, in;
};

enum exchange_progress {
	EXCHANGE_GOES_ON,
	EXCHANGE_NAMED,	    /* the request line and headers are known: rpc and out.msg are set */
	EXCHANGE_REQUESTED, /* the request is complete: `request` is set */
	EXCHANGE_ANSWERED,  /* the answer is complete: `response` is set, the exchange is over */
	EXCHANGE_LOST,	    /* it can no longer be followed, or is not HTTP */
};

void exchange__begin(struct exchange *x, uint64_t now_ns, uint32_t tid);

/*
 * The next piece that was sent. Call again with the rest (*consumed) until it is all taken or
 * EXCHANGE_GOES_ON / EXCHANGE_LOST.
 */
enum exchange_progress exchange__sent(struct exchange *x, uint64_t now_ns, const uint8_t *data,
				      size_t captured, size_t total, size_t *consumed);
/* The next piece that was received, all of which is taken. */
enum exchange_progress exchange__received(struct exchange *x, uint64_t now_ns, const uint8_t *data,
					  size_t captured, size_t total);
/* The peer closed: EXCHANGE_ANSWERED if that ends the answer, else EXCHANGE_LOST. */
enum exchange_progress exchange__peer_closed(struct exchange *x);

/*
 * Is it what keeps the lease alive (etcd_rpc_renews), or with the v2 API the key that stands for
 * it?
 */
bool exchange__is_refresh(const struct exchange *x);
/* A refresh whose answer says that the lease no longer exists. */
bool exchange__lease_is_lost(const struct exchange *x);
/* REQUEST_OK or REQUEST_ERROR, for an exchange that was answered. */
enum request_outcome exchange__verdict(const struct exchange *x);

#endif
