// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_summary.c - the fold: what is counted, what is not, and that it stays bounded.
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

#include "summaries.h"

#define S INT64_C(1000000000)

static void add_request(struct summary *s, const char *rpc, enum request_outcome outcome,
			int64_t duration_ns, int64_t ttl_s)
{
	struct finding f = sample_request();

	f.request.rpc = rpc;
	f.request.outcome = outcome;
	f.request.duration_ns = duration_ns;
	f.request.ttl_s = ttl_s;
	add(s, f);
}

static void test_nothing(void **state)
{
	struct summary *s = *state;

	summary__finish(s, SAMPLE_TS_NS);
	assert_int_equal(s->verdict, VERDICT_NO_TRAFFIC);
	assert_int_equal(s->begin_ts_ns, s->end_ts_ns);
	check_sentence(s, "nothing to judge: no request to etcd was seen in 0 s.");
	summary__free(NULL);
}

static void test_requests_are_counted_by_outcome(void **state)
{
	struct summary *s = *state;
	const struct summary_endpoint *e;

	add_request(s, "lease/keepalive", REQUEST_OK, 46000000, 30);
	add_request(s, "lease/keepalive", REQUEST_ERROR, 7050 * S / 1000, LW_UNKNOWN);
	add_request(s, "lease/keepalive", REQUEST_TIMEOUT, 3330 * S / 1000, LW_UNKNOWN);
	add_request(s, "kv/range", REQUEST_RESET, 5000000, LW_UNKNOWN);
	add_request(s, "kv/range", REQUEST_CLOSED, 5000000, LW_UNKNOWN);
	add_request(s, "kv/range", REQUEST_UNOBSERVED, LW_UNKNOWN, LW_UNKNOWN);
	add_request(s, "watch", REQUEST_RESET, 600 * S, LW_UNKNOWN);
	assert_int_equal(s->endpoints_len, 1);
	e = &s->endpoints[0];
	assert_string_equal(e->endpoint, "etcd2.lab:2379");
	assert_int_equal(e->requests, 6);
	assert_int_equal(e->failed, 4);
	assert_int_equal(e->timeouts, 1);
	assert_int_equal(e->latency.count, 2); /* only what was answered has a latency */
	assert_int_equal(histogram__quantile_ns(&e->latency, 1), 7050 * S / 1000);
	assert_int_equal(e->rpcs_len, 3);
	assert_int_equal(summary_rpc__requests(&e->rpcs[0]), 3);
	assert_int_equal(summary_rpc__failed(&e->rpcs[0]), 2);
	assert_int_equal(summary_rpc__failed(&e->rpcs[1]), 2);
	assert_int_equal(e->rpcs[2].outcomes[REQUEST_RESET], 1);
	assert_int_equal(e->rpcs[2].latency.count, 0);
	assert_int_equal(s->refreshes, 3);
	assert_int_equal(s->refreshes_ok, 1);
}

static void test_a_bad_outcome_changes_nothing(void **state)
{
	struct summary *s = *state;
	struct finding f = sample_request();

	f.request.outcome = REQUEST_OUTCOMES;
	assert_int_equal(summary__add(s, &f), -EINVAL);
	assert_int_equal(s->endpoints_len, 0);
	assert_int_equal(s->begin_ts_ns, 0);
}

static void test_connects(void **state)
{
	struct summary *s = *state;

	for (int o = 0; o < CONNECT_OUTCOMES; o++)
		add(s, sample_connect((enum connect_outcome)o));
	assert_int_equal(s->endpoints[0].connects, CONNECT_OUTCOMES);
	/* Neither ok nor Patroni's own going away. */
	assert_int_equal(s->endpoints[0].connects_failed, CONNECT_OUTCOMES - 2);
	assert_int_equal(s->endpoints[0].requests, 0);
	summary__finish(s, SAMPLE_TS_NS);
	assert_int_equal(s->verdict, VERDICT_HEALTHY);
}

static void test_endpoint_state_is_the_last_one(void **state)
{
	struct summary *s = *state;
	struct finding f = sample_endpoint();

	add(s, f);
	f.endpoint.state = ENDPOINT_HEALTHY;
	f.endpoint.matrix[MATRIX_KEEPALIVE] = CELL_OK;
	add(s, f);
	assert_int_equal(s->endpoints[0].state, ENDPOINT_HEALTHY);
	assert_int_equal(s->endpoints[0].matrix[MATRIX_KEEPALIVE], CELL_OK);
	summary__finish(s, SAMPLE_TS_NS);
	assert_int_equal(s->verdict, VERDICT_NO_TRAFFIC);
}

