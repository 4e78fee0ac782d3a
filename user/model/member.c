// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * member.c - who a Patroni process is, and what its renewing thread is busy with.
 */
#include <stdio.h>
#include <string.h>

#include "model/member.h"

/* etcd's registered client port, and the one it had before that. */
#define ETCD_PORT	 2379
#define ETCD_PORT_LEGACY 4001

const char *member__role_name(const struct member *m)
{
	switch (m->role) {
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
	return learn_word(m->version, sizeof(m->version), version);
}

bool member__learn(struct member *m, const struct etcd_request *r, const char *agent)
{
	bool changed = learn_version(m, agent);

	changed |= learn_word(m->scope, sizeof(m->scope), r->scope);
	/* Only what it writes under its own lease is about itself. */
	if (r->rpc == ETCD_RPC_KV_PUT && r->key == ETCD_KEY_MEMBER)
		changed |= learn_word(m->name, sizeof(m->name), r->member);
	if (r->role != ETCD_ROLE_UNKNOWN && r->role != m->role) {
		m->role = r->role;
		changed = true;
	}
	m->lease.leader = m->role == ETCD_ROLE_LEADER;
	return changed;
}

bool member__learn_answer(struct member *m, const struct exchange *x)
{
	const struct etcd_response *r = &x->response;
	enum etcd_role role = m->role;

	if (x->request.leader_race && r->succeeded)
		role = ETCD_ROLE_LEADER;
	else if (r->leader_lease_id && m->lease.id)
		role = r->leader_lease_id == m->lease.id ? ETCD_ROLE_LEADER : ETCD_ROLE_REPLICA;
	if (role == m->role)
		return false;
	m->role = role;
	m->lease.leader = role == ETCD_ROLE_LEADER;
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
	if (c->state == CONN_CONNECTING)
		return c->tid == m->refresh_tid && member__is_etcd_port(m, c->address->key.port);
	return c->exchange && c->exchange->tid == m->refresh_tid &&
	       c->exchange->rpc != ETCD_RPC_WATCH && c->exchange->rpc != ETCD_RPC_UNKNOWN;
}

struct conn *member__attempt(const struct member *m, uint64_t now_ns)
{
	bool due = stall__refresh_is_due(&m->lease, now_ns);
	struct conn *c, *other = NULL;

	TAILQ_FOREACH(c, &m->busy, busy_link) {
		if (c->exchange && exchange__is_refresh(c->exchange))
			return c;
		if (due && !other && stands_in_the_way(m, c))
			other = c;
	}
	return other;
}
