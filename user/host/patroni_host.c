// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * patroni_host.c - what the target's host knows: names in its /etc/hosts, and whether its
 * PostgreSQL runs as a primary.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/address.h"
#include "host/patroni.h"
#include "host/patroni_private.h"

#define HOSTS_MAX	   (256 * 1024UL)
#define PG_CONTROL_MAX	   (64 * 1024UL)
#define POSTMASTER_PID_MAX 4096UL
#define COMM_MAX	   64UL
#define UID_MAP_MAX	   16384UL
/* Below it are system accounts (UID_MIN of login.defs). */
#define PERSONS_UID_MIN 1000
/*
 * PostgreSQL's ControlFileData begins with a 64-bit system identifier and two 32-bit versions; then
 * comes enum DBState. Unchanged since PostgreSQL 9.0 (src/include/catalog/pg_control.h).
 */
#define PG_STATE_OFFSET	       16
#define PG_IN_ARCHIVE_RECOVERY 5
#define PG_IN_PRODUCTION       6

/* One line of a hosts file, "address name name ... # comment", against every configured endpoint.
 */
static void match_line(char *line, const struct patroni_config *config, patroni_address_fn found,
		       void *ctx)
{
	char *save = NULL, *word;
	uint8_t addr[16];

	line[strcspn(line, "#")] = '\0';
	word = strtok_r(line, " \t\r", &save);
	if (!word || !address__parse(word, addr))
		return;
	while ((word = strtok_r(NULL, " \t\r", &save)))
		for (size_t i = 0; i < config->endpoints_len; i++) {
			const char *endpoint = config->endpoints[i];
			size_t len;
			uint16_t port = address__port(endpoint, &len);

			if (port && len == strlen(word) && strncasecmp(endpoint, word, len) == 0)
				found(ctx, addr, port, endpoint);
		}
}

int patroni__addresses(pid_t pid, const struct patroni_config *config, patroni_address_fn found,
		       void *ctx)
{
	int proc_fd = patroni_proc__open(pid), err;
	char *text, *line, *save = NULL;
	size_t len;

	if (proc_fd < 0)
		return proc_fd;
	err = patroni_file__read(proc_fd, "/etc/hosts", HOSTS_MAX, &text, &len);
	close(proc_fd);
	if (err)
		return err;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		match_line(line, config, found, ctx);
	free(text);
	return 0;
}

/* pg_control stays as it was when PostgreSQL crashes, and so does postmaster.pid. */
static bool postgres_runs(int proc_fd, const char *data_dir)
{
	char path[PATRONI_PATH_BYTES + 32], *text;
	size_t len;
	bool runs;
	int pid;

	snprintf(path, sizeof(path), "%s/postmaster.pid", data_dir);
	if (patroni_file__read(proc_fd, path, POSTMASTER_PID_MAX, &text, &len))
		return false;
	pid = atoi(text);
	free(text);
	/* As its own pid namespace counts them, which is Patroni's: it was started by that. */
	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	if (patroni_file__read_proc(proc_fd, path, COMM_MAX, &text, &len))
		return false;
	runs = !strcmp(text, "postgres\n") || !strcmp(text, "postmaster\n");
	free(text);
	return runs;
}

/*
 * Who makes a user namespace is root in it: it mounts what it likes where it likes. So it must have
 * been root's, as a container engine's is: 1 or 0. *root: the user that is root in there.
 */
static int is_namespace_of_root(int proc_fd, uid_t *root)
{
	struct stat ours, theirs;
	uid_t creator = (uid_t)-1;
	size_t len;
	char *map;
	int fd = openat(proc_fd, "ns/user", O_RDONLY | O_CLOEXEC), err = 0;

	*root = 0;
	if (fd < 0)
		return errno == ENOENT ? 1 : patroni_proc__error(errno); /* a kernel without them */
	if (stat("/proc/self/ns/user", &ours) || fstat(fd, &theirs))
		err = -errno;
	else if (ours.st_ino == theirs.st_ino)
		creator = 0;
	else if (ioctl(fd, NS_GET_OWNER_UID, &creator))
		err = -errno;
	close(fd);
	if (err || creator)
		return err;
	err = patroni_proc__read(proc_fd, "uid_map", UID_MAP_MAX, &map, &len);
	if (err)
		return err;
	if (sscanf(map, " 0 %u", root) != 1)
		*root = 0;
	free(map);
	return 1;
}

