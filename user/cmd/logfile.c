// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * logfile.c - reading a log line by line. getline() would read a file without newlines into memory
 * whole.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/logfile.h"

struct logfile {
	int fd;
	bool own;	 /* not stdin */
	bool end;	 /* of the file */
	size_t from, to; /* what is read and not yet handed out */
	char buf[LOGFILE_LINE_BYTES + 1];
};

int logfile__open(const char *path, struct logfile **file)
{
	struct logfile *f = calloc(1, sizeof(*f));
	int err = 0;

	if (!f)
		return -ENOMEM;
	f->own = strcmp(path, "-") != 0;
	f->fd = f->own ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
	if (f->fd < 0) {
		err = -errno;
		free(f);
		return err;
	}
	*file = f;
	return 0;
}

void logfile__close(struct logfile *f)
{
	if (f->own)
		close(f->fd);
	free(f);
}

/* Read more behind what is there. 0 or -errno; at the end of the file sets f->end. */
static int fill(struct logfile *f)
{
	ssize_t n;

	if (f->from) {
		memmove(f->buf, f->buf + f->from, f->to - f->from);
		f->to -= f->from;
		f->from = 0;
	}
	do {
		n = read(f->fd, f->buf + f->to, sizeof(f->buf) - f->to);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	f->to += (size_t)n;
	f->end = n == 0;
	return 0;
}

/* Step over the rest of a line that does not fit; the buffer is free then. 0 or -errno. */
static int skip_rest(struct logfile *f, bool *unended)
{
	char *newline;
	int err;

	do {
		f->from = 0;
		f->to = 0;
		err = fill(f);
		if (err)
			return err;
		newline = memchr(f->buf, '\n', f->to);
	} while (!newline && !f->end);
	*unended = !newline;
	if (newline)
		f->from = (size_t)(newline + 1 - f->buf);
	return 0;
}

int logfile__next(struct logfile *f, struct logfile_line *line)
{
	size_t searched = 0;
	char *newline;
	int err;

	memset(line, 0, sizeof(*line));
	for (;;) {
		newline = memchr(f->buf + f->from + searched, '\n', f->to - f->from - searched);
		if (newline || f->end)
			break;
		searched = f->to - f->from;
		if (searched == sizeof(f->buf)) {
			line->too_long = true;
			err = skip_rest(f, &line->unended);
			return err ? err : 1;
		}
		err = fill(f);
		if (err)
			return err;
	}
	line->text = f->buf + f->from;
	if (newline) {
		line->len = (size_t)(newline - line->text);
		f->from = (size_t)(newline + 1 - f->buf);
		return 1;
	}
	line->len = f->to - f->from;
	line->unended = line->len > 0;
	f->from = f->to;
	return line->len > 0;
}
