// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * patroni_file.c - reads a target's files as the target would see them, without trusting any of
 * them.
 *
 * A path is resolved below /proc/PID/root with openat2(RESOLVE_IN_ROOT): a plain open of
 * a path below /proc/PID/root follows an absolute link of the container on the host. What is found
 * is opened with O_PATH first, which has no effect on it, and for reading only when it is a regular
 * file.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/patroni_private.h"
#include "leasewatch/units.h"

/* Entries of a configuration directory that are looked at: enough for any, not for a spool of
 * millions. */
#define DIR_ENTRIES_MAX 4096

#ifndef CONFIGFS_MAGIC
#define CONFIGFS_MAGIC 0x62656570 /* fs/configfs/mount.c */
#endif

enum file_kind { FILE_REGULAR, FILE_DIRECTORY, FILE_OF_PROC };

/* The working directory as a path below the target's root, without a final slash. */
static int working_directory(int proc_fd, char *out, size_t size)
{
	char root[PATRONI_PATH_MAX];
	size_t root_len;
	int err = patroni_proc__link(proc_fd, "cwd", out, size);

	if (!err)
		err = patroni_proc__link(proc_fd, "root", root, sizeof(root));
	if (err)
		return err;
	/* In another mount namespace both are relative to that; after a plain chroot both are ours.
	 */
	root_len = strcmp(root, "/") ? strlen(root) : 0;
	if (strncmp(out, root, root_len) || (out[root_len] != '/' && out[root_len] != '\0'))
		return -ENOENT;
	memmove(out, out + root_len, strlen(out + root_len) + 1);
	if (!strcmp(out, "/"))
		out[0] = '\0';
	return 0;
}

int patroni_file__absolute(int proc_fd, const char *path, char *out, size_t size)
{
	char cwd[PATRONI_PATH_MAX] = "";
	int n, err = 0;

	if (path[0] != '/')
		err = working_directory(proc_fd, cwd, sizeof(cwd));
	if (err)
		return err;
	n = snprintf(out, size, "%s%s%s", cwd, path[0] == '/' ? "" : "/", path);
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

/* One component, which must not be a link; a descriptor or -errno. */
static int open_part(int dir, const char *name, size_t len)
{
	char part[256];
	struct stat st;
	int fd;

	if (len >= sizeof(part))
		return -ENAMETOOLONG;
	memcpy(part, name, len);
	part[len] = '\0';
	if (!strcmp(part, ".."))
		return -ELOOP;
	fd = openat(dir, part, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) || S_ISLNK(st.st_mode)) {
		close(fd);
		return -ELOOP;
	}
	return fd;
}

/*
 * For a sandbox that refuses openat2 (kernels have it since 5.6): one component at a time, and no
 * link at all, since only the kernel can follow one inside a root that is not ours.
 */
static int open_step_by_step(int root_fd, const char *path)
{
	int dir = fcntl(root_fd, F_DUPFD_CLOEXEC, 0);

	if (dir < 0)
		return -errno;
	while (dir >= 0 && *(path += strspn(path, "/"))) {
		size_t len = strcspn(path, "/");
		int next = open_part(dir, path, len);

		close(dir);
		dir = next;
		path += len;
	}
	return dir;
}

/* O_PATH descriptor of an absolute path in the target's root. */
static int open_in_root(int root_fd, const char *path)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	int fd, tries = 8;

	do {
		fd = (int)syscall(SYS_openat2, root_fd, path, &how, sizeof(how));
	} while (fd < 0 && errno == EAGAIN && --tries); /* a rename somewhere beside a ".." */
	if (fd < 0)
		fd = errno == ENOSYS || errno == EPERM ? open_step_by_step(root_fd, path) : -errno;
	return fd;
}

/*
 * Files that the kernel makes up: to read one may act (/proc/kmsg is emptied by it), and none is a
 * configuration. Magic numbers of <linux/magic.h>.
 */
static bool is_made_up(const struct statfs *fs)
{
	static const unsigned int magic[] = {
		PROC_SUPER_MAGIC,   SYSFS_MAGIC,	DEBUGFS_MAGIC,	     TRACEFS_MAGIC,
		SECURITYFS_MAGIC,   CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC, BPF_FS_MAGIC,
		DEVPTS_SUPER_MAGIC, PSTOREFS_MAGIC,	EFIVARFS_MAGIC,	     SELINUX_MAGIC,
		SMACK_MAGIC,	    BINFMTFS_MAGIC,	NSFS_MAGIC,	     CONFIGFS_MAGIC,
	};
	for (size_t i = 0; i < ARRAY_LEN(magic); i++)
		if ((unsigned int)fs->f_type == magic[i])
			return true;
	return false;
}

