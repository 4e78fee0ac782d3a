// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * place.c - see place.h. The directory is opened once, and everything is done below its descriptor:
 * what it is found to be is what is written to.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/place.h"

static bool is_ours(uid_t uid)
{
	return uid == 0 || uid == geteuid();
}

static enum place_kind kind_of(const struct stat *st)
{
	if (!is_ours(st->st_uid) || st->st_mode & S_IWOTH)
		return PLACE_FOREIGN;
	if (!(st->st_mode & S_IWGRP) || st->st_gid == 0)
		return PLACE_OURS;
	return st->st_uid == 0 ? PLACE_SHARED : PLACE_FOREIGN;
}

int place__find(struct place *p, const char *path)
{
	const char *slash = strrchr(path, '/');
	char dir[PATH_MAX] = ".";
	struct stat st;
	int err;

	/* With the slash: that of the root, too. */
	if (slash && (size_t)(slash - path) + 2 > sizeof(dir))
		return -ENAMETOOLONG;
	if (slash)
		snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path) + 1, path);
	p->name = slash ? slash + 1 : path;
	p->dir = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (p->dir < 0 || fstat(p->dir, &st)) {
		err = -errno;
		if (p->dir >= 0)
			close(p->dir);
		return err;
	}
	p->kind = kind_of(&st);
	return 0;
}

void place__close(struct place *p)
{
	close(p->dir);
}

/* Is the file that was there one that we may write to? */
static int check_existing(const struct place *p, int fd)
{
	struct stat st;

	if (p->kind == PLACE_OURS)
		return 0;
	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode) || !is_ours(st.st_uid))
		return -ENOTUNIQ;
	return st.st_nlink == 1 ? 0 : -EMLINK;
}

static int open_existing(const struct place *p)
{
	int fd = openat(p->dir, p->name,
			O_RDWR | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);
	int err;

	if (fd < 0)
		return -errno;
	err = check_existing(p, fd);
	if (!err)
		return fd;
	close(fd);
	return err;
}

static int create_new(const struct place *p, mode_t mode)
{
	int fd = openat(p->dir, p->name,
			O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return -errno;
	/* Where there are no modes there is nobody to keep out. */
	fchmod(fd, mode);
	return fd;
}

int place__append(const struct place *p, mode_t mode)
{
	int fd = open_existing(p);

	if (fd != -ENOENT)
		return fd;
	fd = create_new(p, mode);
	return fd == -EEXIST ? open_existing(p) : fd;
}

int place__create(const struct place *p, mode_t mode)
{
	if (unlinkat(p->dir, p->name, 0) && errno != ENOENT)
		return -errno;
	return create_new(p, mode);
}

const char *place__reason(int err)
{
	switch (err) {
	case -EXDEV:
		return "other users can write to its directory; use a directory that belongs to "
		       "root and that only root can write to";
	case -ELOOP:
		return "it is a symbolic link; name the file itself";
	case -ENOTUNIQ:
		return "another user's file has this name; remove it, or use another directory";
	case -EMLINK:
		return "the file has another name, too (a hard link); remove it, or use another "
		       "directory";
	default:
		return strerror(-err);
	}
}
