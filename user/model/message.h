/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * message.h - a stall in words: what is the matter, and what to do. And its evidence, by name.
 */
#ifndef LEASEWATCH_MESSAGE_H
#define LEASEWATCH_MESSAGE_H

#include "model/diagnosis.h"
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

/* The causes' headlines and hints, for their rows (cause_row.h): behind what is in buf. */
void message__unknown(char *buf, size_t size, const struct member *m, uint64_t now_ns);
void message__dns(char *buf, size_t size, const struct member *m, uint64_t now_ns);
void message__refused(char *buf, size_t size, const struct member *m, uint64_t now_ns);
void message__network_loss(char *buf, size_t size, const struct member *m, uint64_t now_ns);
void message__tls(char *buf, size_t size, const struct member *m, uint64_t now_ns);
void message__reset(char *buf, size_t size, const struct member *m, uint64_t now_ns);
void message__error(char *buf, size_t size, const struct member *m, uint64_t now_ns);
void message__lease_lost(char *buf, size_t size, const struct member *m, uint64_t now_ns);
void message__local_delay(char *buf, size_t size, const struct member *m, uint64_t now_ns);
void message__silent(char *buf, size_t size, const struct member *m, uint64_t now_ns);
void message__not_attempted(char *buf, size_t size, const struct member *m, uint64_t now_ns);
void message__hint_none(char *buf, size_t size, const struct member *m);
void message__hint_dns(char *buf, size_t size, const struct member *m);
void message__hint_refused(char *buf, size_t size, const struct member *m);
void message__hint_network(char *buf, size_t size, const struct member *m);
void message__hint_tls(char *buf, size_t size, const struct member *m);
void message__hint_reset(char *buf, size_t size, const struct member *m);
void message__hint_error(char *buf, size_t size, const struct member *m);
void message__hint_lease_lost(char *buf, size_t size, const struct member *m);
void message__hint_host(char *buf, size_t size, const struct member *m);
void message__hint_silent(char *buf, size_t size, const struct member *m);

#endif