static void test_healthy_verdict(void **state)
{
	struct summary *s = *state;

	add(s, sample_start());
	for (int i = 0; i < 6; i++)
		add_request(s, "lease/keepalive", REQUEST_OK, (46 + i) * 1000000, 30);
	add_request(s, "kv/range", REQUEST_TIMEOUT, S, LW_UNKNOWN);
	summary__finish(s, SAMPLE_TS_NS + 60 * S);
	assert_int_equal(s->verdict, VERDICT_HEALTHY);
	check_sentence(
		s,
		"healthy: no stall; 6 of 6 lease renewals succeeded in 60.0 s, the slowest in 51 ms; but 1 of 7 requests failed.");
	add(s, (struct finding){.type = FINDING_LOST, .ts_ns = SAMPLE_TS_NS, .lost = {"x", 3}});
	check_sentence(
		s,
		"healthy: no stall; 6 of 6 lease renewals succeeded in 60.0 s, the slowest in 51 ms; but 1 of 7 requests failed. 3 events were lost: the counts are too low.");
}

static void test_replica_verdict(void **state)
{
	struct summary *s = *state;

	add_request(s, "kv/range", REQUEST_OK, 2000000, LW_UNKNOWN);
	summary__finish(s, SAMPLE_TS_NS + 600 * S);
	check_sentence(
		s, "healthy: no stall; no lease renewal was due in 10 min (only a leader renews).");
}

static void test_names_are_bounded(void **state)
{
	struct summary *s = *state;
	struct finding f = sample_request();
	char name[400];
	uint64_t requests = 0;

	for (int i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), "etcd%d.lab:2379", i);
		f.where.endpoint = name;
		add(s, f);
	}
	assert_int_equal(s->endpoints_len, SUMMARY_ENDPOINTS_MAX);
	for (size_t i = 0; i < s->endpoints_len; i++)
		requests += s->endpoints[i].requests;
	assert_int_equal(requests, 500);
	assert_string_equal(s->endpoints[SUMMARY_ENDPOINTS_MAX - 1].endpoint, SUMMARY_OTHER);
	f.where.endpoint = s->endpoints[0].endpoint;
	for (int i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), "rpc%d", i);
		f.request.rpc = name;
		add(s, f);
	}
	assert_int_equal(s->endpoints[0].rpcs_len, SUMMARY_RPCS_MAX);
	assert_int_equal(s->endpoints[0].requests, 501);
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	f.request.rpc = name;
	f.where.endpoint = s->endpoints[1].endpoint;
	add(s, f);
	assert_int_equal(strlen(s->endpoints[1].rpcs[1].rpc), SUMMARY_NAME_BYTES - 1);
}

/* The clock of the host may be set back while we watch. */
static void test_the_window_spans_all_findings(void **state)
{
	struct summary *s = *state;
	struct finding f = sample_request();

	add(s, f);
	f.ts_ns += (uint64_t)(10 * S);
	add(s, f);
	f.ts_ns -= (uint64_t)(30 * S);
	add(s, f);
	summary__finish(s, f.ts_ns);
	assert_int_equal(s->end_ts_ns - s->begin_ts_ns, 30 * S);
}

static void test_a_summary_is_not_folded(void **state)
{
	struct summary *s = *state;

	add(s, (struct finding){.type = FINDING_SUMMARY, .ts_ns = SAMPLE_TS_NS, .summary = s});
	assert_int_equal(s->begin_ts_ns, 0);
}

static void test_a_sentence_is_cut_to_its_buffer(void **state)
{
	struct summary *s = *state;
	char small[12] = "xxxxxxxxxxx";

	summary__finish(s, SAMPLE_TS_NS);
	summary__verdict_sentence(s, small, sizeof(small));
	assert_string_equal(small, "nothing to ");
	summary__verdict_sentence(s, small, 1);
	assert_string_equal(small, "");
	small[0] = 'x';
	summary__verdict_sentence(s, small, 0);
	assert_int_equal(small[0], 'x');
}

#define test(f) cmocka_unit_test_setup_teardown(f, summary_setup, summary_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_nothing),
		test(test_requests_are_counted_by_outcome),
		test(test_a_bad_outcome_changes_nothing),
		test(test_connects),
		test(test_endpoint_state_is_the_last_one),
		test(test_healthy_verdict),
		test(test_replica_verdict),
		test(test_names_are_bounded),
		test(test_the_window_spans_all_findings),
		test(test_a_summary_is_not_folded),
		test(test_a_sentence_is_cut_to_its_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
