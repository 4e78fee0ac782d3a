// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * findings.c - findings for the tests of the sinks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "findings.h"

static const struct finding_who leader = {
	.pid = 4242, .scope = "demo", .member = "patroni1", .role = "leader", .version = "3.0.2"};
static const struct finding_where etcd2 = {
	.endpoint = "etcd2.lab:2379", .address = "127.0.0.12", .port = 2379};

struct finding sample_start(void)
{
	return (struct finding){.type = FINDING_START,
				.ts_ns = SAMPLE_TS_NS,
				.start = {.schema_version = 1,
					  .version = "0.1.0",
					  .host = "db1",
					  .kernel = "6.1.0-13-amd64",
					  .hooks = "sock_send_length, sock_recv_length",
					  .targets = 1}};
}

struct finding sample_request(void)
{
	return (struct finding){.type = FINDING_REQUEST,
				.ts_ns = SAMPLE_TS_NS,
				.who = leader,
				.where = etcd2,
				.request = {.method = "POST",
					    .path = "/v3/lease/keepalive",
					    .rpc = "lease/keepalive",
					    .outcome = REQUEST_OK,
					    .status = 200,
					    .duration_ns = 46123000,
					    .first_byte_ns = 46100000,
					    .unread_ns = 35000,
					    .srtt_ns = 412000,
					    .retransmits = 0,
					    .member_id = UINT64_C(10276657743932975437),
					    .raft_term = 7,
					    .lease_id = UINT64_C(7587862094000000001),
					    .ttl_s = 30}};
}

struct finding sample_stall(enum stall_phase phase)
{
	struct finding f = {.type = FINDING_STALL,
			    .ts_ns = SAMPLE_TS_NS,
			    .who = leader,
			    .where = etcd2,
			    .stall = {.phase = phase,
				      .cause = CAUSE_ENDPOINT_SILENT,
				      .severity = STALL_WARNING,
				      .stall_id = 1,
				      .lease_id = UINT64_C(7587862094000000001),
				      .ttl_s = 30,
				      .remaining_ns = 18900000000,
				      .since_last_ok_ns = 11100000000,
				      .in_flight_ns = 1000123000,
				      .evidence_len = 3,
				      .evidence = {{.key = "in_flight_s", .number = 1},
						   {.key = "tcp.retransmits", .number = 0},
						   {.key = "answer", .text = "none"}},
				      .headline = "etcd2.lab:2379 does not answer the keepalive",
				      .hint = "Check DNS and port 2380 from that member.",
				      .duration_ns = LW_UNKNOWN}};

	if (phase == STALL_END) {
		f.stall.result = STALL_RECOVERED;
		f.stall.duration_ns = 7050000000;
		f.stall.remaining_ns = 29900000000;
	}
	return f;
}

struct finding sample_connect(enum connect_outcome outcome)
{
	return (struct finding){.type = FINDING_CONNECT,
				.ts_ns = SAMPLE_TS_NS,
				.who = leader,
				.where = etcd2,
				.connect = {.outcome = outcome, .duration_ns = 820000}};
}

struct finding sample_endpoint(void)
{
	return (struct finding){
		.type = FINDING_ENDPOINT,
		.ts_ns = SAMPLE_TS_NS,
		.where = etcd2,
		.endpoint = {.state = ENDPOINT_HALF_HEALTHY,
			     .previous = ENDPOINT_HEALTHY,
			     .matrix = {CELL_OK, CELL_OK, CELL_UNKNOWN, CELL_HANGING, CELL_OK},
			     .sentence = "answers some requests, but fails others"}};
}

struct finding sample_dns(enum dns_source source, enum dns_outcome outcome)
{
	struct finding f = {.type = FINDING_DNS,
			    .ts_ns = SAMPLE_TS_NS,
			    .who = leader,
			    .where = {.endpoint = "etcd2.lab:2379"},
			    .dns = {.source = source,
				    .outcome = outcome,
				    .name = "etcd2.lab",
				    .duration_ns = 5004000000,
				    .answers = outcome == DNS_OK ? 1 : LW_UNKNOWN}};

	if (source == DNS_QUERY) {
		f.dns.type = "A";
		f.dns.transport = "udp";
		f.where.address = "127.0.0.53";
		f.where.port = 53;
	}
	return f;
}

struct finding sample_note(enum note_kind kind)
{
	return (struct finding){
		.type = FINDING_NOTE,
		.ts_ns = SAMPLE_TS_NS,
		.who = leader,
		.where = etcd2,
		.note = {.kind = kind,
			 .text = "etcd has elected a leader: the raft term went from 7 to 8.",
			 .evidence_len = 2,
			 .evidence = {{.key = "etcd.raft_term", .number = 8},
				      {.key = "since_s", .number = 2.5}}}};
}

/* splitmix64: public domain arithmetic, the same everywhere. */
uint64_t random_next(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9E3779B97F4A7C15));

	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return z ^ (z >> 31);
}

static uint64_t below(uint64_t *state, uint64_t n)
{
	return random_next(state) % n;
}

/* A microsecond to hours, nanoseconds included: rounding is what is to be tested. Sometimes
 * unknown. */
static int64_t some_duration(uint64_t *state)
{
	if (!below(state, 20))
		return LW_UNKNOWN;
	return (int64_t)(random_next(state) >> (20 + below(state, 40)));
}

