// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * jsonline.c - how a line reaches a file whole.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sink/jsonline.h"

#define READER_PATIENCE_MS 200

/* Take `len` bytes back from the end of a regular file, unless somebody has written behind them. */
static bool take_back(int fd, size_t len)
{
	struct stat st;
	off_t end = lseek(fd, 0, SEEK_CUR);

	if (end < (off_t)len || fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size != end)
		return false;
	if (ftruncate(fd, end - (off_t)len))
		return false;
	return lseek(fd, end - (off_t)len, SEEK_SET) >= 0;
}

/* How much was written: all, or less with *err set. */
static size_t write_all(int fd, const char *data, size_t len, int *err)
{
	size_t done = 0;

	*err = 0;
	while (done < len) {
		ssize_t n = write(fd, data + done, len - done);

		if (n > 0) {
			done += (size_t)n;
		} else if (n < 0 && errno == EINTR) {
			continue;
		} else if (n < 0 && errno == EAGAIN) {
			struct pollfd p = {.fd = fd, .events = POLLOUT};

			if (poll(&p, 1, READER_PATIENCE_MS) > 0)
				continue;
			*err = -EAGAIN;
			break;
		} else {
			*err = n < 0 ? -errno : -EIO;
			break;
		}
	}
	return done;
}

int jsonline__write(struct jsonline_file *file, const char *line, size_t len)
{
	char *joined = NULL;
	size_t done;
	int err;

	if (file->dirty) {
		joined = malloc(len + 1);
		if (!joined)
			return -ENOMEM;
		joined[0] = '\n';
		memcpy(joined + 1, line, len);
		line = joined;
		len++;
	}
	done = write_all(file->fd, line, len, &err);
	if (!err)
		file->dirty = false;
	else if (done && !take_back(file->fd, done))
		/* A newline alone got out: then the earlier part is ended, and nothing new is
		 * begun. */
		file->dirty = !(joined && done == 1);
	free(joined);
	return err;
}
