// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * sample_wait.c - a system call and its arguments, as what the thread waits for.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/sample_private.h"
#include "protocol/text.h"

/* Descriptors of one poll that are looked at, and of those that are named. */
#define POLLED_MAX  16
#define NAMED_MAX   4

#define NAME_BYTES  320 /* of one descriptor, in words */
#define WORDS_BYTES 512

/* Descriptors that one call waits on. */
struct watched {
	int fds[NAMED_MAX];
	size_t len;   /* of fds */
	size_t count; /* of all */
};

static void watch_fd(struct watched *w, int fd)
{
	if (w->len < NAMED_MAX)
		w->fds[w->len++] = fd;
	w->count++;
}

/*
 * A few bytes of the target's memory: as many as can be had, 0 when none. Split where a page may
 * end, so that what lies before a hole is not lost.
 */
static size_t peek(const struct sample_target *t, uint64_t addr, void *buf, size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t first = page - (size_t)(addr % page);
	struct iovec local = {buf, size}, remote[2];
	ssize_t n;

	if (!t->may_read_memory || !addr)
		return 0;
	if (first > size)
		first = size;
	/* Addresses of another process: numbers here, never followed. */
	remote[0] = (struct iovec){(void *)(uintptr_t)addr, first};
	remote[1] = (struct iovec){(void *)(uintptr_t)(addr + first), size - first};
	n = process_vm_readv(t->pid, &local, 1, remote, size > first ? 2 : 1, 0);
	return n > 0 ? (size_t)n : 0;
}

static void from_poll(const struct sample_target *t, const struct sample_syscall *call,
		      struct watched *w)
{
	struct pollfd fds[POLLED_MAX];
	uint64_t want = call->args[1] < POLLED_MAX ? call->args[1] : POLLED_MAX;
	size_t got = want ? peek(t, call->args[0], fds, want * sizeof(*fds)) / sizeof(*fds) : 0;

	for (size_t i = 0; i < got; i++)
		if (fds[i].fd >= 0)
			watch_fd(w, fds[i].fd);
}

static void from_select(const struct sample_target *t, const struct sample_syscall *call,
			struct watched *w)
{
	uint64_t nfds = call->args[0] < FD_SETSIZE ? call->args[0] : FD_SETSIZE;
	fd_set sets[2];

	memset(sets, 0, sizeof(sets));
	if (nfds)
		for (int i = 0; i < 2; i++) /* the ones to read, the ones to write */
			peek(t, call->args[1 + i], &sets[i], (nfds + 63) / 64 * 8);
	for (int fd = 0; fd < (int)nfds; fd++)
		if (FD_ISSET(fd, &sets[0]) || FD_ISSET(fd, &sets[1]))
			watch_fd(w, fd);
}

/* The kernel lists what an epoll watches: "tfd:        5 events: ..." */
static void from_epoll(const struct sample_target *t, const struct sample_syscall *call,
		       struct watched *w)
{
	char name[32], text[2048];

	snprintf(name, sizeof(name), "fdinfo/%d", (int)call->args[0]);
	if (sample_file__read(t->dir, name, text, sizeof(text)) <= 0)
		return;
	for (const char *p = text; (p = strstr(p, "tfd:")); p++) {
		int64_t fd = strtol(p + 4, NULL, 10);

		if (fd >= 0 && fd <= INT32_MAX)
			watch_fd(w, (int)fd);
	}
}

/* One of them, PostgreSQL if it is there, and how many more. */
static void say_watched(const struct sample_target *t, const char *words, const struct watched *w,
			char *out, size_t size)
{
	char one[NAME_BYTES], named[NAME_BYTES] = "";
	bool is_postgres = false;

	for (size_t i = 0; i < w->len && !is_postgres; i++)
		if (sample_fd__describe(t, w->fds[i], one, sizeof(one), &is_postgres) &&
		    (is_postgres || !named[0]))
			strcpy(named, one);
	if (!named[0])
		snprintf(out, size, "%.*s", (int)strcspn(words, " "), words);
	else if (w->count > 1)
		snprintf(out, size, "%s %s and %zu more", words, named, w->count - 1);
	else
		snprintf(out, size, "%s %s", words, named);
}

static void say_path(const struct sample_target *t, const char *words, uint64_t addr, char *out,
		     size_t size)
{
	char path[81];
	size_t n = peek(t, addr, path, sizeof(path) - 1);

	path[n] = '\0';
	if (path[0])
		snprintf(out, size, "%s %s", words, path);
	else
		snprintf(out, size, "%s a file", words);
}

