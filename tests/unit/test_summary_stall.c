// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_summary_stall.c - the fold of stalls: how long, how close, where, and what they led to.
 */
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

static void add_stall(struct summary *s, enum stall_phase phase, uint64_t id, int64_t at_s,
		      int64_t remaining_s)
{
	struct finding f = sample_stall(phase);

	f.ts_ns += (uint64_t)(at_s * S);
	f.stall.stall_id = id;
	f.stall.remaining_ns = remaining_s * S;
	add(s, f);
}

static void test_a_stall_from_begin_to_end(void **state)
{
	struct summary *s = *state;
	const struct summary_stall *st;
	struct finding f = sample_stall(STALL_UPDATE);

	add_stall(s, STALL_BEGIN, 1, 0, 19);
	f.stall.cause = CAUSE_ENDPOINT_ERROR;
	f.stall.severity = STALL_CRITICAL;
	f.stall.remaining_ns = 15 * S;
	add(s, f);
	f.stall.phase = STALL_END;
	f.stall.severity = STALL_WARNING;
	f.stall.result = STALL_RECOVERED;
	f.stall.duration_ns = 7 * S;
	f.stall.remaining_ns = 30 * S;
	add(s, f);
	assert_int_equal(s->stalls, 1);
	assert_int_equal(s->stall_list_len, 1);
	st = &s->stall_list[0];
	assert_int_equal(st->cause, CAUSE_ENDPOINT_ERROR);
	assert_int_equal(st->severity, STALL_CRITICAL);
	assert_int_equal(st->result, STALL_RECOVERED);
	assert_int_equal(st->duration_ns, 7 * S);
	assert_string_equal(st->endpoint, "etcd2.lab:2379");
	assert_string_equal(st->member, "patroni1");
	/* 19 s were left when it began, and it took 7 s: no finding says 12, but that is what was
	 * left. */
	assert_int_equal(st->worst_remaining_ns, 12 * S);
	assert_int_equal(s->worst_remaining_ns, 12 * S);
	summary__finish(s, SAMPLE_TS_NS + 60 * S);
	assert_int_equal(s->verdict, VERDICT_STALLED);
	check_sentence(
		s,
		"stalled: 1 stall: endpoint_error at etcd2.lab:2379; 12.0 s of the lease left; recovered after 7.00 s.");
}

static void test_a_stall_that_does_not_end(void **state)
{
	struct summary *s = *state;

	add_stall(s, STALL_BEGIN, 1, 0, 19);
	summary__finish(s, SAMPLE_TS_NS + 9 * S);
	assert_int_equal(s->stall_list[0].result, STALL_ONGOING);
	assert_int_equal(s->stall_list[0].duration_ns, LW_UNKNOWN);
	check_sentence(
		s,
		"stalled: 1 stall: endpoint_silent at etcd2.lab:2379; 10.0 s of the lease left; still going on.");
	summary__finish(s, SAMPLE_TS_NS + 25 * S);
	check_sentence(
		s,
		"stalled: 1 stall: endpoint_silent at etcd2.lab:2379; the lease ran out; still going on.");
}

static void test_the_worst_of_several(void **state)
{
	struct summary *s = *state;

	for (uint64_t id = 1; id <= 3; id++) {
		add_stall(s, STALL_BEGIN, id, (int64_t)id * 20, 20);
		add_stall(s, STALL_UPDATE, id, (int64_t)id * 20 + 5, id == 2 ? 3 : 9);
		add_stall(s, STALL_END, id, (int64_t)id * 20 + 7, 29);
	}
	summary__finish(s, SAMPLE_TS_NS + 90 * S);
	assert_int_equal(s->stalls, 3);
	assert_int_equal(s->worst_remaining_ns, 3 * S);
	check_sentence(
		s,
		"stalled: 3 stalls, the worst: endpoint_silent at etcd2.lab:2379; 3.00 s of the lease left; recovered after 7.05 s.");
}

