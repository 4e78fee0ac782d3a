// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * sample_wait.c - from a system call and its arguments to what the thread waits for.
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
#define POLLED_MAX 16
#define NAMED_MAX  4

#define NAME_BYTES 320 /* of one descriptor */

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

static void set_object(struct thread_wait *w, const char *object)
{
	text_copy_utf8(w->object, sizeof(w->object), object, strlen(object));
}

/* One of them, PostgreSQL if it is there, and how many more. */
static void describe_watched(const struct sample_target *t, const struct watched *watched,
			     struct thread_wait *w)
{
	char name[NAME_BYTES];

	w->kind = WAIT_OBJECT;
	for (size_t i = 0; i < watched->len && w->kind != WAIT_POSTGRES; i++) {
		enum wait_kind kind = sample_fd__describe(t, watched->fds[i], name, sizeof(name));

		if (kind == WAIT_UNKNOWN || (kind != WAIT_POSTGRES && w->object[0]))
			continue;
		w->kind = kind;
		set_object(w, name);
	}
	if (w->object[0])
		w->more = watched->count - 1;
}

static void describe_path(const struct sample_target *t, uint64_t addr, struct thread_wait *w)
{
	char path[81];
	size_t n = peek(t, addr, path, sizeof(path) - 1);

	path[n] = '\0';
	w->kind = WAIT_OBJECT;
	set_object(w, path[0] ? path : "a file");
}

/*
 * A pid is the target's own idea, in a container another one than ours: only a process that has
 * the target as parent is the one that was meant.
 */
static void describe_child(const struct sample_target *t, int64_t child, struct thread_wait *w)
{
	struct sample_stat stat;
	char name[64], text[1024], object[NAME_BYTES];

	w->kind = WAIT_CHILD;
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
	snprintf(object, sizeof(object), "%d (%.63s)", (int)child, text);
	set_object(w, object);
}

static int64_t child_of(const struct sample_call *known, const struct sample_syscall *call)
{
	if (strcmp(known->name, "waitid") != 0)
		return (int32_t)call->args[0];
	return call->args[0] == P_PID ? (int32_t)call->args[1] : -1;
}

static void describe_call(const struct sample_target *t, const struct sample_call *known,
			  const struct sample_syscall *call, struct thread_wait *w)
{
	struct watched watched = {0};

	snprintf(w->call, sizeof(w->call), "%s", known->call ? known->call : "");
	switch (known->kind) {
	case CALL_FD:
		watch_fd(&watched, (int)call->args[0]);
		break;
	case CALL_POLL:
		from_poll(t, call, &watched);
		break;
	case CALL_SELECT:
		from_select(t, call, &watched);
		break;
	case CALL_EPOLL:
		from_epoll(t, call, &watched);
		break;
	case CALL_PATH:
		describe_path(t, call->args[0], w);
		return;
	case CALL_PATH_AT:
		describe_path(t, call->args[1], w);
		return;
	case CALL_FUTEX:
		w->kind = call->args[3] ? WAIT_LOCK_TIMEOUT : WAIT_LOCK;
		return;
	case CALL_CHILD:
		describe_child(t, child_of(known, call), w);
		return;
	case CALL_SIGNAL:
		w->kind = WAIT_SIGNAL;
		return;
	case CALL_SLEEP:
		w->kind = WAIT_SLEEP;
		return;
	}
	/* Waiting on nothing with a timeout is how some sleep. */
	if ((known->kind == CALL_POLL && !call->args[1]) ||
	    (known->kind == CALL_SELECT && !call->args[0]))
		*w = (struct thread_wait){.kind = WAIT_SLEEP};
	else
		describe_watched(t, &watched, w);
}

void sample_wait__describe(const struct sample_target *t, const struct sample_syscall *call,
			   struct thread_sample *v)
{
	const struct sample_call *known = sample_call__find(call->nr);

	if (!known && call->nr == SYS_restart_syscall)
		known = sample_call__restarted(call);
	if (known)
		snprintf(v->syscall, sizeof(v->syscall), "%s", known->name);
	memset(&v->wait, 0, sizeof(v->wait));
	if (v->state == 'T' || v->state == 't') {
		v->wait.kind = v->state == 'T' ? WAIT_STOPPED : WAIT_TRACED;
	} else if (v->state != 'S' && v->state != 'D') {
		return;
	} else if (known) {
		describe_call(t, known, call, &v->wait);
	} else if (call->nr >= 0) {
		v->wait.kind = WAIT_SYSCALL;
		snprintf(v->wait.object, sizeof(v->wait.object), "%lld", (long long)call->nr);
	} else if (v->state == 'D') {
		v->wait.kind = WAIT_MEMORY;
	}
}
