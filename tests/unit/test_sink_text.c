// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_sink_text.c - the log and the summary as a person reads them.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "findings.h"
#include "leasewatch/units.h"

static const struct text_options plain80 = {.width = 80};
static const struct text_options verbose = {.verbose = true};

static void check_text(const struct finding *f, size_t len, const struct text_options *opts,
		       const char *expected)
{
	char *text = text_of(f, len, opts);

	assert_string_equal(text, expected);
	free(text);
}

#define DAY "-- 2026-01-02, times in UTC (UTC+0000) --\n"

static void test_a_stall(void **state)
{
	struct finding f = sample_stall(STALL_BEGIN);

	(void)state;
	check_text(&f, 1, &plain80,
		   DAY "03:04:05.123  STALL    etcd2.lab:2379 does not answer the keepalive\n"
		       "                       cause: endpoint_silent at etcd2.lab:2379 (warning)\n"
		       "                       answer: none; in_flight_s: 1; tcp retransmits: 0\n"
		       "                       -> Check DNS and port 2380 from that member.\n");
}

static void test_a_long_hint_is_wrapped_between_words(void **state)
{
	struct finding f = sample_stall(STALL_BEGIN);
	char *text;

	(void)state;
	f.stall.hint = "Renewals through this member hang while other requests pass: check DNS.";
	text = text_of(&f, 1, &plain80);
	assert_non_null(strstr(
		text,
		"                       -> Renewals through this member hang while other requests\n"
		"                          pass: check DNS.\n"));
	free(text);
	text = text_of(&f, 1, &(struct text_options){.width = 0});
	assert_non_null(strstr(text, f.stall.hint)); /* not a terminal: a line is a line */
	free(text);
}

static void test_an_update_says_only_what_is_new(void **state)
{
	struct finding f[3] = {sample_stall(STALL_BEGIN), sample_stall(STALL_UPDATE),
			       sample_stall(STALL_UPDATE)};
	char *text, *second, *third;

	(void)state;
	f[1].stall.severity = STALL_CRITICAL;
	f[2].stall.cause = CAUSE_ENDPOINT_ERROR;
	f[2].stall.hint = "Look at its log.";
	text = text_of(f, 3, &plain80);
	second = strstr(text, "STALLED");
	assert_non_null(second);
	third = strstr(second + 1, "STALLED");
	assert_non_null(third);
	assert_non_null(strstr(text, "-> Check DNS"));
	*third = '\0';
	assert_null(strstr(second, "-> "));
	assert_null(strstr(second, "in_flight_s"));
	assert_non_null(strstr(second, "(critical)"));
	assert_non_null(strstr(third + 1, "in_flight_s"));
	assert_non_null(strstr(third + 1, "-> Look at its log."));
	free(text);
}

static void test_the_end_of_a_stall(void **state)
{
	struct finding f = sample_stall(STALL_END);

	(void)state;
	check_text(&f, 1, &plain80,
		   DAY "03:04:05.123  ended    recovered after 7.05 s\n"
		       "                       cause: endpoint_silent at etcd2.lab:2379\n");
}

static void test_requests(void **state)
{
	struct finding ok = sample_request(), bad = sample_request();

	(void)state;
	check_text(&ok, 1, &plain80, "");
	check_text(
		&ok, 1, &verbose,
		DAY
		"03:04:05.123  ok       lease/keepalive  etcd2.lab:2379        46 ms  TTL 30 s\n");
	ok.request.unread_ns = 1200000000;
	check_text(&ok, 1, &verbose,
		   DAY
		   "03:04:05.123  ok       lease/keepalive  etcd2.lab:2379        46 ms  TTL 30 s, "
		   "read 1.20 s late\n");
	bad.request.outcome = REQUEST_TIMEOUT;
	bad.request.duration_ns = 3330000000;
	check_text(
		&bad, 1, &plain80,
		DAY
		"03:04:05.123  FAILED   lease/keepalive  etcd2.lab:2379       3.33 s  timeout\n");
	bad.request.outcome = REQUEST_ERROR;
	bad.request.status = 503;
	bad.request.error_code = 14;
	bad.request.error_message = "etcdserver: request timed out";
	check_text(&bad, 1, &plain80,
		   DAY "03:04:05.123  FAILED   lease/keepalive  etcd2.lab:2379       3.33 s\n"
		       "                       HTTP 503, code 14: etcdserver: request timed out\n");
	bad.request.status = 200;
	bad.request.error_code = 0;
	bad.request.error_message = NULL;
	check_text(&bad, 1, &(struct text_options){.width = 120},
		   DAY
		   "03:04:05.123  FAILED   lease/keepalive  etcd2.lab:2379       3.33 s  HTTP 200 "
		   "without a TTL: the lease is gone\n");
}

