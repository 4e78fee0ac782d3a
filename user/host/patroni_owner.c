// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * patroni_owner.c - whose process it is: a fact of the kernel's, and the rights that its files are
 * opened with.
 *
 * The system calls are made directly: the C library's would change all threads. With the file
 * system's user the kernel takes away, and gives back, the rights to override permissions.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/patroni_private.h"

static const char *find_field(const char *status, const char *name)
{
	const char *at = strstr(status, name);

	return at ? at + strlen(name) : NULL;
}

/* Real, effective, saved and, last, for files. */
static bool read_fourth(const char *at, unsigned int *out)
{
	unsigned long value = 0;
	char *end;

	for (int i = 0; at && i < 4; i++, at = end) {
		value = strtoul(at, &end, 10);
		if (end == at || value > UINT32_MAX)
			return false;
	}
	*out = (unsigned int)value;
	return at;
}

static void read_groups(const char *at, struct patroni_owner *out)
{
	char *end;

	for (; at && *at != '\n' && out->groups_len < PATRONI_GROUPS_MAX; at = end) {
		unsigned long value = strtoul(at, &end, 10);

		if (end == at)
			return;
		out->groups[out->groups_len++] = (gid_t)value;
		end += strspn(end, " \t");
	}
}

int patroni_owner__read(int proc_fd, struct patroni_owner *out)
{
	struct patroni_owner owner = {0};
	char *status;
	size_t len;
	int err = patroni_proc__read(proc_fd, "status", 16384, &status, &len);

	if (err)
		return err;
	/* A name in it cannot hold a line break: the kernel writes it as \n. */
	if (!read_fourth(find_field(status, "\nUid:"), &owner.uid) ||
	    !read_fourth(find_field(status, "\nGid:"), &owner.gid))
		err = -EBADMSG;
	read_groups(find_field(status, "\nGroups:"), &owner);
	free(status);
	if (!err)
		*out = owner;
	return err;
}

int patroni_owner__become(const struct patroni_owner *owner)
{
	if (geteuid() || !owner->uid)
		return 0;
	if (syscall(SYS_setgroups, owner->groups_len, owner->groups))
		return -EACCES;
	syscall(SYS_setfsgid, owner->gid);
	syscall(SYS_setfsuid, owner->uid);
	/* Each returns what was before, whether it worked or not. */
	if ((uid_t)syscall(SYS_setfsuid, -1) != owner->uid ||
	    (gid_t)syscall(SYS_setfsgid, -1) != owner->gid) {
		patroni_owner__return();
		return -EACCES;
	}
	return 0;
}

void patroni_owner__return(void)
{
	static const gid_t root;

	if (geteuid())
		return;
	syscall(SYS_setfsuid, 0);
	syscall(SYS_setfsgid, 0);
	syscall(SYS_setgroups, (size_t)1, &root);
}