static void add_cause(struct summary *s, enum stall_phase phase, enum cause cause, double elsewhere)
{
	struct finding f = sample_stall(phase);

	f.stall.cause = cause;
	f.stall.remaining_ns = 19 * S;
	f.stall.evidence[f.stall.evidence_len++] =
		(struct evidence){.key = "same_elsewhere", .number = elsewhere};
	add(s, f);
}

/* As many as there can be; what is no such number counts as none. */
static void test_how_many_elsewhere(void **state)
{
	static const double numbers[] = {0, -1, SUMMARY_ENDPOINTS_MAX, 1e300, 0.5};
	struct summary *s = *state;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		add_cause(s, STALL_BEGIN, CAUSE_CONNECT_REFUSED, numbers[i]);
		assert_int_equal(s->stall_list[0].elsewhere, 0);
	}
	add_cause(s, STALL_UPDATE, CAUSE_CONNECT_REFUSED, SUMMARY_ENDPOINTS_MAX - 1);
	assert_int_equal(s->stall_list[0].elsewhere, SUMMARY_ENDPOINTS_MAX - 1);
}

/* The log begins in the middle of a stall: how long it took says when it began. */
static void test_only_its_end_is_there(void **state)
{
	struct summary *s = *state;
	struct finding f = sample_stall(STALL_UPDATE);

	f.stall.duration_ns = 7 * S;
	add(s, f);
	assert_int_equal(s->stall_list[0].begin_ts_ns, SAMPLE_TS_NS / 1000 * 1000);
	f = sample_stall(STALL_END);
	f.stall.stall_id = 5;
	f.stall.duration_ns = 7 * S;
	f.stall.result = STALL_RECOVERED;
	add(s, f);
	assert_int_equal(s->stall_list_len, 2);
	assert_int_equal(s->stall_list[1].begin_ts_ns, SAMPLE_TS_NS / 1000 * 1000 - 7 * S);
	f.stall.stall_id = 6;
	f.stall.duration_ns = INT64_MAX;
	add(s, f);
	assert_int_equal(s->stall_list[2].begin_ts_ns, SAMPLE_TS_NS / 1000 * 1000);
}

/* Not that one endpoint's fault; but only as long as it is the same with the others. */
static void test_the_same_elsewhere(void **state)
{
	struct summary *s = *state;
	char where[SUMMARY_NAME_BYTES + 32];

	add_cause(s, STALL_BEGIN, CAUSE_CONNECT_REFUSED, 1);
	add_cause(s, STALL_UPDATE, CAUSE_CONNECT_REFUSED, 2);
	add_stall(s, STALL_UPDATE, 1, 1, 19);
	assert_string_equal(summary_stall__where(&s->stall_list[0], where, sizeof(where)),
			    "etcd2.lab:2379");
	add_cause(s, STALL_UPDATE, CAUSE_CONNECT_REFUSED, 2);
	add_cause(s, STALL_UPDATE, CAUSE_CONNECT_REFUSED, 1e300);
	summary__finish(s, SAMPLE_TS_NS + 9 * S);
	check_sentence(
		s,
		"stalled: 1 stall: connect_refused at etcd2.lab:2379 and 2 more; 10.0 s of the lease left; still going on.");
}

/* What was named last is not all that was in the way. */
static void test_it_began_elsewhere(void **state)
{
	struct summary *s = *state;
	struct finding f = sample_stall(STALL_BEGIN);

	f.where.endpoint = "etcd1.lab:2379";
	f.stall.remaining_ns = 19 * S;
	add(s, f);
	add_cause(s, STALL_UPDATE, CAUSE_ENDPOINT_ERROR, 0);
	summary__finish(s, SAMPLE_TS_NS + 9 * S);
	check_sentence(
		s,
		"stalled: 1 stall: endpoint_error at etcd2.lab:2379, after endpoint_silent at etcd1.lab:2379; 10.0 s of the lease left; still going on.");
}

