/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * privileges.h - what a daemon that runs for months needs of root's rights, and no more.
 */
#ifndef LEASEWATCH_PRIVILEGES_H
#define LEASEWATCH_PRIVILEGES_H

/*
 * Before the first file is opened, and before there is another thread: what neither loading nor
 * following needs goes, so that a file that could not be opened again later is not opened now
 * either; and no program that is run from here on gains a right.
 * Both: 0 or -errno. What the process does not have to begin with, it does without.
 */
int privileges__limit(void);

/* When everything is loaded and attached: what is left is what follows a Patroni's restarts. */
int privileges__settle(void);

#endif
