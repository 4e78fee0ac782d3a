// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * resolve.c - see resolve.h.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "kernel/library.h"
#include "kernel/links.h"
#include "kernel/resolve.h"
#include "leasewatch/event.h"

/* A library that is not there at the fifth sign of life will not come. */
#define TRIES_MAX 5

struct links {
	struct bpf_link *enter, *leave; /* both or none */
};

struct hook {
	pid_t tgid;
	struct links links;
	dev_t dev; /* the library that they are in */
	ino_t ino;
	int tries; /* left; 0 = there is nothing to look for */
	bool due;  /* it is time for the next one */
	bool gone;
	char trouble[LIBRARY_NAME_BYTES + 128];
	UT_hash_handle hh;
};

struct resolve {
	const struct bpf_program *enter, *leave;
	struct hook *hooks; /* by tgid */
	bool due;	    /* one of them is due, or gone */
};

struct resolve *resolve__new(const struct bpf_program *enter, const struct bpf_program *leave)
{
	struct resolve *r = calloc(1, sizeof(*r));

	if (r) {
		r->enter = enter;
		r->leave = leave;
	}
	return r;
}

static void detach_by(struct hook *h, void (*destroy)(struct bpf_link **, size_t))
{
	struct bpf_link *both[] = {h->links.enter, h->links.leave};

	h->links = (struct links){0};
	destroy(both, 2);
}

static void detach(struct hook *h)
{
	detach_by(h, links__destroy_later);
}

static void drop(struct resolve *r, struct hook *h)
{
	detach(h);
	HASH_DEL(r->hooks, h);
	free(h);
}

void resolve__free(struct resolve *r)
{
	struct hook *h, *next;

	if (!r)
		return;
	HASH_ITER(hh, r->hooks, h, next) {
		detach_by(h, links__destroy);
		drop(r, h);
	}
	free(r);
}

static struct hook *find(const struct resolve *r, pid_t tgid)
{
	struct hook *h;

	HASH_FIND_INT(r->hooks, &tgid, h);
	return h;
}

static struct bpf_link *attach_one(const struct bpf_program *prog, pid_t tgid, int fd, bool ret)
{
	DECLARE_LIBBPF_OPTS(bpf_uprobe_opts, opts, .func_name = "getaddrinfo", .retprobe = ret,
			    .bpf_cookie = (unsigned int)tgid);
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return bpf_program__attach_uprobe_opts(prog, tgid, path, 0, &opts);
}

static void attach(struct resolve *r, struct hook *h, const struct library *library)
{
	int err;

	detach(h);
	/* The return first: an entry without a return would look like a call that hangs. */
	h->links.leave = attach_one(r->leave, h->tgid, library->fd, true);
	if (h->links.leave)
		h->links.enter = attach_one(r->enter, h->tgid, library->fd, false);
	if (h->links.enter) {
		h->dev = library->dev;
		h->ino = library->ino;
		h->tries = 0;
		h->trouble[0] = '\0';
		return;
	}
	err = errno;
	detach(h);
	snprintf(h->trouble, sizeof(h->trouble), "cannot hook getaddrinfo in %s: %s", library->name,
		 strerror(err));
}

static void try(struct resolve *r, struct hook *h)
{
	struct library library;
	int n = library__open(h->tgid, library_libc, &library, 1);

	h->due = false;
	h->tries--;
	if (n <= 0) {
		snprintf(h->trouble, sizeof(h->trouble), "cannot hook getaddrinfo: %s",
			 n ? strerror(-n) : "the process has no C library mapped");
		return;
	}
	if (h->links.enter && h->dev == library.dev && h->ino == library.ino)
		h->tries = 0; /* a new program, the same library: the kernel has moved the hooks */
	else
		attach(r, h, &library);
	library__close(&library, 1);
}

void resolve__hook(struct resolve *r, pid_t tgid)
{
	struct hook *h = find(r, tgid);

	if (!h) {
		h = calloc(1, sizeof(*h));
		if (!h)
			return;
		h->tgid = tgid;
		HASH_ADD_INT(r->hooks, tgid, h);
	} else if (h->links.enter && !h->tries) {
		return;
	}
	h->tries = TRIES_MAX;
	try(r, h);
}

void resolve__unhook(struct resolve *r, pid_t tgid)
{
	struct hook *h = find(r, tgid);

	if (h)
		drop(r, h);
}

void resolve__record(struct resolve *r, const struct lw_event *event)
{
	struct hook *h = find(r, (pid_t)event->tgid);

	if (!h)
		return;
	if (event->type == LW_EVENT_EXEC) {
		/* Its library is not mapped yet. */
		h->tries = TRIES_MAX;
		return;
	}
	if (event->type == LW_EVENT_EXIT)
		h->gone = true;
	else if (h->tries)
		h->due = true;
	r->due = r->due || h->gone || h->due;
}

void resolve__turn(struct resolve *r)
{
	struct hook *h, *next;

	if (!r->due)
		return;
	r->due = false;
	HASH_ITER(hh, r->hooks, h, next) {
		if (h->gone)
			drop(r, h);
		else if (h->due)
			try(r, h);
	}
}

const char *resolve__trouble(const struct resolve *r, pid_t tgid)
{
	const struct hook *h = find(r, tgid);

	if (!h)
		return "the process is not followed";
	return h->links.enter ? NULL : h->trouble;
}
