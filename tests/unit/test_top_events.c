// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_top_events.c - the live screen as one uses it: events, scrolling, pausing, pages.
 */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "screens.h"

/* "pid 1001 ... " and so on: one line each. */
static void tell_numbered(struct view *v, unsigned int from, unsigned int to)
{
	for (unsigned int i = from; i <= to; i++) {
		struct finding f = {.type = FINDING_PROCESS,
				    .ts_ns = SAMPLE_TS_NS + i * 1000000000ull,
				    .who = {.pid = 1000 + i}};

		view__finding(v, &f);
	}
}

static void test_the_newest_is_at_the_bottom(void **state)
{
	struct view v;

	(void)state;
	view__open(&v, false);
	view__status(&v, sample_status());
	view__draw(&v, 24, 80, 0);
	view__expect(&v, "EVENTS\nnone yet\n");
	tell_numbered(&v, 1, 3);
	view__draw(&v, 24, 80, 0);
	view__expect(&v, "EVENTS\n03:04:06 found    pid 1001\n03:04:07 found    pid 1002\n");
	tell_numbered(&v, 4, 300);
	view__draw(&v, 24, 80, 0);
	view__expect_row(&v, -2, "03:09:05 found    pid 1300");
	view__close(&v);
}

static void test_scrolling(void **state)
{
	struct view v;

	(void)state;
	view__open(&v, false);
	view__status(&v, sample_status());
	tell_numbered(&v, 1, 300);
	view__draw(&v, 24, 80, 0); /* 12 rows of events */
	assert_true(top__key(v.top, TOP_KEY_UP));
	view__draw(&v, 24, 80, 0);
	view__expect_row(&v, -2, "03:09:04 found    pid 1299");
	view__expect(&v, "EVENTS, 1 newer below\n");
	top__key(v.top, TOP_KEY_PAGE_UP);
	view__draw(&v, 24, 80, 0);
	view__expect_row(&v, -2, "03:08:52 found    pid 1287");
	/* It stays where it is while others come. */
	tell_numbered(&v, 301, 310);
	view__draw(&v, 24, 80, 0);
	view__expect_row(&v, -2, "03:08:52 found    pid 1287");
	view__expect(&v, "EVENTS, 23 newer below\n");
	top__key(v.top, TOP_KEY_HOME); /* 200 are kept */
	view__draw(&v, 24, 80, 0);
	view__expect(&v, "below\n03:05:56 found    pid 1111\n");
	top__key(v.top, TOP_KEY_UP);
	for (int i = 0; i < 50; i++)
		top__key(v.top, TOP_KEY_PAGE_UP);
	view__draw(&v, 24, 80, 0);
	view__expect(&v, "below\n03:05:56 found    pid 1111\n");
	/* The place itself is forgotten: what is oldest then is shown. */
	tell_numbered(&v, 311, 800);
	view__draw(&v, 24, 80, 0);
	view__expect(&v, "pid 1601\n");
	for (int i = 0; i < 50; i++)
		top__key(v.top, TOP_KEY_PAGE_DOWN);
	tell_numbered(&v, 801, 801);
	view__draw(&v, 24, 80, 0);
	view__expect(&v, "pid 1801\n");
	top__key(v.top, TOP_KEY_UP);
	top__key(v.top, TOP_KEY_END);
	view__draw(&v, 24, 80, 0);
	view__expect(&v, "pid 1801\n");
	view__close(&v);
}

static void test_every_request_or_what_matters(void **state)
{
	struct finding ok = sample_request(), lost = {.type = FINDING_LOST,
						      .ts_ns = SAMPLE_TS_NS,
						      .lost = {.reason = "ring_full", .count = 3}};
	struct view v;

	(void)state;
	view__open(&v, false);
	view__status(&v, sample_status());
	view__finding(&v, &lost);
	for (int i = 0; i < 190; i++)
		view__finding(&v, &ok);
	view__draw(&v, 24, 80, 0);
	view__expect(&v, "03:04:05 LOST     3 events (ring_full)");
	view__expect_not(&v, "lease/keepalive");
	top__key(v.top, 'v');
	view__draw(&v, 24, 80, 0);
	view__expect(&v, "EVENTS, every request\n");
	view__expect(&v,
		     "03:04:05 ok       lease/keepalive  etcd2.lab:2379        46 ms  TTL 30 s");
	view__expect_not(&v, "LOST");
	/* However many there are, they push nothing out that matters. */
	for (int i = 0; i < 1000; i++)
		view__finding(&v, &ok);
	top__key(v.top, 'v');
	view__draw(&v, 24, 80, 0);
	view__expect(&v, "03:04:05 LOST     3 events (ring_full)");
	view__close(&v);
}

static void test_repeated_failures_are_one_line(void **state)
{
	struct finding f = sample_connect(CONNECT_REFUSED);
	struct view v;

	(void)state;
	view__open(&v, false);
	view__status(&v, sample_status());
	for (int i = 0; i < 20; i++)
		view__finding(&v, &f);
	view__draw(&v, 40, 80, 0);
	view__expect(&v, "EVENTS\n03:04:05 FAILED   connect          etcd2.lab:2379       820 us  "
			 "refused\n\n");
	top__key(v.top, 'v');
	view__draw(&v, 40, 80, 0);
	view__expect(&v, "refused\n03:04:05 FAILED");
	view__close(&v);
}

