// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * sample_file.c - the kernel's small files.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "host/sample_private.h"

ssize_t sample_file__read(int dir, const char *name, char *buf, size_t size)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	size_t len = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	do {
		n = read(fd, buf + len, size - 1 - len);
		if (n > 0)
			len += (size_t)n;
	} while ((n > 0 && len < size - 1) || (n < 0 && errno == EINTR));
	n = n < 0 ? -errno : (ssize_t)len;
	close(fd);
	if (n >= 0)
		buf[n] = '\0';
	return n;
}
