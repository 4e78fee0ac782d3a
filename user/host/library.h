/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * library.h - which file a process has mapped as its C library, or as another one.
 *
 * A process in a container has its own, and after a package upgrade no path leads to the file that
 * a running process uses. So the file is opened through the mapping itself and returned as a
 * descriptor: this is what the process runs, whatever its paths say.
 */
#ifndef LEASEWATCH_LIBRARY_H
#define LEASEWATCH_LIBRARY_H

#include <stddef.h>
#include <sys/types.h>

#define LIBRARY_NAME_BYTES 256

struct library {
	char name[LIBRARY_NAME_BYTES]; /* its path as the kernel shows it; a long one loses its
					  beginning. Printable ASCII: for people, not for open() */
	int fd;			       /* for reading */
	dev_t dev;		       /* with ino: identifies the file */
	ino_t ino;
};

/* File names (fnmatch(3) patterns, the last is NULL) of glibc's and musl's C library. */
extern const char *const library_libc[];

/*
 * The executable files that the process has mapped under one of these names, each once, up to max
 * of them; a process may well have several copies. Returns how many: 0 = none is mapped (a process
 * that has just begun: not yet), or -errno: -ESRCH, or why a file that is mapped could not be
 * opened. The caller closes them.
 */
int library__open(pid_t pid, const char *const *patterns, struct library *out, size_t max);
void library__close(struct library *libraries, size_t n);

#endif
