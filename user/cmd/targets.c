// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * targets.c - see targets.h.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "base/clock.h"
#include "base/limits.h"
#include "cmd/targets.h"
#include "leasewatch/units.h"

/* Processes of others that look like a Patroni: so many are reported one by one. */
#define IGNORED_MENTIONED 10

#define RETRY_FOLLOW_NS	  (2 * NS_PER_S)

struct unfollowed {
	pid_t pid;
	uint64_t start_ticks;
	bool tls;
	struct unfollowed *next;
};

static void copy_config(struct member_config *to, const struct patroni_config *from)
{
	snprintf(to->scope, sizeof(to->scope), "%s", from->scope);
	snprintf(to->member, sizeof(to->member), "%s", from->member);
	to->ttl_s = from->ttl_s;
	to->loop_wait_s = from->loop_wait_s;
	for (size_t i = 0; i < from->endpoints_len && to->ports_len < MEMBER_PORTS_MAX; i++) {
		size_t host_len;
		uint16_t port = address__port(from->endpoints[i], &host_len);

		if (port)
			to->ports[to->ports_len++] = port;
	}
}

/* PostgreSQL listens there, too: a thread that waits on such a socket waits for PostgreSQL. */
static void note_port(struct targets *t, uint16_t port)
{
	for (size_t i = 0; port && i < READER_PORTS_MAX; i++) {
		if (t->ports[i] == port)
			return;
		if (!t->ports[i]) {
			t->ports[i] = port;
			return;
		}
	}
}

/* What it was configured with, as far as that is known. */
static void learn_config(struct targets *t, const struct reader_config *c,
			 struct member_config *out)
{
	copy_config(out, &c->config);
	note_port(t, c->config.postgres_port);
	if (c->primary >= 0)
		out->role = c->primary ? ETCD_ROLE_LEADER : ETCD_ROLE_REPLICA;
	for (size_t i = 0; i < c->config.endpoints_len; i++)
		engine__endpoint(t->engine, c->config.endpoints[i]);
	for (uint32_t i = 0; i < c->addresses_len; i++)
		engine__name(t->engine, c->addresses[i].addr, c->addresses[i].port,
			     c->config.endpoints[c->addresses[i].endpoint]);
}

/*
 * Somebody else's process that looks like a Patroni: it is mentioned, and not watched. Anybody can
 * start a thousand of them, so no more than a few are.
 */
static void mention_ignored(struct targets *t, const struct discovery *d)
{
	struct finding f = {.type = FINDING_PROCESS,
			    .ts_ns = engine__wall_ns(t->engine, clock_ns(CLOCK_BOOTTIME))};
	char note[160];

	if (t->ignored++ >= IGNORED_MENTIONED)
		return;
	snprintf(note, sizeof(note),
		 "ignored: it belongs to uid %u, whose processes do not count (see --users)%s",
		 d->process->uid,
		 t->ignored == IGNORED_MENTIONED ? "; more like this are not reported" : "");
	f.who.pid = (uint32_t)d->process->pid;
	f.process = (struct finding_process){
		.phase = PROCESS_IGNORED, .uid = d->process->uid, .note = note};
	t->on_finding(t->ctx, &f);
}

/* What is said of it, "" = it is followed. */
static void follow_target(struct targets *t, const struct patroni_process *p, bool tls, char *note,
			  size_t size)
{
	int err = probe__follow(t->probe, p->pid, p->start_ticks, tls);
	struct unfollowed *u = err ? malloc(sizeof(*u)) : NULL;

	note[0] = '\0';
	if (!err)
		return;
	limits__hit(LIMIT_TARGETS);
	snprintf(
		note, size,
		"it cannot be watched: %s; its requests are not seen until there is room, which is "
		"tried again",
		err == -E2BIG
			? "so many processes are followed that the table in the kernel is full"
			: strerror(-err));
	if (!u)
		return;
	*u = (struct unfollowed){p->pid, p->start_ticks, tls, t->unfollowed};
	t->unfollowed = u;
}

static void say_without_returns(struct targets *t, uint64_t now_ns)
{
	pid_t pid;

	while ((pid = probe__without_returns(t->probe)))
		engine__note_process(
			t->engine, (uint32_t)pid,
			"it has a seccomp filter, and on this kernel a return probe kills such a "
			"process: getaddrinfo is not timed, and nothing inside TLS is read",
			now_ns);
}

void targets__turn(struct targets *t, uint64_t now_ns)
{
	struct unfollowed **at = &t->unfollowed, *u;

	say_without_returns(t, now_ns);

	if (!t->unfollowed || now_ns - t->retried_ns < RETRY_FOLLOW_NS)
		return;
	t->retried_ns = now_ns;
	while ((u = *at)) {
		bool known = engine__has_member(t->engine, (uint32_t)u->pid);

		if (known && probe__follow(t->probe, u->pid, u->start_ticks, u->tls)) {
			at = &u->next;
			continue;
		}
		if (known)
			engine__note_process(t->engine, (uint32_t)u->pid, "it can be watched now",
					     now_ns);
		*at = u->next;
		free(u);
	}
}

void targets__clear(struct targets *t)
{
	while (t->unfollowed) {
		struct unfollowed *next = t->unfollowed->next;

		free(t->unfollowed);
		t->unfollowed = next;
	}
}

void targets__gone(void *ctx, pid_t pid)
{
	struct lw_event exit = {.type = LW_EVENT_EXIT, .tgid = (uint32_t)pid};
	struct targets *t = ctx;

	if (!engine__has_member(t->engine, (uint32_t)pid))
		return; /* the kernel has said so already */
	exit.ts_ns = clock_ns(CLOCK_BOOTTIME);
	engine__event(t->engine, &exit);
	probe__unfollow(t->probe, pid);
}

void targets__found(void *ctx, const struct discovery *d)
{
	static const char unlike[] = "named with -p, though it does not look like Patroni";
	static const char unread[] = "its configuration could not be read in time; trying again";
	struct targets *t = ctx;
	struct member_config member = {.uid = d->process->uid};
	pid_t pid = d->process->pid;
	struct patroni_process now;
	bool tls = true;
	char trouble[160];
	int err;

	if (!d->counts) {
		mention_ignored(t, d);
		return;
	}
	if (d->config) {
		learn_config(t, d->config, &member);
		tls = d->config->config.tls || d->config->config.dcs == PATRONI_DCS_UNKNOWN;
	}
	if (engine__has_member(t->engine, (uint32_t)pid)) {
		engine__configure(t->engine, (uint32_t)pid, &member, clock_ns(CLOCK_BOOTTIME));
		return;
	}
	/*
	 * Followed first: whoever reads that it was found may count on all that it does from then
	 * on. The records about it come later, with the next poll.
	 */
	follow_target(t, d->process, tls, trouble, sizeof(trouble));
	err = engine__add_member(t->engine, (uint32_t)pid, &member,
				 trouble[0]		  ? trouble
				 : !d->looks_like_patroni ? unlike
				 : !d->config		  ? unread
							  : NULL,
				 clock_ns(CLOCK_BOOTTIME));
	t->seen = t->seen || !err;
	/* Its exit is seen now that it is followed; it may have been before that. */
	if (patroni__describe(pid, &now) || now.start_ticks != d->process->start_ticks)
		targets__gone(t, pid);
}
