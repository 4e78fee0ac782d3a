/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * child.h - a child process in a known state, to look at from outside.
 */
#ifndef LEASEWATCH_TEST_CHILD_H
#define LEASEWATCH_TEST_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Forks a child that runs `body` and ends with it, or with this process. */
pid_t child__start(void (*body)(void *arg), void *arg);

/* What a child ends with when it could not get where it should: exit status 99, the reason on
 * stderr. */
void child__must(bool ok, const char *what);
void child__skip(const char *why); /* exit status 98: this host does not let it */

/* Kills and reaps. Returns the wait status. */
int child__end(pid_t pid);

/* Ends all that are left: for a teardown. */
void child__end_all(void);

/*
 * Call `seen` every millisecond until it is true or 10 s have passed. False then, or when the child
 * has ended.
 */
bool child__until(pid_t pid, bool (*seen)(pid_t pid, void *arg), void *arg);

#endif