/* A replica's stall may come closer; the primary's is what matters. */
static void test_a_leader_matters_more(void **state)
{
	struct summary *s = *state;
	struct finding f = sample_stall(STALL_BEGIN);

	add_stall(s, STALL_BEGIN, 1, 0, 19);
	add_stall(s, STALL_END, 1, 7, 29);
	f.who.role = "replica";
	f.where.endpoint = "etcd1.lab:2379";
	f.stall.stall_id = 2;
	f.stall.remaining_ns = 2 * S;
	add(s, f);
	f.stall.phase = STALL_END;
	f.stall.result = STALL_RECOVERED;
	f.stall.duration_ns = 9 * S;
	add(s, f);
	summary__finish(s, SAMPLE_TS_NS + 60 * S);
	check_sentence(
		s,
		"stalled: 2 stalls, the worst: endpoint_silent at etcd2.lab:2379; 12.0 s of the lease left; recovered after 7.05 s.");
}

/* It was a leader's; that it lost the key to a standby makes it no less. */
static void test_a_leader_that_was_demoted(void **state)
{
	struct summary *s = *state;
	struct finding f = sample_stall(STALL_BEGIN);

	f.stall.remaining_ns = 2 * S;
	add(s, f);
	f.who.role = "replica";
	f.stall.phase = STALL_END;
	f.stall.result = STALL_RESULT_EXPIRED;
	f.stall.duration_ns = 9 * S;
	f.stall.remaining_ns = 30 * S;
	add(s, f);
	add_stall(s, STALL_BEGIN, 2, 20, 29);
	add_stall(s, STALL_END, 2, 27, 29);
	summary__finish(s, SAMPLE_TS_NS + 60 * S);
	check_sentence(
		s,
		"stalled: 2 stalls, the worst: endpoint_silent at etcd2.lab:2379; the lease ran out; expired after 9.00 s.");
}

/* What was in the way last, and was told before, is no news: nor is it at the end. */
static void test_the_end_takes_nothing_back(void **state)
{
	struct summary *s = *state;
	char where[SUMMARY_NAME_BYTES + 32];
	struct finding f;

	add_cause(s, STALL_BEGIN, CAUSE_CONNECT_REFUSED, 2);
	f = sample_stall(STALL_END);
	f.where.endpoint = "etcd3.lab:2379";
	add(s, f);
	assert_int_equal(s->stall_list[0].cause, CAUSE_CONNECT_REFUSED);
	assert_string_equal(summary_stall__where(&s->stall_list[0], where, sizeof(where)),
			    "etcd2.lab:2379 and 2 more");
}

static void change_role(struct summary *s, const char *member, const char *from, const char *to)
{
	struct finding f = {.type = FINDING_PROCESS, .ts_ns = SAMPLE_TS_NS};

	f.process.phase = PROCESS_UPDATED;
	f.who.scope = "demo";
	f.who.member = member;
	f.who.role = to;
	f.process.previous_role = from;
	add(s, f);
}

static void test_what_it_led_to(void **state)
{
	struct summary *s = *state;

	add_stall(s, STALL_BEGIN, 1, 0, 19);
	add_stall(s, STALL_END, 1, 7, 29);
	change_role(s, "patroni2", "replica", "leader");
	change_role(s, "patroni2", NULL, "leader");
	summary__finish(s, SAMPLE_TS_NS + 60 * S);
	assert_int_equal(s->demotions, 0);
	change_role(s, "patroni1", "leader", "replica");
	check_sentence(
		s,
		"stalled: 1 stall: endpoint_silent at etcd2.lab:2379; 12.0 s of the lease left; recovered after 7.05 s. demo/patroni1 was demoted.");
	change_role(s, "patroni2", "leader", "replica");
	assert_int_equal(s->demotions, 2);
	check_sentence(
		s,
		"stalled: 1 stall: endpoint_silent at etcd2.lab:2379; 12.0 s of the lease left; recovered after 7.05 s. There were 2 demotions, the last one of demo/patroni2.");
}

