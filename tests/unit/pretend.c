// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * pretend.c - see pretend.h. The child says through a pipe when it is in main(): right after execve
 * has closed the old descriptors the command line in /proc may still be empty.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <ftw.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "pretend.h"

#define CHILDREN_MAX 64
#define ENV_MAX	     32

static char directory[256];
static pid_t children[CHILDREN_MAX];
static size_t children_len;

void pretend__child(void)
{
	const char *ready = getenv("PRETEND_READY"), *root = getenv("PRETEND_ROOT");

	if (!ready)
		return;
	if (root && chroot(root))
		_exit(1);
	if (write(atoi(ready), "", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

const char *pretend__directory(void)
{
	const char *tmp = getenv("TMPDIR");

	if (!directory[0]) {
		assert_true((size_t)snprintf(directory, sizeof(directory),
					     "%s/leasewatch-test-XXXXXX",
					     tmp ? tmp : "/tmp") < sizeof(directory));
		assert_non_null(mkdtemp(directory));
	}
	return directory;
}

static void full_path(char *out, size_t size, const char *path)
{
	assert_true((size_t)snprintf(out, size, "%s/%s", pretend__directory(), path) < size);
	for (char *p = out + strlen(directory) + 1; (p = strchr(p, '/')); *p++ = '/') {
		*p = '\0';
		assert_true(!mkdir(out, 0755) || errno == EEXIST);
	}
}

void pretend__write(const char *path, const char *text)
{
	char full[512];
	FILE *f;

	full_path(full, sizeof(full), path);
	f = fopen(full, "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

/* The executable's link in /proc names the file, so it takes a copy of it: a symbolic link would
 * not do. */
static void copy_self(const char *full)
{
	int in, out = open(full, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	struct stat st;
	off_t at = 0;

	if (out < 0 && errno == EEXIST)
		return;
	in = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	assert_true(in >= 0 && out >= 0);
	assert_int_equal(fstat(in, &st), 0);
	while (at < st.st_size)
		assert_true(sendfile(out, in, &at, (size_t)(st.st_size - at)) > 0);
	close(in);
	close(out);
}

static void become(const struct pretend *p, const char *exe, int ready)
{
	const char *env[ENV_MAX] = {NULL};
	char ready_text[32], root_text[512];
	size_t n = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (; p->env && p->env[n] && n < ENV_MAX - 3; n++)
		env[n] = p->env[n];
	snprintf(ready_text, sizeof(ready_text), "PRETEND_READY=%d", ready);
	env[n++] = ready_text;
	if (p->root) {
		snprintf(root_text, sizeof(root_text), "PRETEND_ROOT=%s", p->root);
		env[n++] = root_text;
	}
	if (p->uid && (setgroups(0, NULL) || setgid(p->uid) || setuid(p->uid)))
		_exit(1);
	if (!p->cwd || !chdir(p->cwd))
		execve(exe, (char *const *)p->argv, (char *const *)env);
	_exit(1);
}

pid_t pretend__start(const struct pretend *p)
{
	unsigned long flags = SIGCHLD | (p->namespaces ? CLONE_NEWPID | CLONE_NEWNS : 0);
	char exe[512], path[512], byte;
	int fds[2];
	pid_t pid;

	snprintf(path, sizeof(path), "exe/%s", p->exe);
	full_path(exe, sizeof(exe), path);
	copy_self(exe);
	assert_int_equal(pipe(fds), 0);
	pid = (pid_t)syscall(SYS_clone, flags, NULL, NULL, NULL, NULL);
	assert_true(pid >= 0);
	if (!pid) {
		close(fds[0]);
		become(p, exe, fds[1]);
	}
	close(fds[1]);
	assert_true(children_len < CHILDREN_MAX);
	children[children_len++] = pid;
	assert_int_equal(read(fds[0], &byte, 1), 1);
	close(fds[0]);
	return pid;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void pretend__cleanup(void)
{
	while (children_len) {
		pid_t pid = children[--children_len];

		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	if (directory[0])
		nftw(directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	directory[0] = '\0';
}
