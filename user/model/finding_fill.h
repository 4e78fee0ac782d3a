/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * finding_fill.h - the model's objects put into findings.
 */
#ifndef LEASEWATCH_FINDING_FILL_H
#define LEASEWATCH_FINDING_FILL_H

#include "model/conn.h"
#include "model/finding.h"
#include "model/lookup.h"
#include "model/member.h"
#include "model/message.h"

struct finding_who finding_fill__who(const struct member *m);
struct finding_where finding_fill__where(const struct address *a, const struct endpoint *e);

void finding_fill__process(struct finding *f, const struct member *m, enum process_phase phase,
			   const char *note);
void finding_fill__connect(struct finding *f, const struct conn *c, enum connect_outcome outcome,
			   uint64_t end_ns);
/* c->exchange has just ended. */
void finding_fill__request(struct finding *f, const struct conn *c, enum request_outcome outcome,
			   uint64_t now_ns);
void finding_fill__stall(struct finding *f, struct message *w, const struct member *m,
			 enum stall_phase phase, const struct conn *flight, uint64_t now_ns);
/* `server`: the nameserver as text, NULL = not known; `endpoint`: whose name it is, or NULL. */
void finding_fill__lookup(struct finding *f, const struct member *m, const struct lookup *l,
			  const struct endpoint *endpoint, const char *server, uint64_t now_ns);
/* It has ended: `result` says how. */
void finding_fill__stall_end(struct finding *f, struct message *w, const struct member *m,
			     enum stall_result result, uint64_t now_ns);
void finding_fill__endpoint(struct finding *f, const struct endpoint *e, const struct address *a,
			    enum endpoint_state previous);

#endif
