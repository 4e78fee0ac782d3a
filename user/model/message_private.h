/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * message_private.h - what the words_*.c files share.
 */
#ifndef LEASEWATCH_MESSAGE_PRIVATE_H
#define LEASEWATCH_MESSAGE_PRIVATE_H

#include "model/member.h"
#include "model/message.h"

/* printf behind what is in buf already; cut at its end. */
void message__append(char *buf, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The other kinds of request pass, and renewals do not: the incident. */
bool message__is_half_healthy(const struct diagnosis *d);
bool message__is_stopped(const struct thread_sample *t);
/* How long it has waited for the same. A sample may be a little later than the moment that is told
 * of: then 0. */
uint64_t message__waited_ns(const struct thread_sample *t, uint64_t now_ns);
/* Did this take a good part of the time that the renewal is missing? */
bool message__matters(int64_t part_ns, const struct thread_delay *d);

/*
 * At how many other endpoints Patroni has met the same; the names of the first `max`. By the name
 * that the endpoint has now: it may have got one since.
 */
size_t message__elsewhere(const struct member *m, const char **names, size_t max);

/* TLS: the headline, its hint, and what went wrong in a few words. */
void message__tls(char *buf, size_t size, const struct diagnosis *d, const char *endpoint,
		  const char *dur);
void message__tls_hint(char *buf, size_t size, const struct diagnosis *d);

/* One sentence on what to do; "" when there is nothing to say. */
void message__hint(char *buf, size_t size, const struct member *m);
/* The evidence, by name; borrows from *w. */
void message__evidence(struct message *w, const struct member *m, struct finding_stall *out);

#endif