static void fill_request(uint64_t *state, struct finding *f)
{
	static const char *const rpcs[] = {"lease/keepalive", "lease/grant", "kv/range", "kv/txn",
					   "watch",	      "kv/put",	     NULL};

	*f = sample_request();
	f->request.rpc = rpcs[below(state, 7)];
	f->request.outcome = (enum request_outcome)below(state, REQUEST_OUTCOMES);
	f->request.duration_ns = some_duration(state);
	f->request.first_byte_ns = some_duration(state);
	f->request.ttl_s = below(state, 2) ? 30 : LW_UNKNOWN;
	f->request.member_id = random_next(state);
	f->request.lease_id = random_next(state) >> 1;
}

static void fill_stall(uint64_t *state, struct finding *f)
{
	*f = sample_stall((enum stall_phase)below(state, STALL_PHASES));
	f->stall.stall_id = 1 + below(state, 6);
	f->stall.cause = (enum cause)below(state, CAUSES);
	f->stall.severity = (enum stall_severity)below(state, STALL_SEVERITIES);
	f->stall.result = (enum stall_result)below(state, STALL_RESULTS);
	f->stall.remaining_ns = below(state, 10) ? (int64_t)below(state, 90000000000) - 30000000000
						 : LW_UNKNOWN_REMAINING;
	f->stall.duration_ns = f->stall.phase == STALL_END ? some_duration(state) : LW_UNKNOWN;
}

static void fill_dns(uint64_t *state, struct finding *f)
{
	static const char *const names[] = {"etcd1.lab", "etcd2.lab", "_etcd._tcp.lab", NULL};
	static const char *const types[] = {"A", "AAAA", "SRV", NULL};
	static const char *const servers[] = {"127.0.0.53", "10.0.0.2", "fd00::53", NULL};

	*f = sample_dns((enum dns_source)below(state, DNS_SOURCES),
			(enum dns_outcome)below(state, DNS_OUTCOMES));
	f->dns.name = names[below(state, 4)];
	if (f->dns.source == DNS_QUERY) {
		f->dns.type = types[below(state, 4)];
		f->dns.transport = below(state, 2) ? "tcp" : NULL;
		f->where.address = servers[below(state, 4)];
	}
	f->dns.error = below(state, 3) ? NULL : "EAI_AGAIN";
	f->dns.duration_ns = some_duration(state);
	f->dns.answers = (int64_t)below(state, 4) - 1;
}

static void fill_note(uint64_t *state, struct finding *f)
{
	*f = sample_note((enum note_kind)below(state, NOTE_KINDS));
	f->note.evidence_len = below(state, 5);
	for (size_t i = 2; i < f->note.evidence_len; i++)
		f->note.evidence[i] =
			(struct evidence){.key = i == 2 ? "version" : "members", .text = "3.0.2"};
	if (!below(state, 5))
		f->note.text = NULL;
}

struct finding random_finding(uint64_t *state, uint64_t ts_ns)
{
	static const char *const endpoints[] = {"etcd1.lab:2379", "etcd2.lab:2379",
						"[fd00::3]:2379", NULL};
	struct finding f = {0};

	switch (below(state, 14)) {
	case 0:
		f = sample_connect((enum connect_outcome)below(state, CONNECT_OUTCOMES));
		break;
	case 1:
		f = sample_endpoint();
		f.endpoint.state = (enum endpoint_state)below(state, ENDPOINT_STATES);
		break;
	case 2:
		fill_stall(state, &f);
		break;
	case 3:
		f.type = FINDING_LOST;
		f.lost = (struct finding_lost){.reason = "ring_full", .count = below(state, 9)};
		break;
	case 4:
		f = (struct finding){.type = FINDING_PROCESS, .who = leader};
		f.process.phase = (enum process_phase)below(state, PROCESS_PHASES);
		f.process.uid = below(state, 2) ? LW_UNKNOWN : (int64_t)below(state, 70000);
		break;
	case 5:
	case 6:
	case 7:
		fill_dns(state, &f);
		break;
	case 8:
		fill_note(state, &f);
		break;
	default:
		fill_request(state, &f);
	}
	if (f.where.endpoint)
		f.where.endpoint = endpoints[below(state, 4)];
	f.ts_ns = ts_ns;
	return f;
}

/* Everything in this file, as a string. */
static char *slurp(int fd)
{
	off_t len = lseek(fd, 0, SEEK_END);
	char *text = calloc(1, (size_t)len + 1);

	assert_non_null(text);
	assert_int_equal(pread(fd, text, (size_t)len, 0), len);
	return text;
}

char *json_of(const struct finding *f)
{
	int fd = memfd_create("json", MFD_CLOEXEC);
	struct sink *sink = sink_json__new(fd);
	char *line;

	assert_true(fd >= 0);
	assert_non_null(sink);
	assert_int_equal(sink__finding(sink, f), 0);
	line = slurp(fd);
	sink__free(sink);
	close(fd);
	return line;
}

char *json_of_summary(const struct summary *s)
{
	struct finding f = {.type = FINDING_SUMMARY, .ts_ns = SAMPLE_TS_NS, .summary = s};

	return json_of(&f);
}

char *text_of(const struct finding *findings, size_t len, const struct text_options *opts)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	struct sink *sink = sink_text__new(out, opts);

	assert_non_null(sink);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(sink__finding(sink, &findings[i]), 0);
	sink__free(sink);
	fclose(out);
	return text;
}
