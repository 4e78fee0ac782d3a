/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * patroni_private.h - what the patroni_*.c files share and nobody else needs.
 */
#ifndef LEASEWATCH_PATRONI_PRIVATE_H
#define LEASEWATCH_PATRONI_PRIVATE_H

#include <sys/stat.h>

#include "host/patroni.h"

/* Room for a path of the target; Linux' own PATH_MAX. */
#define PATRONI_PATH_MAX 4096

/* A Patroni configuration is a few KiB; beyond this nobody wrote it by hand. */
#define PATRONI_FILE_MAX (1024UL * 1024)

/* ---- patroni_proc.c: proc_fd is an open /proc/PID, so that a reused pid is never read */

/* /proc/PID as an O_PATH descriptor; -ESRCH when there is no such process. */
int patroni_proc__open(pid_t pid);

/*
 * Up to max bytes of a file below /proc/PID ("environ"), NUL-terminated; what is longer is cut. The
 * caller frees *text. 0 or -errno.
 */
int patroni_proc__read(int proc_fd, const char *name, size_t max, char **text, size_t *len);

/* Target of a link below /proc/PID, NUL-terminated; -ENAMETOOLONG when it does not fit. */
int patroni_proc__link(int proc_fd, const char *name, char *out, size_t size);

/* What an errno of /proc means: -ESRCH when the process has gone, -EACCES. */
int patroni_proc__error(int err);
/* All of an open file, until it is more than max. */
int patroni_proc__read_all(int fd, size_t max, char **text, size_t *len);

/* free(), after wiping: what comes from a configuration may hold passwords. NULL is fine. */
void patroni_file__free(char *text, size_t len);

/* ---- patroni_file.c: the target's files */

/* The path from the target's own root: a relative one is joined to the target's working directory.
 */
int patroni_file__absolute(int proc_fd, const char *path, char *out, size_t size);

/*
 * A whole regular file that the target's own user may read, NUL-terminated; the caller frees *text.
 * -EISDIR for a directory, -EINVAL for anything else (which is not opened: opening a FIFO blocks,
 * opening a watchdog arms it) and for what the kernel makes up (proc, sysfs, ...), -EACCES, -EFBIG
 * beyond max.
 */
int patroni_file__read(int proc_fd, const char *path, size_t max, char **text, size_t *len);

/* The same for a file of the target's own /proc, and for nothing else. */
int patroni_file__read_proc(int proc_fd, const char *path, size_t max, char **text, size_t *len);

/*
 * fstat() of what a path stands for, which is not opened. -EACCES on FUSE: there anybody may serve,
 * and states any owner.
 */
int patroni_file__stat(int proc_fd, const char *path, struct stat *st);

/*
 * Sorted names in a directory that end in .yml or .yaml, up to max of them; the caller frees each.
 * Returns how many, or -errno.
 */
int patroni_file__list_yaml(int proc_fd, const char *path, char **names, size_t max);

/* ---- patroni_owner.c: with whose rights a target's files are opened */

#define PATRONI_GROUPS_MAX 256

struct patroni_owner {
	uid_t uid; /* for files, as the kernel counts users here */
	gid_t gid;
	size_t groups_len;
	gid_t groups[PATRONI_GROUPS_MAX];
};

/* From /proc/PID/status. 0 or -errno. */
int patroni_owner__read(int proc_fd, struct patroni_owner *out);

/*
 * Open files as this user would, in this thread, until _return: a process that names a file which
 * it may not read itself must not learn through us what is in it. 0; -EACCES: we have no right to
 * do that, and are not that user. Without effect where we are not root.
 */
int patroni_owner__become(const struct patroni_owner *owner);
void patroni_owner__return(void);

/* ---- patroni_cmdline.c: what a command line says */

#define PATRONI_ARGV_MAX      64
#define PATRONI_CMDLINE_BYTES 8192

struct patroni_cmdline {
	size_t argc; /* 0: a kernel thread or a zombie */
	const char *argv[PATRONI_ARGV_MAX];
	char bytes[PATRONI_CMDLINE_BYTES + 1]; /* a longer command line is cut */
};

struct patroni_program {
	size_t first_arg; /* index of Patroni's own first argument */
	const char
		*script; /* the file that the interpreter runs; NULL for -m and frozen binaries */
};

int patroni_cmdline__read(int proc_fd, struct patroni_cmdline *cmd);
void patroni_cmdline__split(struct patroni_cmdline *cmd, size_t len);

/* Could a process with this executable be Patroni at all? exe is a path, "" when it cannot be read.
 */
bool patroni_cmdline__possible(const char *exe);

/* By its command line, is this Patroni's daemon? *out is filled when it is. */
bool patroni_cmdline__program(const struct patroni_cmdline *cmd, const char *exe,
			      struct patroni_program *out);

/* The configuration that Patroni's argument parser would take, or NULL. */
const char *patroni_cmdline__configfile(const struct patroni_cmdline *cmd, size_t first_arg);

/* ---- patroni_settings.c: one setting at a time, and the rules over all of them */

/* Printable UTF-8: no control character (a terminal would obey it). */
bool patroni_text__printable(const char *s, size_t len);

/* Copies what is printable and fits; otherwise, and for NULL, leaves "". Says whether it was
 * copied. */
bool patroni_text__set(char *dst, size_t size, const char *s, size_t len);

/* A setting of an etcd section by its lower-case name in the YAML; value NULL removes it. Unknown
 * names are ignored. */
void patroni_section__set(struct patroni_etcd_section *sec, const char *key, const char *value,
			  size_t len);

/* Adds a host to `hosts`, unless it is none; what does not fit is noted. */
void patroni_section__add_host(struct patroni_etcd_section *sec, const char *host, size_t len);

/* By the name of its section: etcd, etcd3, or NULL. Another known DCS is noted in *layers. */
struct patroni_etcd_section *patroni_layers__section(struct patroni_layers *layers,
						     const char *name, bool present);

/* Without the slashes that Patroni drops or joins. */
/* postgresql.listen: "host", "host,host:port", "*:port"; of IPv6 addresses "[::1]:port" or "::1".
 */
void patroni_config__set_listen(struct patroni_config *cfg, const char *value, size_t len);
void patroni_config__set_namespace(struct patroni_config *cfg, const char *value, size_t len);

/* Derive everything above ->layers from ->layers. */
void patroni_config__resolve(struct patroni_config *cfg);

/* ---- patroni_yaml.c */

/* `hosts` as it stands in the environment: a YAML list, its brackets optional. Untouched on
 * -EBADMSG. */
int patroni_yaml__hosts(const char *text, size_t len, struct patroni_etcd_section *sec);

/* Replace ttl, loop_wait and retry_timeout by those of patroni.dynamic.json; untouched when it is
 * no mapping. */
int patroni_yaml__dynamic(const char *text, size_t len, struct patroni_config *out);

#endif
