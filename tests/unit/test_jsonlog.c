// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_jsonlog.c - the way back: what was written is read, what is not ours is refused.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "findings.h"
#include "sink/jsonlog.h"

static struct jsonlog_line *parse(const char *text)
{
	struct jsonlog_line *line = NULL;

	assert_int_equal(jsonlog__parse(text, strlen(text), &line), 0);
	assert_non_null(line);
	return line;
}

static void check_refused(const char *text, int expected)
{
	struct jsonlog_line *untouched = (struct jsonlog_line *)&untouched, *line = untouched;

	assert_int_equal(jsonlog__parse(text, strlen(text), &line), expected);
	assert_ptr_equal(line, untouched);
}

#define TS "{\"ts\":\"2026-01-02T03:04:05.123456Z\",\"event\":"

static void test_a_request_comes_back_whole(void **state)
{
	struct finding f = sample_request();
	char *text = json_of(&f);
	struct jsonlog_line *line = parse(text);
	const struct finding *g = jsonlog__finding(line);

	(void)state;
	assert_int_equal(g->type, FINDING_REQUEST);
	assert_int_equal(g->ts_ns, SAMPLE_TS_NS / 1000 * 1000);
	assert_int_equal(g->who.pid, 4242);
	assert_string_equal(g->who.scope, "demo");
	assert_string_equal(g->who.member, "patroni1");
	assert_string_equal(g->who.role, "leader");
	assert_string_equal(g->where.endpoint, "etcd2.lab:2379");
	assert_string_equal(g->where.address, "127.0.0.12");
	assert_int_equal(g->where.port, 2379);
	assert_string_equal(g->request.rpc, "lease/keepalive");
	assert_int_equal(g->request.status, 200);
	assert_int_equal(g->request.duration_ns, f.request.duration_ns);
	assert_int_equal(g->request.unread_ns, f.request.unread_ns);
	assert_int_equal(g->request.retransmits, 0);
	assert_true(g->request.member_id == f.request.member_id);
	assert_true(g->request.lease_id == f.request.lease_id);
	assert_int_equal(g->request.raft_term, 7);
	assert_int_equal(g->request.ttl_s, 30);
	jsonlog__free(line);
	free(text);
	jsonlog__free(NULL);
}

/* Written, read and written again, any line is the same, byte for byte. */
static void test_lines_survive_the_way_there_and_back(void **state)
{
	uint64_t seed = 4;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		struct finding f =
			random_finding(&seed, SAMPLE_TS_NS + random_next(&seed) % 1000000);
		char *first = json_of(&f), *second;
		struct jsonlog_line *line = parse(first);

		second = json_of(jsonlog__finding(line));
		assert_string_equal(second, first);
		jsonlog__free(line);
		free(first);
		free(second);
	}
}

/* A type that is new must be in both directions: a hole in a table shows here. */
static void test_every_type_goes_there_and_back(void **state)
{
	static const struct histogram latency; /* of a watch: empty */
	struct summary *s = summary__new();

	(void)state;
	for (int type = 0; type < FINDING_TYPES; type++) {
		struct finding f = sample_start();
		struct jsonlog_line *line;
		char *text;

		f.type = (enum finding_type)type;
		if (type == FINDING_SUMMARY)
			f.summary = s;
		else if (type == FINDING_REQUESTS)
			f.requests = (struct finding_requests){
				.rpc = "kv/range", .count = 1, .latency = &latency};
		else if (type != FINDING_START)
			memset(&f.stall, 0, sizeof(f.stall));
		text = json_of(&f);
		line = parse(text);
		assert_int_equal(jsonlog__finding(line)->type, type);
		jsonlog__free(line);
		free(text);
	}
	summary__free(s);
}

static void check_same_text(const struct summary *a, const struct summary *b)
{
	struct finding f = {.type = FINDING_SUMMARY, .summary = a};
	char *one = text_of(&f, 1, &(struct text_options){0}), *other;

	f.summary = b;
	other = text_of(&f, 1, &(struct text_options){0});
	assert_string_equal(one, other);
	free(one);
	free(other);
}

