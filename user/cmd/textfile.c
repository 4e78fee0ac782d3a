// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * textfile.c - the metrics for node_exporter, which would also read half a *.prom file.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/place.h"
#include "cmd/textfile.h"

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

/* Where PATH.tmp and PATH are; both names are of one directory. */
struct pair {
	struct place tmp;
	char tmp_path[PATH_MAX + 8];
	const char *name;
};

static int find_pair(struct pair *pair, const char *path)
{
	const char *slash = strrchr(path, '/');
	int err;

	snprintf(pair->tmp_path, sizeof(pair->tmp_path), "%s.tmp", path);
	pair->name = slash ? slash + 1 : path;
	err = place__find(&pair->tmp, pair->tmp_path);
	if (!err && pair->tmp.kind == PLACE_FOREIGN) {
		place__close(&pair->tmp);
		err = -EXDEV;
	}
	return err;
}

static int try_directory(const char *path)
{
	struct pair pair;
	int fd, err = find_pair(&pair, path);

	if (err)
		return err;
	fd = place__create(&pair.tmp, 0644);
	if (fd >= 0) {
		close(fd);
		unlinkat(pair.tmp.dir, pair.tmp.name, 0);
	}
	place__close(&pair.tmp);
	return fd < 0 ? fd : 0;
}

/* node_exporter is not root; our umask may be strict. */
static int replace_in(const struct pair *pair, const char *text, size_t len)
{
	int fd = place__create(&pair->tmp, 0644), err;

	if (fd < 0)
		return fd;
	err = write_textfile_all(fd, text, len);
	if (close(fd) && !err)
		err = -errno;
	if (!err && renameat(pair->tmp.dir, pair->tmp.name, pair->tmp.dir, pair->name))
		err = -errno;
	if (err)
		unlinkat(pair->tmp.dir, pair->tmp.name, 0);
	return err;
}

static int replace(const char *path, const char *text, size_t len)
{
	struct pair pair;
	int err = find_pair(&pair, path);

	if (err)
		return err;
	err = replace_in(&pair, text, len);
	place__close(&pair.tmp);
	return err;
}

int textfile__open(struct textfile *t, const char *path, char *why, size_t why_size)
{
	int err = path[0] ? try_directory(path) : 0;

	if (err) {
		snprintf(why, why_size, "cannot write the metrics to '%s': %s", path,
			 place__reason(err));
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
			place__reason(err));
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
