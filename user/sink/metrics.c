// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * metrics.c - findings in, counters up.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "leasewatch/units.h"
#include "model/summary.h"
#include "sink/metrics_private.h"
#include "base/utf8.h"

const uint32_t timing_bounds_us[TIMING_BOUNDS] = {
	500,	 1000,	  2500,	   5000,    10000,   25000,   50000,   100000,	 250000,   500000,
	1000000, 2000000, 3000000, 3600000, 5000000, 6500000, 7500000, 10000000, 15000000, 30000000,
};

/* One copy: names are compared by where they are. */
static const char other[] = METRICS_OTHER;

struct metrics *metrics__new(void)
{
	struct metrics *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->endpoints.max = METRICS_ENDPOINTS_MAX;
	m->rpcs.max = METRICS_RPCS_MAX;
	/* A counter that is there from the start can be seen to grow. */
	for (size_t i = 0; i < LOST_REASONS; i++)
		snprintf(m->lost[m->lost_len++].reason, sizeof(m->lost[0].reason), "%s",
			 enum_name(&lost_names, i));
	return m;
}

static void names__clear(struct names *n)
{
	for (size_t i = 0; i < n->len; i++)
		free(n->list[i]);
}

void metrics__free(struct metrics *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->pairs_len; i++)
		free(m->pairs[i]);
	names__clear(&m->endpoints);
	names__clear(&m->rpcs);
	free(m);
}

const char *names__get(struct names *n, const char *name)
{
	char clean[NAME_BYTES];

	utf8__clean(name && *name ? name : "unknown", clean, sizeof(clean));
	if (!strcmp(clean, other))
		return other;
	for (size_t i = 0; i < n->len; i++)
		if (!strcmp(n->list[i], clean))
			return n->list[i];
	if (n->len == n->max) {
		limits__hit(LIMIT_LABEL_NAMES);
		return other;
	}
	n->list[n->len] = strdup(clean);
	return n->list[n->len] ? n->list[n->len++] : other;
}

static void observe(struct timing *t, int64_t ns)
{
	uint64_t us = (uint64_t)ns / 1000;

	if (ns < 0)
		return;
	t->count++;
	t->sum_us += us;
	for (size_t i = 0; i < TIMING_BOUNDS; i++)
		if (us <= timing_bounds_us[i]) {
			t->buckets[i]++;
			return;
		}
}

static struct pair *pair_of(struct metrics *m, const char *endpoint, const char *rpc)
{
	struct pair *p;

	for (size_t i = 0; i < m->pairs_len; i++)
		if (m->pairs[i]->endpoint == endpoint && m->pairs[i]->rpc == rpc)
			return m->pairs[i];
	p = m->pairs_len < PAIRS_MAX ? calloc(1, sizeof(*p)) : NULL;
	if (!p)
		return NULL;
	p->endpoint = endpoint;
	p->rpc = rpc;
	m->pairs[m->pairs_len++] = p;
	return p;
}

static const char *endpoint_name(struct metrics *m, const struct finding_where *where)
{
	char name[NAME_BYTES];

	return names__get(&m->endpoints, finding_where_name(where, name, sizeof(name)));
}

static struct member_counts *find_member(struct metrics *m, const char *scope, const char *member)
{
	for (size_t i = 0; i < m->member_counts_len; i++)
		if (!strcmp(m->member_counts[i].scope, scope) &&
		    !strcmp(m->member_counts[i].member, member))
			return &m->member_counts[i];
	return NULL;
}

static struct member_counts *add_member(struct metrics *m, const char *scope, const char *member)
{
	struct member_counts *c = &m->member_counts[m->member_counts_len++];

	memset(c, 0, sizeof(*c));
	strcpy(c->scope, scope);
	strcpy(c->member, member);
	return c;
}

/* The last place is for the rest of them. */
static struct member_counts *rest_of_members(struct metrics *m)
{
	struct member_counts *c = find_member(m, other, other);

