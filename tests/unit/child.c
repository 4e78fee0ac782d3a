// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * child.c - see child.h.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "child.h"

#define CHILDREN_MAX 32
#define PATIENCE_S   10

static pid_t children[CHILDREN_MAX];

pid_t child__start(void (*body)(void *arg), void *arg)
{
	pid_t parent = getpid(), pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		body(arg);
		_exit(0);
	}
	for (int i = 0; i < CHILDREN_MAX; i++)
		if (!children[i]) {
			children[i] = pid;
			return pid;
		}
	kill(pid, SIGKILL);
	fail_msg("too many children");
	return -1;
}

void child__must(bool ok, const char *what)
{
	if (ok)
		return;
	dprintf(STDERR_FILENO, "child: %s: %s\n", what, strerror(errno));
	_exit(99);
}

void child__skip(const char *why)
{
	dprintf(STDERR_FILENO, "skipped: %s: %s\n", why, strerror(errno));
	_exit(98);
}

int child__end(pid_t pid)
{
	int status = 0;

	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	for (int i = 0; i < CHILDREN_MAX; i++)
		if (children[i] == pid)
			children[i] = 0;
	return status;
}

void child__end_all(void)
{
	for (int i = 0; i < CHILDREN_MAX; i++)
		if (children[i])
			child__end(children[i]);
}

bool child__until(pid_t pid, bool (*seen)(pid_t pid, void *arg), void *arg)
{
	const struct timespec nap = {.tv_nsec = 1000000};
	struct timespec start, now;

	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		siginfo_t info = {0};

		if (seen(pid, arg))
			return true;
		if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) || info.si_pid)
			return false;
		nanosleep(&nap, NULL);
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec - start.tv_sec < PATIENCE_S);
	return false;
}
