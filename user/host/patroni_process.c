// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * patroni_process.c - finds the processes that are Patroni.
 *
 * The cheap test comes first, because a database host has thousands of other processes: one
 * readlink of the executable. Only a Python interpreter has its command line read, and only one
 * that names Patroni has its script read.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/patroni_private.h"
#include "leasewatch/units.h"

/* An entry script is some hundred bytes; Patroni's own __main__.py 16 KiB in 4.1. */
#define SCRIPT_BYTES_MAX (64UL * 1024)

/* Fields of /proc/PID/stat (proc(5)) after the name: state is field 3, starttime field 22. */
static int parse_stat(const char *text, struct patroni_process *out)
{
	const char *open = strchr(text, '('), *close = strrchr(text, ')'), *p;
	size_t n;
	int field = 3;

	if (!open || !close || close < open || close[1] != ' ')
		return -ESRCH;
	if (close[2] == 'Z' || close[2] == 'X')
		return -ESRCH;
	n = (size_t)(close - open - 1);
	if (n >= sizeof(out->comm))
		n = sizeof(out->comm) - 1;
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)open[1 + i];

		out->comm[i] = c >= 0x20 && c < 0x7f ? (char)c : '?';
	}
	out->comm[n] = '\0';
	for (p = close + 2; field < 22 && *p; p++)
		field += *p == ' ';
	if (field < 22)
		return -ESRCH;
	out->start_ticks = strtoull(p, NULL, 10);
	return 0;
}

static bool is_thread(int proc_fd, pid_t pid)
{
	char *text, *line;
	size_t len;
	bool thread = false;

	if (patroni_proc__read(proc_fd, "status", 4096, &text, &len))
		return false;
	line = strstr(text, "\nTgid:");
	if (line)
		thread = atoi(line + strlen("\nTgid:")) != pid;
	free(text);
	return thread;
}

/* A private mount namespace alone says little: systemd gives one to many a service of the host. */
static bool in_container(int proc_fd)
{
	struct stat ours, theirs;

	if (!fstatat(proc_fd, "ns/pid", &theirs, 0) && !stat("/proc/self/ns/pid", &ours) &&
	    (ours.st_ino != theirs.st_ino || ours.st_dev != theirs.st_dev))
		return true;
	return !fstatat(proc_fd, "root", &theirs, 0) && !stat("/proc/self/root", &ours) &&
	       (ours.st_ino != theirs.st_ino || ours.st_dev != theirs.st_dev);
}

static int describe_process(int proc_fd, pid_t pid, struct patroni_process *out)
{
	struct patroni_process found = {.pid = pid};
	struct patroni_owner owner;
	char *text;
	size_t len;
	int err = patroni_proc__read(proc_fd, "stat", 4096, &text, &len);

	if (err)
		return -ESRCH;
	err = parse_stat(text, &found);
	free(text);
	if (err || is_thread(proc_fd, pid))
		return -ESRCH;
	if (patroni_owner__read(proc_fd, &owner))
		return -ESRCH;
	found.uid = owner.uid;
	found.container = in_container(proc_fd);
	*out = found;
	return 0;
}

uid_t patroni__owner_hint(pid_t pid)
{
	char path[32];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d", pid);
	return stat(path, &st) ? 0 : st.st_uid;
}

int patroni__describe(pid_t pid, struct patroni_process *out)
{
	int err, proc_fd = patroni_proc__open(pid);

	if (proc_fd < 0)
		return -ESRCH;
	err = describe_process(proc_fd, pid, out);
	close(proc_fd);
	return err;
}

/*
 * Anything may be called patroni.py, a monitoring plugin for one. Debian's script looks its entry
 * point up, pip's and the source tree's import it, __main__.py defines it. A script that cannot be
 * read (replaced since, or packed in a zip) proves nothing, and the name stands.
 */
static bool script_starts_patroni(int proc_fd, const char *script)
{
	static const char *const signs[] = {
		"patroni.__main__", "patroni import main", "console_scripts",
		"patroni_main",	    "class Patroni(",
	};
	char *text;
	size_t len;
	bool yes = false;
	int err = patroni_file__read(proc_fd, script, SCRIPT_BYTES_MAX, &text, &len);

	if (err == -EISDIR) {
		char main_py[PATRONI_PATH_MAX];
		int n = snprintf(main_py, sizeof(main_py), "%s/__main__.py", script);

		if (n > 0 && (size_t)n < sizeof(main_py))
			err = patroni_file__read(proc_fd, main_py, SCRIPT_BYTES_MAX, &text, &len);
	}
	if (err)
		return true;
	if (memchr(text, '\0', len))
		yes = true;
	for (size_t i = 0; !yes && i < ARRAY_LEN(signs); i++)
		yes = memmem(text, len, signs[i], strlen(signs[i]));
	free(text);
	return yes;
}

static int identify(int proc_fd, pid_t pid, struct patroni_process *out)
{
	struct patroni_cmdline cmd;
	struct patroni_program program;
	char exe[PATRONI_PATH_MAX];
	int err = patroni_proc__link(proc_fd, "exe", exe, sizeof(exe));

	/* A kernel thread or a zombie has no executable. */
	if (err == -ENOENT)
		return 0;
	if (err == -ESRCH)
		return -ESRCH;
	if (err)
		exe[0] = '\0';
	if (!patroni_cmdline__possible(exe))
		return 0;
	err = patroni_cmdline__read(proc_fd, &cmd);
	if (err)
		return err;
	if (!patroni_cmdline__program(&cmd, exe, &program))
		return 0;
	if (program.script && !script_starts_patroni(proc_fd, program.script))
		return 0;
	err = describe_process(proc_fd, pid, out);
	return err ? err : 1;
}

int patroni__identify(pid_t pid, struct patroni_process *out)
{
	int ret, proc_fd = patroni_proc__open(pid);

	if (proc_fd < 0)
		return proc_fd;
	ret = identify(proc_fd, pid, out);
	close(proc_fd);
	return ret;
}

bool patroni__could_be(pid_t pid)
{
	char exe[PATRONI_PATH_MAX];
	int proc_fd = patroni_proc__open(pid), err;

	if (proc_fd < 0)
		return false;
	err = patroni_proc__link(proc_fd, "exe", exe, sizeof(exe));
	close(proc_fd);
	if (err == -ENOENT || err == -ESRCH)
		return false;
	return patroni_cmdline__possible(err ? "" : exe);
}

int patroni__scan(int (*found)(const struct patroni_process *p, void *ctx), void *ctx)
{
	DIR *dir = opendir("/proc");
	struct patroni_process process;
	struct dirent *entry;
	int count = 0;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		if (patroni__identify(atoi(entry->d_name), &process) != 1)
			continue;
		count++;
		if (found(&process, ctx))
			break;
	}
	closedir(dir);
	return count;
}

/* The initial pid namespace has this inode number in every kernel (PROC_PID_INIT_INO). */
bool patroni__sees_host_pids(void)
{
	static const char initial[] = "pid:[4026531836]";
	char link[64];
	ssize_t n = readlink("/proc/self/ns/pid", link, sizeof(link) - 1);

	if (n < 0)
		return true; /* a kernel without pid namespaces */
	link[n] = '\0';
	return strcmp(link, initial) == 0;
}
