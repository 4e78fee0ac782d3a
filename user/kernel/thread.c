// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * thread.c - /proc/PID/task/TID: state, wchan, syscall. Small files of the kernel's own.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/thread.h"

static ssize_t slurp(pid_t pid, pid_t tid, const char *file, char *buf, size_t size)
{
	char path[96];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/%s", pid, tid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, buf, size - 1);
	close(fd);
	if (n < 0)
		return -errno;
	buf[n] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	return n;
}

static const char *syscall_word(long nr)
{
	switch (nr) {
	case SYS_read:
		return "read from";
	case SYS_recvfrom:
	case SYS_recvmsg:
		return "recv from";
	case SYS_write:
		return "write to";
	case SYS_sendto:
	case SYS_sendmsg:
		return "send to";
	case SYS_connect:
		return "connect to";
	default:
		return NULL;
	}
}

/* The other end of a TCP socket, by its inode, in the namespace of the process. */
static void describe_socket(pid_t pid, unsigned long inode, char *out, size_t size)
{
	char path[64], line[512];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/net/tcp", pid);
	f = fopen(path, "re");
	if (!f)
		return;
	while (fgets(line, sizeof(line), f)) {
		unsigned int addr, port;
		unsigned long found;

		if (sscanf(line, " %*d: %*x:%*x %x:%x %*x %*s %*s %*s %*u %*u %lu", &addr, &port,
			   &found) == 3 &&
		    found == inode) {
			const unsigned char *b = (const unsigned char *)&addr;

			snprintf(out, size, "%u.%u.%u.%u:%u", b[0], b[1], b[2], b[3], port);
			break;
		}
	}
	fclose(f);
}

static void describe_wait(pid_t pid, long nr, unsigned long fd, char *out, size_t size)
{
	const char *word = syscall_word(nr);
	char path[64], link[128], peer[64] = "";
	unsigned long inode;
	ssize_t n;

	if (!word)
		return;
	snprintf(path, sizeof(path), "/proc/%d/fd/%lu", pid, fd);
	n = readlink(path, link, sizeof(link) - 1);
	if (n < 0)
		return;
	link[n] = '\0';
	if (sscanf(link, "socket:[%lu]", &inode) == 1)
		describe_socket(pid, inode, peer, sizeof(peer));
	snprintf(out, size, "%s %s", word, peer[0] ? peer : link);
}

int thread__read(pid_t pid, pid_t tid, char *state, char *wchan, size_t wchan_size, char *waits_for,
		 size_t waits_for_size)
{
	char buf[512];
	const char *close_paren;
	unsigned long fd;
	long nr;

	*state = '\0';
	*wchan = '\0';
	*waits_for = '\0';
	if (slurp(pid, tid, "stat", buf, sizeof(buf)) < 0)
		return -ESRCH;
	close_paren = strrchr(buf, ')');
	if (close_paren && close_paren[1] == ' ')
		*state = close_paren[2];
	if (slurp(pid, tid, "wchan", buf, sizeof(buf)) > 0 && strcmp(buf, "0") != 0)
		snprintf(wchan, wchan_size, "%s", buf);
	if (slurp(pid, tid, "syscall", buf, sizeof(buf)) > 0 &&
	    sscanf(buf, "%ld %lx", &nr, &fd) == 2)
		describe_wait(pid, nr, fd, waits_for, waits_for_size);
	return 0;
}
