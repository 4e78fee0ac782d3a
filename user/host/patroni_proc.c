// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * patroni_proc.c - what the kernel says of a process, below /proc/PID.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/patroni_private.h"

int patroni_proc__error(int err)
{
	return err == ENOENT || err == ESRCH ? -ESRCH : err == EPERM ? -EACCES : -err;
}

int patroni_proc__open(pid_t pid)
{
	char path[32];
	int fd;

	if (pid <= 0)
		return -ESRCH;
	snprintf(path, sizeof(path), "/proc/%d", pid);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? patroni_proc__error(errno) : fd;
}

int patroni_proc__read_all(int fd, size_t max, char **text, size_t *len)
{
	size_t size = 4096, used = 0;
	char *buf = malloc(size + 1), *bigger;

	while (buf) {
		ssize_t n = read(fd, buf + used, size - used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			int err = errno;

			patroni_file__free(buf, used);
			return -err;
		}
		used += (size_t)n;
		if (n == 0 || used >= max)
			break;
		if (used < size)
			continue;
		/* Not realloc: it would leave a copy of what may be a password behind. */
		bigger = malloc(size * 2 + 1);
		if (bigger)
			memcpy(bigger, buf, used);
		patroni_file__free(buf, used);
		buf = bigger;
		size *= 2;
	}
	if (!buf)
		return -ENOMEM;
	buf[used] = '\0';
	*text = buf;
	*len = used;
	return 0;
}

int patroni_proc__read(int proc_fd, const char *name, size_t max, char **text, size_t *len)
{
	int fd = openat(proc_fd, name, O_RDONLY | O_CLOEXEC);
	int err;

	if (fd < 0)
		return patroni_proc__error(errno);
	err = patroni_proc__read_all(fd, max, text, len);
	close(fd);
	if (!err && *len > max) {
		*len = max;
		(*text)[max] = '\0';
	}
	return err == -EPERM ? -EACCES : err;
}

int patroni_proc__link(int proc_fd, const char *name, char *out, size_t size)
{
	ssize_t n = readlinkat(proc_fd, name, out, size);

	if (n < 0)
		return errno == EPERM ? -EACCES : -errno;
	if ((size_t)n >= size)
		return -ENAMETOOLONG;
	out[n] = '\0';
	return 0;
}

void patroni_file__free(char *text, size_t len)
{
	if (text)
		explicit_bzero(text, len);
	free(text);
}
