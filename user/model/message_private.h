/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * message_private.h - what the message_*.c files share, and the functions of the causes' rows.
 */
#ifndef LEASEWATCH_MESSAGE_PRIVATE_H
#define LEASEWATCH_MESSAGE_PRIVATE_H

#include "model/member.h"
#include "model/message.h"

/*
 * At how many other endpoints Patroni has met the same; the names of the first `max`. By the name
 * that the endpoint has now: it may have got one since.
 */
size_t message__elsewhere(const struct member *m, const char **names, size_t max);

/* TLS: the headline in any of its cases. */
void message__tls_headline(char *buf, size_t size, const struct diagnosis *d, const char *endpoint,
			   const char *dur);

/* The evidence, by name; borrows from *w and from the member. */
void message__evidence(struct message *w, const struct member *m, struct finding_stall *out);

#endif
