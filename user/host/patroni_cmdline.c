// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * patroni_cmdline.c - decides by executable and command line whether a process is Patroni's daemon.
 *
 * The executable decides what the command line means: only for a Python interpreter does a second
 * argument /usr/bin/patroni mean that Patroni runs, not for vim, sudo or bash.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "host/patroni_private.h"
#include "leasewatch/units.h"

void patroni_cmdline__split(struct patroni_cmdline *cmd, size_t len)
{
	const char *p = cmd->bytes, *end = cmd->bytes + len;

	cmd->bytes[len] = '\0';
	cmd->argc = 0;
	while (p < end && cmd->argc < PATRONI_ARGV_MAX) {
		cmd->argv[cmd->argc++] = p;
		p += strlen(p) + 1;
	}
}

int patroni_cmdline__read(int proc_fd, struct patroni_cmdline *cmd)
{
	int err, fd = openat(proc_fd, "cmdline", O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t n = 1;

	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	while (n > 0 && used < PATRONI_CMDLINE_BYTES) {
		n = read(fd, cmd->bytes + used, PATRONI_CMDLINE_BYTES - used);
		if (n > 0)
			used += (size_t)n;
	}
	err = n < 0 ? -errno : 0;
	close(fd);
	patroni_cmdline__split(cmd, used);
	return err;
}

/* Last component, without slashes behind it; not NUL-terminated. */
static const char *last_part(const char *path, size_t *len)
{
	size_t end = strlen(path), start;

	while (end > 1 && path[end - 1] == '/')
		end--;
	for (start = end; start > 0 && path[start - 1] != '/'; start--)
		;
	*len = end - start;
	return path + start;
}

static bool last_part_is(const char *path, const char *name)
{
	size_t len;
	const char *part = last_part(path, &len);

	return len == strlen(name) && !memcmp(part, name, len);
}

/* Also pypy3, and RHEL 8's platform-python3.6. */
static bool is_python(const char *path)
{
	size_t len;
	const char *part = last_part(path, &len);

	return memmem(part, len, "python", 6) || (len >= 4 && !memcmp(part, "pypy", 4));
}

/* The kernel adds this to the link of an executable that was replaced, by an upgrade for one. */
static bool is_frozen(const char *path)
{
	return last_part_is(path, "patroni") || last_part_is(path, "patroni (deleted)");
}

bool patroni_cmdline__possible(const char *exe)
{
	return !exe[0] || is_python(exe) || is_frozen(exe);
}

/*
 * Index of what Python runs: a script, or the value of -m (then *module is set to it). 0 when it
 * runs something else: -c, standard input, nothing. Options as in `python3 --help`; those of one
 * letter may be joined (-Im), and -m, -c, -W, -X take what follows, in the same argument or the
 * next.
 */
static size_t python_target(const struct patroni_cmdline *cmd, const char **module)
{
	for (size_t i = 1; i < cmd->argc; i++) {
		const char *p = cmd->argv[i];

		if (p[0] != '-')
			return p[0] ? i : 0;
		if (!strcmp(p, "--check-hash-based-pycs"))
			i++;
		if (p[1] == '-')
			continue;
		if (!p[1])
			return 0;
		for (p++; *p; p++) {
			if (*p == 'c')
				return 0;
			if (*p == 'm') {
				if (p[1])
					*module = p + 1;
				else if (++i < cmd->argc)
					*module = cmd->argv[i];
				return *module ? i : 0;
			}
			if (strchr("WXQ", *p)) {
				if (!p[1])
					i++;
				break;
			}
		}
	}
	return 0;
}

static bool is_entry_script(const char *path)
{
	/* Nix hides the real script behind a wrapper, under this name. */
	static const char *const names[] = {"patroni", "patroni.py", ".patroni-wrapped"};
	const char *slash = strrchr(path, '/');
	char dir[PATRONI_PATH_MAX];

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (last_part_is(path, names[i]))
			return true;
	}
	if (!slash || strcmp(slash + 1, "__main__.py") || (size_t)(slash - path) >= sizeof(dir))
		return false;
	memcpy(dir, path, (size_t)(slash - path));
	dir[slash - path] = '\0';
	return last_part_is(dir, "patroni");
}

static bool starts_with(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

/*
 * A daemon, and not one of the calls that print something and exit; argparse takes any unambiguous
 * beginning of --version, --validate-config, --generate-config, --generate-sample-config, --help.
 */
static bool is_daemon(const struct patroni_cmdline *cmd, size_t first_arg)
{
	for (size_t i = first_arg; i < cmd->argc && strcmp(cmd->argv[i], "--"); i++) {
		const char *arg = cmd->argv[i];

		if (starts_with(arg, "--v") || starts_with(arg, "--g") || starts_with(arg, "--h") ||
		    starts_with(arg, "-h") || !strcmp(arg, "--multiprocessing-fork"))
			return false;
	}
	return true;
}

bool patroni_cmdline__program(const struct patroni_cmdline *cmd, const char *exe,
			      struct patroni_program *out)
{
	struct patroni_program found = {.first_arg = 1};
	const char *module = NULL;

	if (!cmd->argc)
		return false;
	if (!exe[0])
		exe = cmd->argv[0];
	if (is_python(exe)) {
		size_t i = python_target(cmd, &module);

		if (!i)
			return false;
		if (module ? strcmp(module, "patroni") && strcmp(module, "patroni.__main__")
			   : !is_entry_script(cmd->argv[i]))
			return false;
		found.first_arg = i + 1;
		found.script = module ? NULL : cmd->argv[i];
	} else if (!is_frozen(exe)) {
		return false;
	}
	if (!is_daemon(cmd, found.first_arg))
		return false;
	*out = found;
	return true;
}

const char *patroni_cmdline__configfile(const struct patroni_cmdline *cmd, size_t first_arg)
{
	bool options = true;

	for (size_t i = first_arg; i < cmd->argc; i++) {
		if (options && !strcmp(cmd->argv[i], "--"))
			options = false;
		else if (!options || cmd->argv[i][0] != '-')
			return cmd->argv[i][0] ? cmd->argv[i] : NULL;
	}
	return NULL;
}
