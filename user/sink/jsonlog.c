// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * jsonlog.c - one line of a JSON log, back to a finding. The log may be anybody's: nothing is
 * trusted.
 *
 * A key that is missing or of the wrong type is a value that is not known; only what a finding
 * cannot do without (its time, its kind, its outcome or phase) makes the line unusable.
 */
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "leasewatch/units.h"
#include "model/histogram.h"
#include "sink/json_in.h"
#include "sink/jsonlog.h"

#define SCHEMA_VERSION 1

struct jsonlog_line {
	json_t *root;
	struct finding finding;
	struct histogram latency; /* what a finding of requests borrows */
};

static int get_start(const json_t *o, struct finding *f)
{
	int64_t schema = json_in__int(o, "schema_version", 0);

	if (schema != SCHEMA_VERSION)
		return -ENOTSUP;
	f->start.schema_version = (int)schema;
	f->start.version = json_in__string(o, "version");
	f->start.host = json_in__string(o, "host");
	f->start.kernel = json_in__string(o, "kernel");
	f->start.hooks = json_in__string(o, "hooks");
	f->start.targets = (size_t)json_in__int(o, "targets", 0);
	return 0;
}

static int get_process(const json_t *o, struct finding *f)
{
	int phase = enum_value(&process_phase_names, json_in__string(o, "phase"));

	if (phase < 0)
		return -ENOMSG;
	f->process.phase = (enum process_phase)phase;
	f->process.previous_role = json_in__string(o, "patroni.previous_role");
	f->process.tls_blind = json_in__string(o, "tls.blind");
	f->process.note = json_in__string(o, "note");
	return 0;
}

static int get_connect(const json_t *o, struct finding *f)
{
	int outcome = enum_value(&connect_outcome_names, json_in__string(o, "outcome"));

	if (outcome < 0)
		return -ENOMSG;
	f->connect.outcome = (enum connect_outcome)outcome;
	f->connect.duration_ns = json_in__duration(o, "duration_s");
	f->connect.tls.server_name = json_in__string(o, "tls.client.server_name");
	f->connect.tls.duration_ns = json_in__duration(o, "tls.duration_s");
	f->connect.tls.error = json_in__string(o, "tls.error");
	f->connect.tls.on = f->connect.tls.server_name || f->connect.tls.error ||
			    f->connect.tls.duration_ns != LW_UNKNOWN;
	return 0;
}

static int get_request(const json_t *o, struct finding *f)
{
	struct finding_request *r = &f->request;
	int outcome = enum_value(&request_outcome_names, json_in__string(o, "outcome"));

	if (outcome < 0)
		return -ENOMSG;
	r->outcome = (enum request_outcome)outcome;
	r->method = json_in__string(o, "http.request.method");
	r->path = json_in__string(o, "url.path");
	r->rpc = json_in__string(o, "etcd.rpc");
	r->status = (int)json_in__upto(o, "http.response.status_code", INT_MAX);
	r->error_code = (int)json_in__upto(o, "etcd.error.code", INT_MAX);
	r->error_message = json_in__string(o, "etcd.error.message");
	r->duration_ns = json_in__duration(o, "duration_s");
	r->first_byte_ns = json_in__duration(o, "first_byte_s");
	r->unread_ns = json_in__duration(o, "unread_s");
	r->srtt_ns = json_in__duration(o, "tcp.srtt_s");
	r->retransmits = json_in__int(o, "tcp.retransmits", LW_UNKNOWN);
	r->member_id = json_in__id(o, "etcd.member_id");
	r->raft_term = (uint64_t)json_in__int(o, "etcd.raft_term", 0);
	r->lease_id = json_in__id(o, "lease.id");
	r->ttl_s = json_in__int(o, "lease.ttl_s", LW_UNKNOWN);
	return 0;
}