static void test_the_page_of_events(void **state)
{
	struct finding f = sample_stall(STALL_BEGIN);
	struct view v;
	int row;

	(void)state;
	view__open(&v, false);
	view__status(&v, sample_status());
	tell_numbered(&v, 1, 100);
	f.stall.hint = "Check DNS and port 2380 from that member, or restart Patroni to move away "
		       "from it.";
	view__finding(&v, &f);
	assert_true(top__key(v.top, 'e'));
	view__draw(&v, 24, 80, 0);
	view__expect_row(&v, 1, "EVENTS");
	row = view__find(&v, "STALL    etcd2.lab:2379 does not answer the keepalive");
	assert_int_equal(row, 17);
	view__expect_row(&v, 16, "03:05:45 found    pid 1100");
	view__expect_row(&v, 18,
			 "                  cause: endpoint_silent at etcd2.lab:2379 (warning,");
	assert_non_null(strstr(v.rows, "-> Check DNS and port 2380 from that member, or restart\n"
				       "                     Patroni to move away from it.\n"));
	view__expect(&v, "q back  p pause  v every request  arrows PgUp PgDn\n");
	top__key(v.top, TOP_KEY_UP);
	view__draw(&v, 24, 80, 0);
	view__expect_row(&v, -2, "03:05:45 found    pid 1100");
	/* Higher than the screen: its beginning is shown. */
	top__key(v.top, TOP_KEY_END);
	view__draw(&v, 5, 80, 0);
	view__expect_row(&v, 2, "03:04:05 STALL    etcd2.lab:2379 does not answer the keepalive");
	assert_true(top__key(v.top, 'q')); /* back, and not out */
	view__draw(&v, 24, 80, 0);
	view__expect(&v, "MEMBER ");
	assert_false(top__key(v.top, 'q'));
	view__close(&v);
}

static void test_pause(void **state)
{
	struct view v;

	(void)state;
	view__open(&v, false);
	view__status(&v, sample_status());
	tell_numbered(&v, 1, 3);
	assert_true(top__key(v.top, 'p'));
	tell_numbered(&v, 4, 5);
	view__status(&v, sample_incident());
	view__draw(&v, 24, 80, 2 * SCREEN_S);
	view__expect(&v, "STALL: lease expires in 55.8 s");
	view__expect(&v, "PAUSED  03:04:07\n");
	view__expect(&v, "leader  ok    #############.   66.9 s"); /* as it was */
	view__expect_not(&v, "pid 1004");
	view__expect(&v, "p go on");
	/* A new size shows the same moment. */
	view__draw(&v, 50, 200, 3 * SCREEN_S);
	view__expect(&v, "   66.9 s   70 s");
	top__key(v.top, 'p');
	assert_true(top__wants_status(v.top, SAMPLE_TS_NS));
	view__status(&v, sample_incident());
	view__draw(&v, 24, 80, 0);
	view__expect(&v, "   57.8 s   70 s");
	view__expect(&v, "pid 1005");
	view__expect_not(&v, "PAUSED");
	view__close(&v);
}

static void test_help(void **state)
{
	struct view v;

	(void)state;
	view__open(&v, false);
	view__status(&v, sample_incident());
	top__key(v.top, '?');
	view__draw(&v, 24, 80, 0);
	view__expect(&v, "any key: back");
	view__expect(&v, "half_healthy: some kinds of request fail");
	view__expect(&v, "expires in 57.8 s"); /* the verdict stays */
	assert_true(top__key(v.top, 'q'));
	view__draw(&v, 24, 80, 0);
	view__expect(&v, "MEMBER ");
	assert_true(top__key(v.top, TOP_KEY_ESCAPE));
	assert_true(top__key(v.top, 0));
	assert_true(top__key(v.top, 'x'));
	view__close(&v);
}

static void test_when_a_status_is_wanted(void **state)
{
	struct finding ok = sample_request(), stall = sample_stall(STALL_BEGIN);
	uint64_t now = SAMPLE_TS_NS;
	struct view v;

	(void)state;
	view__open(&v, false);
	assert_true(top__wants_status(v.top, now));
	view__status(&v, sample_status());
	assert_false(top__wants_status(v.top, now + SCREEN_S - 1));
	assert_true(top__wants_status(v.top, now + SCREEN_S));
	ok.request.ttl_s = LW_UNKNOWN;
	view__finding(&v, &ok); /* passes many times a second */
	assert_false(top__wants_status(v.top, now));
	ok.request.ttl_s = 30;
	view__finding(&v, &ok); /* the lease is full again */
	assert_true(top__wants_status(v.top, now));
	view__status(&v, sample_status());
	view__finding(&v, &stall);
	assert_true(top__wants_status(v.top, now));
	view__status(&v, sample_incident());
	assert_true(top__wants_status(v.top, now)); /* its sentence counts, too */
	view__close(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_newest_is_at_the_bottom),
		cmocka_unit_test(test_scrolling),
		cmocka_unit_test(test_every_request_or_what_matters),
		cmocka_unit_test(test_repeated_failures_are_one_line),
		cmocka_unit_test(test_the_page_of_events),
		cmocka_unit_test(test_pause),
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_when_a_status_is_wanted),
	};

	setenv("TZ", "UTC", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