	return c ? c : add_member(m, other, other);
}

static bool ever_renewed(const struct member_counts *c)
{
	for (int i = 0; i < REQUEST_OUTCOMES; i++)
		if (c->refreshes[i])
			return true;
	return false;
}

/* Who may have to go: the one that is gone, else one that never renewed. NULL = nobody. */
static struct member_counts *least_member(struct metrics *m, bool renews)
{
	struct member_counts *least = NULL;

	for (size_t i = 0; i < m->member_counts_len; i++) {
		struct member_counts *c = &m->member_counts[i];

		if (!strcmp(c->scope, other) && !strcmp(c->member, other))
			continue;
		if (c->gone && (renews || !ever_renewed(c)))
			return c;
		if (!least && renews && !ever_renewed(c))
			least = c;
	}
	return least;
}

/* What was counted for it is now the rest's. */
static struct member_counts *take_place(struct metrics *m, struct member_counts *c,
					const char *scope, const char *member)
{
	struct member_counts *rest = rest_of_members(m);

	for (int i = 0; i < REQUEST_OUTCOMES; i++)
		rest->refreshes[i] += c->refreshes[i];
	for (int cause = 0; cause < CAUSES; cause++)
		for (int r = 0; r < STALL_RESULTS; r++)
			rest->ended[cause][r] += c->ended[cause][r];
	rest->stalls += c->stalls;
	memset(c, 0, sizeof(*c));
	strcpy(c->scope, scope);
	strcpy(c->member, member);
	return c;
}

struct member_counts *metrics__member(struct metrics *m, const struct finding_who *who, bool renews)
{
	char scope[NAME_BYTES], member[NAME_BYTES];
	struct member_counts *c;

	utf8__clean(who->scope && *who->scope ? who->scope : "unknown", scope, sizeof(scope));
	utf8__clean(who->member && *who->member ? who->member : "unknown", member, sizeof(member));
	c = find_member(m, scope, member);
	if (c)
		return c;
	if (m->member_counts_len < MEMBERS_ALL - 1) {
		c = add_member(m, scope, member);
	} else {
		limits__hit(LIMIT_LABEL_NAMES);
		c = least_member(m, renews);
		if (!c)
			return rest_of_members(m);
		c = take_place(m, c, scope, member);
	}
	c->named = who->scope && who->member;
	return c;
}

/* An unknown lease does not hide a known one. */
static bool has_less_left(const struct member_status *a, const struct member_status *b)
{
	if (a->remaining_ns == LW_UNKNOWN_REMAINING)
		return false;
	return b->remaining_ns == LW_UNKNOWN_REMAINING || a->remaining_ns < b->remaining_ns;
}

static void keep_status(struct member_counts *c, const struct member_status *now)
{
	c->gone = false;
	c->several = c->now != NULL;
	if (!c->now || has_less_left(now, c->now))
		c->now = now;
	if (now->stalled && (!c->stalled || has_less_left(now, c->stalled)))
		c->stalled = now;
}

void metrics__match(struct metrics *m, const struct status *s)
{
	for (size_t i = 0; i < m->member_counts_len; i++) {
		m->member_counts[i].now = m->member_counts[i].stalled = NULL;
		m->member_counts[i].several = false;
	}
	for (size_t i = 0; i < s->members_len; i++) {
		const struct member_status *now = &s->members[i];
		bool renews = now->remaining_ns != LW_UNKNOWN_REMAINING;

		if (now->who.member)
			keep_status(metrics__member(m, &now->who, renews), now);
	}
}

static void count_refresh(struct metrics *m, const struct finding *f)
{
	const struct finding_request *r = &f->request;
	struct member_counts *c = metrics__member(m, &f->who, true);
	/* 200 without a TTL: the lease is gone. */
	bool refused = r->outcome == REQUEST_OK && r->ttl_s <= 0;

	c->refreshes[refused ? REQUEST_ERROR : r->outcome]++;
	if (r->outcome == REQUEST_OK && !refused)
		c->last_good_ns = f->ts_ns - (r->duration_ns > 0 ? (uint64_t)r->duration_ns : 0);
}