static int get_stall(const json_t *o, struct finding *f)
{
	struct finding_stall *s = &f->stall;
	int phase = enum_value(&stall_phase_names, json_in__string(o, "phase"));
	int cause = enum_value(&cause_names, json_in__string(o, "cause"));
	int severity = enum_value(&stall_severity_names, json_in__string(o, "severity"));
	int result = enum_value(&stall_result_names, json_in__string(o, "result"));

	if (phase < 0)
		return -ENOMSG;
	s->phase = (enum stall_phase)phase;
	/* A newer one's word for a cause: the stall itself must not be missed for it. */
	s->cause = cause < 0 ? CAUSE_UNKNOWN : (enum cause)cause;
	s->severity = severity < 0 ? STALL_WARNING : (enum stall_severity)severity;
	s->result = result < 0 ? STALL_ONGOING : (enum stall_result)result;
	s->stall_id = (uint64_t)json_in__int(o, "stall_id", 0);
	s->lease_id = json_in__id(o, "lease.id");
	s->ttl_s = json_in__int(o, "lease.ttl_s", LW_UNKNOWN);
	s->remaining_ns = json_in__seconds(o, "lease.remaining_s", LW_UNKNOWN_REMAINING);
	s->since_last_ok_ns = json_in__duration(o, "since_last_ok_s");
	s->in_flight_ns = json_in__duration(o, "in_flight_s");
	s->duration_ns = json_in__duration(o, "duration_s");
	s->headline = json_in__string(o, "headline");
	s->hint = json_in__string(o, "hint");
	s->evidence_len = json_in__evidence(o, s->evidence, EVIDENCE_MAX);
	return 0;
}

static int get_endpoint(const json_t *o, struct finding *f)
{
	const json_t *matrix = json_object_get(o, "matrix");
	int state = enum_value(&endpoint_state_names, json_in__string(o, "state"));
	int previous = enum_value(&endpoint_state_names, json_in__string(o, "previous"));

	if (state < 0)
		return -ENOMSG;
	f->endpoint.state = (enum endpoint_state)state;
	f->endpoint.previous = previous < 0 ? ENDPOINT_UNKNOWN : (enum endpoint_state)previous;
	for (size_t i = 0; i < MATRIX_COLUMNS; i++) {
		int cell = enum_value(&matrix_cell_names,
				      json_in__string(matrix, enum_name(&matrix_column_names, i)));

		f->endpoint.matrix[i] = cell < 0 ? CELL_UNKNOWN : (enum matrix_cell)cell;
	}
	f->endpoint.sentence = json_in__string(o, "sentence");
	return 0;
}

static int get_lost(const json_t *o, struct finding *f)
{
	f->lost.reason = json_in__string(o, "reason");
	f->lost.count = (uint64_t)json_in__int(o, "count", 0);
	return 0;
}

static int get_dns(const json_t *o, struct finding *f)
{
	int source = enum_value(&dns_source_names, json_in__string(o, "source"));
	int outcome = enum_value(&dns_outcome_names, json_in__string(o, "outcome"));

	if (source < 0 || outcome < 0)
		return -ENOMSG;
	f->where.address = json_in__string(o, "server.address");
	f->where.port = (uint16_t)json_in__upto(o, "server.port", UINT16_MAX);
	f->dns.source = (enum dns_source)source;
	f->dns.outcome = (enum dns_outcome)outcome;
	f->dns.name = json_in__string(o, "dns.question.name");
	f->dns.type = json_in__string(o, "dns.question.type");
	f->dns.transport = json_in__string(o, "network.transport");
	f->dns.error = json_in__string(o, "error.type");
	f->dns.duration_ns = json_in__duration(o, "duration_s");
	f->dns.answers = json_in__int(o, "dns.answers", LW_UNKNOWN);
	return 0;
}

static int get_note(const json_t *o, struct finding *f)
{
	struct finding_note *n = &f->note;
	int kind = enum_value(&note_kind_names, json_in__string(o, "note"));

	if (kind < 0)
		return -ENOMSG;
	n->kind = (enum note_kind)kind;
	n->text = json_in__string(o, "message");
	n->evidence_len = json_in__evidence(o, n->evidence, ARRAY_LEN(n->evidence));
	return 0;
}

static uint64_t get_us(const json_t *o, const char *key)
{
	int64_t ns = json_in__duration(o, key);

	return ns < 0 ? 0 : (uint64_t)ns / 1000;
}

