/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * uprobes.h - a set of uprobes in each target's own copies of a library, for that target only.
 *
 * The reader looks for libraries (host/reader.h): what it is to be asked, uprobes__wants says. The
 * kernel may make us wait for seconds (see hook.h), so a separate thread hooks them. Nothing here
 * fails: a target without its hooks is still followed, and the reason is reported.
 */
#ifndef LEASEWATCH_UPROBES_H
#define LEASEWATCH_UPROBES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <bpf/libbpf.h>

#include "host/library_set.h"

#include "kernel/returns.h"

#define UPROBE_POINTS_MAX 13
#define UPROBE_COPIES_MAX LIBRARY_COPIES_MAX

struct lw_event;
struct reader_answer;
struct reader_question;
struct uprobes;

struct uprobe_point {
	const char *symbol;
	const struct bpf_program *program;
	bool at_return;
	uint32_t tag; /* the upper half of the attachment's cookie; the lower one is the target */
};

struct uprobe_set {
	enum library_set library;
	size_t targets_max; /* that are hooked at a time */
	size_t points_len;
	struct uprobe_point points[UPROBE_POINTS_MAX]; /* in the order in which they are hooked */
	size_t essential; /* the point whose library is the one looked for, others come with it */
	bool together;	  /* the programs were prepared for it (hook.h) */
	bool all;	  /* a library that lacks one of the symbols is not hooked at all */
	const char *what; /* "getaddrinfo", for people */
	const char *none; /* why not, when there is no such library */
};

/* The programs must outlive the object; the set is copied. NULL when memory is out. */
struct uprobes *uprobes__new(const struct uprobe_set *set);
/* Detaches everything, and waits until that is done; not for a job that hangs. */
void uprobes__free(struct uprobes *u);

/*
 * Hook a target: now if it is expected to use the library, otherwise when it does. May be called
 * again: then it retries only what failed.
 */
void uprobes__hook(struct uprobes *u, pid_t tgid, bool expected);
/* Records were lost: look again for libraries of all targets that are expected to use one. */
void uprobes__look_again(struct uprobes *u);
/* The hooks are removed a little later. */
void uprobes__unhook(struct uprobes *u, pid_t tgid);

/* Is there something to ask the reader? Then it counts as asked. */
bool uprobes__wants(struct uprobes *u, struct reader_question *q);
/* What the reader says to any READER_LIBRARY question about the set. */
void uprobes__answer(struct uprobes *u, const struct reader_answer *a);

/* The module of the target that has a library of its own inside (host/library_set.h), or NULL. */
const char *uprobes__own(const struct uprobes *u, pid_t tgid);

/* A target that is not hooked because it would not survive it; each is named once. 0 = no more. */
pid_t uprobes__refused(struct uprobes *u);
/* Would one with a seccomp filter? */
enum returns uprobes__try_returns(const struct uprobes *u);

/* What a record reveals about a target's library. */
enum uprobes_sign {
	UPROBES_LIFE, /* nothing, but an active process may have mapped its own by now */
	UPROBES_USE,  /* it uses one */
	UPROBES_NEW,  /* it uses one again: perhaps another one than before */
};

/*
 * Any record, in the order of the ring buffer. Only takes note: what follows from it is done by
 * uprobes__turn(), outside the ring buffer.
 */
void uprobes__record(struct uprobes *u, const struct lw_event *event, enum uprobes_sign sign);
void uprobes__turn(struct uprobes *u);

/*
 * Why a target is not hooked; NULL = it is. `points`: the symbols of one library that must all be
 * hooked, as a set of bits (1 << index). Valid until the next call.
 */
const char *uprobes__trouble(const struct uprobes *u, pid_t tgid, uint32_t points);

#endif
