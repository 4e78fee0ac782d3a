/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * privileges.h - drops all of root's rights that a long-running daemon does not need.
 */
#ifndef LEASEWATCH_PRIVILEGES_H
#define LEASEWATCH_PRIVILEGES_H

/*
 * Call before the first file is opened and before there is another thread. Drops what neither
 * loading nor following needs, so that a file that could not be reopened later cannot be opened now
 * either; no program that is run from here on gains a right. Both: 0 or -errno. Missing rights are
 * not an error.
 */
int privileges__limit(void);

/* Call when everything is loaded and attached: keeps what following Patroni's restarts needs. */
int privileges__settle(void);

#endif