/* The promise of `report`: from the log, the summary is the one that was shown live. */
static void test_the_summary_of_a_log_is_the_live_one(void **state)
{
	uint64_t seed = 5;

	(void)state;
	for (int round = 0; round < 60; round++) {
		struct summary *live = summary__new(), *later = summary__new();
		uint64_t ts = SAMPLE_TS_NS;
		char *a, *b;

		for (int i = 0; i < 400; i++) {
			struct finding f = random_finding(&seed, ts += random_next(&seed) >> 34);
			struct jsonlog_line *line;
			char *text;

			if (!(random_next(&seed) % 150)) {
				f = sample_start();
				f.ts_ns = ts;
			}
			assert_int_equal(summary__add(live, &f), 0);
			text = json_of(&f);
			line = parse(text);
			assert_int_equal(summary__add(later, jsonlog__finding(line)), 0);
			jsonlog__free(line);
			free(text);
		}
		summary__finish(live, ts + 1500);
		summary__finish(later, (ts + 1500) / 1000 * 1000);
		a = json_of_summary(live);
		b = json_of_summary(later);
		assert_string_equal(a, b);
		assert_int_equal(live->stall_list_len, later->stall_list_len);
		for (size_t i = 0; i < live->stall_list_len; i++)
			assert_memory_equal(&live->stall_list[i], &later->stall_list[i],
					    sizeof(struct summary_stall));
		check_same_text(live, later);
		free(a);
		free(b);
		summary__free(live);
		summary__free(later);
	}
}

static void test_a_stall_comes_back_with_its_evidence(void **state)
{
	struct finding f = sample_stall(STALL_END);
	char *text = json_of(&f);
	struct jsonlog_line *line = parse(text);
	const struct finding_stall *s = &jsonlog__finding(line)->stall;

	(void)state;
	assert_int_equal(s->phase, STALL_END);
	assert_int_equal(s->result, STALL_RECOVERED);
	assert_int_equal(s->duration_ns, f.stall.duration_ns);
	assert_int_equal(s->evidence_len, 3);
	assert_string_equal(s->evidence[0].key, "in_flight_s");
	assert_null(s->evidence[0].text);
	assert_true(s->evidence[0].number == 1);
	assert_string_equal(s->evidence[2].text, "none");
	assert_string_equal(s->hint, f.stall.hint);
	jsonlog__free(line);
	free(text);
}

static void test_unknown_stays_unknown(void **state)
{
	struct jsonlog_line *line = parse(TS "\"request\",\"outcome\":\"timeout\"}");
	const struct finding *f = jsonlog__finding(line);

	(void)state;
	assert_null(f->where.endpoint);
	assert_null(f->request.rpc);
	assert_int_equal(f->request.duration_ns, LW_UNKNOWN);
	assert_int_equal(f->request.retransmits, LW_UNKNOWN);
	assert_int_equal(f->request.ttl_s, LW_UNKNOWN);
	jsonlog__free(line);
	line = parse(TS "\"stall\",\"phase\":\"begin\"}");
	f = jsonlog__finding(line);
	assert_true(f->stall.remaining_ns == LW_UNKNOWN_REMAINING);
	assert_int_equal(f->stall.cause, CAUSE_UNKNOWN);
	assert_int_equal(f->stall.evidence_len, 0);
	jsonlog__free(line);
}

/* Of the wrong type, negative, or absurd: not known. */
static void test_nonsense_is_not_known(void **state)
{
	struct jsonlog_line *line =
		parse(TS "\"request\",\"outcome\":\"ok\",\"duration_s\":1e300,"
			 "\"first_byte_s\":-1,\"unread_s\":\"x\",\"lease.id\":\"12x\","
			 "\"etcd.member_id\":\"99999999999999999999999\","
			 "\"http.response.status_code\":[],\"endpoint\":7,\"lease.ttl_s\":-30,"
			 "\"etcd.error.code\":4294967295,\"process.pid\":4294967297,"
			 "\"network.peer.port\":65537}");
	const struct finding_request *r = &jsonlog__finding(line)->request;

	(void)state;
	assert_int_equal(r->duration_ns, LW_UNKNOWN);
	assert_int_equal(r->first_byte_ns, LW_UNKNOWN);
	assert_int_equal(r->unread_ns, LW_UNKNOWN);
	assert_int_equal(r->lease_id, 0);
	assert_int_equal(r->member_id, 0);
	assert_int_equal(r->status, 0);
	assert_int_equal(r->ttl_s, LW_UNKNOWN);
	assert_int_equal(r->error_code, 0);
	assert_int_equal(jsonlog__finding(line)->who.pid, 0);
	assert_int_equal(jsonlog__finding(line)->where.port, 0);
	assert_null(jsonlog__finding(line)->where.endpoint);
	jsonlog__free(line);
}

