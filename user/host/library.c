// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * library.c - /proc/PID/maps says what is mapped, /proc/PID/map_files opens it. The paths in there
 * are chosen by the process: they are compared and shown, and opened only inside its own root.
 */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/library.h"

/* Lines of /proc/PID/maps that are read: the kernel's own default limit of mappings
 * (vm.max_map_count) is 65530. */
#define LINES_MAX 65536
/* Addresses, permissions, offset, device and inode stand before the path. */
#define LINE_BYTES (PATH_MAX + 128)

static const char deleted_suffix[] = " (deleted)";

/*
 * glibc's name before 2.34 is that of the file behind its link. musl is mapped as its own dynamic
 * linker, under whichever name the distribution gives to the file.
 */
const char *const library_libc[] = {
	"libc.so.6", "libc-2.*.so", "ld-musl-*.so.1", "libc.musl-*.so.1", "libc.so", NULL,
};

struct mapping {
	unsigned long start, end;
	bool deleted;
	char *path; /* in the line */
};

static bool parse_line(char *line, struct mapping *out)
{
	struct mapping m = {0};
	size_t len, suffix = sizeof(deleted_suffix) - 1;
	char perms[8] = "";
	int at = 0;

	line[strcspn(line, "\n")] = '\0';
	if (sscanf(line, "%lx-%lx %7s %*x %*x:%*x %*u %n", &m.start, &m.end, perms, &at) != 3 ||
	    !at || line[at] != '/' || !strchr(perms, 'x'))
		return false;
	m.path = line + at;
	len = strlen(m.path);
	if (len > suffix && !strcmp(m.path + len - suffix, deleted_suffix)) {
		m.deleted = true;
		m.path[len - suffix] = '\0';
	}
	*out = m;
	return true;
}

static bool matches(const char *path, const char *const *patterns)
{
	const char *name = strrchr(path, '/') + 1;

	for (; *patterns; patterns++)
		if (!fnmatch(*patterns, name, FNM_NOESCAPE))
			return true;
	return false;
}

/* The path as it looks from the root of the process; see proc(5) on how /proc shows both. */
static const char *below_root(pid_t pid, const char *path)
{
	char link[64], root[PATH_MAX];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/%d/root", pid);
	n = readlink(link, root, sizeof(root) - 1);
	if (n <= 1)
		return path;
	root[n] = '\0';
	return !strncmp(path, root, (size_t)n) && path[n] == '/' ? path + n : path;
}

/* Without the right to use map_files (CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE). */
static int open_below_root(pid_t pid, const struct mapping *m)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	char link[64];
	int fd, root;

	if (m->deleted)
		return -ENOENT;
	snprintf(link, sizeof(link), "/proc/%d/root", pid);
	root = open(link, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return -errno;
	fd = (int)syscall(SYS_openat2, root, below_root(pid, m->path), &how, sizeof(how));
	if (fd < 0)
		fd = -errno;
	close(root);
	return fd;
}

static int open_path_only(pid_t pid, const struct mapping *m)
{
	char link[96];
	int fd;

	snprintf(link, sizeof(link), "/proc/%d/map_files/%lx-%lx", pid, m->start, m->end);
	fd = open(link, O_PATH | O_CLOEXEC);
	return fd < 0 ? open_below_root(pid, m) : fd;
}

/* For reading, and only when it is a regular file: to open anything else may block or act. */
static int open_mapping(pid_t pid, const struct mapping *m, struct library *out)
{
	int fd = -EACCES, path_fd = open_path_only(pid, m);
	struct stat st;
	char self[32];

	if (path_fd < 0)
		return path_fd;
	if (!fstat(path_fd, &st) && S_ISREG(st.st_mode)) {
		snprintf(self, sizeof(self), "/proc/self/fd/%d", path_fd);
		fd = open(self, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			fd = -errno;
	}
	close(path_fd);
	if (fd < 0)
		return fd;
	out->fd = fd;
	out->dev = st.st_dev;
	out->ino = st.st_ino;
	return 0;
}

static void set_name(struct library *library, const char *path)
{
	size_t len = strlen(path), i;

	if (len >= sizeof(library->name))
		path += len - sizeof(library->name) + 1;
	for (i = 0; path[i]; i++)
		library->name[i] = path[i] >= 0x20 && path[i] < 0x7f ? path[i] : '?';
	library->name[i] = '\0';
}

/* Opens the mapping as out[n], unless it is one of the first n. Returns how many there are now. */
static int add_library(pid_t pid, const struct mapping *m, struct library *out, size_t n)
{
	int err = open_mapping(pid, m, &out[n]);

	if (err)
		return err;
	for (size_t i = 0; i < n; i++)
		if (out[i].dev == out[n].dev && out[i].ino == out[n].ino) {
			close(out[n].fd);
			return (int)n;
		}
	set_name(&out[n], m->path);
	return (int)n + 1;
}

int library__open(pid_t pid, const char *const *patterns, struct library *out, size_t max)
{
	char path[32], *line = malloc(LINE_BYTES);
	int n = 0, err = 0, ret;
	struct mapping m;
	FILE *f;

	if (!line)
		return -ENOMEM;
	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	f = fopen(path, "re");
	if (!f) {
		err = errno == ENOENT ? -ESRCH : -errno;
		goto out;
	}
	for (int lines = 0; lines < LINES_MAX && (size_t)n < max; lines++) {
		if (!fgets(line, LINE_BYTES, f))
			break;
		if (!parse_line(line, &m) || !matches(m.path, patterns))
			continue;
		ret = add_library(pid, &m, out, (size_t)n);
		if (ret < 0)
			err = ret;
		else
			n = ret;
	}
	fclose(f);
out:
	free(line);
	return n ? n : err;
}

void library__close(struct library *libraries, size_t n)
{
	for (size_t i = 0; i < n; i++)
		close(libraries[i].fd);
}
