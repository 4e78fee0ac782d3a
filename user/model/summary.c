// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * summary.c - the fold: findings in, counts, histograms and a list of stalls out.
 *
 * It must not matter whether the findings come from the engine or from a JSON log: whatever the log
 * rounds (durations, times of day) is rounded the same way here before it is used.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/summary_private.h"
#include "protocol/etcd.h"

struct summary *summary__new(void)
{
	struct summary_private *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->pub.worst_remaining_ns = LW_UNKNOWN_REMAINING;
	p->pub.verdict = VERDICT_NO_TRAFFIC;
	return &p->pub;
}

void summary__free(struct summary *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->endpoints_len; i++) {
		struct summary_endpoint *e = &s->endpoints[i];

		for (size_t k = 0; k < e->rpcs_len; k++)
			free((char *)e->rpcs[k].rpc);
		free(e->rpcs);
		free((char *)e->endpoint);
	}
	free(s->endpoints);
	free(s->stall_list);
	free((struct summary_private *)s);
}

static struct summary_endpoint *find_endpoint(struct summary *s, const char *name)
{
	for (size_t i = 0; i < s->endpoints_len; i++)
		if (!strcmp(s->endpoints[i].endpoint, name))
			return &s->endpoints[i];
	return NULL;
}

/* The endpoint of this name, made when it is new. NULL: no memory, nothing has changed. */
static struct summary_endpoint *endpoint_named(struct summary_private *p,
					       const struct finding_where *where)
{
	struct summary *s = &p->pub;
	char name[SUMMARY_NAME_BYTES];
	struct summary_endpoint *e, *more;
	char *copy;

	e = find_endpoint(s, finding_where_name(where, name, sizeof(name)));
	if (e)
		return e;
	if (s->endpoints_len >= SUMMARY_ENDPOINTS_MAX - 1) {
		snprintf(name, sizeof(name), "%s", SUMMARY_OTHER);
		e = find_endpoint(s, name);
		if (e)
			return e;
	}
	if (s->endpoints_len == p->endpoints_cap) {
		size_t cap = p->endpoints_cap ? 2 * p->endpoints_cap : 4;

		more = realloc(s->endpoints, cap * sizeof(*more));
		if (!more)
			return NULL;
		s->endpoints = more;
		p->endpoints_cap = cap;
	}
	copy = strdup(name);
	if (!copy)
		return NULL;
	e = &s->endpoints[s->endpoints_len++];
	memset(e, 0, sizeof(*e));
	e->endpoint = copy;
	return e;
}

static struct summary_rpc *find_rpc(struct summary_endpoint *e, const char *name)
{
	for (size_t i = 0; i < e->rpcs_len; i++)
		if (!strcmp(e->rpcs[i].rpc, name))
			return &e->rpcs[i];
	return NULL;
}

static struct summary_rpc *get_rpc(struct summary_endpoint *e, const char *rpc)
{
	char name[SUMMARY_NAME_BYTES];
	struct summary_rpc *r, *more;
	char *copy;

	snprintf(name, sizeof(name), "%s", rpc ? rpc : SUMMARY_OTHER);
	r = find_rpc(e, name);
	if (!r && e->rpcs_len >= SUMMARY_RPCS_MAX - 1) {
		snprintf(name, sizeof(name), "%s", SUMMARY_OTHER);
		r = find_rpc(e, name);
	}
	if (r)
		return r;
	/* Few, and new ones are rare: no capacity to keep. */
	more = realloc(e->rpcs, (e->rpcs_len + 1) * sizeof(*more));
	if (!more)
		return NULL;
	e->rpcs = more;
	copy = strdup(name);
	if (!copy)
		return NULL;
	r = &e->rpcs[e->rpcs_len++];
	memset(r, 0, sizeof(*r));
	r->rpc = copy;
	return r;
}

bool summary__is_watch(const char *rpc)
{
	return etcd_rpc_is_watch(etcd_rpc_from_name(rpc));
}

bool summary__is_refresh(const char *rpc)
{
	enum etcd_renewal renews = etcd_rpc_renews(etcd_rpc_from_name(rpc));

	/* Whether a member's own key is all that its owner renews, the name does not tell. */
	return renews == ETCD_RENEWS_LEASE || renews == ETCD_RENEWS_LEADER_KEY;
}

static void fold_request(struct summary *s, struct summary_endpoint *e, struct summary_rpc *r,
			 const struct finding_request *req)
{
	bool answered = req->outcome == REQUEST_OK || req->outcome == REQUEST_ERROR;

	r->outcomes[req->outcome]++;
	if (summary__is_watch(r->rpc))
		return;
	e->requests++;
	if (req->outcome != REQUEST_OK && req->outcome != REQUEST_UNOBSERVED)
		e->failed++;
	if (req->outcome == REQUEST_TIMEOUT)
		e->timeouts++;
	if (answered) {
		histogram__record(&r->latency, req->duration_ns);
		histogram__record(&e->latency, req->duration_ns);
	}
	if (summary__is_refresh(r->rpc) && req->outcome != REQUEST_UNOBSERVED) {
		s->refreshes++;
		s->refreshes_ok += req->outcome == REQUEST_OK && req->ttl_s > 0;
	}
}

