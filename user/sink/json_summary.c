// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * json_summary.c - the last line of a trace: what it amounted to.
 */
#include <errno.h>

#include "model/summary.h"
#include "sink/json_out.h"

static void put_latency(struct json_out *o, const struct histogram *h)
{
	json_out__duration(o, "p50_s", histogram__quantile_ns(h, 0.50));
	json_out__duration(o, "p99_s", histogram__quantile_ns(h, 0.99));
	json_out__duration(o, "max_s", histogram__quantile_ns(h, 1));
}

static void put_rpcs(struct json_out *o, const struct summary_endpoint *e)
{
	struct json_out rpcs = {.json = json_object()};

	for (size_t i = 0; i < e->rpcs_len; i++) {
		const struct summary_rpc *r = &e->rpcs[i];
		struct json_out one = {.json = json_object()};

		json_out__int(&one, "requests", (int64_t)summary_rpc__requests(r));
		json_out__int(&one, "failed", (int64_t)summary_rpc__failed(r));
		json_out__int(&one, "timeouts", (int64_t)r->outcomes[REQUEST_TIMEOUT]);
		put_latency(&one, &r->latency);
		json_out__child(&rpcs, r->rpc, &one);
	}
	json_out__child(o, "rpcs", &rpcs);
}

static void put_endpoint(struct json_out *o, const struct summary_endpoint *e)
{
	json_out__string(o, "endpoint", e->endpoint);
	if (e->state != ENDPOINT_UNKNOWN)
		json_out__string(o, "state", enum_name(&endpoint_state_names, e->state));
	json_out__int(o, "requests", (int64_t)e->requests);
	json_out__int(o, "failed", (int64_t)e->failed);
	json_out__int(o, "timeouts", (int64_t)e->timeouts);
	put_latency(o, &e->latency);
	json_out__int(o, "connects", (int64_t)e->connects);
	json_out__int(o, "connects_failed", (int64_t)e->connects_failed);
	put_rpcs(o, e);
}

static void append(struct json_out *o, json_t *array, struct json_out *one)
{
	if (one->err)
		o->err = one->err;
	if (json_array_append_new(array, one->json))
		o->err = -ENOMEM;
}

static void put_nameservers(struct json_out *o, const struct summary_dns *d)
{
	json_t *nameservers = json_array();

	for (size_t i = 0; i < d->nameservers_len; i++) {
		const struct summary_nameserver *n = &d->nameservers[i];
		const struct summary_lookups *q = &n->queries;
		struct json_out one = {.json = json_object()};

		json_out__string(&one, "server.address", n->address);
		json_out__int(&one, "queries", (int64_t)q->count);
		json_out__int(&one, "failed", (int64_t)q->failed);
		json_out__int(&one, "timeouts", (int64_t)q->timeouts);
		json_out__duration(&one, "p50_s", histogram__quantile_ns(&q->latency, 0.50));
		json_out__duration(&one, "max_s", histogram__quantile_ns(&q->latency, 1));
		append(o, nameservers, &one);
	}
	json_out__set(o, "nameservers", nameservers);
}

static void put_dns(struct json_out *o, const struct summary_dns *d)
{
	enum dns_source source = summary_dns__source(d);
	const struct summary_lookups *l = &d->ended[source];
	struct json_out dns = {.json = json_object()};
	int64_t in_flight = 0;

	for (size_t i = 0; i < d->unanswered_len; i++)
		in_flight += d->unanswered[i].source == source;
	json_out__string(&dns, "source", enum_name(&dns_source_names, source));
	json_out__int(&dns, "lookups", (int64_t)l->count);
	json_out__int(&dns, "failed", (int64_t)l->failed);
	json_out__int(&dns, "timeouts", (int64_t)l->timeouts);
	put_latency(&dns, &l->latency);
	if (in_flight)
		json_out__int(&dns, "in_flight", in_flight);
	put_nameservers(&dns, d);
	json_out__child(o, "dns", &dns);
}

void json_out__summary(struct json_out *o, const struct summary *s)
{
	json_t *endpoints = json_array();

	json_out__string(o, "verdict", enum_name(&verdict_names, s->verdict));
	json_out__int(o, "stalls", (int64_t)s->stalls);
	if (s->worst_remaining_ns != LW_UNKNOWN_REMAINING)
		json_out__seconds(o, "worst_remaining_s", s->worst_remaining_ns);
	json_out__int(o, "demotions", (int64_t)s->demotions);
	for (size_t i = 0; i < s->endpoints_len; i++) {
		struct json_out one = {.json = json_object()};

		put_endpoint(&one, &s->endpoints[i]);
		append(o, endpoints, &one);
	}
	json_out__set(o, "endpoints", endpoints);
	if (summary_dns__any(&s->dns))
		put_dns(o, &s->dns);
	if (s->tls_blind[0])
		json_out__string(o, "tls.blind", s->tls_blind);
	json_out__int(o, "events_lost", (int64_t)s->events_lost);
	json_out__int(o, "refreshes", (int64_t)s->refreshes);
	json_out__int(o, "refreshes_ok", (int64_t)s->refreshes_ok);
	json_out__duration(o, "duration_s", (int64_t)(s->end_ts_ns - s->begin_ts_ns));
}
