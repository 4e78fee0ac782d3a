// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * users.c - see users.h. /etc/passwd is read as a file: other sources of users would need the C
 * library's plug-ins, which a static program cannot load. Their numbers can be given.
 */
#include <ctype.h>
#include <errno.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/users.h"

#define PASSWD	   "/etc/passwd"
#define WORD_BYTES 64

static int find_user(const char *name, uid_t *uid)
{
	FILE *f = fopen(PASSWD, "re");
	struct passwd *p;
	int err = -ENOENT;

	while (f && err && (p = fgetpwent(f)))
		if (!strcmp(p->pw_name, name)) {
			*uid = p->pw_uid;
			err = 0;
		}
	if (f)
		fclose(f);
	return err;
}

static int add_range(struct users *u, uid_t first, uid_t last)
{
	if (u->len == USERS_MAX)
		return -E2BIG;
	u->ranges[u->len].first = first;
	u->ranges[u->len++].last = last;
	return 0;
}

void users__defaults(struct users *u)
{
	uid_t uid;

	memset(u, 0, sizeof(*u));
	u->by_data_dir = true;
	add_range(u, 0, 0);
	if (!find_user("postgres", &uid))
		add_range(u, uid, uid);
}

/* "999" or "100000-165535" */
static bool parse_numbers(const char *word, uid_t *first, uid_t *last)
{
	unsigned long long from, to;
	char *end;

	from = to = strtoull(word, &end, 10);
	if (*end == '-' && isdigit((unsigned char)end[1]))
		to = strtoull(end + 1, &end, 10);
	if (*end || from > to || to >= UINT32_MAX)
		return false;
	*first = (uid_t)from;
	*last = (uid_t)to;
	return true;
}

static int add_word(struct users *u, const char *word, char *why, size_t why_size)
{
	uid_t first = 0, last = 0;
	int err = 0;

	if (!strcmp(word, "any")) {
		last = UINT32_MAX - 1;
	} else if (isdigit((unsigned char)word[0])) {
		if (!parse_numbers(word, &first, &last))
			err = -EINVAL;
	} else {
		err = find_user(word, &first);
		last = first;
	}
	if (err)
		snprintf(why, why_size,
			 err == -ENOENT ? "there is no user '%s' in " PASSWD
					  " (give a number for a user of another source)"
					: "'%s' is no user: give a name, a number or a range of "
					  "numbers",
			 word);
	else if (add_range(u, first, last))
		snprintf(why, why_size, "more than %d users", USERS_MAX - 1);
	else
		return 0;
	return -EINVAL;
}

int users__parse(const char *list, struct users *u, char *why, size_t why_size)
{
	struct users parsed = {0};
	char word[WORD_BYTES];

	if (!strcmp(list, "default")) {
		users__defaults(u);
		return 0;
	}
	add_range(&parsed, 0, 0);
	for (;;) {
		size_t len;

		list += strspn(list, ", \t");
		len = strcspn(list, ", \t");
		if (!len)
			break;
		if (len >= sizeof(word)) {
			snprintf(why, why_size, "'%.20s...' is no user", list);
			return -EINVAL;
		}
		memcpy(word, list, len);
		word[len] = '\0';
		list += len;
		if (add_word(&parsed, word, why, why_size))
			return -EINVAL;
	}
	if (parsed.len == 1) {
		snprintf(why, why_size, "no user is named");
		return -EINVAL;
	}
	*u = parsed;
	return 0;
}

bool users__counts(const struct users *u, uid_t uid)
{
	for (size_t i = 0; i < u->len; i++)
		if (uid >= u->ranges[i].first && uid <= u->ranges[i].last)
			return true;
	return false;
}

bool users__same(const struct users *a, const struct users *b)
{
	return a->by_data_dir == b->by_data_dir && a->len == b->len &&
	       !memcmp(a->ranges, b->ranges, a->len * sizeof(a->ranges[0]));
}
