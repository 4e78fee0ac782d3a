// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * member.c - who a Patroni process is, and what its renewing thread is busy with.
 */
#include <stdio.h>
#include <string.h>

#include "model/member.h"
#include "model/patroni_version.h"

/* etcd's registered client port, and the one it had before that. */
#define ETCD_PORT	 2379
#define ETCD_PORT_LEGACY 4001

struct member *member__find(struct member *members, uint32_t pid)
{
	struct member *m;

	HASH_FIND(hh, members, &pid, sizeof(pid), m);
	return m;
}

const char *member__role_name(enum etcd_role role)
{
	switch (role) {
	case ETCD_ROLE_LEADER:
		return "leader";
	case ETCD_ROLE_REPLICA:
		return "replica";
	default:
		return NULL;
	}
}

static bool learn_word(char *to, size_t size, const char *word)
{
	if (!*word || strcmp(to, word) == 0)
		return false;
	snprintf(to, size, "%s", word);
	return true;
}

/* "Patroni/3.0.2 Python/3.11.2 Linux" */
static bool learn_version(struct member *m, const char *agent)
{
	static const char prefix[] = "Patroni/";
	char version[MEMBER_VERSION_BYTES];
	size_t len;

	if (strncmp(agent, prefix, sizeof(prefix) - 1) != 0)
		return false;
	agent += sizeof(prefix) - 1;
	len = strspn(agent, "0123456789.abcdefghijklmnopqrstuvwxyz+-");
	snprintf(version, sizeof(version), "%.*s", (int)len, agent);
	m->version_number = patroni_version__parse(version);
	return learn_word(m->version, sizeof(m->version), version);
}

static bool waits_for_the_same(const struct thread_wait *a, const struct thread_wait *b)
{
	return a->kind == b->kind && a->more == b->more && strcmp(a->call, b->call) == 0 &&
	       strcmp(a->object, b->object) == 0;
}

void member__thread_sample(struct member *m, const struct thread_sample *sample)
{
	struct thread_sample before = m->thread;

	m->thread = *sample;
	m->thread.since_ns = sample->at_ns;
	if (before.at_ns && before.state == sample->state &&
	    waits_for_the_same(&before.wait, &sample->wait))
		m->thread.since_ns = before.since_ns;
	/* The kernel books a wait for a CPU when it is over; until then only the clock tells. */
	if (sample->state == 'R' && before.state == 'R' && sample->runtime_ns != LW_UNKNOWN &&
	    sample->runtime_ns == before.runtime_ns)
		m->thread.starving_ns = before.starving_ns ? before.starving_ns : before.at_ns;
	if (!m->baseline.at_ns || m->baseline.at_ns < m->lease.last_ok_sent)
		m->baseline = m->thread;
}

void member__refreshed(struct member *m)
{
	m->has_failure = false;
	m->failed_attempts = 0;
	m->failures.len = 0;
}

static int64_t grown(int64_t from, int64_t to)
{
	return from == LW_UNKNOWN || to == LW_UNKNOWN || to < from ? LW_UNKNOWN : to - from;
}

void member__thread_evidence(const struct member *m, struct diagnosis *d)
{
	const struct thread_sample *from = &m->baseline, *to = &m->thread;

	d->thread = m->thread;
	d->delay = (struct thread_delay){
		.window_ns = (int64_t)(to->at_ns - from->at_ns),
		.run_delay_ns = grown(from->run_delay_ns, to->run_delay_ns),
		.throttled_ns = grown(from->throttled_ns, to->throttled_ns),
		.suspended_ns = grown(from->suspended_ns, to->suspended_ns),
	};
	/* It is summed over CPUs, and the cgroup's other threads count. */
	if (d->delay.throttled_ns > d->delay.window_ns)
		d->delay.throttled_ns = d->delay.window_ns;
	if (to->starving_ns)
		d->delay.run_delay_ns = (d->delay.run_delay_ns > 0 ? d->delay.run_delay_ns : 0) +
					(int64_t)(to->at_ns - to->starving_ns);
}

bool member__learn(struct member *m, const struct etcd_request *r, const char *agent)
{
	bool changed = learn_version(m, agent);

	changed |= learn_word(m->scope, sizeof(m->scope), r->scope);
	/* Only what it writes under its own lease is about itself. */
	if ((r->rpc == ETCD_RPC_KV_PUT || r->rpc == ETCD_RPC_V2_PUT_MEMBER) &&
	    r->key == ETCD_KEY_MEMBER)
		changed |= learn_word(m->name, sizeof(m->name), r->member);
	if (r->role != ETCD_ROLE_UNKNOWN && r->role != m->role) {
		m->role = r->role;
		changed = true;
	}
	lease__set_leader(&m->lease, m->role == ETCD_ROLE_LEADER);
	return changed;
}

bool member__learn_answer(struct member *m, const struct exchange *x)
{
	const struct etcd_response *r = &x->response;
	enum etcd_role role = m->role;

	if (x->request.leader_race && r->succeeded)
		role = ETCD_ROLE_LEADER;
	else if (x->request.leader_release && (r->succeeded || x->rpc == ETCD_RPC_KV_DELETERANGE))
		role = ETCD_ROLE_REPLICA;
	else if (r->leader_lease_id && m->lease.id)
		role = r->leader_lease_id == m->lease.id ? ETCD_ROLE_LEADER : ETCD_ROLE_REPLICA;
	if (role == m->role)
		return false;
	m->role = role;
	lease__set_leader(&m->lease, role == ETCD_ROLE_LEADER);
	return true;
}

bool member__is_etcd_port(const struct member *m, uint16_t port)
{
	for (size_t i = 0; i < m->config.ports_len; i++)
		if (m->config.ports[i] == port)
			return true;
	return port == ETCD_PORT || port == ETCD_PORT_LEGACY;
}

static bool stands_in_the_way(const struct member *m, const struct conn *c)
{
	if (c->state != CONN_OPEN)
		return c->tid == m->refresh_tid && member__is_etcd_port(m, c->address->key.port);
	return c->exchange && c->exchange->tid == m->refresh_tid &&
	       !etcd_rpc_is_watch(c->exchange->rpc) && c->exchange->rpc != ETCD_RPC_UNKNOWN;
}

/* Where nothing can be read, all that the renewing thread asks for may be the renewal. */
static bool may_refresh(const struct member *m, const struct exchange *x)
{
	return exchange__is_refresh(x) ||
	       (m->blind && x->rpc == ETCD_RPC_TLS && x->tid == m->refresh_tid);
}

struct conn *member__attempt(const struct member *m, uint64_t now_ns)
{
	bool due = stall__refresh_is_due(&m->lease, now_ns);
	struct conn *c, *other = NULL;

	TAILQ_FOREACH(c, &m->busy, busy_link) {
		if (c->exchange && may_refresh(m, c->exchange))
			return c;
		if (due && !other && stands_in_the_way(m, c))
			other = c;
	}
	return other;
}
