// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * returns.c - see returns.h. The child has a filter that kills it at the system calls in question,
 * and calls a function with a return probe.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/names.h"
#include "kernel/returns.h"
#include "leasewatch/units.h"

/* x86-64: the return of a probe (Linux 6.11), and its entry (6.18). */
#define NR_URETPROBE 335
#define NR_UPROBE    336

/* The child ends itself after so many seconds. */
#define CHILD_S 5

/* Not inlined, and not empty: the compiler must call it. */
static __attribute__((noinline, noclone)) int come_back(int value)
{
	__asm__ volatile("" : "+r"(value));
	return value;
}

static uint64_t find_offset(const void *function)
{
	uint64_t at = (uintptr_t)function, found = 0;
	char line[512];
	FILE *f = fopen("/proc/self/maps", "re");

	while (f && !found && fgets(line, sizeof(line), f)) {
		uint64_t from, to, offset;

		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %" SCNx64, &from, &to, &offset) ==
			    3 &&
		    at >= from && at < to)
			found = at - from + offset;
	}
	if (f)
		fclose(f);
	return found;
}

static int refuse_calls(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NR_URETPROBE, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NR_UPROBE, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = ARRAY_LEN(code), .filter = code};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) ? -errno : 0;
}

/* Forked from a process with threads: only system calls. Exits with 0 if it lives. */
static _Noreturn void be_child(int go)
{
	sigset_t none;
	char byte;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_DUMPABLE, 0);
	signal(SIGALRM, SIG_DFL);
	alarm(CHILD_S);
	if (refuse_calls() || read(go, &byte, 1) != 1)
		_exit(2);
	_exit(come_back(0));
}

static enum returns judge_child(pid_t child)
{
	int status;
	pid_t got;

	do
		got = waitpid(child, &status, 0);
	while (got < 0 && errno == EINTR);
	if (got != child)
		return RETURNS_UNKNOWN;
	if (WIFEXITED(status))
		return WEXITSTATUS(status) ? RETURNS_UNKNOWN : RETURNS_SAFE;
	return WTERMSIG(status) == SIGALRM ? RETURNS_UNKNOWN : RETURNS_DEADLY;
}

enum returns returns__try_again(const struct returns_hook *hook)
{
	uint64_t offset = find_offset((const void *)(uintptr_t)come_back);
	enum returns verdict;
	int go[2], err;
	pid_t child;

	if (!offset || pipe2(go, O_CLOEXEC))
		return RETURNS_UNKNOWN;
	child = fork();
	if (!child) {
		close(go[1]); /* else its end would never be seen */
		be_child(go[0]);
	}
	err = child < 0 ? -errno : hook->hook(hook->ctx, child, offset);
	if (!err && write(go[1], "", 1) != 1)
		err = -errno;
	close(go[1]);
	close(go[0]); /* not before: a child that is dead already must not cost us a SIGPIPE */
	verdict = child < 0 ? RETURNS_UNKNOWN : judge_child(child);
	hook->unhook(hook->ctx);
	return err ? RETURNS_UNKNOWN : verdict;
}

enum returns returns__try(const struct returns_hook *hook)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static enum returns known;
	enum returns verdict;

#if !defined(__x86_64__)
	return RETURNS_SAFE; /* no system call */
#endif
	pthread_mutex_lock(&lock);
	if (known == RETURNS_UNKNOWN)
		known = returns__try_again(hook);
	verdict = known;
	pthread_mutex_unlock(&lock);
	return verdict;
}

bool returns__has_filter(const char *status)
{
	const char *line = strstr(status, "\nSeccomp:");

	return !line || strtol(line + strlen("\nSeccomp:"), NULL, 10) != SECCOMP_MODE_DISABLED;
}

bool returns__process_has_filter(pid_t pid)
{
	char path[32], status[4096];
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "re");
	if (f) {
		n = fread(status, 1, sizeof(status) - 1, f);
		fclose(f);
	}
	status[n] = '\0';
	return returns__has_filter(status);
}