static void count_request(struct metrics *m, const struct finding *f)
{
	const char *rpc = f->request.rpc ? f->request.rpc : other;
	struct pair *p = pair_of(m, endpoint_name(m, &f->where), names__get(&m->rpcs, rpc));

	if (p)
		p->outcomes[f->request.outcome]++;
	/* A watch has no end to wait for. */
	if (p && f->request.outcome != REQUEST_UNOBSERVED && !summary__is_watch(rpc))
		observe(&p->timing, f->request.duration_ns);
	if (summary__is_refresh(rpc))
		count_refresh(m, f);
}

static void count_connect(struct metrics *m, const struct finding *f)
{
	const char *endpoint = endpoint_name(m, &f->where);
	struct endpoint_counts *c = NULL;

	for (size_t i = 0; i < m->endpoint_counts_len && !c; i++)
		if (m->endpoint_counts[i].endpoint == endpoint)
			c = &m->endpoint_counts[i];
	if (!c) { /* as many as there are names, and "other" */
		c = &m->endpoint_counts[m->endpoint_counts_len++];
		c->endpoint = endpoint;
	}
	c->connects[f->connect.outcome]++;
	observe(&c->connect, f->connect.duration_ns);
}

static void count_stall(struct metrics *m, const struct finding *f)
{
	struct member_counts *c = metrics__member(m, &f->who, false);

	if (f->stall.phase == STALL_BEGIN)
		c->stalls++;
	else if (f->stall.phase == STALL_END)
		c->ended[f->stall.cause][f->stall.result]++;
}

static void count_lost(struct metrics *m, const struct finding *f)
{
	const char *reason = f->lost.reason ? f->lost.reason : other;
	size_t i = 0;

	while (i < m->lost_len && strcmp(m->lost[i].reason, reason) != 0)
		i++;
	if (i == REASONS_MAX)
		return;
	if (i == m->lost_len)
		snprintf(m->lost[m->lost_len++].reason, sizeof(m->lost[i].reason), "%s", reason);
	m->lost[i].count += f->lost.count;
}

static void count_lookup(struct metrics *m, const struct finding *f)
{
	if (f->dns.outcome == DNS_IN_FLIGHT)
		return; /* its end will come */
	m->lookups[f->dns.source][f->dns.outcome]++;
	observe(&m->lookup[f->dns.source], f->dns.duration_ns);
}

static void keep_start(struct metrics *m, const struct finding *f)
{
	char hooks[HOOKS_MAX * 48], *save = NULL;

	m->start_ns = f->ts_ns;
	snprintf(m->version, sizeof(m->version), "%s", f->start.version);
	snprintf(m->kernel, sizeof(m->kernel), "%s", f->start.kernel);
	snprintf(hooks, sizeof(hooks), "%s", f->start.hooks);
	m->hooks_len = 0;
	for (char *h = strtok_r(hooks, ", ", &save); h && m->hooks_len < HOOKS_MAX;
	     h = strtok_r(NULL, ", ", &save))
		snprintf(m->hooks[m->hooks_len++], sizeof(m->hooks[0]), "%s", h);
}

void metrics__finding(struct metrics *m, const struct finding *f)
{
	switch (f->type) {
	case FINDING_START:
		keep_start(m, f);
		break;
	case FINDING_PROCESS:
		if (f->who.member)
			metrics__member(m, &f->who, false)->gone =
				f->process.phase == PROCESS_EXITED;
		break;
	case FINDING_CONNECT:
		count_connect(m, f);
		break;
	case FINDING_REQUEST:
		count_request(m, f);
		break;
	case FINDING_STALL:
		count_stall(m, f);
		break;
	case FINDING_LOST:
		count_lost(m, f);
		break;
	case FINDING_DNS:
		count_lookup(m, f);
		break;
	default:
		break;
	}
}
