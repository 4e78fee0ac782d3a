/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * uprobes_private.h - one library of a target, hooked: uprobes.c keeps them, uprobes_copy.c makes
 * them, in a thread of uprobes_job.c.
 */
#ifndef LEASEWATCH_UPROBES_PRIVATE_H
#define LEASEWATCH_UPROBES_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <uthash.h>

#include "host/library_set.h"
#include "kernel/hook.h"
#include "kernel/uprobes.h"

#define TROUBLE_BYTES (LIBRARY_NAME_BYTES + 128)

struct copy {
	uint64_t dev, ino;
	uint32_t hooked; /* points, as bits */
	/* Where several points share a hook, it is at the first of them. */
	struct hook *hooks[UPROBE_POINTS_MAX];
};

/* A job: to hook copies of a library in a process. */
struct job {
	const struct uprobe_set *set;
	pid_t tgid;
	pthread_t thread;
	atomic_bool done;
	/* To be hooked, and their descriptors, which are the job's. */
	size_t libraries_len;
	struct library_copy libraries[UPROBE_COPIES_MAX];
	int fds[UPROBE_COPIES_MAX];
	/* What is there already, and behind it what the job has hooked. */
	size_t known, copies_len;
	struct copy copies[UPROBE_COPIES_MAX];
	bool found;   /* what there is to be found */
	bool refused; /* the process would not survive it */
	char trouble[TROUBLE_BYTES];
	struct job *next; /* among those that nobody waits for */
};

struct target {
	pid_t tgid;
	size_t copies_len;
	struct copy copies[UPROBE_COPIES_MAX];
	bool asked;	 /* the reader; not answered */
	uint32_t execs;	 /* so many: an answer about the program before is none */
	struct job *job; /* under way; NULL = none */
	bool stale;	 /* it is about the program before */
	bool expected;	 /* to use the library */
	bool due;	 /* it is time for the next try */
	bool place;	 /* one of targets_max */
	bool gone;
	bool refused, told; /* it would not survive the hooks; the caller knows */
	int tries;	    /* left; 0 = there is nothing to look for */
	uint64_t eager_ns;  /* until then it is looked for without a sign; 0 = not */
	uint64_t tried_ns;
	char own[LIBRARY_NAME_BYTES];
	char trouble[TROUBLE_BYTES];
	UT_hash_handle hh;
};

struct uprobes {
	struct uprobe_set set;
	struct hooks_bin *bin;
	struct target *targets; /* by tgid */
	struct job *orphans;	/* their targets are gone */
	unsigned int busy;	/* targets that are asked about, and jobs */
	size_t places;		/* taken */
	bool due;		/* a target is due, or gone */
	bool eager;		/* a target may be */
	bool refused;		/* the caller may not know of one */
};

/*
 * Hook what the set names in the library; c->hooked says what became of it. `trouble` is set when
 * something that should have worked did not.
 */
void copy__hook(struct copy *c, const struct uprobe_set *set, pid_t tgid,
		const struct library_copy *library, int fd, char trouble[TROUBLE_BYTES]);

/* ---- uprobes_wants.c, with uprobes__wants */
uint64_t uprobes__now(void);
/* Another target may be hooked in its place. */
void uprobes__leave_place(struct uprobes *u, struct target *g);

/* ---- uprobes_job.c */

/*
 * Of what was found those that are not known: their descriptors are duplicated. Hooked already
 * (`copies`, n of them) is what the target has. NULL when memory is out.
 */
struct job *job__new(const struct uprobe_set *set, pid_t tgid, const struct copy *copies, size_t n,
		     const struct library_copies *found, const int *fds);
/* Run it in a thread. 0, or an error: then it has not begun. */
int job__start(struct job *job);
bool job__is_done(const struct job *job);
/* Wait for its end until then (CLOCK_REALTIME). 0, or ETIMEDOUT: it goes on. */
int job__join(struct job *job, const struct timespec *until);
/* Its hooks stay. */
void job__free(struct job *job);

/* ---- uprobes_copy.c: return probes and seccomp */

/* May this process have return probes? Tries it, if that was not done yet; in a job's thread. */
bool copy__may_return(const struct uprobe_set *set, pid_t tgid);
/* Do they kill a process with a seccomp filter? */
enum returns copy__try_returns(const struct uprobe_set *set);

#endif
