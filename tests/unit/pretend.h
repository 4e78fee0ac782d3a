/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pretend.h - starts a process that looks from outside like another program: the running test
 * program, copied under another name, with any argv, environment, working directory and root. It
 * does nothing and dies with the test.
 */
#ifndef LEASEWATCH_TEST_PRETEND_H
#define LEASEWATCH_TEST_PRETEND_H

#include <stdbool.h>
#include <sys/types.h>

struct pretend {
	const char *exe;	 /* name of the executable, in the test's own directory */
	const char *const *argv; /* NULL-terminated, as is env; env may be NULL for an empty one */
	const char *const *env;
	const char *cwd;  /* NULL: ours */
	const char *root; /* NULL: ours; needs root */
	uid_t uid;	  /* with its group, and no other; 0: ours; needs root */
	bool namespaces;  /* own pid and mount namespaces; needs root */
};

/* First thing in main(): does not return in a process that pretends. */
void pretend__child(void);

/* A new directory for one test, removed with all that is in it by pretend__cleanup(). */
const char *pretend__directory(void);

/* File below that directory, with the directories it needs; the path from format is relative. */
void pretend__write(const char *path, const char *text);

/* Starts it and waits until its command line is in place. */
pid_t pretend__start(const struct pretend *p);

/* Ends every process that was started, and removes the directory. */
void pretend__cleanup(void);

#endif
