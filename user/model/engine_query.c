// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * engine_query.c - what the engine can be asked: how the members stand, and what it would like to
 * know.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "model/engine.h"
#include "model/engine_state.h"
#include "model/finding_fill.h"

/* Ask the socket shortly before an attempt counts as hanging, then once a second while it does. */
#define EVIDENCE_BEFORE_NS (100 * NS_PER_MS)
#define EVIDENCE_AGE_NS	   NS_PER_S
/*
 * What the renewing thread is in is looked at now and then, so that a stall can be compared with
 * how things were; under suspicion more often.
 */
#define THREAD_AGE_NS		 (2 * NS_PER_S)
#define THREAD_AGE_SUSPICIOUS_NS (200 * NS_PER_MS)

uint64_t engine__wall_ns(const struct engine *e, uint64_t now_ns)
{
	return reporter__wall_ns(&e->reporter, now_ns);
}

void engine__set_wall(struct engine *e, int64_t wall_offset_ns)
{
	e->reporter.wall_offset_ns = wall_offset_ns;
}

struct engine_wants engine__wants(const struct engine *e, uint64_t now_ns)
{
	struct engine_wants wants = {0};
	struct member *m, *next;

	HASH_ITER(hh, e->members, m, next) {
		struct conn *c = member__attempt(m, now_ns);
		bool tls = engine__wants_tls(m, now_ns);
		bool suspicious = m->stall.active || (!c && lease__is_overdue(&m->lease, now_ns));

		if (tls)
			wants.tls_pid = m->pid;
		if (c && (int64_t)(now_ns - conn__attempt_start(c)) >
				 e->stall_after_ns - EVIDENCE_BEFORE_NS) {
			suspicious = true;
			if (c->state != CONN_CONNECTING &&
			    now_ns - c->tcp.at_ns > EVIDENCE_AGE_NS &&
			    wants.sockets_len < ENGINE_WANTS_MAX)
				wants.sockets[wants.sockets_len++] = m->pid;
		}
		if ((int64_t)(now_ns - m->thread.at_ns) >
			    (suspicious ? THREAD_AGE_SUSPICIOUS_NS : THREAD_AGE_NS) &&
		    wants.threads_len < ENGINE_WANTS_MAX) {
			wants.threads[wants.threads_len].pid = m->pid;
			wants.threads[wants.threads_len++].tid = m->refresh_tid;
		}
	}
	return wants;
}

static bool member_is_busy(const struct member *m)
{
	const struct conn *c;

	if (m->stall.active || m->has_failure)
		return true;
	TAILQ_FOREACH(c, &m->busy, busy_link) {
		/* Watches are always under way. */
		if (!c->exchange || !etcd_rpc_is_watch(c->exchange->rpc))
			return true;
	}
	return false;
}

bool engine__is_busy(const struct engine *e)
{
	struct member *m, *next;

	HASH_ITER(hh, e->members, m, next) {
		if (member_is_busy(m))
			return true;
	}
	return lookup_table__oldest(&e->lookups) != NULL;
}

size_t engine__members(const struct engine *e)
{
	return HASH_COUNT(e->members);
}

static void member_status(const struct member *m, uint64_t now_ns, struct member_status *out)
{
	const struct lease *l = &m->lease;
	struct finding f = {0};

	*out = (struct member_status){
		.who = finding_fill__who(m),
		.where = finding_fill__where(m->refresh_address, NULL),
		.lease_id = l->id,
		.ttl_s = l->ttl_s ? l->ttl_s : LW_UNKNOWN,
		.remaining_ns = lease__remaining_ns(l, now_ns),
		.cadence_ns = lease__cadence_is_learned(l) ? lease__cadence_ns(l) : LW_UNKNOWN,
		.since_ok_ns = l->last_ok_sent ? (int64_t)(now_ns - l->last_ok_sent) : LW_UNKNOWN,
		.since_sent_ns = l->last_sent ? (int64_t)(now_ns - l->last_sent) : LW_UNKNOWN,
		.blind = m->blind && m->blind_reason[0],
		.stalled = m->stall.active,
	};
	if (!m->stall.active)
		return;
	finding_fill__stall(&f, &out->message, m, STALL_UPDATE, member__attempt(m, now_ns), now_ns);
	out->stall = f.stall;
	out->stall_where = f.where;
}

/* What is in flight at this endpoint, the oldest first. */
static void count_in_flight(const struct engine *e, const struct endpoint *endpoint,
			    uint64_t now_ns, struct endpoint_status *out)
{
	struct conn *c, *next;

	HASH_ITER(hh, e->conns.conns, c, next) {
		const struct exchange *x = c->exchange;
		bool connecting = c->state != CONN_OPEN;
		int64_t age;

		if (c->address->endpoint != endpoint || (!connecting && !x) ||
		    (x && (etcd_rpc_is_watch(x->rpc) || x->rpc == ETCD_RPC_UNKNOWN)))
			continue;
		age = (int64_t)(now_ns - conn__attempt_start(c));
		out->in_flight++;
		if (age <= out->oldest_ns)
			continue;
		out->oldest_ns = age;
		out->oldest_rpc = connecting ? "connect" : etcd_rpc_name(x->rpc);
	}
}

