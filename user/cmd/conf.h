/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conf.h - the daemon's configuration file: leasewatch.conf(5). Every key has a default; anything
 * unknown is an error with its line.
 */
#ifndef LEASEWATCH_CONF_H
#define LEASEWATCH_CONF_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "host/users.h"
#include "kernel/features.h"

#define CONF_DEFAULT	   "/etc/leasewatch.conf"
#define CONF_ADDRESS_BYTES 64

struct conf_watch {
	struct users users; /* whose processes count */
	int64_t stall_after_ns;
	enum hooks hooks;
	bool tls; /* read inside TLS */
};

struct conf_log {
	char file[PATH_MAX]; /* "-" = stdout, "" = no log */
	bool each_request;   /* else successful ones are counted, and the counts logged */
	int64_t interval_ns; /* how often */
};

struct conf_metrics {
	char address[CONF_ADDRESS_BYTES]; /* a numeric address; "" = not served */
	uint16_t port;
	char textfile[PATH_MAX]; /* "" = none */
	int64_t textfile_interval_ns;
};

struct conf {
	struct conf_watch watch;
	struct conf_log log;
	struct conf_metrics metrics;
	const char *obsolete; /* a key that no longer does anything; NULL = there is none */
};

void conf__defaults(struct conf *c);

/*
 * Read a file over the defaults. 0 or -errno with a sentence in `why`: -EINVAL for its content,
 * then with the line.
 */
int conf__load(const char *path, struct conf *out, char *why, size_t why_size);

/* `path` NULL: CONF_DEFAULT, if it exists, else the defaults. Says so when a key is obsolete. */
int conf__load_or_default(const char *path, struct conf *out, char *why, size_t why_size);

#endif
