// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * conf.c - one table of keys; libinih splits the lines.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <ini.h>
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "cmd/conf.h"
#include "leasewatch/units.h"

#define NS_IN_S 1e9

struct parser {
	struct conf *conf;
	FILE *file;
	int line;
	bool failed; /* why is the first thing that was wrong */
	char *why;
	size_t why_size;
};

struct key {
	const char *section, *name;
	/* 0, or -EINVAL with what it should be in `want`. */
	int (*set)(const struct key *key, void *field, const char *value);
	size_t offset;
	double least, most; /* of a number */
	const char *want;
};

static int set_seconds(const struct key *key, void *field, const char *value)
{
	char *end;
	double s = strtod(value, &end);

	if (end == value || *end || !isfinite(s) || s < key->least || s > key->most)
		return -EINVAL;
	*(int64_t *)field = (int64_t)(s * NS_IN_S);
	return 0;
}

static int set_bool(const struct key *key, void *field, const char *value)
{
	(void)key;
	if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
		return -EINVAL;
	*(bool *)field = !strcmp(value, "yes");
	return 0;
}

static int set_hooks(const struct key *key, void *field, const char *value)
{
	(void)key;
	return hooks__parse(value, field);
}

static int set_users(const struct key *key, void *field, const char *value)
{
	char why[160];

	(void)key;
	return users__parse(value, field, why, sizeof(why));
}

static int set_path(const char *value, char *field)
{
	if (value[0] != '/' || strlen(value) >= PATH_MAX - sizeof(".tmp"))
		return -EINVAL;
	strcpy(field, value);
	return 0;
}

static int set_log_file(const struct key *key, void *field, const char *value)
{
	(void)key;
	if (!strcmp(value, "off"))
		*(char *)field = '\0';
	else if (!strcmp(value, "stdout"))
		strcpy(field, "-");
	else
		return set_path(value, field);
	return 0;
}

static int set_textfile(const struct key *key, void *field, const char *value)
{
	(void)key;
	if (strcmp(value, "off") != 0)
		return set_path(value, field);
	*(char *)field = '\0';
	return 0;
}

static int set_requests(const struct key *key, void *field, const char *value)
{
	(void)key;
	if (strcmp(value, "each") != 0 && strcmp(value, "summary") != 0)
		return -EINVAL;
	*(bool *)field = !strcmp(value, "each");
	return 0;
}

/* A key of an earlier version: accepted with a warning. */
static int set_obsolete(const struct key *key, void *field, const char *value)
{
	(void)value;
	*(const char **)field = key->name;
	return 0;
}

/* "127.0.0.1:9781", "[::1]:9781", "off" */
static int set_listen(const struct key *key, void *field, const char *value)
{
	struct conf_metrics *m = field;
	unsigned char address[sizeof(struct in6_addr)];
	char host[CONF_ADDRESS_BYTES];
	size_t len;
	uint16_t port = address__port(value, &len);

	(void)key;
	if (!strcmp(value, "off")) {
		m->address[0] = '\0';
		return 0;
	}
	if (!port || len >= sizeof(host))
		return -EINVAL;
	memcpy(host, value, len);
	host[len] = '\0';
	if (host[0] == '[' && host[len - 1] == ']') {
		host[len - 1] = '\0';
		memmove(host, host + 1, len - 1);
		if (inet_pton(AF_INET6, host, address) != 1)
			return -EINVAL;
	} else if (inet_pton(AF_INET, host, address) != 1) {
		return -EINVAL;
	}
	strcpy(m->address, host);
	m->port = port;
	return 0;
}

#define AT(member) offsetof(struct conf, member)

static const struct key keys[] = {
	{"watch", "stall_after", set_seconds, AT(watch.stall_after_ns), 1e-3, 3e9,
	 "a number of seconds, at least 0.001"},
	{"watch", "hooks", set_hooks, AT(watch.hooks), 0, 0, "auto, sock or fexit"},
	{"watch", "users", set_users, AT(watch.users), 0, 0,
	 "users of this host, numbers or ranges of numbers, any or default"},
	{"watch", "tls", set_bool, AT(watch.tls), 0, 0, "yes or no"},
	{"log", "file", set_log_file, AT(log.file), 0, 0, "an absolute path, stdout or off"},
	{"log", "requests", set_requests, AT(log.each_request), 0, 0, "each or summary"},
	{"log", "interval", set_seconds, AT(log.interval_ns), 1, 86400,
	 "a number of seconds from 1 to 86400"},
	{"log", "max_size", set_obsolete, AT(obsolete), 0, 0, ""},
	{"log", "keep", set_obsolete, AT(obsolete), 0, 0, ""},
	{"metrics", "listen", set_listen, AT(metrics), 0, 0,
	 "a numeric address and a port (127.0.0.1:9781, [::1]:9781) or off"},
	{"metrics", "textfile", set_textfile, AT(metrics.textfile), 0, 0,
	 "an absolute path, or off"},
	{"metrics", "textfile_interval", set_seconds, AT(metrics.textfile_interval_ns), 1, 3600,
	 "a number of seconds from 1 to 3600"},
};

