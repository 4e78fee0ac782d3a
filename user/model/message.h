/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * message.h - a stall in words: what is the matter, and what to do. And its evidence, by name.
 */
#ifndef LEASEWATCH_MESSAGE_H
#define LEASEWATCH_MESSAGE_H

#include "model/cause.h"
#include "model/finding.h"

struct member;

/* Room for the sentences that a finding borrows. */
struct message {
	char headline[640];
	char hint[400];
	char state[8], waits_for[160], tls_error[128];
};

/* Fill in headline, hint and evidence of a stall finding; they borrow from *w and from the member.
 */
void message__stall(struct message *w, const struct member *m, uint64_t now_ns,
		    struct finding_stall *out);

/* The same for its end: how it ended replaces what was the matter. */
void message__stall_end(struct message *w, const struct member *m, enum stall_result result,
			uint64_t now_ns, struct finding_stall *out);

/* What went wrong with TLS, in a few words behind what is in buf. */
void message__tls_error(char *buf, size_t size, enum tls_trouble trouble, unsigned int code,
			enum request_outcome end);

/* What a thread waits for, to be read after "waits in", behind what is in buf; nothing if it runs.
 */
void message__wait(char *buf, size_t size, const struct thread_sample *t);

/* What an endpoint's state means, or NULL when the state says it all. */
const char *message__endpoint(const struct endpoint *e);

#endif