static void test_connects(void **state)
{
	struct finding f = sample_connect(CONNECT_REFUSED);

	(void)state;
	check_text(
		&f, 1, &plain80,
		DAY
		"03:04:05.123  FAILED   connect          etcd2.lab:2379       820 us  refused\n");
	check_text(&f, 1, &(struct text_options){.width = 80, .utf8 = true},
		   DAY "03:04:05.123  FAILED   connect          etcd2.lab:2379       820 \u00b5s  "
		       "refused\n");
	f.connect.outcome = CONNECT_OK;
	check_text(&f, 1, &plain80, "");
	f.connect.outcome = CONNECT_ABANDONED;
	check_text(&f, 1, &plain80, "");
}

static void test_an_endpoint(void **state)
{
	struct finding f = sample_endpoint();

	(void)state;
	check_text(&f, 1, &plain80,
		   DAY
		   "03:04:05.123  endpoint etcd2.lab:2379 is half_healthy (was healthy): answers\n"
		   "                       some requests, but fails others\n"
		   "                       connect ok  read ok  keepalive HANGS  watch ok\n");
}

static void test_start_process_lost(void **state)
{
	struct finding f[4] = {sample_start(),
			       sample_connect(CONNECT_OK),
			       sample_connect(CONNECT_OK),
			       {.type = FINDING_LOST}};

	(void)state;
	f[1].type = f[2].type = FINDING_PROCESS;
	f[1].process = (struct finding_process){.phase = PROCESS_FOUND};
	f[2].process = (struct finding_process){.phase = PROCESS_EXITED, .note = "killed"};
	f[3].ts_ns = SAMPLE_TS_NS;
	f[3].lost = (struct finding_lost){.reason = "ring_full", .count = 1};
	check_text(
		f, 4, &(struct text_options){0},
		DAY
		"03:04:05.123  start    leasewatch 0.1.0 on db1, kernel 6.1.0-13-amd64, watching "
		"1 Patroni process\n"
		"03:04:05.123  found    demo/patroni1, leader, pid 4242, Patroni 3.0.2\n"
		"03:04:05.123  EXITED   demo/patroni1, leader, pid 4242, Patroni 3.0.2\n"
		"                       killed\n"
		"03:04:05.123  LOST     1 event (ring_full): counts are too low from here on\n");
}

static void test_roles(void **state)
{
	struct finding f[3] = {sample_connect(CONNECT_OK), sample_connect(CONNECT_OK),
			       sample_connect(CONNECT_OK)};

	(void)state;
	for (int i = 0; i < 3; i++) {
		f[i].type = FINDING_PROCESS;
		f[i].process = (struct finding_process){.phase = PROCESS_UPDATED};
	}
	f[1].process.previous_role = "leader";
	f[1].who.role = "replica";
	f[2].process.previous_role = "replica";
	check_text(f, 3, &(struct text_options){0},
		   DAY "03:04:05.123  learned  demo/patroni1, leader, pid 4242, Patroni 3.0.2\n"
		       "03:04:05.123  DEMOTED  demo/patroni1, replica, pid 4242, Patroni 3.0.2\n"
		       "03:04:05.123  PROMOTED demo/patroni1, leader, pid 4242, Patroni 3.0.2\n");
}

