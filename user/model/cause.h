/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cause.h - whose fault it is: one attempt to refresh a lease, hanging or failed, and its evidence.
 */
#ifndef LEASEWATCH_CAUSE_H
#define LEASEWATCH_CAUSE_H

#include <stdbool.h>
#include <stdint.h>

#include "model/diagnosis.h"

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
