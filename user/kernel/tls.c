// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * tls.c - see tls.h.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "kernel/library.h"
#include "kernel/links.h"
#include "kernel/tls.h"
#include "leasewatch/event.h"

/* Copies of libssl and libcrypto in one process: the system's, and those that come in wheels. */
#define COPIES_MAX 8
#define LINKS_MAX  10
/* As often as it is looked for without a new sign that there must be one. */
#define TRIES_MAX 5

static const char *const names[] = {
	"libssl.so*", "libssl-*.so*", "libcrypto.so*", "libcrypto-*.so*", NULL,
};

/* Wheels of pyca/cryptography, which pyOpenSSL uses: they may have an OpenSSL inside. */
static const char *const bindings[] = {"_rust*.so", "_openssl*.so", NULL};

enum program { ENTER, LEAVE, VERIFY, ERROR };

static const struct {
	const char *symbol;
	enum lw_tls_function function;
	enum program program;
} wanted[] = {
	/* The return first: what an entry without one leaves behind means nothing. */
	{"SSL_read", LW_TLS_READ, LEAVE},
	{"SSL_read", LW_TLS_READ, ENTER},
	{"SSL_read_ex", LW_TLS_READ_EX, LEAVE},
	{"SSL_read_ex", LW_TLS_READ_EX, ENTER},
	{"SSL_write", LW_TLS_WRITE, LEAVE},
	{"SSL_write", LW_TLS_WRITE, ENTER},
	{"SSL_write_ex", LW_TLS_WRITE_EX, LEAVE},
	{"SSL_write_ex", LW_TLS_WRITE_EX, ENTER},
	{"SSL_do_handshake", LW_TLS_DO_HANDSHAKE, LEAVE},
	{"SSL_do_handshake", LW_TLS_DO_HANDSHAKE, ENTER},
	{"X509_STORE_CTX_get_error", LW_TLS_OTHER, VERIFY},
	{"ERR_peek_error", LW_TLS_OTHER, ERROR},
};

#define WANTED (sizeof(wanted) / sizeof(wanted[0]))

struct copy {
	dev_t dev;
	ino_t ino;
	bool reads, writes;
	size_t links_len;
	struct bpf_link *links[LINKS_MAX];
};

struct target {
	pid_t tgid;
	bool expected; /* its configuration or a handshake says that it speaks TLS */
	size_t copies_len;
	struct copy copies[COPIES_MAX];
	int tries; /* left */
	bool due;  /* it is time for the next one */
	bool gone;
	char trouble[LIBRARY_NAME_BYTES + 192];
	UT_hash_handle hh;
};

struct tls {
	struct tls_programs programs;
	struct target *targets; /* by tgid */
	bool due;		/* one of them is due, or gone */
};

struct tls *tls__new(const struct tls_programs *programs)
{
	struct tls *t = calloc(1, sizeof(*t));

	if (t)
		t->programs = *programs;
	return t;
}

/* Its links, which are the caller's from now on. Returns how many. */
static size_t take_links(struct target *g, struct bpf_link *links[COPIES_MAX * LINKS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < g->copies_len; i++)
		for (size_t j = 0; j < g->copies[i].links_len; j++)
			links[n++] = g->copies[i].links[j];
	g->copies_len = 0;
	return n;
}

static void drop(struct tls *t, struct target *g, void (*destroy)(struct bpf_link **, size_t))
{
	struct bpf_link *links[COPIES_MAX * LINKS_MAX];

	destroy(links, take_links(g, links));
	HASH_DEL(t->targets, g);
	free(g);
}

void tls__free(struct tls *t)
{
	struct target *g, *next;

	if (!t)
		return;
	HASH_ITER(hh, t->targets, g, next)
		drop(t, g, links__destroy);
	free(t);
}

static struct target *find(const struct tls *t, pid_t tgid)
{
	struct target *g;

	HASH_FIND_INT(t->targets, &tgid, g);
	return g;
}

static const struct bpf_program *program_of(const struct tls *t, enum program program)
{
	const struct bpf_program *const programs[] = {
		[ENTER] = t->programs.enter,
		[LEAVE] = t->programs.leave,
		[VERIFY] = t->programs.verify,
		[ERROR] = t->programs.error,
	};

	return programs[program];
}

/* NULL and errno: -ENOENT when the library has no such function. */
static struct bpf_link *attach_one(const struct tls *t, pid_t tgid, int fd, size_t what)
{
	DECLARE_LIBBPF_OPTS(bpf_uprobe_opts, opts, .func_name = wanted[what].symbol,
			    .retprobe = wanted[what].program != ENTER,
			    .bpf_cookie =
				    (uint64_t)wanted[what].function << 32 | (unsigned int)tgid);
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return bpf_program__attach_uprobe_opts(program_of(t, wanted[what].program), tgid, path, 0,
					       &opts);
}