static void get_buckets(const json_t *o, struct histogram *h)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)json_object_get(o, "duration_us"), key, value)
	{
		char *end;
		unsigned long long us = strtoull(key, &end, 10);
		json_int_t count = json_integer_value(value);

		if (end != key && !*end && count > 0 && count <= UINT32_MAX)
			histogram__put(h, us, (uint32_t)count);
	}
	h->min_us = get_us(o, "min_s");
	h->max_us = get_us(o, "max_s");
	h->sum_us = get_us(o, "sum_s");
}

static int get_requests(const json_t *o, struct finding *f)
{
	char *line = (char *)f - offsetof(struct jsonlog_line, finding);
	struct histogram *latency = &((struct jsonlog_line *)line)->latency;
	struct finding_requests *r = &f->requests;

	r->rpc = json_in__string(o, "etcd.rpc");
	r->count = (uint64_t)json_in__int(o, "count", 0);
	if (!r->rpc || !r->count)
		return -EBADMSG;
	r->interval_ns = json_in__duration(o, "interval_s");
	get_buckets(o, latency);
	r->latency = latency;
	return 0;
}

/* Only its time is of use: the numbers are counted again from the lines before it. */
static int get_summary(const json_t *o, struct finding *f)
{
	(void)o;
	f->summary = NULL;
	return 0;
}

static const struct {
	const char *event;
	int (*get)(const json_t *o, struct finding *f);
} events[] = {
	[FINDING_START] = {"start", get_start},
	[FINDING_PROCESS] = {"process", get_process},
	[FINDING_CONNECT] = {"connect", get_connect},
	[FINDING_REQUEST] = {"request", get_request},
	[FINDING_STALL] = {"stall", get_stall},
	[FINDING_ENDPOINT] = {"endpoint", get_endpoint},
	[FINDING_LOST] = {"lost", get_lost},
	[FINDING_DNS] = {"dns", get_dns},
	[FINDING_NOTE] = {"note", get_note},
	[FINDING_REQUESTS] = {"requests", get_requests},
	[FINDING_SUMMARY] = {"summary", get_summary},
};
_Static_assert(ARRAY_LEN(events) == FINDING_TYPES, "an event is missing");

static int read_finding(const json_t *o, struct finding *f)
{
	const char *event = json_in__string(o, "event");
	int err;

	if (!event)
		return -EBADMSG;
	err = json_in__time(json_in__string(o, "ts"), &f->ts_ns);
	if (err)
		return err;
	f->who.pid = (uint32_t)json_in__upto(o, "process.pid", UINT32_MAX);
	f->who.scope = json_in__string(o, "patroni.scope");
	f->who.member = json_in__string(o, "patroni.member");
	f->who.role = json_in__string(o, "patroni.role");
	f->who.version = json_in__string(o, "patroni.version");
	f->where.endpoint = json_in__string(o, "endpoint");
	f->where.address = json_in__string(o, "network.peer.address");
	f->where.port = (uint16_t)json_in__upto(o, "network.peer.port", UINT16_MAX);
	for (size_t i = 0; i < FINDING_TYPES; i++) {
		if (!events[i].event || strcmp(events[i].event, event))
			continue;
		f->type = (enum finding_type)i;
		return events[i].get(o, f);
	}
	return -ENOMSG;
}

int jsonlog__parse(const char *text, size_t len, struct jsonlog_line **line)
{
	json_error_t error;
	struct jsonlog_line *l = calloc(1, sizeof(*l));
	int err;

	if (!l)
		return -ENOMEM;
	l->root = json_loadb(text, len, 0, &error);
	if (!l->root)
		err = json_error_code(&error) == json_error_out_of_memory ? -ENOMEM : -EBADMSG;
	else if (!json_is_object(l->root))
		err = -EBADMSG;
	else
		err = read_finding(l->root, &l->finding);
	if (err) {
		jsonlog__free(l);
		return err;
	}
	*line = l;
	return 0;
}

const struct finding *jsonlog__finding(const struct jsonlog_line *line)
{
	return &line->finding;
}

void jsonlog__free(struct jsonlog_line *line)
{
	if (!line)
		return;
	json_decref(line->root);
	free(line);
}
