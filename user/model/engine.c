// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * engine.c - where records, members, connections, look-ups, endpoints and stalls meet.
 *
 * Records change the model at once; what follows from them, and from time, is looked at in
 * engine__tick and after everything that ends an attempt.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/engine.h"
#include "model/engine_state.h"
#include "model/finding_fill.h"

struct engine *engine__new(const struct engine_config *config)
{
	struct engine *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->reporter = (struct reporter){config->on_finding, config->ctx, config->wall_offset_ns};
	e->stall_after_ns = config->stall_after_ns;
	e->conns.endpoints = &e->endpoints;
	e->conns.listener = &engine__conn_listener;
	e->conns.ctx = e;
	lookup_table__init(&e->lookups, &engine__lookup_listener, e, config->stall_after_ns);
	return e;
}

void engine__free(struct engine *e)
{
	struct member *m, *next;

	if (!e)
		return;
	conn_table__clear(&e->conns);
	lookup_table__clear(&e->lookups);
	endpoint_table__clear(&e->endpoints);
	HASH_ITER(hh, e->members, m, next) {
		HASH_DEL(e->members, m);
		free(m);
	}
	free(e);
}

/*
 * A Patroni that is started again does not know its old lease, but the leader key in etcd hangs on
 * it until it runs out: for the operator the time left goes on.
 */
static struct bequest *find_bequest(struct engine *e, const struct member *m)
{
	for (size_t i = 0; m->scope[0] && i < ENGINE_BEQUESTS; i++)
		if (m->config.uid == e->bequests[i].uid &&
		    !strcmp(m->scope, e->bequests[i].scope) &&
		    !strcmp(m->name, e->bequests[i].name))
			return &e->bequests[i];
	return NULL;
}

static void bequeath_lease(struct engine *e, const struct member *m)
{
	struct bequest *b = find_bequest(e, m);

	if (m->role != ETCD_ROLE_LEADER || !m->lease.last_ok_sent) {
		/* It gave the leader key up: what an earlier life left counts no more. */
		if (b && m->role == ETCD_ROLE_REPLICA)
			memset(b, 0, sizeof(*b));
		return;
	}
	/* Which of the two held the leader key, nobody can tell. */
	if (engine__find_twin(e, m))
		return;
	if (!b)
		b = &e->bequests[e->next_bequest++ % ENGINE_BEQUESTS];
	memcpy(b->scope, m->scope, sizeof(b->scope));
	memcpy(b->name, m->name, sizeof(b->name));
	b->uid = m->config.uid;
	b->lease = m->lease;
}

static void inherit_lease(struct engine *e, struct member *m, uint64_t now_ns)
{
	const struct bequest *b = find_bequest(e, m);

	if (!b || lease__remaining_ns(&b->lease, now_ns) <= 0)
		return;
	m->lease.id = b->lease.id;
	m->lease.ttl_s = b->lease.ttl_s;
	m->lease.last_ok_sent = b->lease.last_ok_sent;
	m->lease.last_sent = b->lease.last_sent;
	m->lease.last_was_ok = false;
}

bool engine__has_member(const struct engine *e, uint32_t pid)
{
	return member__find(e->members, pid);
}

/* What the wire has said already holds. */
static void configure_member(struct engine *e, struct member *m, const struct member_config *config,
			     uint64_t now_ns)
{
	m->config = *config;
	if (!m->scope[0])
		memcpy(m->scope, config->scope, sizeof(m->scope));
	if (!m->name[0])
		memcpy(m->name, config->member, sizeof(m->name));
	if (m->role == ETCD_ROLE_UNKNOWN)
		m->role = config->role;
	m->lease.leader = m->role == ETCD_ROLE_LEADER;
	m->lease.conf_ttl_s = config->ttl_s;
	m->lease.conf_loop_wait_s = config->loop_wait_s;
	if (!m->lease.last_sent)
		inherit_lease(e, m, now_ns);
}

