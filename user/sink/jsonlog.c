// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * jsonlog.c - one line of a JSON log, back to a finding. The log may be anybody's: nothing is
 * trusted.
 *
 * A key that is missing or of the wrong type is a value that is not known; only what a finding
 * cannot do without (its time, its kind, its outcome or phase) makes the line unusable.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "sink/jsonlog.h"

#define SCHEMA_VERSION 1

/* Far beyond any measured duration, and safe to compute with: 285 years. */
#define SECONDS_LIMIT 9e9

struct jsonlog_line {
	json_t *root;
	struct finding finding;
};

static const char *get_string(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

static int64_t get_int(const json_t *o, const char *key, int64_t unknown)
{
	const json_t *v = json_object_get(o, key);

	return json_is_integer(v) && json_integer_value(v) >= 0 ? json_integer_value(v) : unknown;
}

/* A decimal string; a plain number is taken as well. 0 when it is neither. */
static uint64_t get_id(const json_t *o, const char *key)
{
	const char *text = get_string(o, key);
	unsigned long long id;
	char *end;

	if (!text)
		return (uint64_t)get_int(o, key, 0);
	if (text[0] < '0' || text[0] > '9')
		return 0;
	errno = 0;
	id = strtoull(text, &end, 10);
	return *end || errno ? 0 : id;
}

/* Seconds, written with six places: back to the very microsecond. */
static int64_t get_seconds(const json_t *o, const char *key, int64_t unknown)
{
	const json_t *v = json_object_get(o, key);
	double s;

	if (!json_is_number(v))
		return unknown;
	s = json_number_value(v);
	if (!(s > -SECONDS_LIMIT && s < SECONDS_LIMIT))
		return unknown;
	return (int64_t)(s * 1e6 + (s < 0 ? -0.5 : 0.5)) * 1000;
}

static int64_t get_duration(const json_t *o, const char *key)
{
	int64_t ns = get_seconds(o, key, LW_UNKNOWN);

	return ns < 0 ? LW_UNKNOWN : ns;
}

/* "2026-01-02T03:04:05.123456Z", with none to nine places. 0 or -EBADMSG. */
static int parse_time(const char *text, uint64_t *ts_ns)
{
	uint64_t fraction = 0, unit = 100000000;
	struct tm tm = {0};
	const char *p;
	time_t seconds;

	p = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;
	if (!p)
		return -EBADMSG;
	if (*p == '.') {
		p++;
		if (*p < '0' || *p > '9')
			return -EBADMSG;
		for (; *p >= '0' && *p <= '9'; p++, unit /= 10)
			fraction += (uint64_t)(*p - '0') * unit;
	}
	seconds = timegm(&tm);
	/* Nanoseconds since 1970 fit 64 bits until 2554. */
	if (strcmp(p, "Z") || seconds < 0 || tm.tm_year > 2500 - 1900)
		return -EBADMSG;
	*ts_ns = (uint64_t)seconds * 1000000000 + fraction;
	return 0;
}

static int get_start(const json_t *o, struct finding *f)
{
	int64_t schema = get_int(o, "schema_version", 0);

	if (schema != SCHEMA_VERSION)
		return -ENOTSUP;
	f->start.schema_version = (int)schema;
	f->start.version = get_string(o, "version");
	f->start.host = get_string(o, "host");
	f->start.kernel = get_string(o, "kernel");
	f->start.hooks = get_string(o, "hooks");
	f->start.targets = (size_t)get_int(o, "targets", 0);
	return 0;
}

static int get_process(const json_t *o, struct finding *f)
{
	int phase = process_phase_from_name(get_string(o, "phase"));

	if (phase < 0)
		return -ENOMSG;
	f->process.phase = (enum process_phase)phase;
	f->process.note = get_string(o, "note");
	return 0;
}

static int get_connect(const json_t *o, struct finding *f)
{
	int outcome = connect_outcome_from_name(get_string(o, "outcome"));

	if (outcome < 0)
		return -ENOMSG;
	f->connect.outcome = (enum connect_outcome)outcome;
	f->connect.duration_ns = get_duration(o, "duration_s");
	return 0;
}

static int get_request(const json_t *o, struct finding *f)
{
	struct finding_request *r = &f->request;
	int outcome = request_outcome_from_name(get_string(o, "outcome"));

	if (outcome < 0)
		return -ENOMSG;
	r->outcome = (enum request_outcome)outcome;
	r->method = get_string(o, "http.request.method");
	r->path = get_string(o, "url.path");
	r->rpc = get_string(o, "etcd.rpc");
	r->status = (int)get_int(o, "http.response.status_code", 0);
	r->error_code = (int)get_int(o, "etcd.error.code", 0);
	r->error_message = get_string(o, "etcd.error.message");
	r->duration_ns = get_duration(o, "duration_s");
	r->first_byte_ns = get_duration(o, "first_byte_s");
	r->unread_ns = get_duration(o, "unread_s");
	r->srtt_ns = get_duration(o, "tcp.srtt_s");
	r->retransmits = get_int(o, "tcp.retransmits", LW_UNKNOWN);
	r->member_id = get_id(o, "etcd.member_id");
	r->raft_term = (uint64_t)get_int(o, "etcd.raft_term", 0);
	r->lease_id = get_id(o, "lease.id");
	r->ttl_s = get_int(o, "lease.ttl_s", LW_UNKNOWN);
	return 0;
}

static void get_evidence(const json_t *o, struct finding_stall *s)
{
	json_t *evidence = json_object_get(o, "evidence");

	for (void *i = json_object_iter(evidence); i && s->evidence_len < EVIDENCE_MAX;
	     i = json_object_iter_next(evidence, i)) {
		const json_t *value = json_object_iter_value(i);
		struct evidence e = {.key = json_object_iter_key(i),
				     .text = json_string_value(value),
				     .number = json_number_value(value)};

		if (json_is_string(value) || json_is_number(value))
			s->evidence[s->evidence_len++] = e;
	}
}

static int get_stall(const json_t *o, struct finding *f)
{
	struct finding_stall *s = &f->stall;
	int phase = stall_phase_from_name(get_string(o, "phase"));
	int cause = cause_from_name(get_string(o, "cause"));
	int severity = stall_severity_from_name(get_string(o, "severity"));
	int result = stall_result_from_name(get_string(o, "result"));

	if (phase < 0)
		return -ENOMSG;
	s->phase = (enum stall_phase)phase;
	/* A newer one's word for a cause: the stall itself must not be missed for it. */
	s->cause = cause < 0 ? CAUSE_UNKNOWN : (enum cause)cause;
	s->severity = severity < 0 ? STALL_WARNING : (enum stall_severity)severity;
	s->result = result < 0 ? STALL_ONGOING : (enum stall_result)result;
	s->stall_id = (uint64_t)get_int(o, "stall_id", 0);
	s->lease_id = get_id(o, "lease.id");
	s->ttl_s = get_int(o, "lease.ttl_s", LW_UNKNOWN);
	s->remaining_ns = get_seconds(o, "lease.remaining_s", LW_UNKNOWN_REMAINING);
	s->since_last_ok_ns = get_duration(o, "since_last_ok_s");
	s->in_flight_ns = get_duration(o, "in_flight_s");
	s->duration_ns = get_duration(o, "duration_s");
	s->headline = get_string(o, "headline");
	s->hint = get_string(o, "hint");
	get_evidence(o, s);
	return 0;
}

static int get_endpoint(const json_t *o, struct finding *f)
{
	const json_t *matrix = json_object_get(o, "matrix");
	int state = endpoint_state_from_name(get_string(o, "state"));
	int previous = endpoint_state_from_name(get_string(o, "previous"));

	if (state < 0)
		return -ENOMSG;
	f->endpoint.state = (enum endpoint_state)state;
	f->endpoint.previous = previous < 0 ? ENDPOINT_UNKNOWN : (enum endpoint_state)previous;
	for (size_t i = 0; i < MATRIX_COLUMNS; i++) {
		int cell = matrix_cell_from_name(get_string(matrix, matrix_column_name(i)));

		f->endpoint.matrix[i] = cell < 0 ? CELL_UNKNOWN : (enum matrix_cell)cell;
	}
	f->endpoint.sentence = get_string(o, "sentence");
	return 0;
}

static int get_lost(const json_t *o, struct finding *f)
{
	f->lost.reason = get_string(o, "reason");
	f->lost.count = (uint64_t)get_int(o, "count", 0);
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
	[FINDING_SUMMARY] = {"summary", get_summary},
};
_Static_assert(sizeof(events) / sizeof(events[0]) == FINDING_TYPES, "an event is missing");

static int read_finding(const json_t *o, struct finding *f)
{
	const char *event = get_string(o, "event");
	int err;

	if (!event)
		return -EBADMSG;
	err = parse_time(get_string(o, "ts"), &f->ts_ns);
	if (err)
		return err;
	f->who.pid = (uint32_t)get_int(o, "process.pid", 0);
	f->who.scope = get_string(o, "patroni.scope");
	f->who.member = get_string(o, "patroni.member");
	f->who.role = get_string(o, "patroni.role");
	f->who.version = get_string(o, "patroni.version");
	f->where.endpoint = get_string(o, "endpoint");
	f->where.address = get_string(o, "network.peer.address");
	f->where.port = (uint16_t)get_int(o, "network.peer.port", 0);
	for (size_t i = 0; i < FINDING_TYPES; i++) {
		if (strcmp(events[i].event, event))
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