/* A log that was rotated may hold nothing of a stall but its end. */
static void test_an_end_without_a_begin(void **state)
{
	struct summary *s = *state;

	add(s, sample_stall(STALL_END));
	assert_int_equal(s->stalls, 1);
	assert_int_equal(s->stall_list[0].begin_ts_ns,
			 SAMPLE_TS_NS / 1000 * 1000 - UINT64_C(7050000000));
	assert_int_equal(s->stall_list[0].result, STALL_RECOVERED);
}

static void test_ids_start_again_with_each_run(void **state)
{
	struct summary *s = *state;

	add(s, sample_start());
	add_stall(s, STALL_BEGIN, 1, 0, 19);
	add(s, sample_start());
	add_stall(s, STALL_BEGIN, 1, 100, 25);
	add_stall(s, STALL_END, 1, 107, 29);
	assert_int_equal(s->stalls, 2);
	assert_int_equal(s->stall_list[0].result, STALL_ONGOING);
	assert_int_equal(s->stall_list[1].result, STALL_RECOVERED);
}

static void test_the_list_of_stalls_is_bounded(void **state)
{
	struct summary *s = *state;

	for (uint64_t id = 1; id <= SUMMARY_STALLS_MAX + 44; id++)
		add_stall(s, STALL_BEGIN, id, (int64_t)id, 20);
	assert_int_equal(s->stalls, SUMMARY_STALLS_MAX + 44);
	assert_int_equal(s->stall_list_len, SUMMARY_STALLS_MAX);
	assert_int_equal(s->stall_list[0].stall_id, 45);
	/* The end of one that is no longer listed is not another stall. */
	add_stall(s, STALL_END, 3, 900, 1);
	assert_int_equal(s->stalls, SUMMARY_STALLS_MAX + 44);
	assert_int_equal(s->stall_list_len, SUMMARY_STALLS_MAX);
	/* What is left at its end is what the new refresh gave. */
	assert_int_equal(s->worst_remaining_ns, 20 * S);
}

static void test_nothing_is_known_of_the_time_left(void **state)
{
	struct summary *s = *state;
	struct finding f = sample_stall(STALL_BEGIN);

	f.stall.remaining_ns = LW_UNKNOWN_REMAINING;
	add(s, f);
	add_stall(s, STALL_END, f.stall.stall_id, 7, 30);
	assert_true(s->worst_remaining_ns == LW_UNKNOWN_REMAINING);
	assert_true(s->stall_list[0].worst_remaining_ns == LW_UNKNOWN_REMAINING);
}

static void test_one_that_goes_on_is_the_worst(void **state)
{
	struct summary *s = *state;
	char text[512];

	add_stall(s, STALL_BEGIN, 1, 0, 5);
	add_stall(s, STALL_END, 1, 3, 30);
	add_stall(s, STALL_BEGIN, 2, 10, 20);
	summary__finish(s, SAMPLE_TS_NS + 12 * S);
	summary__verdict_sentence(s, text, sizeof(text));
	assert_non_null(strstr(text, "still going on"));
}

#define test(f) cmocka_unit_test_setup_teardown(f, summary_setup, summary_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_a_stall_from_begin_to_end),
		test(test_a_stall_that_does_not_end),
		test(test_the_worst_of_several),
		test(test_how_many_elsewhere),
		test(test_only_its_end_is_there),
		test(test_the_same_elsewhere),
		test(test_it_began_elsewhere),
		test(test_a_leader_matters_more),
		test(test_a_leader_that_was_demoted),
		test(test_the_end_takes_nothing_back),
		test(test_what_it_led_to),
		test(test_an_end_without_a_begin),
		test(test_ids_start_again_with_each_run),
		test(test_the_list_of_stalls_is_bounded),
		test(test_nothing_is_known_of_the_time_left),
		test(test_one_that_goes_on_is_the_worst),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