/* Root gives each person a home, and a place in /run/user; that makes nobody a database's user. */
static bool is_home(const struct stat *st, uid_t uid)
{
	char path[32];
	FILE *f = fopen("/etc/passwd", "re");
	bool is = false;
	struct passwd *p;
	struct stat home;

	while (f && !is && (p = fgetpwent(f)))
		is = p->pw_uid == uid && !stat(p->pw_dir, &home) && home.st_ino == st->st_ino &&
		     home.st_dev == st->st_dev;
	if (f)
		fclose(f);
	snprintf(path, sizeof(path), "/run/user/%u", uid);
	return is || (!stat(path, &home) && home.st_ino == st->st_ino && home.st_dev == st->st_dev);
}

/*
 * From the data directory up: the first that is not the user's own must be root's (in a container
 * root may be another user), and one in which not everybody may create.
 */
static int was_given(int proc_fd, char *path, uid_t uid, uid_t root)
{
	struct stat st, own = {0};

	for (int depth = 0; depth < 64; depth++) {
		int err = patroni_file__stat(proc_fd, path[0] ? path : "/", &st);

		if (err)
			return err;
		if (!S_ISDIR(st.st_mode) || st.st_mode & S_IWOTH)
			return 0;
		if (st.st_uid != uid)
			return depth && (!st.st_uid || st.st_uid == root) &&
			       (uid < PERSONS_UID_MIN || !is_home(&own, uid));
		if (!path[0])
			return 0;
		own = st;
		*strrchr(path, '/') = '\0';
	}
	return 0;
}

/* The parent of what ".." leads to is not what is written before it. */
static bool has_way_up(const char *path)
{
	size_t len = strlen(path);

	return strstr(path, "/../") || (len >= 3 && !strcmp(path + len - 3, "/.."));
}

int patroni__data_dir_was_given(pid_t pid, const struct patroni_config *config)
{
	char path[PATRONI_PATH_BYTES + 32], absolute[PATRONI_PATH_MAX];
	struct patroni_owner owner;
	struct stat st;
	int err, proc_fd;
	uid_t root;

	if (!config->layers.data_dir[0])
		return -ENOENT;
	proc_fd = patroni_proc__open(pid);
	if (proc_fd < 0)
		return proc_fd;
	snprintf(path, sizeof(path), "%s/global/pg_control", config->layers.data_dir);
	err = patroni_owner__read(proc_fd, &owner);
	if (!err)
		err = patroni_file__stat(proc_fd, path, &st);
	if (!err && (!S_ISREG(st.st_mode) || st.st_uid != owner.uid))
		err = -EACCES;
	if (!err)
		err = patroni_file__absolute(proc_fd, config->layers.data_dir, absolute,
					     sizeof(absolute));
	if (!err) {
		for (size_t len = strlen(absolute); len && absolute[len - 1] == '/'; len--)
			absolute[len - 1] = '\0';
		err = has_way_up(absolute) ? 0 : is_namespace_of_root(proc_fd, &root);
		if (err == 1)
			err = was_given(proc_fd, absolute, owner.uid, root);
	}
	close(proc_fd);
	return err;
}

int patroni__is_primary(pid_t pid, const struct patroni_config *config)
{
	char path[PATRONI_PATH_BYTES + 32], *text;
	int proc_fd, err;
	uint32_t state;
	size_t len;

	if (!config->layers.data_dir[0])
		return -ENOENT;
	proc_fd = patroni_proc__open(pid);
	if (proc_fd < 0)
		return proc_fd;
	snprintf(path, sizeof(path), "%s/global/pg_control", config->layers.data_dir);
	err = patroni_file__read(proc_fd, path, PG_CONTROL_MAX, &text, &len);
	if (!err && !postgres_runs(proc_fd, config->layers.data_dir)) {
		free(text);
		err = -ESRCH;
	}
	close(proc_fd);
	if (err)
		return err;
	err = -ENODATA;
	if (len >= PG_STATE_OFFSET + sizeof(state)) {
		memcpy(&state, text + PG_STATE_OFFSET, sizeof(state));
		if (state == PG_IN_PRODUCTION)
			err = 1;
		else if (state == PG_IN_ARCHIVE_RECOVERY)
			err = 0;
	}
	free(text);
	return err;
}
