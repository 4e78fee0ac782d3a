/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vitals_private.h - the parts of vitals: text of the kernel's small files, the cgroup, the wait,
 * the socket. For vitals*.c and their tests.
 */
#ifndef LEASEWATCH_VITALS_PRIVATE_H
#define LEASEWATCH_VITALS_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "host/vitals.h"

/* ---- vitals_text.c: pure parsers of NUL-terminated text; false or -1 = not that shape */

struct vitals_stat {
	char state;
	int64_t ppid, major_faults;
};

struct vitals_syscall {
	int64_t nr; /* -1 = blocked outside of a system call */
	uint64_t args[6];
};

/* A line of /proc/net/tcp, tcp6, udp or udp6; addresses in network byte order. */
struct vitals_inet {
	uint8_t local[16], remote[16];
	uint16_t local_port, remote_port; /* host byte order */
	bool is_v6;
	unsigned int state; /* TCP_ESTABLISHED, ... of the kernel */
	uint64_t inode;
};

bool vitals_text__stat(const char *text, struct vitals_stat *out);
bool vitals_text__schedstat(const char *text, int64_t *runtime_ns, int64_t *run_delay_ns);

/* False also when the thread runs, and so has no system call to tell. */
bool vitals_text__syscall(const char *text, struct vitals_syscall *out);

/* The number after "key " at the start of a line. */
int64_t vitals_text__value(const char *text, const char *key);

/* "some avg10=1.23 ..." of a PSI file. */
double vitals_text__pressure(const char *text);

/* cpu.max: "50000 100000" is 0.5; "max 100000" is 0. */
double vitals_text__quota(const char *text);

bool vitals_text__inet(const char *line, struct vitals_inet *out);

/*
 * The path in /proc/PID/cgroup of the v1 hierarchy with this controller, or of v2 (controller
 * NULL).
 */
bool vitals_text__cgroup(const char *text, const char *controller, char *out, size_t size);

/* A line of mountinfo, without its newline: changed in place, *fields point into it. */
struct vitals_mountinfo {
	const char *root, *point, *type, *options;
};
bool vitals_text__mountinfo(char *line, struct vitals_mountinfo *out);

/* ---- vitals.c */

/* Read a small file below a directory, NUL-terminated: bytes, or -errno. What does not fit is cut.
 */
ssize_t vitals_file__read(int dir, const char *name, char *buf, size_t size);

/* ---- vitals_cgroup.c */

void vitals_cgroup__mounts(struct vitals_host *host, FILE *mountinfo);

/*
 * The directory of a cgroup: where a path of /proc/PID/cgroup lies below a mount. -ENOENT when the
 * mount does not reach it, -ENAMETOOLONG.
 */
int vitals_cgroup__directory(const struct vitals_mount *mount, const char *path, char *out,
			     size_t size);

/* Throttling and quota, from the text of /proc/PID/cgroup. */
void vitals_cgroup__cpu(const struct vitals_host *host, const char *text, struct vitals *out);
void vitals_cgroup__pressure(const struct vitals_host *host, const char *text, struct vitals *out);

/* ---- vitals_wait.c, vitals_call.c, vitals_socket.c */

/* Whose wait it is. */
struct vitals_target {
	struct vitals_host *host;
	int dir; /* /proc/PID */
	pid_t pid;
	bool may_read_memory;
};

enum vitals_call_kind {
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

struct vitals_call {
	int64_t nr;
	const char *name;
	enum vitals_call_kind kind;
	const char *words; /* before the descriptor or path: "recv from"; NULL where it has none */
};

/* NULL = not one that we have words for. */
const struct vitals_call *vitals_call__find(int64_t nr);

/* Which call restart_syscall(2) goes on with after a stop: its arguments are still there. */
const struct vitals_call *vitals_call__restarted(const struct vitals_syscall *call);

/* Fills syscall and waits_for; reads state and wchan. */
void vitals_wait__describe(const struct vitals_target *t, const struct vitals_syscall *call,
			   struct vitals *v);

/* A descriptor of the target in words; false = it is not open. *is_postgres as it says. */
bool vitals_fd__describe(const struct vitals_target *t, int fd, char *out, size_t size,
			 bool *is_postgres);

/* The other end of a socket in words. Always says something. */
void vitals_socket__describe(const struct vitals_target *t, int fd, uint64_t inode, char *out,
			     size_t size, bool *is_postgres);

#endif
