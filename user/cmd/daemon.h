/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon.h - what `leasewatch daemon` does once its options are read.
 */
#ifndef LEASEWATCH_DAEMON_H
#define LEASEWATCH_DAEMON_H

#include <stdbool.h>
#include <stddef.h>

#include "cmd/conf.h"

struct daemon_options {
	const char *conf_path; /* NULL: CONF_DEFAULT, if there is one */
	bool verbose;
};

/* Watch until a signal ends it. 0 or -errno, which was reported on stderr. */
int daemon__serve(const struct daemon_options *opts, const struct conf *conf);

#endif