void engine__configure(struct engine *e, uint32_t pid, const struct member_config *config,
		       uint64_t now_ns)
{
	struct member *m = member__find(e->members, pid);
	struct finding f = {0};

	if (!m)
		return;
	configure_member(e, m, config, now_ns);
	finding_fill__process(&f, m, PROCESS_UPDATED, NULL);
	engine__tell_process(e, m, &f, now_ns);
}

int engine__add_member(struct engine *e, uint32_t pid, const struct member_config *config,
		       const char *note, uint64_t now_ns)
{
	struct member *m = member__find(e->members, pid);
	struct finding f = {0};

	if (m)
		return -EEXIST;
	m = calloc(1, sizeof(*m));
	if (!m)
		return -ENOMEM;
	m->pid = pid;
	m->refresh_tid = pid;
	m->lease.watched_since = now_ns;
	configure_member(e, m, config, now_ns);
	TAILQ_INIT(&m->busy);
	HASH_ADD(hh, e->members, pid, sizeof(m->pid), m);
	finding_fill__process(&f, m, PROCESS_FOUND, note);
	engine__tell_process(e, m, &f, now_ns);
	return 0;
}

void engine__note_process(struct engine *e, uint32_t pid, const char *note, uint64_t now_ns)
{
	struct member *m = member__find(e->members, pid);
	struct finding f = {0};

	if (!m)
		return;
	finding_fill__process(&f, m, PROCESS_UPDATED, note);
	reporter__report(&e->reporter, &f, now_ns);
}

void engine__endpoint(struct engine *e, const char *name)
{
	endpoint_table__add(&e->endpoints, name);
}

void engine__name(struct engine *e, const uint8_t addr[16], uint16_t port, const char *name)
{
	endpoint_table__configured(&e->endpoints, addr, port, name);
}

static void member_gone(struct engine *e, uint32_t pid, uint64_t now_ns)
{
	struct member *m = member__find(e->members, pid);
	struct finding f = {0};

	if (!m)
		return;
	conn_table__drop_member(&e->conns, m, now_ns);
	lookup_table__drop_process(&e->lookups, pid, now_ns);
	engine__end_stall(e, m, STALL_EXITED, now_ns);
	bequeath_lease(e, m);
	finding_fill__process(&f, m, PROCESS_EXITED, NULL);
	reporter__report(&e->reporter, &f, now_ns);
	HASH_DEL(e->members, m);
	free(m);
}

void engine__event(struct engine *e, const struct lw_event *event)
{
	if (event->type == LW_EVENT_EXIT)
		member_gone(e, event->tgid, event->ts_ns);
	else if (event->type == LW_EVENT_DNS || event->type == LW_EVENT_RESOLVE)
		lookup_table__event(&e->lookups, event);
	else
		conn_table__event(&e->conns, event);
}

void engine__tick(struct engine *e, uint64_t now_ns)
{
	struct endpoint *endpoint, *next_endpoint;
	struct member *m, *next;

	conn_table__tick(&e->conns, now_ns);
	lookup_table__tick(&e->lookups, now_ns);
	engine__lost(e, enum_name(&lost_names, LOST_LOOKUP_DROPPED),
		     e->lookups.dropped - e->lookups_dropped, now_ns);
	e->lookups_dropped = e->lookups.dropped;
	engine__forget_trouble(e, now_ns);
	HASH_ITER(hh, e->endpoints.endpoints, endpoint, next_endpoint)
		engine__tell_endpoint(e, endpoint, now_ns);
	HASH_ITER(hh, e->members, m, next) {
		engine__note_hanging(e, m, now_ns);
		engine__evaluate(e, m, now_ns);
	}
}

void engine__conclude(struct engine *e, uint64_t now_ns)
{
	engine__tell_endpoints(e, now_ns);
}

void engine__thread(struct engine *e, uint32_t pid, const struct thread_sample *evidence)
{
	struct member *m = member__find(e->members, pid);

	if (m)
		member__thread_sample(m, evidence);
}

void engine__lost(struct engine *e, const char *reason, uint64_t count, uint64_t now_ns)
{
	struct finding f = {.type = FINDING_LOST, .lost = {.reason = reason, .count = count}};

	e->events_lost += count;
	if (count)
		reporter__report(&e->reporter, &f, now_ns);
}