static bool in_use(const struct engine *e, const struct endpoint *endpoint)
{
	struct member *m, *next;

	HASH_ITER(hh, e->members, m, next) {
		if (m->refresh_address && m->refresh_address->endpoint == endpoint)
			return true;
	}
	return false;
}

static void endpoint_status(const struct engine *e, const struct endpoint *endpoint,
			    uint64_t now_ns, struct endpoint_status *out)
{
	const struct histogram *h = &endpoint->latency;

	*out = (struct endpoint_status){
		.where = finding_fill__where(NULL, endpoint),
		.state = endpoint->state,
		.sentence = message__endpoint(endpoint),
		.requests = endpoint->requests,
		.failed = endpoint->failed,
		.last_ns = endpoint->last_ns,
		.p50_ns = histogram__quantile_ns(h, 0.5),
		.p99_ns = histogram__quantile_ns(h, 0.99),
		.max_ns = h->count ? (int64_t)h->max_us * NS_PER_US : LW_UNKNOWN,
		.oldest_ns = LW_UNKNOWN,
		.in_use = in_use(e, endpoint),
	};
	for (int c = 0; c < MATRIX_COLUMNS; c++)
		out->matrix[c] = endpoint->matrix[c].cell;
	count_in_flight(e, endpoint, now_ns, out);
}

static int endpoints_by_name(const void *a, const void *b)
{
	return strverscmp((*(const struct endpoint *const *)a)->name,
			  (*(const struct endpoint *const *)b)->name);
}

/* Is it an etcd, as far as we know? An address that nothing was asked of may be anything. */
static bool is_shown(const struct endpoint *endpoint)
{
	return endpoint->named || endpoint->requests || endpoint->state != ENDPOINT_UNKNOWN;
}

static void endpoints_status(const struct engine *e, uint64_t now_ns, struct status *out)
{
	const struct endpoint *shown[STATUS_ENDPOINTS_MAX] = {NULL};
	struct endpoint *endpoint, *next;

	HASH_ITER(hh, e->endpoints.endpoints, endpoint, next) {
		if (!is_shown(endpoint))
			continue;
		if (out->endpoints_len == STATUS_ENDPOINTS_MAX)
			out->endpoints_more++;
		else
			shown[out->endpoints_len++] = endpoint;
	}
	qsort(shown, out->endpoints_len, sizeof(void *), endpoints_by_name);
	for (size_t i = 0; i < out->endpoints_len; i++)
		endpoint_status(e, shown[i], now_ns, &out->endpoints[i]);
}

static void dns_status(const struct engine *e, uint64_t now_ns, struct dns_status *out)
{
	const struct lookup_stats *calls = &e->lookups.stats[DNS_GETADDRINFO];
	const struct lookup_stats *queries = &e->lookups.stats[DNS_QUERY];
	const struct lookup_stats *stats = calls->ended ? calls : queries;
	const struct lookup *oldest = lookup_table__oldest(&e->lookups);
	const struct lookup *asked = oldest && oldest->query ? oldest->query : oldest;

	*out = (struct dns_status){
		.lookups = stats->ended,
		.failed = stats->failed,
		.last_ns = stats->ended ? stats->last_ns : LW_UNKNOWN,
		.oldest_ns = LW_UNKNOWN,
	};
	if (!oldest)
		return;
	out->oldest_ns = lookup__duration_ns(oldest, now_ns);
	snprintf(out->oldest_name, sizeof(out->oldest_name), "%s", oldest->name);
	if (!lookup__server_text(asked, out->oldest_server))
		out->oldest_server[0] = '\0';
}

/* When there is no room for all: who has a lease comes first, who did nothing at all last. */
enum rank { RANK_LEASE, RANK_RENEWS, RANK_REQUESTS, RANK_SILENT, RANKS };

static enum rank rank_of(const struct member *m, uint64_t now_ns)
{
	if (lease__remaining_ns(&m->lease, now_ns) > 0)
		return RANK_LEASE;
	if (m->lease.last_sent || m->blind)
		return RANK_RENEWS;
	return m->version[0] || !TAILQ_EMPTY(&m->busy) ? RANK_REQUESTS : RANK_SILENT;
}

/* In order of discovery, within a rank. */
static void members_status(const struct engine *e, uint64_t now_ns, struct status *out)
{
	bool crowded = HASH_COUNT(e->members) > STATUS_MEMBERS_MAX;
	struct member *m, *next;

	for (int rank = 0; rank < (crowded ? RANKS : 1); rank++)
		HASH_ITER(hh, e->members, m, next) {
			if (crowded && (int)rank_of(m, now_ns) != rank)
				continue;
			if (out->members_len == STATUS_MEMBERS_MAX)
				out->members_more++;
			else
				member_status(m, now_ns, &out->members[out->members_len++]);
		}
	if (out->members_more)
		limits__hit(LIMIT_MEMBERS);
}

void engine__status(const struct engine *e, uint64_t now_ns, struct status *out)
{
	memset(out, 0, sizeof(*out));
	out->now_ns = engine__wall_ns(e, now_ns);
	members_status(e, now_ns, out);
	endpoints_status(e, now_ns, out);
	dns_status(e, now_ns, &out->dns);
	out->events_lost = e->events_lost;
}
