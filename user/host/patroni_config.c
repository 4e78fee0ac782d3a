// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * patroni_config.c - brings together what a running Patroni was configured with: the file or
 * directory that its command line names, its environment, and its own copy of the cluster's
 * settings.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/patroni_private.h"

/* Files of one configuration directory; the operators that use one write two or three. */
#define CONFIG_FILES_MAX 64

/* argv and environment of a process may take a quarter of its stack limit, 2 MiB by default. */
#define ENVIRONMENT_MAX (2UL * 1024 * 1024)

#define DYNAMIC_FILE	"patroni.dynamic.json"

/* For people, so a path that is too long is shown by its end, and no byte of it can steer a
 * terminal. */
static void show_path(char *dst, const char *path)
{
	size_t len = strlen(path);

	if (len >= PATRONI_PATH_BYTES) {
		path += len - (PATRONI_PATH_BYTES - 4);
		snprintf(dst, PATRONI_PATH_BYTES, "...%s", path);
	} else {
		memcpy(dst, path, len + 1);
	}
	if (patroni_text__printable(dst, strlen(dst)))
		return;
	for (unsigned char *p = (unsigned char *)dst; *p; p++) {
		if (*p < 0x20 || *p >= 0x7f)
			*p = '?';
	}
}

static int load_file(int proc_fd, const char *path, size_t *room, struct patroni_config *out)
{
	char *text;
	size_t len;
	int err = patroni_file__read(proc_fd, path, *room, &text, &len);

	if (err)
		return err;
	*room -= len;
	err = patroni_config__parse_yaml(text, len, out);
	patroni_file__free(text, len);
	return err;
}

/* Every .yml and .yaml in it, in the order of their names, each over the last. The first fault is
 * returned. */
static int load_directory(int proc_fd, const char *path, struct patroni_config *out)
{
	char *names[CONFIG_FILES_MAX], file[PATRONI_PATH_MAX];
	size_t room = PATRONI_FILE_MAX;
	int ret = 0, n = patroni_file__list_yaml(proc_fd, path, names, CONFIG_FILES_MAX);

	for (int i = 0; i < n; i++) {
		int used = snprintf(file, sizeof(file), "%s/%s", path, names[i]);

		int err = used < (int)sizeof(file) ? load_file(proc_fd, file, &room, out)
						   : -ENAMETOOLONG;
		free(names[i]);
		/* A dangling link, or something that is no regular file: Patroni skips it too. */
		if (err && !ret && err != -ENOENT && err != -ELOOP && err != -EISDIR &&
		    err != -EINVAL)
			ret = err;
	}
	return n < 0 ? n : ret;
}

/* -ENOENT when Patroni would find nothing there either, and look at its environment alone. */
static int load_path(int proc_fd, const char *path, struct patroni_config *out)
{
	char absolute[PATRONI_PATH_MAX];
	size_t room = PATRONI_FILE_MAX;
	int err = patroni_file__absolute(proc_fd, path, absolute, sizeof(absolute));

	if (!err)
		err = load_file(proc_fd, absolute, &room, out);
	if (err == -EISDIR)
		err = load_directory(proc_fd, absolute, out);
	if (err == -ENOENT || err == -ENOTDIR || err == -ELOOP || err == -ENAMETOOLONG)
		return -ENOENT;
	if (err == -ESRCH)
		return err;
	show_path(out->path, absolute);
	return err == -EFBIG || err == -EINVAL ? -EBADMSG : err;
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && !strcmp(s + n - m, end);
}

/* The path in argv; of a process that we do not recognise, but were told to watch, the first YAML
 * file. */
static const char *config_argument(const struct patroni_cmdline *cmd, const char *exe)
{
	struct patroni_program program;

	if (patroni_cmdline__program(cmd, exe, &program))
		return patroni_cmdline__configfile(cmd, program.first_arg);
	for (size_t i = 1; i < cmd->argc; i++) {
		if (ends_with(cmd->argv[i], ".yml") || ends_with(cmd->argv[i], ".yaml"))
			return cmd->argv[i];
	}
	return NULL;
}

static const char *find_variable(const char *block, size_t len, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = block; p < block + len; p += strlen(p) + 1) {
		if (!strncmp(p, name, n) && p[n] == '=')
			return p + n + 1;
	}
	return NULL;
}

/* Over a file the variables one by one; without it PATRONI_CONFIGURATION is all there is, when it
 * is given. */
static int load_environment(int proc_fd, bool over_file, struct patroni_config *out)
{
	const char *whole = NULL;
	char *block;
	size_t len;
	int err = patroni_proc__read(proc_fd, "environ", ENVIRONMENT_MAX, &block, &len);

	if (err)
		return err;
	if (!over_file)
		whole = find_variable(block, len, "PATRONI_CONFIGURATION");
	if (whole && *whole)
		err = patroni_config__parse_yaml(whole, strlen(whole), out);
	else
		patroni_config__apply_environment(block, len, out);
	patroni_file__free(block, len);
	return err;
}

static void load_dynamic(int proc_fd, struct patroni_config *out)
{
	char path[PATRONI_PATH_BYTES + sizeof(DYNAMIC_FILE) + 1];
	char *text;
	size_t len;

	if (!out->layers.data_dir[0])
		return;
	snprintf(path, sizeof(path), "%s/%s", out->layers.data_dir, DYNAMIC_FILE);
	if (patroni_file__read(proc_fd, path, PATRONI_FILE_MAX, &text, &len))
		return;
	patroni_yaml__dynamic(text, len, out);
	patroni_file__free(text, len);
}

static int load_all(int proc_fd, struct patroni_config *out)
{
	struct patroni_cmdline cmd;
	char exe[PATRONI_PATH_MAX];
	const char *path;
	int file_err = -ENOENT, env_err, err = patroni_cmdline__read(proc_fd, &cmd);

	if (err)
		return err;
	if (patroni_proc__link(proc_fd, "exe", exe, sizeof(exe)))
		exe[0] = '\0';
	path = config_argument(&cmd, exe);
	if (path)
		file_err = load_path(proc_fd, path, out);
	env_err = load_environment(proc_fd, file_err != -ENOENT, out);
	if (file_err == -ESRCH || env_err == -ESRCH)
		return -ESRCH;
	load_dynamic(proc_fd, out);
	if (file_err != -ENOENT)
		return file_err;
	if (env_err)
		return env_err;
	return out->scope[0] || out->member[0] || out->dcs != PATRONI_DCS_UNKNOWN ? 0 : -ENOENT;
}

int patroni__config(pid_t pid, struct patroni_config *out)
{
	int err, proc_fd = patroni_proc__open(pid);

	memset(out, 0, sizeof(*out));
	patroni_config__resolve(out);
	if (proc_fd < 0)
		return proc_fd;
	err = load_all(proc_fd, out);
	close(proc_fd);
	return err;
}
