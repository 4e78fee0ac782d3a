/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check_processes.h - the processes that look like Patroni, found as the live commands find them.
 */
#ifndef LEASEWATCH_CHECK_PROCESSES_H
#define LEASEWATCH_CHECK_PROCESSES_H

#include "host/reader.h"
#include "host/users.h"

struct check_process {
	struct patroni_process process;
	bool counts;
	struct patroni_config *config; /* NULL: it could not be read in time */
	bool tls_readable;
	char tls_how[512]; /* the library, or why not; "" = it has no TLS */
};

struct check_processes {
	size_t len;
	struct check_process *list;
	bool failed; /* memory is out */
};

/* 0 or -errno. check_processes__free it in any case. */
int check_processes__find(struct reader *reader, const struct users *users,
			  struct check_processes *out);
/* As lines of text: those that do not count. */
void check_processes__show_ignored(const struct check_processes *p);
void check_processes__free(struct check_processes *p);

/* How people call it. */
const char *check_processes__dcs(enum patroni_dcs dcs);

#endif