/* What path_fd stands for, for reading; type is S_IFREG or S_IFDIR, and anything else is left
 * alone. */
static int reopen(int path_fd, enum file_kind kind)
{
	char self[32];
	struct statfs fs;
	struct stat st;
	int fd;

	if (fstat(path_fd, &st) || fstatfs(path_fd, &fs))
		return -errno;
	if ((st.st_mode & S_IFMT) != (kind == FILE_DIRECTORY ? S_IFDIR : S_IFREG))
		return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	if (kind == FILE_OF_PROC ? fs.f_type != PROC_SUPER_MAGIC : is_made_up(&fs))
		return -EINVAL;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", path_fd);
	fd = open(self, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return errno == EPERM ? -EACCES : -errno;
	return fd;
}

/* O_PATH descriptor of a path, if the target's own user can get there. */
static int open_as_owner(int proc_fd, const char *path, const struct patroni_owner *owner)
{
	char absolute[PATRONI_PATH_MAX];
	int err = patroni_file__absolute(proc_fd, path, absolute, sizeof(absolute));
	int fd, root_fd;

	if (err)
		return err;
	/* The root first: another user may not look at the process. */
	root_fd = openat(proc_fd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root_fd < 0)
		return patroni_proc__error(errno);
	err = patroni_owner__become(owner);
	fd = err ? err : open_in_root(root_fd, absolute);
	patroni_owner__return();
	close(root_fd);
	return fd;
}

static int open_for_reading(int proc_fd, const char *path, enum file_kind kind)
{
	struct patroni_owner owner;
	int fd, path_fd, err = patroni_owner__read(proc_fd, &owner);

	if (err)
		return err;
	path_fd = open_as_owner(proc_fd, path, &owner);
	if (path_fd < 0)
		return path_fd;
	fd = patroni_owner__become(&owner);
	if (!fd)
		fd = reopen(path_fd, kind);
	patroni_owner__return();
	close(path_fd);
	return fd;
}

int patroni_file__stat(int proc_fd, const char *path, struct stat *st)
{
	struct patroni_owner owner;
	struct statfs fs;
	int fd, err = patroni_owner__read(proc_fd, &owner);

	if (err)
		return err;
	fd = open_as_owner(proc_fd, path, &owner);
	if (fd < 0)
		return fd;
	if (fstatfs(fd, &fs) || fstat(fd, st))
		err = -errno;
	else if (fs.f_type == FUSE_SUPER_MAGIC)
		err = -EACCES;
	close(fd);
	return err;
}

static int read_config_file(int proc_fd, const char *path, enum file_kind kind, size_t max,
			    char **text, size_t *len)
{
	int fd = open_for_reading(proc_fd, path, kind);
	int err;

	if (fd < 0)
		return fd;
	err = patroni_proc__read_all(fd, max + 1, text, len);
	close(fd);
	if (!err && *len > max) {
		patroni_file__free(*text, *len);
		*text = NULL;
		return -EFBIG;
	}
	return err;
}

int patroni_file__read(int proc_fd, const char *path, size_t max, char **text, size_t *len)
{
	return read_config_file(proc_fd, path, FILE_REGULAR, max, text, len);
}

int patroni_file__read_proc(int proc_fd, const char *path, size_t max, char **text, size_t *len)
{
	return read_config_file(proc_fd, path, FILE_OF_PROC, max, text, len);
}

static bool ends_in_yaml(const char *name)
{
	size_t n = strlen(name);

	return (n >= 4 && !strcmp(name + n - 4, ".yml")) ||
	       (n >= 5 && !strcmp(name + n - 5, ".yaml"));
}

static int fragments_by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int patroni_file__list_yaml(int proc_fd, const char *path, char **names, size_t max)
{
	int fd = open_for_reading(proc_fd, path, FILE_DIRECTORY);
	size_t n = 0, seen = 0;
	struct dirent *entry;
	DIR *dir;

	if (fd < 0)
		return fd;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return -ENOMEM;
	}
	while (n < max && seen++ < DIR_ENTRIES_MAX && (entry = readdir(dir))) {
		if (!ends_in_yaml(entry->d_name))
			continue;
		names[n] = strdup(entry->d_name);
		if (names[n])
			n++;
	}
	closedir(dir);
	qsort(names, n, sizeof(*names), fragments_by_name);
	return (int)n;
}
