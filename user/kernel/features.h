/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * features.h - what leasewatch needs from a kernel: the table {feature, its programs, what is lost
 * without it}, and what may stop all of them on a host.
 *
 * No libbpf here. A feature is detected by trying it (kernel/trial.h), never by the version number;
 * the table's `since` tells an operator what to upgrade to.
 */
#ifndef LEASEWATCH_FEATURES_H
#define LEASEWATCH_FEATURES_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/names.h"

enum feature_id {
	FEATURE_SOCK,	    /* tier "sock" of the data hooks */
	FEATURE_FEXIT,	    /* tier "fexit" */
	FEATURE_FEXIT6,	    /* the same for IPv6 sockets */
	FEATURE_STATE,	    /* the life of connections */
	FEATURE_PROCESS,    /* exec and exit */
	FEATURE_ADOPT,	    /* sockets opened before we started */
	FEATURE_SNAPSHOT,   /* the state of a socket on suspicion */
	FEATURE_RETRANSMIT, /* as they happen */
	FEATURE_ERROR,	    /* network errors for a DNS query */
	FEATURE_RESOLVE,    /* getaddrinfo() */
	FEATURE_TLS,	    /* what is inside TLS */
	FEATURES,
};

enum feature_need {
	FEATURE_TIER, /* one of the tiers is needed, only one is used */
	FEATURE_REQUIRED,
	FEATURE_OPTIONAL,
};

#define FEATURE_PROGRAMS 5

struct feature {
	const char *name;
	const char *programs[FEATURE_PROGRAMS]; /* names of BPF programs; NULL = no more */
	enum feature_need need;
	const char *since; /* "Linux 5.15" */
	const char *lost;  /* what is lost without it */
};

extern const struct feature features[FEATURES];

/* How data hooks are chosen: by trying, or by option. */
enum hooks { HOOKS_AUTO, HOOKS_SOCK, HOOKS_FEXIT };

/* "auto", "sock", "fexit": 0, or -EINVAL for anything else. */
int hooks__parse(const char *word, enum hooks *out);

/*
 * The sets of features to try, the best first: the tiers that `hooks` allows, each with everything
 * else. Returns how many (at most FEATURES_PLANS_MAX).
 */
#define FEATURES_PLANS_MAX 3
size_t features__plans(enum hooks hooks, bool plans[FEATURES_PLANS_MAX][FEATURES]);

enum lockdown {
	LOCKDOWN_UNKNOWN,
	LOCKDOWN_NONE,
	LOCKDOWN_INTEGRITY,
	LOCKDOWN_CONFIDENTIALITY, /* programs may not read the kernel's memory: nothing works */
};

/* What may stop every feature on a host. */
struct host {
	bool root;	  /* the effective user */
	uint64_t missing; /* capabilities (1 << CAP_...) that we need and do not have */
	enum lockdown lockdown;
	bool btf;	 /* /sys/kernel/btf/vmlinux can be read */
	bool btf_hidden; /* ... not, although the kernel was built with it */
	bool ftrace_off; /* function tracing is switched off: the tier fexit would see nothing */
	char release[65];
};

/* `root` is "" for this host; a test gives a directory with proc/ and sys/ in it. */
void host__read(struct host *h, const char *root);

/*
 * What stops every feature: 0 = nothing known, else a negative errno (-ENOENT: no BTF, -EPERM: no
 * privilege, or lockdown) and a sentence in `why`.
 */
int host__obstacle(const struct host *h, char *why, size_t size);

/*
 * Features that would load and attach here but never run: sets `absent` for them and leaves the
 * others alone. The reason in words: features__failure() with FEATURES_NEVER_RUN.
 */
#define FEATURES_NEVER_RUN (-ENODATA)
void host__never_run(const struct host *h, bool absent[FEATURES]);

/* The names of the missing capabilities, "CAP_BPF, CAP_PERFMON"; "" when there are none. */
void host__missing(const struct host *h, char *out, size_t size);
extern const struct enum_names lockdown_names;

/* What a feature's failure (a negative errno of load or attach) means, in words. */
void features__failure(const struct feature *f, int err, char *why, size_t size);

#endif