void conf__defaults(struct conf *c)
{
	*c = (struct conf){
		.watch = {.stall_after_ns = NS_PER_S, .hooks = HOOKS_AUTO, .tls = true},
		.log = {.file = "-", .interval_ns = 60000000000},
		.metrics = {.address = "127.0.0.1",
			    .port = 9781,
			    .textfile_interval_ns = 15000000000},
	};
	users__defaults(&c->watch.users);
}

static int fail_conf(struct parser *p, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Keep the first error. Returns what libinih expects for it. */
static int fail_conf(struct parser *p, const char *format, ...)
{
	va_list args;

	if (p->failed)
		return 0;
	p->failed = true;
	va_start(args, format);
	vsnprintf(p->why, p->why_size, format, args);
	va_end(args);
	return 0;
}

/* One line, like fgets(). libinih does not pass the line number to the handler, so count here. */
static char *read_line(char *buf, int size, void *ctx)
{
	struct parser *p = ctx;

	if (p->failed || !fgets(buf, size, p->file))
		return NULL;
	p->line++;
	if (!strchr(buf, '\n') && strlen(buf) == (size_t)size - 1) {
		fail_conf(p, "line %d: longer than %d bytes", p->line, size - 2);
		return NULL;
	}
	return buf;
}

static bool has_section(const char *section)
{
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (!strcmp(keys[i].section, section))
			return true;
	return false;
}

static int on_key(void *ctx, const char *section, const char *name, const char *value)
{
	struct parser *p = ctx;

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		const struct key *k = &keys[i];

		if (strcmp(k->section, section) != 0 || strcmp(k->name, name) != 0)
			continue;
		if (!k->set(k, (char *)p->conf + k->offset, value))
			return 1;
		return fail_conf(p, "line %d: %s = %s: must be %s", p->line, name, value, k->want);
	}
	if (!section[0])
		return fail_conf(p, "line %d: '%s' comes before the first [section]", p->line,
				 name);
	if (!has_section(section))
		return fail_conf(p, "line %d: unknown section [%s]", p->line, section);
	return fail_conf(p, "line %d: unknown key '%s' in section [%s]", p->line, name, section);
}

int conf__load(const char *path, struct conf *out, char *why, size_t why_size)
{
	struct conf conf;
	struct parser p = {.conf = &conf, .why = why, .why_size = why_size};
	int line, err = 0;

	conf__defaults(&conf);
	p.file = fopen(path, "re");
	if (!p.file) {
		err = -errno;
		snprintf(why, why_size, "cannot read '%s': %s", path, strerror(-err));
		return err;
	}
	line = ini_parse_stream(read_line, &p, on_key, &p);
	if (ferror(p.file)) { /* a directory, too */
		err = -EIO;
		snprintf(why, why_size, "cannot read %s: is it a file?", path);
	} else if (p.failed) {
		char text[512];

		err = -EINVAL;
		snprintf(text, sizeof(text), "%s", why);
		snprintf(why, why_size, "%s: %s", path, text);
	} else if (line) {
		err = -EINVAL;
		snprintf(why, why_size, "%s: line %d: neither [section] nor key = value", path,
			 line);
	}
	fclose(p.file);
	if (!err)
		*out = conf;
	return err;
}

int conf__load_or_default(const char *path, struct conf *out, char *why, size_t why_size)
{
	int err = conf__load(path ? path : CONF_DEFAULT, out, why, why_size);

	if (err == -ENOENT && !path) {
		conf__defaults(out);
		return 0;
	}
	if (!err && out->obsolete)
		fprintf(stderr,
			"leasewatch: '%s' in [log] no longer does anything: logrotate rotates the "
			"log, and SIGHUP reopens it\n",
			out->obsolete);
	return err;
}