static void say(struct target *g, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct target *g, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(g->trouble, sizeof(g->trouble), format, args);
	va_end(args);
}

static const struct copy *find_copy(const struct target *g, const struct library *library)
{
	for (size_t i = 0; i < g->copies_len; i++)
		if (g->copies[i].dev == library->dev && g->copies[i].ino == library->ino)
			return &g->copies[i];
	return NULL;
}

static void attach(const struct tls *t, struct target *g, const struct library *library)
{
	struct copy *c = &g->copies[g->copies_len];
	bool refused = false;

	*c = (struct copy){.dev = library->dev, .ino = library->ino};
	for (size_t i = 0; i < WANTED && c->links_len < LINKS_MAX; i++) {
		struct bpf_link *link = attach_one(t, g->tgid, library->fd, i);

		if (!link) {
			if (errno != ENOENT && !refused)
				say(g, "cannot hook %s in %s: %s", wanted[i].symbol, library->name,
				    strerror(errno));
			refused = refused || errno != ENOENT;
			continue;
		}
		c->links[c->links_len++] = link;
		c->reads |=
			wanted[i].function == LW_TLS_READ || wanted[i].function == LW_TLS_READ_EX;
		c->writes |=
			wanted[i].function == LW_TLS_WRITE || wanted[i].function == LW_TLS_WRITE_EX;
	}
	if (strstr(library->name, "libssl") && !refused && !(c->reads && c->writes))
		say(g, "%s does not show its functions", library->name);
	if (c->links_len)
		g->copies_len++;
}

static void try(struct tls *t, struct target *g)
{
	struct library libraries[COPIES_MAX];
	int n = library__open(g->tgid, names, libraries, COPIES_MAX);

	g->due = false;
	g->tries--;
	if (n < 0)
		say(g, "cannot hook libssl: %s", strerror(-n));
	for (int i = 0; i < n; i++)
		if (!find_copy(g, &libraries[i]) && g->copies_len < COPIES_MAX)
			attach(t, g, &libraries[i]);
	if (n > 0)
		library__close(libraries, (size_t)n);
}

void tls__hook(struct tls *t, pid_t tgid, bool expected)
{
	struct target *g = find(t, tgid);

	if (!g) {
		g = calloc(1, sizeof(*g));
		if (!g)
			return;
		g->tgid = tgid;
		HASH_ADD_INT(t->targets, tgid, g);
	}
	g->expected |= expected;
	if (!g->expected)
		return;
	g->tries = TRIES_MAX;
	try(t, g);
}

void tls__unhook(struct tls *t, pid_t tgid)
{
	struct target *g = find(t, tgid);

	if (g)
		drop(t, g, links__destroy_later);
}

static bool begins_handshake(const struct lw_event *event)
{
	const struct lw_event_data *data = (const struct lw_event_data *)event;

	return event->type == LW_EVENT_TLS_SEND && data->captured && data->payload[0] == 0x16;
}

void tls__record(struct tls *t, const struct lw_event *event)
{
	struct target *g = find(t, (pid_t)event->tgid);

	if (!g)
		return;
	g->expected |= begins_handshake(event);
	if (g->expected && (event->type == LW_EVENT_EXEC || begins_handshake(event)))
		g->tries = TRIES_MAX;
	if (event->type == LW_EVENT_EXEC) {
		g->trouble[0] = '\0';
		return; /* its libraries are not mapped yet */
	}
	if (event->type == LW_EVENT_EXIT)
		g->gone = true;
	else if (g->tries && (!g->copies_len || event->type == LW_EVENT_TLS_SEND))
		g->due = true;
	t->due = t->due || g->gone || g->due;
}

void tls__turn(struct tls *t)
{
	struct target *g, *next;

	if (!t->due)
		return;
	t->due = false;
	HASH_ITER(hh, t->targets, g, next) {
		if (g->gone)
			drop(t, g, links__destroy_later);
		else if (g->due)
			try(t, g);
	}
}

static bool reads(const struct target *g)
{
	for (size_t i = 0; i < g->copies_len; i++)
		if (g->copies[i].reads && g->copies[i].writes)
			return true;
	return false;
}

const char *tls__trouble(struct tls *t, pid_t tgid)
{
	struct target *g = find(t, tgid);
	struct library library;

	if (!g)
		return "the process is not followed";
	if (g->trouble[0])
		return g->trouble;
	if (library__open(tgid, bindings, &library, 1) == 1) {
		snprintf(g->trouble, sizeof(g->trouble),
			 "pyOpenSSL uses an OpenSSL of its own, inside %s", library.name);
		library__close(&library, 1);
		return g->trouble;
	}
	return reads(g) ? "its TLS does not pass through the libssl that it has mapped"
			: "the process has no libssl mapped";
}
