/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * notify.h - a word to the service manager: the protocol of sd_notify(3), which is one datagram.
 *
 * libsystemd would bring five more libraries into a process with root's rights.
 */
#ifndef LEASEWATCH_NOTIFY_H
#define LEASEWATCH_NOTIFY_H

#include <stdint.h>

struct notify;

/* Where $NOTIFY_SOCKET says. NULL: nobody asked for it (or no memory), which all calls take. */
struct notify *notify__new(void);
void notify__free(struct notify *n);

/* "READY=1", "STATUS=...". Nothing can be done if it does not arrive, so nothing is returned. */
void notify__send(const struct notify *n, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* How often "WATCHDOG=1" is expected at the latest ($WATCHDOG_USEC); 0 = never. */
uint64_t notify__watchdog_ns(const struct notify *n);

#endif
