// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * reader_spawner.c - a process that forks a worker for each request, and does nothing else: it
 * reads nothing but requests of our own, and its workers answer by themselves.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/reader_message.h"
#include "leasewatch/units.h"

/* The loop asks for fewer at a time (reader.c): beyond these somebody else sends. */
#define WORKERS_MAX 64
/* Descriptors that may be open, where the kernel cannot close a range of them (before 5.9). */
#define FILES_MAX 4096

/* What a worker may use. An answer takes some milliseconds of CPU and a few MiB. */
#define WORKER_MEMORY_BYTES (96UL << 20)
#define WORKER_CPU_S	    2
#define WORKER_FILES	    32

struct worker {
	pid_t pid; /* 0 = free */
	uint32_t id, what;
};

struct spawner {
	int fd;
	struct worker workers[WORKERS_MAX];
};

static void set_limit(int resource, rlim_t value)
{
	const struct rlimit l = {value, value};

	setrlimit(resource, &l);
}

/* What is mapped already counts, too. */
static rlim_t mapped_bytes(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	unsigned long pages = 0;

	if (f && fscanf(f, "%lu", &pages) != 1)
		pages = 0;
	if (f)
		fclose(f);
	return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

static void send_reply(int fd, struct reader_reply *reply, size_t len, const int *fds, size_t n)
{
	union {
		char bytes[CMSG_SPACE(LIBRARY_COPIES_MAX * sizeof(int))];
		struct cmsghdr align;
	} control = {{0}};
	struct iovec text = {reply, len};
	struct msghdr message = {.msg_iov = &text, .msg_iovlen = 1};

	if (n) {
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(&control.align), fds, n * sizeof(int));
		message.msg_control = control.bytes;
		message.msg_controllen = CMSG_SPACE(n * sizeof(int));
	}
	sendmsg(fd, &message, MSG_NOSIGNAL);
}

static _Noreturn void serve_request(int fd, const struct reader_request *request)
{
	static struct reader_reply reply;
	size_t len = READER_REPLY_HEADER;
	int fds[LIBRARY_COPIES_MAX], err;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	set_limit(RLIMIT_AS, mapped_bytes() + WORKER_MEMORY_BYTES);
	set_limit(RLIMIT_CPU, WORKER_CPU_S);
	set_limit(RLIMIT_NOFILE, WORKER_FILES);
	set_limit(RLIMIT_FSIZE, 0);
	set_limit(RLIMIT_CORE, 0);
	set_limit(RLIMIT_NPROC, 0);
	alarm(READER_DEADLINE_MS / 1000);
	err = reader_worker__confine(fd);
	if (!err)
		reader_worker__answer(request, &reply, fds);
	reply.id = request->id;
	reply.what = request->what;
	if (err)
		reply.err = err;
	if (!reply.err)
		len = reader_message__bytes(request->what);
	send_reply(fd, &reply, len, fds, reader_message__fds(&reply));
	_exit(0);
}

static void answer_error(const struct spawner *s, uint32_t id, uint32_t what, int err)
{
	struct reader_reply reply = {.id = id, .what = what, .err = err};

	send(s->fd, &reply, READER_REPLY_HEADER, MSG_NOSIGNAL);
}

static void start_worker(struct spawner *s, const struct reader_request *request,
			 const sigset_t *signals)
{
	struct worker *w = NULL;
	pid_t pid = -1;

	for (size_t i = 0; i < WORKERS_MAX && !w; i++)
		if (!s->workers[i].pid)
			w = &s->workers[i];
	if (w)
		pid = fork();
	if (pid == 0) {
		sigprocmask(SIG_SETMASK, signals, NULL);
		serve_request(s->fd, request);
	}
	if (pid < 0)
		answer_error(s, request->id, request->what, w ? -errno : -EBUSY);
	else
		*w = (struct worker){pid, request->id, request->what};
}

/* A reply that was sent is in the socket before this one: the loop goes by the first. */
static void reap(struct spawner *s)
{
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		for (size_t i = 0; i < WORKERS_MAX; i++)
			if (s->workers[i].pid == pid) {
				answer_error(s, s->workers[i].id, s->workers[i].what, -EIO);
				s->workers[i].pid = 0;
			}
}

static void on_child(int sig)
{
	(void)sig;
}

/* Only what it needs: whatever else was open is nobody's business here. */
static void close_others(int fd)
{
	bool ranges = !syscall(SYS_close_range, (unsigned int)fd + 1, ~0U, 0U);

	for (int i = 3; i < (ranges ? fd : FILES_MAX); i++)
		if (i != fd)
			close(i);
}

_Noreturn void reader_spawner__run(int fd)
{
	static struct spawner s;
	struct sigaction action = {.sa_handler = on_child};
	sigset_t blocked, open;

	s.fd = fd;
	close_others(fd);
	prctl(PR_SET_NAME, "lw-reader");
	sigemptyset(&open);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGCHLD);
	sigprocmask(SIG_SETMASK, &blocked, NULL);
	sigaction(SIGCHLD, &action, NULL);
	/* Those are for the loop, which then lets us go. */
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		struct reader_request request;
		ssize_t n;

		if (ppoll(&p, 1, NULL, &open) < 0 && errno != EINTR)
			_exit(1);
		reap(&s);
		n = recv(fd, &request, sizeof(request), MSG_DONTWAIT);
		if (n == 0)
			_exit(0); /* the loop is gone */
		if (n == sizeof(request))
			start_worker(&s, &request, &open);
	}
}
