/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sample_private.h - the parts of a sample: text of the kernel's small files, the cgroup, the wait,
 * the socket. For sample*.c and their tests.
 */
#ifndef LEASEWATCH_SAMPLE_PRIVATE_H
#define LEASEWATCH_SAMPLE_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "host/sample.h"

/* ---- sample_text.c: pure parsers of NUL-terminated text; false or -1 = not that shape */

struct sample_stat {
	char state;
	int64_t ppid, major_faults;
};

struct sample_syscall {
	int64_t nr; /* -1 = blocked outside of a system call */
	uint64_t args[6];
};

/* A line of /proc/net/tcp, tcp6, udp or udp6; addresses in network byte order. */
struct sample_inet {
	uint8_t local[16], remote[16];
	uint16_t local_port, remote_port; /* host byte order */
	bool is_v6;
	unsigned int state; /* TCP_ESTABLISHED, ... of the kernel */
	uint64_t inode;
};

bool sample_text__stat(const char *text, struct sample_stat *out);
bool sample_text__schedstat(const char *text, int64_t *runtime_ns, int64_t *run_delay_ns);

/* False also when the thread runs, and so has no system call to tell. */
bool sample_text__syscall(const char *text, struct sample_syscall *out);

/* The number after "key " at the start of a line. */
int64_t sample_text__value(const char *text, const char *key);

/* "some avg10=1.23 ..." of a PSI file. */
double sample_text__pressure(const char *text);

/* cpu.max: "50000 100000" is 0.5; "max 100000" is 0. */
double sample_text__quota(const char *text);

bool sample_text__inet(const char *line, struct sample_inet *out);

/*
 * The path in /proc/PID/cgroup of the v1 hierarchy with this controller, or of v2 (controller
 * NULL).
 */
bool sample_text__cgroup(const char *text, const char *controller, char *out, size_t size);

/* A line of mountinfo, without its newline: changed in place, *fields point into it. */
struct sample_mountinfo {
	const char *root, *point, *type, *options;
};
bool sample_text__mountinfo(char *line, struct sample_mountinfo *out);

/* ---- sample_file.c */

/* Read a small file below a directory, NUL-terminated: bytes, or -errno. What does not fit is cut.
 */
ssize_t sample_file__read(int dir, const char *name, char *buf, size_t size);

/* ---- sample_cgroup.c */

void sample_cgroup__mounts(struct sample_host *host, FILE *mountinfo);

/*
 * The directory of a cgroup: where a path of /proc/PID/cgroup lies below a mount. -ENOENT when the
 * mount does not reach it, -ENAMETOOLONG.
 */
int sample_cgroup__directory(const struct sample_mount *mount, const char *path, char *out,
			     size_t size);

/* Throttling and quota, from the text of /proc/PID/cgroup. */
void sample_cgroup__cpu(const struct sample_host *host, const char *text,
			struct thread_sample *out);
void sample_cgroup__pressure(const struct sample_host *host, const char *text,
			     struct thread_sample *out);

/* ---- sample_wait.c, sample_call.c, sample_socket.c */

/* Whose wait it is. */
struct sample_target {
	struct sample_host *host;
	int dir; /* /proc/PID */
	pid_t pid;
	bool may_read_memory;
};

enum sample_call_kind {
	CALL_FD,      /* the first argument is a file descriptor */
	CALL_PATH,    /* the first argument is a path */
	CALL_PATH_AT, /* the second is */
	CALL_POLL,
	CALL_SELECT,
	CALL_EPOLL,
	CALL_SLEEP,
	CALL_FUTEX,
	CALL_CHILD,
	CALL_SIGNAL,
};

struct sample_call {
	int64_t nr;
	const char *name;
	enum sample_call_kind kind;
	const char *call; /* before the descriptor or path: "recv from"; NULL where it has none */
};

/* NULL = not one that we have words for. */
const struct sample_call *sample_call__find(int64_t nr);

/* Which call restart_syscall(2) goes on with after a stop: its arguments are still there. */
const struct sample_call *sample_call__restarted(const struct sample_syscall *call);

/* Fills syscall and wait; reads state. */
void sample_wait__describe(const struct sample_target *t, const struct sample_syscall *call,
			   struct thread_sample *v);

/*
 * What a descriptor of the target is, as WAIT_POSTGRES, WAIT_NAMESERVER or WAIT_OBJECT, and its
 * name; WAIT_UNKNOWN: it is not open.
 */
enum wait_kind sample_fd__describe(const struct sample_target *t, int fd, char *name, size_t size);

/* The same of a socket, by its other end. There is always a name. */
enum wait_kind sample_socket__describe(const struct sample_target *t, int fd, uint64_t inode,
				       char *name, size_t size);

#endif