static void test_with_two_patronis_each_line_says_whose_it_is(void **state)
{
	struct finding f[2] = {sample_connect(CONNECT_REFUSED), sample_connect(CONNECT_REFUSED)};
	char *text;

	(void)state;
	f[1].who.pid = 4300;
	f[1].who.member = "patroni2";
	text = text_of(f, 2, &(struct text_options){0});
	assert_null(strstr(text, "(demo/patroni1)"));
	assert_non_null(strstr(text, "refused (demo/patroni2)\n"));
	free(text);
}

static void test_another_day(void **state)
{
	struct finding f[3] = {sample_connect(CONNECT_REFUSED), sample_connect(CONNECT_REFUSED),
			       sample_connect(CONNECT_OK)};
	char *text, *day;

	(void)state;
	f[1].ts_ns += UINT64_C(86400000000000);
	f[2].ts_ns += UINT64_C(2 * 86400000000000); /* says nothing, so no day for it */
	text = text_of(f, 3, &plain80);
	day = strstr(text, "-- 2026-01-03");
	assert_non_null(day);
	assert_null(strstr(text, "-- 2026-01-04"));
	free(text);
}

static void test_the_summary(void **state)
{
	struct summary *s = summary__new();
	struct finding f[] = {
		sample_request(),  sample_request(),	      sample_connect(CONNECT_REFUSED),
		sample_endpoint(), sample_stall(STALL_BEGIN), sample_stall(STALL_END)};
	struct finding end = {.type = FINDING_SUMMARY, .ts_ns = SAMPLE_TS_NS, .summary = s};

	(void)state;
	f[1].request.outcome = REQUEST_TIMEOUT;
	for (size_t i = 0; i < ARRAY_LEN(f); i++)
		assert_int_equal(summary__add(s, &f[i]), 0);
	summary__finish(s, SAMPLE_TS_NS + UINT64_C(60000000000));
	check_text(
		&end, 1, &plain80,
		"Summary  2026-01-02 03:04:05 to 03:05:05 UTC (60.0 s)\n"
		"\n"
		"endpoint         state        requests  failed  timeouts     p50     p99     max\n"
		"etcd2.lab:2379   half_healthy        2       1         1   46 ms   46 ms   46 ms\n"
		"  lease/keepalive                    2       1         1   46 ms   46 ms   46 ms\n"
		"  connect                            1       1\n"
		"  at the end: connect ok  read ok  keepalive HANGS  watch ok\n"
		"\n"
		"stall at      lasted  cause            endpoint        least left  result\n"
		"03:04:05      7.05 s  endpoint_silent  etcd2.lab:2379      11.9 s  recovered\n"
		"\n"
		"stalled: 1 stall: endpoint_silent at etcd2.lab:2379; 11.9 s of the lease left;\n"
		"recovered after 7.05 s.\n");
	summary__free(s);
}

static void test_an_empty_summary(void **state)
{
	struct summary *s = summary__new();
	struct finding end = {.type = FINDING_SUMMARY, .ts_ns = SAMPLE_TS_NS, .summary = s};

	(void)state;
	summary__finish(s, SAMPLE_TS_NS);
	check_text(&end, 1, &plain80,
		   "Summary  2026-01-02 03:04:05 to 03:04:05 UTC (0 s)\n"
		   "\n"
		   "nothing to judge: no request to etcd was seen in 0 s.\n");
	end.summary = NULL; /* as it comes out of a log */
	check_text(&end, 1, &plain80, "");
	summary__free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_stall),
		cmocka_unit_test(test_a_long_hint_is_wrapped_between_words),
		cmocka_unit_test(test_an_update_says_only_what_is_new),
		cmocka_unit_test(test_the_end_of_a_stall),
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_connects),
		cmocka_unit_test(test_an_endpoint),
		cmocka_unit_test(test_start_process_lost),
		cmocka_unit_test(test_roles),
		cmocka_unit_test(test_with_two_patronis_each_line_says_whose_it_is),
		cmocka_unit_test(test_another_day),
		cmocka_unit_test(test_the_summary),
		cmocka_unit_test(test_an_empty_summary),
	};

	setenv("TZ", "UTC", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