static void check_time(const char *ts, int64_t expected_ns)
{
	struct jsonlog_line *line = NULL;
	char text[128];
	int err;

	snprintf(text, sizeof(text), "{\"ts\":\"%s\",\"event\":\"lost\",\"count\":1}", ts);
	err = jsonlog__parse(text, strlen(text), &line);
	assert_int_equal(err, expected_ns < 0 ? -EBADMSG : 0);
	if (!err)
		assert_int_equal(jsonlog__finding(line)->ts_ns, expected_ns);
	jsonlog__free(line);
}

static void test_times(void **state)
{
	(void)state;
	check_time("1970-01-01T00:00:00Z", 0);
	check_time("2026-01-02T03:04:05Z", 1767323045000000000);
	check_time("2026-01-02T03:04:05.1Z", 1767323045100000000);
	check_time("2026-01-02T03:04:05.123456789Z", 1767323045123456789);
	check_time("2026-01-02T03:04:05.1234567891Z", 1767323045123456789);
	check_time("2026-01-02T03:04:05", -1);
	check_time("2026-01-02T03:04:05.Z", -1);
	check_time("2026-01-02T03:04:05+01:00", -1);
	check_time("2026-01-02T03:04:05.1Zjunk", -1);
	check_time("1969-12-31T23:59:59Z", -1);
	check_time("2600-01-01T00:00:00Z", -1);
	check_time("yesterday", -1);
}

static void test_what_is_not_ours(void **state)
{
	(void)state;
	check_refused("", -EBADMSG);
	check_refused("Jan 02 03:04:05 db1 patroni: no action", -EBADMSG);
	check_refused("[]", -EBADMSG);
	check_refused("{}", -EBADMSG);
	check_refused("{\"ts\":\"2026-01-02T03:04:05Z\"}", -EBADMSG);
	check_refused("{\"event\":\"request\",\"outcome\":\"ok\"}", -EBADMSG);
	check_refused("{\"ts\":5,\"event\":\"request\"}", -EBADMSG);
	check_refused(TS "\"request\",\"outcome\":\"ok\"", -EBADMSG);
	check_refused(TS "\"request\",\"outcome\":\"ok\"} {}", -EBADMSG);
}

static void test_what_is_newer_than_we_are(void **state)
{
	struct jsonlog_line *line;

	(void)state;
	check_refused(TS "\"telepathy\"}", -ENOMSG);
	check_refused(TS "\"request\",\"outcome\":\"confused\"}", -ENOMSG);
	check_refused(TS "\"request\"}", -ENOMSG);
	check_refused(TS "\"stall\",\"phase\":\"middle\"}", -ENOMSG);
	check_refused(TS "\"start\",\"schema_version\":2}", -ENOTSUP);
	check_refused(TS "\"start\"}", -ENOTSUP);
	/* A new word for a cause must not hide the stall. */
	line = parse(TS "\"stall\",\"phase\":\"begin\",\"cause\":\"sunspots\"}");
	assert_int_equal(jsonlog__finding(line)->stall.cause, CAUSE_UNKNOWN);
	jsonlog__free(line);
}

/* Cut at any byte, a line is not a line; with any byte replaced, it is at least harmless. */
static void test_cut_and_damaged_lines(void **state)
{
	struct finding f = sample_stall(STALL_BEGIN);
	char *text = json_of(&f);
	size_t len = strlen(text) - 1;

	(void)state;
	for (size_t i = 0; i < len; i++) {
		struct jsonlog_line *line = NULL;
		char *copy = malloc(len),
		     was = text[i]; /* exactly as long: a read behind it is seen */

		assert_non_null(copy);
		assert_int_equal(jsonlog__parse(memcpy(copy, text, i), i, &line), -EBADMSG);
		free(copy);
		text[i] = '\0';
		if (!jsonlog__parse(text, len, &line))
			jsonlog__free(line);
		text[i] = was;
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_request_comes_back_whole),
		cmocka_unit_test(test_lines_survive_the_way_there_and_back),
		cmocka_unit_test(test_every_type_goes_there_and_back),
		cmocka_unit_test(test_the_summary_of_a_log_is_the_live_one),
		cmocka_unit_test(test_a_stall_comes_back_with_its_evidence),
		cmocka_unit_test(test_unknown_stays_unknown),
		cmocka_unit_test(test_nonsense_is_not_known),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_what_is_not_ours),
		cmocka_unit_test(test_what_is_newer_than_we_are),
		cmocka_unit_test(test_cut_and_damaged_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
