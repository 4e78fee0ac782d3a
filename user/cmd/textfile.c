// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * textfile.c - the metrics for node_exporter, which would also read half a *.prom file.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/textfile.h"

#define TMP_BYTES (PATH_MAX + 8)

static int write_textfile_all(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			text += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

static int open_tmp(const char *path, char tmp[TMP_BYTES])
{
	int fd;

	snprintf(tmp, TMP_BYTES, "%s.tmp", path);
	fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	return fd < 0 ? -errno : fd;
}

static int try_directory(const char *path)
{
	char tmp[TMP_BYTES];
	int fd = open_tmp(path, tmp);

	if (fd < 0)
		return fd;
	close(fd);
	unlink(tmp);
	return 0;
}

static int replace(const char *path, const char *text, size_t len)
{
	char tmp[TMP_BYTES];
	int fd = open_tmp(path, tmp), err;

	if (fd < 0)
		return fd;
	/* node_exporter is not root; our umask may be strict. */
	err = fchmod(fd, 0644) ? -errno : 0;
	if (!err)
		err = write_textfile_all(fd, text, len);
	if (close(fd) && !err)
		err = -errno;
	if (!err && rename(tmp, path))
		err = -errno;
	if (err)
		unlink(tmp);
	return err;
}

int textfile__open(struct textfile *t, const char *path, char *why, size_t why_size)
{
	int err = path[0] ? try_directory(path) : 0;

	if (err) {
		snprintf(why, why_size, "cannot write the metrics to '%s': %s", path,
			 strerror(-err));
		return err;
	}
	snprintf(t->path, sizeof(t->path), "%s", path);
	t->broken = false;
	return 0;
}

void textfile__write(struct textfile *t, const char *text, size_t len)
{
	int err = text ? replace(t->path, text, len) : -ENOMEM;

	if (err && !t->broken)
		fprintf(stderr, "leasewatch: cannot write the metrics to '%s': %s\n", t->path,
			strerror(-err));
	else if (!err && t->broken)
		fprintf(stderr, "leasewatch: writing the metrics to '%s' works again\n", t->path);
	t->broken = err != 0;
}

void textfile__move(struct textfile *t, const char *path)
{
	struct textfile next;
	char why[PATH_MAX + 128];

	if (!strcmp(t->path, path))
		return;
	if (textfile__open(&next, path, why, sizeof(why))) {
		fprintf(stderr, "leasewatch: %s; keeping the old one\n", why);
		return;
	}
	textfile__remove(t);
	*t = next;
}

void textfile__remove(const struct textfile *t)
{
	if (t->path[0] && unlink(t->path) && errno != ENOENT)
		fprintf(stderr, "leasewatch: cannot remove '%s': %s\n", t->path, strerror(errno));
}