/*
 * A pid is the target's own idea, in a container another one than ours: only a process that has
 * the target as parent is the one that was meant.
 */
static void say_child(const struct sample_target *t, int64_t child, char *out, size_t size)
{
	struct sample_stat stat;
	char name[64], text[1024];

	snprintf(out, size, "the end of a child process");
	if (child <= 0 || child > INT32_MAX)
		return;
	snprintf(name, sizeof(name), "/proc/%d/stat", (int)child);
	if (sample_file__read(AT_FDCWD, name, text, sizeof(text)) <= 0 ||
	    !sample_text__stat(text, &stat) || stat.ppid != t->pid)
		return;
	snprintf(name, sizeof(name), "/proc/%d/comm", (int)child);
	if (sample_file__read(AT_FDCWD, name, text, 64) <= 0)
		return;
	text[strcspn(text, "\n")] = '\0';
	snprintf(out, size, "the end of its child process %d (%.63s)", (int)child, text);
}

static int64_t child_of(const struct sample_call *known, const struct sample_syscall *call)
{
	if (strcmp(known->name, "waitid") != 0)
		return (int32_t)call->args[0];
	return call->args[0] == P_PID ? (int32_t)call->args[1] : -1;
}

static void say_call(const struct sample_target *t, const struct sample_call *known,
		     const struct sample_syscall *call, char *out, size_t size)
{
	struct watched w = {0};

	switch (known->kind) {
	case CALL_FD:
		watch_fd(&w, (int)call->args[0]);
		break;
	case CALL_POLL:
		from_poll(t, call, &w);
		break;
	case CALL_SELECT:
		from_select(t, call, &w);
		break;
	case CALL_EPOLL:
		from_epoll(t, call, &w);
		break;
	case CALL_PATH:
		say_path(t, known->words, call->args[0], out, size);
		return;
	case CALL_PATH_AT:
		say_path(t, known->words, call->args[1], out, size);
		return;
	case CALL_FUTEX:
		/* With a timeout it is how Patroni's main thread idles between two rounds. */
		snprintf(out, size, "%s by another of its threads (futex)",
			 call->args[3] ? "a timeout or a wake-up" : "a lock or a wake-up");
		return;
	case CALL_CHILD:
		say_child(t, child_of(known, call), out, size);
		return;
	case CALL_SIGNAL:
		snprintf(out, size, "a signal");
		return;
	case CALL_SLEEP:
		snprintf(out, size, "sleep");
		return;
	}
	/* Waiting on nothing with a timeout is how some sleep. */
	if ((known->kind == CALL_POLL && !call->args[1]) ||
	    (known->kind == CALL_SELECT && !call->args[0]))
		snprintf(out, size, "sleep");
	else
		say_watched(t, known->words, &w, out, size);
}

void sample_wait__describe(const struct sample_target *t, const struct sample_syscall *call,
			   struct sample *v)
{
	const struct sample_call *known = sample_call__find(call->nr);
	const char *end = v->state == 'D' ? ", uninterruptible" : "";
	char words[WORDS_BYTES] = "", whole[WORDS_BYTES + 64];

	if (!known && call->nr == SYS_restart_syscall)
		known = sample_call__restarted(call);
	if (known)
		snprintf(v->syscall, sizeof(v->syscall), "%s", known->name);
	if (v->state == 'T' || v->state == 't') {
		snprintf(v->waits_for, sizeof(v->waits_for), "%s",
			 v->state == 'T' ? "a stop by a signal, until SIGCONT"
					 : "a stop by a debugger");
		return;
	}
	if (v->state != 'S' && v->state != 'D')
		return;
	if (known)
		say_call(t, known, call, words, sizeof(words));
	else if (call->nr >= 0)
		snprintf(words, sizeof(words), "system call %lld", (long long)call->nr);
	else if (v->state == 'D')
		snprintf(words, sizeof(words), "a page of memory from the disk, or the like");
	snprintf(whole, sizeof(whole), "%s%s%s%s%s", words, end, *end && v->wchan[0] ? " (" : "",
		 *end ? v->wchan : "", *end && v->wchan[0] ? ")" : "");
	text_copy_utf8(v->waits_for, sizeof(v->waits_for), whole, strlen(whole));
}
