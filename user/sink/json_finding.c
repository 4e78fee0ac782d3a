// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * json_finding.c - which keys each event has. Their names and their order are the public contract.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "leasewatch/units.h"
#include "model/histogram.h"
#include "sink/json_out.h"

static void put_start(struct json_out *o, const struct finding *f)
{
	json_out__int(o, "schema_version", f->start.schema_version);
	json_out__string(o, "version", f->start.version);
	json_out__string(o, "host", f->start.host);
	json_out__string(o, "kernel", f->start.kernel);
	json_out__string(o, "hooks", f->start.hooks);
	json_out__int(o, "targets", (int64_t)f->start.targets);
}

static void put_process(struct json_out *o, const struct finding *f)
{
	json_out__string(o, "phase", enum_name(&process_phase_names, f->process.phase));
	json_out__who(o, &f->who);
	json_out__string(o, "patroni.previous_role", f->process.previous_role);
	json_out__string(o, "patroni.version", f->who.version);
	json_out__string(o, "tls.blind", f->process.tls_blind);
	json_out__string(o, "note", f->process.note);
}

static void put_tls(struct json_out *o, const struct finding_tls *t)
{
	json_out__string(o, "tls.client.server_name", t->server_name);
	json_out__duration(o, "tls.duration_s", t->duration_ns);
	json_out__string(o, "tls.error", t->error);
}

static void put_connect(struct json_out *o, const struct finding *f)
{
	json_out__who(o, &f->who);
	json_out__string(o, "endpoint", f->where.endpoint);
	json_out__peer(o, &f->where);
	json_out__string(o, "outcome", enum_name(&connect_outcome_names, f->connect.outcome));
	json_out__duration(o, "duration_s", f->connect.duration_ns);
	if (f->connect.tls.on)
		put_tls(o, &f->connect.tls);
}

static void put_request(struct json_out *o, const struct finding *f)
{
	const struct finding_request *r = &f->request;

	json_out__who(o, &f->who);
	json_out__string(o, "endpoint", f->where.endpoint);
	json_out__server(o, f->where.endpoint);
	json_out__peer(o, &f->where);
	json_out__string(o, "http.request.method", r->method);
	json_out__string(o, "url.path", r->path);
	json_out__string(o, "etcd.rpc", r->rpc);
	json_out__string(o, "outcome", enum_name(&request_outcome_names, r->outcome));
	if (r->status)
		json_out__int(o, "http.response.status_code", r->status);
	if (r->error_code)
		json_out__int(o, "etcd.error.code", r->error_code);
	json_out__string(o, "etcd.error.message", r->error_message);
	json_out__duration(o, "duration_s", r->duration_ns);
	json_out__duration(o, "first_byte_s", r->first_byte_ns);
	json_out__duration(o, "unread_s", r->unread_ns);
	json_out__duration(o, "tcp.srtt_s", r->srtt_ns);
	if (r->retransmits >= 0)
		json_out__int(o, "tcp.retransmits", r->retransmits);
	json_out__id(o, "etcd.member_id", r->member_id);
	if (r->raft_term)
		json_out__int(o, "etcd.raft_term", (int64_t)r->raft_term);
	json_out__id(o, "lease.id", r->lease_id);
	if (r->ttl_s >= 0)
		json_out__int(o, "lease.ttl_s", r->ttl_s);
}

/* Left out when there is none. */
static void put_evidence(struct json_out *o, const struct evidence *e, size_t len, size_t max)
{
	struct json_out evidence = {.json = len ? json_object() : NULL};

	if (!len)
		return;
	for (size_t i = 0; i < len && i < max; i++)
		json_out__evidence(&evidence, &e[i]);
	json_out__child(o, "evidence", &evidence);
}

static void put_stall(struct json_out *o, const struct finding *f)
{
	const struct finding_stall *s = &f->stall;

	json_out__string(o, "phase", enum_name(&stall_phase_names, s->phase));
	json_out__int(o, "stall_id", (int64_t)s->stall_id);
	json_out__string(o, "cause", enum_name(&cause_names, s->cause));
	json_out__who(o, &f->who);
	json_out__string(o, "endpoint", f->where.endpoint);
	json_out__peer(o, &f->where);
	json_out__id(o, "lease.id", s->lease_id);
	if (s->ttl_s >= 0)
		json_out__int(o, "lease.ttl_s", s->ttl_s);
	if (s->remaining_ns != LW_UNKNOWN_REMAINING)
		json_out__seconds(o, "lease.remaining_s", s->remaining_ns);
	json_out__duration(o, "since_last_ok_s", s->since_last_ok_ns);
	json_out__duration(o, "in_flight_s", s->in_flight_ns);
	json_out__string(o, "severity", enum_name(&stall_severity_names, s->severity));
	put_evidence(o, s->evidence, s->evidence_len, EVIDENCE_MAX);
	json_out__string(o, "headline", s->headline);
	json_out__string(o, "hint", s->hint);
	if (s->phase == STALL_END) {
		json_out__string(o, "result", enum_name(&stall_result_names, s->result));
		json_out__duration(o, "duration_s", s->duration_ns);
	}
}