static int add_request(struct summary_private *p, const struct finding *f)
{
	struct summary *s = &p->pub;
	size_t before = s->endpoints_len;
	struct summary_endpoint *e;
	struct summary_rpc *r;

	if ((unsigned int)f->request.outcome >= REQUEST_OUTCOMES)
		return -EINVAL;
	e = endpoint_named(p, &f->where);
	if (!e)
		return -ENOMEM;
	r = get_rpc(e, f->request.rpc);
	if (!r) {
		if (s->endpoints_len != before) {
			s->endpoints_len = before;
			free(e->rpcs);
			free((char *)e->endpoint);
		}
		return -ENOMEM;
	}
	fold_request(s, e, r, &f->request);
	p->traffic++;
	return 0;
}

/* As many as were counted, all of them ok. */
static int add_requests(struct summary_private *p, const struct finding *f)
{
	const struct finding_requests *many = &f->requests;
	struct summary_endpoint *e = endpoint_named(p, &f->where);
	struct summary_rpc *r = e ? get_rpc(e, many->rpc) : NULL;

	if (!r)
		return -ENOMEM; /* an endpoint without requests may stay */
	r->outcomes[REQUEST_OK] += many->count;
	p->traffic += many->count;
	if (summary__is_watch(r->rpc))
		return 0;
	e->requests += many->count;
	histogram__merge(&r->latency, many->latency);
	histogram__merge(&e->latency, many->latency);
	if (summary__is_refresh(r->rpc)) {
		p->pub.refreshes += many->count;
		p->pub.refreshes_ok += many->count;
	}
	return 0;
}

static int add_connect(struct summary_private *p, const struct finding *f)
{
	struct summary_endpoint *e = endpoint_named(p, &f->where);

	if (!e)
		return -ENOMEM;
	e->connects++;
	/* When Patroni itself goes away, that says nothing about the endpoint. */
	if (f->connect.outcome != CONNECT_OK && f->connect.outcome != CONNECT_ABANDONED)
		e->connects_failed++;
	p->traffic++;
	return 0;
}

static int new_endpoint(struct summary_private *p, const struct finding *f)
{
	struct summary_endpoint *e = endpoint_named(p, &f->where);

	if (!e)
		return -ENOMEM;
	e->state = f->endpoint.state;
	memcpy(e->matrix, f->endpoint.matrix, sizeof(e->matrix));
	return 0;
}

static void add_process(struct summary *s, const struct finding *f)
{
	const struct finding_who *who = &f->who;

	if (f->process.tls_blind)
		snprintf(s->tls_blind, sizeof(s->tls_blind), "%s", f->process.tls_blind);
	if (!finding_is_demotion(f))
		return;
	s->demotions++;
	snprintf(s->demoted, sizeof(s->demoted), "%s%s%s", who->scope ? who->scope : "",
		 who->scope ? "/" : "", who->member ? who->member : "a leader");
}

int summary__add(struct summary *s, const struct finding *f)
{
	struct summary_private *p = (struct summary_private *)s;
	uint64_t ts_ns = f->ts_ns / 1000 * 1000;
	int err = 0;

	switch (f->type) {
	case FINDING_START: /* another run: it counts its stalls from 1 again */
		p->run = s->stall_list_len;
		p->forgotten_id = 0;
		break;
	case FINDING_CONNECT:
		err = add_connect(p, f);
		break;
	case FINDING_REQUEST:
		err = add_request(p, f);
		break;
	case FINDING_REQUESTS:
		err = add_requests(p, f);
		break;
	case FINDING_STALL:
		err = summary__add_stall(p, f);
		break;
	case FINDING_ENDPOINT:
		err = new_endpoint(p, f);
		break;
	case FINDING_LOST:
		s->events_lost += f->lost.count;
		break;
	case FINDING_DNS:
		err = summary__add_dns(p, f);
		break;
	case FINDING_SUMMARY:
		return 0;
	case FINDING_PROCESS:
		add_process(s, f);
		break;
	default: /* a note: counts for the time only */
		break;
	}
	if (err)
		return err;
	if (!p->begun || ts_ns < s->begin_ts_ns)
		s->begin_ts_ns = ts_ns;
	if (ts_ns > s->end_ts_ns)
		s->end_ts_ns = ts_ns;
	p->begun = true;
	return 0;
}

void summary__finish(struct summary *s, uint64_t end_ts_ns)
{
	struct summary_private *p = (struct summary_private *)s;

	end_ts_ns = end_ts_ns / 1000 * 1000;
	if (!p->begun)
		s->begin_ts_ns = end_ts_ns;
	if (end_ts_ns > s->end_ts_ns)
		s->end_ts_ns = end_ts_ns;
	summary__finish_stalls(p);
	if (s->stalls)
		s->verdict = VERDICT_STALLED;
	else
		s->verdict = p->traffic ? VERDICT_HEALTHY : VERDICT_NO_TRAFFIC;
}
