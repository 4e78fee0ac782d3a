/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * users.h - whose processes count. Anybody may start something that looks like a Patroni; its owner
 * is a fact that only the kernel states.
 *
 * By default root counts, the host's user `postgres`, and whoever owns the PostgreSQL cluster that
 * the process names, in a place that root gave to that user (patroni__data_dir_was_given).
 */
#ifndef LEASEWATCH_USERS_H
#define LEASEWATCH_USERS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define USERS_MAX 32

struct users {
	bool by_data_dir; /* the owner of such a cluster counts, too */
	size_t len;
	struct {
		uid_t first, last;
	} ranges[USERS_MAX];
};

/* What counts by default. */
void users__defaults(struct users *u);

/*
 * "postgres, 999, 100000-165535", "any": names of the host's /etc/passwd, numbers and ranges of
 * them. It replaces the default; root counts always. 0; -EINVAL with a sentence in `why`.
 */
int users__parse(const char *list, struct users *u, char *why, size_t why_size);

/* Does this user count whatever its process says? */
bool users__counts(const struct users *u, uid_t uid);

bool users__same(const struct users *a, const struct users *b);

#endif