static void put_endpoint(struct json_out *o, const struct finding *f)
{
	const struct finding_endpoint *e = &f->endpoint;
	struct json_out matrix = {.json = json_object()};

	json_out__string(o, "endpoint", f->where.endpoint);
	json_out__peer(o, &f->where);
	json_out__string(o, "state", enum_name(&endpoint_state_names, e->state));
	if (e->previous != ENDPOINT_UNKNOWN)
		json_out__string(o, "previous", enum_name(&endpoint_state_names, e->previous));
	for (size_t i = 0; i < MATRIX_COLUMNS; i++)
		if (e->matrix[i] != CELL_UNKNOWN)
			json_out__string(&matrix, enum_name(&matrix_column_names, i),
					 enum_name(&matrix_cell_names, e->matrix[i]));
	json_out__child(o, "matrix", &matrix);
	json_out__string(o, "sentence", e->sentence);
}

static void put_lost(struct json_out *o, const struct finding *f)
{
	json_out__string(o, "reason", f->lost.reason);
	json_out__int(o, "count", (int64_t)f->lost.count);
}

/* Here the server is the nameserver, as OpenTelemetry has it for a look-up. */
static void put_dns(struct json_out *o, const struct finding *f)
{
	const struct finding_dns *d = &f->dns;

	json_out__string(o, "source", enum_name(&dns_source_names, d->source));
	json_out__who(o, &f->who);
	json_out__string(o, "endpoint", f->where.endpoint);
	json_out__string(o, "dns.question.name", d->name);
	json_out__string(o, "dns.question.type", d->type);
	json_out__string(o, "server.address", f->where.address);
	if (f->where.port)
		json_out__int(o, "server.port", f->where.port);
	json_out__string(o, "network.transport", d->transport);
	json_out__string(o, "outcome", enum_name(&dns_outcome_names, d->outcome));
	json_out__string(o, "error.type", d->error);
	json_out__duration(o, "duration_s", d->duration_ns);
	if (d->answers >= 0)
		json_out__int(o, "dns.answers", d->answers);
}

static void put_note(struct json_out *o, const struct finding *f)
{
	const struct finding_note *n = &f->note;

	json_out__string(o, "note", enum_name(&note_kind_names, n->kind));
	json_out__who(o, &f->who);
	json_out__string(o, "endpoint", f->where.endpoint);
	json_out__peer(o, &f->where);
	json_out__string(o, "message", n->text);
	put_evidence(o, n->evidence, n->evidence_len, ARRAY_LEN(n->evidence));
}

static void put_requests(struct json_out *o, const struct finding *f)
{
	const struct finding_requests *r = &f->requests;
	struct json_out buckets = {.json = json_object()};
	uint64_t last_us;
	uint32_t count;
	size_t at = 0;

	json_out__who(o, &f->who);
	json_out__string(o, "endpoint", f->where.endpoint);
	json_out__server(o, f->where.endpoint);
	json_out__string(o, "etcd.rpc", r->rpc);
	json_out__string(o, "outcome", enum_name(&request_outcome_names, REQUEST_OK));
	json_out__int(o, "count", (int64_t)r->count);
	json_out__duration(o, "interval_s", r->interval_ns);
	if (r->latency->count) {
		json_out__duration(o, "min_s", (int64_t)r->latency->min_us * 1000);
		json_out__duration(o, "max_s", (int64_t)r->latency->max_us * 1000);
		json_out__duration(o, "sum_s", (int64_t)r->latency->sum_us * 1000);
	}
	while (histogram__next(r->latency, &at, &last_us, &count)) {
		char key[24];

		snprintf(key, sizeof(key), "%" PRIu64, last_us);
		json_out__int(&buckets, key, count);
	}
	json_out__child(o, "duration_us", &buckets);
}

static void put_summary(struct json_out *o, const struct finding *f)
{
	if (f->summary)
		json_out__summary(o, f->summary);
	else
		o->err = -EINVAL;
}

static const struct {
	const char *event;
	void (*put)(struct json_out *o, const struct finding *f);
} events[] = {
	[FINDING_START] = {"start", put_start},
	[FINDING_PROCESS] = {"process", put_process},
	[FINDING_CONNECT] = {"connect", put_connect},
	[FINDING_REQUEST] = {"request", put_request},
	[FINDING_STALL] = {"stall", put_stall},
	[FINDING_ENDPOINT] = {"endpoint", put_endpoint},
	[FINDING_LOST] = {"lost", put_lost},
	[FINDING_DNS] = {"dns", put_dns},
	[FINDING_NOTE] = {"note", put_note},
	[FINDING_REQUESTS] = {"requests", put_requests},
	[FINDING_SUMMARY] = {"summary", put_summary},
};
_Static_assert(ARRAY_LEN(events) == FINDING_TYPES, "an event is missing");

json_t *json_finding(const struct finding *f, int *err)
{
	struct json_out o = {.json = json_object()};

	/* The assertion above sees a short table, but not a hole in it. */
	if ((unsigned int)f->type >= FINDING_TYPES || !events[f->type].put) {
		o.err = -EINVAL;
	} else {
		json_out__time(&o, f->ts_ns);
		json_out__string(&o, "event", events[f->type].event);
		events[f->type].put(&o, f);
	}
	if (!o.err && o.json)
		return o.json;
	*err = o.err ? o.err : -ENOMEM;
	json_decref(o.json);
	return NULL;
}
