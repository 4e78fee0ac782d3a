// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * privileges.c - see privileges.h.
 *
 * What remains, each found by leaving it out while a Patroni restarts:
 *
 * CAP_PERFMON and CAP_BPF: uprobes in the new process's getaddrinfo and libssl; its place among the
 *   targets; the walk through its sockets.
 * CAP_SYS_ADMIN, only where it is found by trying that uprobes need it: where they are made by
 *   perf_event_open(2) (before Linux 6.10, see hook.h) most kernels ask for it.
 * CAP_SYS_PTRACE: /proc/PID of another user's process: which program, libraries and sockets it has,
 *   what its thread waits for.
 * CAP_DAC_READ_SEARCH: Patroni's configuration, which only its user may read.
 * CAP_SETUID and CAP_SETGID: the reader opens a process's files with that process's own rights.
 * CAP_CHECKPOINT_RESTORE: /proc/PID/map_files: a library that was replaced while it is in use has
 *   no other path.
 */
#include <errno.h>
#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cap-ng.h>

#include "kernel/hook.h"
#include "kernel/privileges.h"
#include "leasewatch/units.h"

#define RIGHTS_MAX   16
#define UPROBES_TYPE "/sys/bus/event_source/devices/uprobe/type"

static const unsigned int to_follow[] = {
	CAP_BPF,    CAP_PERFMON, CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH, CAP_CHECKPOINT_RESTORE,
	CAP_SETUID, CAP_SETGID,
};

/*
 * Of these, what only the reader uses (host/reader.h): the loop may start it again, and so is
 * permitted to have them, but they are not in effect in it.
 */
static const unsigned int of_reader[] = {CAP_DAC_READ_SEARCH, CAP_SETUID, CAP_SETGID};

/* For a port below 1024; what a kernel may also require to load programs; to drop the rest. */
static const unsigned int to_begin[] = {CAP_NET_BIND_SERVICE, CAP_SYS_ADMIN, CAP_SETPCAP};

struct rights {
	size_t n;
	unsigned int list[RIGHTS_MAX];
};

/* Add those that the process has. */
static void add_rights(struct rights *rights, const unsigned int *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (capng_have_capability(CAPNG_PERMITTED, list[i]))
			rights->list[rights->n++] = list[i];
}

static int keep_rights(const struct rights *rights)
{
	capng_select_t what = CAPNG_SELECT_CAPS;

	/* A process that may not narrow the bounding set had that done by its starter. */
	if (capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP))
		what = CAPNG_SELECT_BOTH;
	capng_clear(CAPNG_SELECT_BOTH);
	for (size_t i = 0; i < rights->n; i++)
		capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET,
			     rights->list[i]);
	return capng_apply(what) ? -EPERM : 0;
}

int privileges__limit(void)
{
	struct rights rights = {0};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	if (capng_get_caps_process())
		return -EPERM;
	add_rights(&rights, to_follow, ARRAY_LEN(to_follow));
	add_rights(&rights, to_begin, ARRAY_LEN(to_begin));
	return keep_rights(&rights);
}

static int uprobes_type(void)
{
	FILE *f = fopen(UPROBES_TYPE, "re");
	int type = -1;

	if (f && fscanf(f, "%d", &type) != 1)
		type = -1;
	if (f)
		fclose(f);
	return type;
}

/*
 * May a uprobe be made without CAP_SYS_ADMIN? The new way always; the old one is tried on an
 * impossible file: the permission is checked first, and then nothing happens.
 */
static bool uprobes_need_admin(void)
{
	struct perf_event_attr attr = {
		.type = (unsigned int)uprobes_type(),
		.size = sizeof(attr),
		.config1 = (uintptr_t) "",
	};
	long fd;

	if (hook__together_works())
		return false;
	fd = syscall(SYS_perf_event_open, &attr, getpid(), -1, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd >= 0)
		close((int)fd);
	return fd < 0 && (errno == EACCES || errno == EPERM);
}

int privileges__settle(void)
{
	static const unsigned int admin[] = {CAP_SYS_ADMIN};
	struct rights rights = {0};
	bool had_admin;
	int err;

	if (capng_get_caps_process())
		return -EPERM;
	had_admin = capng_have_capability(CAPNG_PERMITTED, CAP_SYS_ADMIN);
	add_rights(&rights, to_follow, ARRAY_LEN(to_follow));
	if (had_admin) { /* for the trial, permitted though not in effect */
		capng_update(CAPNG_DROP, CAPNG_EFFECTIVE, CAP_SYS_ADMIN);
		err = capng_apply(CAPNG_SELECT_CAPS) ? -EPERM : 0;
		if (err)
			return err;
		if (uprobes_need_admin())
			add_rights(&rights, admin, 1);
	}
	err = keep_rights(&rights);
	if (err)
		return err;
	for (size_t i = 0; i < ARRAY_LEN(of_reader); i++)
		capng_update(CAPNG_DROP, CAPNG_EFFECTIVE, of_reader[i]);
	return capng_apply(CAPNG_SELECT_CAPS) ? -EPERM : 0;
}
