// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * check_processes.c - see check_processes.h. Nothing of a process is read here: the reader does.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cmd/check_processes.h"
#include "cmd/discover.h"
#include "kernel/tls.h"
#include "leasewatch/units.h"

/* The reader gives up a question after 2 s; it may have others before it. */
#define TLS_WAIT_NS (5 * NS_PER_S)
#define TURN_MS	    20
/* One by one, of those that do not count. */
#define IGNORED_SHOWN 10

static void keep_process(void *ctx, const struct discovery *d)
{
	struct check_processes *p = ctx;
	struct check_process *next = realloc(p->list, (p->len + 1) * sizeof(*next));

	if (!next) {
		p->failed = true;
		return;
	}
	p->list = next;
	next += p->len++;
	*next = (struct check_process){.process = *d->process, .counts = d->counts};
	if (!d->config || !d->counts)
		return;
	next->config = malloc(sizeof(*next->config));
	if (next->config)
		*next->config = d->config->config;
	else
		p->failed = true;
}

/* It has ended: it will not be watched either. */
static void forget_process(void *ctx, pid_t pid)
{
	struct check_processes *p = ctx;

	for (size_t i = 0; i < p->len; i++)
		if (p->list[i].process.pid == pid) {
			free(p->list[i].config);
			p->list[i] = p->list[--p->len];
			return;
		}
}

static void on_library(void *ctx, const struct reader_answer *a)
{
	struct check_processes *p = ctx;

	if (a->question.what != READER_LIBRARY || a->question.tag >= p->len)
		return;
	p->list[a->question.tag].tls_readable = tls__outlook(
		a, p->list[a->question.tag].tls_how, sizeof(p->list[a->question.tag].tls_how));
}

static bool is_tls_known(const struct check_processes *p)
{
	for (size_t i = 0; i < p->len; i++)
		if (p->list[i].config && p->list[i].config->tls && !p->list[i].tls_how[0])
			return false;
	return true;
}

static void find_tls(struct reader *reader, struct check_processes *p)
{
	uint64_t begin_ns = clock_ns(CLOCK_BOOTTIME), now_ns = begin_ns;

	for (size_t i = 0; i < p->len; i++) {
		const struct reader_question q = {
			.what = READER_LIBRARY,
			.set = LIBRARY_OPENSSL,
			.pid = p->list[i].process.pid,
			.tag = (uint32_t)i,
			.trusted = true,
		};

		if (p->list[i].config && p->list[i].config->tls && reader__ask(reader, &q))
			p->failed = true;
	}
	while (!p->failed && !is_tls_known(p) && now_ns - begin_ns < TLS_WAIT_NS) {
		struct pollfd wait = {.fd = reader__fd(reader), .events = POLLIN};

		reader__turn(reader, now_ns, on_library, p);
		poll(&wait, 1, TURN_MS);
		now_ns = clock_ns(CLOCK_BOOTTIME);
	}
}

int check_processes__find(struct reader *reader, const struct users *users,
			  struct check_processes *out)
{
	const struct discover_events events = {.found = keep_process, .gone = forget_process};
	uint64_t now_ns = clock_ns(CLOCK_BOOTTIME);
	struct discover *discover;
	int err;

	memset(out, 0, sizeof(*out));
	err = discover__new(&discover, reader, users, &events, out);
	if (err)
		return err;
	discover__scan(discover, now_ns);
	discover__settle(discover);
	discover__turn(discover, clock_ns(CLOCK_BOOTTIME));
	discover__free(discover);
	find_tls(reader, out);
	return out->failed ? -ENOMEM : 0;
}

/* Anybody can start a thousand of them: some are enough. */
void check_processes__show_ignored(const struct check_processes *found)
{
	size_t n = 0;

	for (size_t i = 0; i < found->len; i++) {
		const struct check_process *p = &found->list[i];

		if (p->counts || n++ >= IGNORED_SHOWN)
			continue;
		printf("  pid %-8d ignored: it belongs to uid %u, whose processes do not count "
		       "(see --users)\n",
		       p->process.pid, p->process.uid);
	}
	if (n > IGNORED_SHOWN)
		printf("  %zu more are ignored\n", n - IGNORED_SHOWN);
}

void check_processes__free(struct check_processes *p)
{
	for (size_t i = 0; i < p->len; i++)
		free(p->list[i].config);
	free(p->list);
}

const char *check_processes__dcs(enum patroni_dcs dcs)
{
	switch (dcs) {
	case PATRONI_DCS_ETCD:
		return "etcd (v2 API)";
	case PATRONI_DCS_ETCD3:
		return "etcd3";
	case PATRONI_DCS_OTHER:
		return "not etcd: nothing to watch";
	default:
		return "unknown";
	}
}
