// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_top.c - what stands on the live screen, at every size.
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
#include "leasewatch/units.h"

static void tell_some_events(struct view *v)
{
	struct finding f[] = {sample_start(), sample_stall(STALL_BEGIN), sample_endpoint()};

	for (size_t i = 0; i < ARRAY_LEN(f); i++)
		view__finding(v, &f[i]);
}

static void open_incident(struct view *v)
{
	view__open(v, false);
	tell_some_events(v);
	view__status(v, sample_incident());
}

static void test_the_incident_at_80x24(void **state)
{
	struct view v;

	(void)state;
	open_incident(&v);
	view__draw(&v, 24, 80, 0);
	view__expect_row(&v, 0,
			 "leasewatch top  db1  STALL: lease of demo/patroni1 expires in 57.8 s    "
			 "03:04:05");
	view__expect_row(
		&v, 1,
		"STALL  etcd1.lab:2379 answered the renewal after 7.04 s with 503 \"etcdserver:");
	view__expect_row(&v, 2, "       request timed out\" (code 14); lease expires in 57.8 s");
	view__expect_row(&v, 3, "cause  endpoint_error at etcd1.lab:2379 (warning, demo/patroni1)");
	view__expect_row(
		&v, 4,
		"       waiting for: lease/keepalive; other requests: answered; attempt: 7.04 s;");
	view__expect_row(&v, 5, "       status code: 503");
	view__expect_row(
		&v, 6,
		"->     Renewals through this member fail: it probably cannot reach the etcd");
	view__expect_row(&v, 8, "       Patroni to move away from it.");
	view__expect_row(
		&v, 9, "MEMBER        ROLE    STATE LEASE              LEFT    TTL  EVERY THROUGH");
	view__expect_row(
		&v, 10,
		"demo/patroni1 leader  STALL ############..   57.8 s   70 s  5.0 s etcd1.lab:2379");
	view__expect_row(&v, 11, "demo/patroni2 replica -     holds no lease");
	view__expect_row(
		&v, 12,
		"ENDPOINT       STATE        CONN READ WRITE KEEP WATCH  LAST   P50   P99   MAX");
	view__expect_row(
		&v, 13,
		"etcd1.lab:2379 half_healthy -    ok   ok    FAIL ok    7.04s  45ms 7.04s 7.04s");
	view__expect_row(
		&v, 14,
		"etcd2.lab:2379 unknown      -    -    -     -    -         -     -     -     -");
	view__expect_row(&v, 16, "in flight  lease/keepalive for 1.2 s at etcd1.lab:2379");
	view__expect_row(&v, 17, "DNS        12 lookups, 0 failed, last took 800 us");
	view__expect_row(&v, 18, "EVENTS");
	view__expect_row(&v, 20, "03:04:05 STALL    etcd2.lab:2379 does not answer the keepalive");
	view__expect_row(&v, -1,
			 "q quit  p pause  v every request  e events  arrows PgUp PgDn  h help");
	view__close(&v);
}

static void test_the_incident_at_200x50(void **state)
{
	struct view v;

	(void)state;
	open_incident(&v);
	view__draw(&v, 50, 200, 0);
	view__expect(&v, "waiting for: lease/keepalive; other requests: answered; attempt: 7.04 s; "
			 "status code: 503\n");
	view__expect(&v, "PID PATRONI  LEASE ID");
	view__expect(&v, "   4242 3.0.2    7587862094000001\n");
	view__expect(&v, "CONNECT     READ      WRITE     KEEPALIVE WATCH");
	view__expect(&v, "-           ok        ok        FAILS     ok          7.04 s    45 ms");
	view__expect(&v, "12      1 lease/keepalive for 1.2 s\n");
	view__expect_not(&v, "in flight  ");
	view__expect(&v, "EVENTS\n");
	view__close(&v);
}

static void test_the_incident_at_40x10(void **state)
{
	struct view v;

	(void)state;
	open_incident(&v);
	view__draw(&v, 10, 40, 0);
	view__expect_row(&v, 0, "STALL: lease expires in 57.8 s  03:04:05");
	view__expect_row(&v, 1, "STALL etcd1.lab:2379 answered the");
	view__expect_row(&v, 5, "-> Renewals through this member fail: it");
	view__expect_row(&v, 9, "demo/patroni1 STALL #########..   57.8 s");
	view__close(&v);
}

/* Whatever the size: the verdict is there, and then the finding, before anything else. */
static void test_any_size(void **state)
{
	struct view v;

	(void)state;
	open_incident(&v);
	for (int rows = 1; rows < 60; rows += rows < 12 ? 1 : 7)
		for (int cols = 1; cols < 230; cols += cols < 12 ? 1 : 13) {
			view__draw(&v, rows, cols, 0);
			assert_int_equal(v.grid.rows, rows);
			assert_int_equal(v.grid.cols, cols);
			if (cols >= 20)
				assert_true(view__find(&v, "STALL") == 0);
			if (cols >= 20 && rows >= 3)
				assert_memory_equal(view__row(&v, *view__row(&v, 1) ? 1 : 2),
						    "STALL", 5);
		}
	view__draw(&v, 100000, 100000, 0);
	assert_int_equal(v.grid.rows, TOP_GRID_MAX);
	view__draw(&v, 0, -1, 0);
	assert_int_equal(v.grid.rows, 1);
	view__close(&v);
}

static void test_it_counts_between_two_statuses(void **state)
{
	struct view v;

	(void)state;
	open_incident(&v);
	view__draw(&v, 24, 80, 300000000);
	view__expect(&v, "demo/patroni1 expires in 57.5 s");
	view__expect(&v, "STALL ############..   57.5 s   70 s");
	view__expect(&v, "lease/keepalive for 1.5 s");
	view__expect(&v, "03:04:05");
	view__draw(&v, 24, 80, 57 * SCREEN_S);
	view__expect(&v, "STALL #.............    0.8 s");
	view__expect(&v, "lease/keepalive for 58.2 s");
	view__draw(&v, 24, 80, 60 * SCREEN_S);
	view__expect(&v, "lease of demo/patroni1 expired 2.2 s ago");
	view__expect(&v, "STALL RAN OUT 2.2 s ago         70 s");
	view__close(&v);
}

static void test_all_is_well(void **state)
{
	struct view v;

	(void)state;
	view__open(&v, false);
	view__draw(&v, 24, 80, 0);
	view__expect_row(&v, 0,
			 "leasewatch top  db1  starting                                           "
			 "03:04:05");
	view__status(&v, sample_status());
	view__draw(&v, 24, 80, 0);
	view__expect(&v, "leasewatch top  db1  healthy  ");
	view__expect_row(&v, 2,
			 "demo/patroni1 leader  ok    #############.   66.9 s   70 s  5.0 s "
			 "etcd1.lab:2379");
	view__expect(&v, "in flight  none\n");
	view__close(&v);
}

static void test_other_verdicts(void **state)
{
	struct status *s = sample_status();
	struct view v;

	(void)state;
	view__open(&v, false);
	s->members_len = 0;
	view__status(&v, s);
	view__draw(&v, 24, 80, 0);
	view__expect(&v, "db1  no Patroni yet  ");
	view__expect_row(&v, 2, "       No Patroni runs here yet; waiting for one to start.");
	s->members_len = 1;
	s->members[0].remaining_ns = LW_UNKNOWN_REMAINING;
	view__status(&v, s);
	view__draw(&v, 24, 80, 0);
	view__expect(&v, "db1  no renewal seen yet  ");
	view__expect(&v, "demo/patroni1 leader -     not seen yet");
	s->members[0].blind = true;
	view__status(&v, s);
	view__draw(&v, 24, 80, 0);
	view__expect(&v, "db1  leases unknown: TLS cannot be read  ");
	view__expect(&v, "demo/patroni1 leader -     TLS not readable");
	s->members[0].blind = false;
	s->members[0].remaining_ns = SCREEN_S;
	s->endpoints[1].state = ENDPOINT_SILENT;
	s->endpoints[1].sentence = "accepts connections, but does not answer";
	view__status(&v, s);
	view__draw(&v, 24, 80, 0);
	view__expect(&v, "db1  healthy, but 1 endpoint is not  ");
	view__expect_row(&v, 1,
			 "note   etcd2.lab:2379 is silent: accepts connections, but does not "
			 "answer");
	s->members_len = 0;
	s->events_lost = 3;
	view__status(&v, s);
	view__draw(&v, 24, 80, 0);
	view__expect(&v, "Patroni has exited");
	view__expect(&v, "  3 events lost 03:04:05\n");
	view__close(&v);
}

static void test_after_a_stall(void **state)
{
	struct finding begin = sample_stall(STALL_BEGIN), end = sample_stall(STALL_END);
	struct view v;

	(void)state;
	view__open(&v, false);
	view__finding(&v, &begin);
	view__finding(&v, &end);
	view__status(&v, sample_status());
	view__draw(&v, 24, 80, 0);
	view__expect(&v, "db1  healthy, 1 stall earlier  ");
	view__expect_row(&v, 1,
			 "ended  03:04:05  stall recovered after 7.05 s (demo/patroni1); cause:");
	view__expect_row(&v, 2, "       endpoint_silent at etcd2.lab:2379");
	view__close(&v);
}

static void test_time_left_is_not_known(void **state)
{
	struct status *s = sample_incident();
	struct view v;

	(void)state;
	s->members[0].remaining_ns = LW_UNKNOWN_REMAINING;
	view__open(&v, false);
	view__status(&v, s);
	view__draw(&v, 24, 80, SCREEN_S);
	view__expect(&v, "STALL: lease of demo/patroni1 is not renewed");
	view__expect(&v, "STALL time unknown");
	view__close(&v);
}

static void test_dns(void **state)
{
	struct status *s = sample_status();
	struct view v;

	(void)state;
	view__open(&v, false);
	s->dns.failed = 1;
	s->dns.oldest_ns = 2 * SCREEN_S;
	snprintf(s->dns.oldest_name, sizeof(s->dns.oldest_name), "etcd1.lab");
	snprintf(s->dns.oldest_server, sizeof(s->dns.oldest_server), "10.0.0.53");
	view__status(&v, s);
	view__draw(&v, 24, 80, 1200000000);
	view__expect(&v, "DNS        UNANSWERED for 3.2 s: etcd1.lab at 10.0.0.53; 12 lookups, 1 "
			 "failed");
	s->dns = (struct dns_status){.last_ns = LW_UNKNOWN, .oldest_ns = LW_UNKNOWN};
	view__status(&v, s);
	view__draw(&v, 24, 80, 0);
	view__expect(&v, "DNS        no lookup seen\n");
	view__close(&v);
}

/* More than fit: the one in trouble and the endpoint in use are there, the rest is counted. */
static void test_too_many_for_the_screen(void **state)
{
	struct status *s = sample_incident();
	struct view v;

	(void)state;
	for (size_t i = s->members_len; i < STATUS_MEMBERS_MAX; i++)
		s->members[i] = s->members[1];
	s->members[STATUS_MEMBERS_MAX - 1] = s->members[0];
	s->members[0] = s->members[1];
	s->members_len = STATUS_MEMBERS_MAX;
	s->members_more = 2;
	for (size_t i = s->endpoints_len; i < STATUS_ENDPOINTS_MAX; i++)
		s->endpoints[i] = s->endpoints[1];
	s->endpoints[STATUS_ENDPOINTS_MAX - 1] = s->endpoints[0];
	s->endpoints[0] = s->endpoints[1];
	s->endpoints_len = STATUS_ENDPOINTS_MAX;
	view__open(&v, false);
	view__status(&v, s);
	view__draw(&v, 24, 80, 0);
	view__expect(&v, "demo/patroni1 leader");
	view__expect(&v, "and 59 more\n"); /* of 66 members */
	view__expect(&v, "etcd1.lab:2379 half_healthy");
	view__expect(&v, "and 57 more\n"); /* of 64 endpoints */
	view__close(&v);
}

static void test_long_names(void **state)
{
	struct status *s = sample_incident();
	struct view v;

	(void)state;
	for (int i = 0; i < 3; i++)
		s->endpoints[i].where.endpoint = "etcd-01.prod.dc1.example.com:2379";
	s->members[0].who.scope = "a-cluster-with-a-long-name";
	s->members[0].who.role = "standby_leader";
	view__open(&v, false);
	view__status(&v, s);
	view__draw(&v, 24, 80, 0);
	view__expect(&v, "\netcd-01.prod.dc~ half_healthy");
	view__expect(&v, " FAIL ok    7.04s  45ms 7.04s 7.04s\n");
	view__expect(&v, "\na-cluster-with-a~ standb~ STALL ");
	view__draw(&v, 24, 200, 0);
	view__expect(&v, "\netcd-01.prod.dc1.example.com:2379 half_healthy");
	view__expect(&v, "\na-cluster-with-a-long-name/patroni1 standby_leader STALL ");
	view__close(&v);
}

/* view__draw() looks at every cell. */
static void test_nothing_harmful_is_drawn(void **state)
{
	static const char evil[] = "\x1B[2J\x07\r\n\t\x7F\xC2\2335A\xE2\x80\xAE\xFF\x9B";
	struct finding f[] = {sample_stall(STALL_BEGIN), sample_endpoint(),
			      sample_stall(STALL_END)};
	struct status *s = sample_incident();
	struct view v;

	(void)state;
	for (int utf8 = 0; utf8 < 2; utf8++) {
		struct member_status *m = &s->members[0];

		view__open(&v, utf8);
		for (int i = 0; i < 3; i++) {
			f[i].who = (struct finding_who){1, evil, evil, evil, evil};
			f[i].where = (struct finding_where){evil, evil, 1};
			view__finding(&v, &f[i]);
		}
		m->who = f[0].who;
		m->where = m->stall_where = f[0].where;
		m->stall.headline = m->stall.hint = evil;
		m->stall.evidence[0] = (struct evidence){.key = evil, .text = "x"};
		s->endpoints[0].where = f[0].where;
		s->endpoints[0].oldest_rpc = evil;
		s->endpoints[1].state = ENDPOINT_SILENT;
		s->endpoints[1].sentence = evil;
		s->dns.oldest_ns = SCREEN_S;
		snprintf(s->dns.oldest_name, sizeof(s->dns.oldest_name), "%s", evil);
		view__status(&v, s);
		view__draw(&v, 50, 200, 0);
		view__expect(&v, "?[2J?? ");
		m->stalled = false;
		view__status(&v, s);
		view__draw(&v, 50, 200, 0);
		top__key(v.top, 'e');
		view__draw(&v, 50, 200, 0);
		view__expect(&v, "?[2J?? ");
		m->stalled = true;
		view__close(&v);
	}
}

static void test_a_bar_of_blocks(void **state)
{
	struct view v;

	(void)state;
	view__open(&v, true);
	view__status(&v, sample_incident());
	view__draw(&v, 24, 80, 0);
	view__expect(&v, "STALL \u2593\u2593\u2593\u2593\u2593\u2593\u2593\u2593\u2593\u2593\u2593"
			 "\u2593\u2591\u2591   57.8 s");
	view__close(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_incident_at_80x24),
		cmocka_unit_test(test_the_incident_at_200x50),
		cmocka_unit_test(test_the_incident_at_40x10),
		cmocka_unit_test(test_any_size),
		cmocka_unit_test(test_it_counts_between_two_statuses),
		cmocka_unit_test(test_all_is_well),
		cmocka_unit_test(test_other_verdicts),
		cmocka_unit_test(test_after_a_stall),
		cmocka_unit_test(test_time_left_is_not_known),
		cmocka_unit_test(test_dns),
		cmocka_unit_test(test_too_many_for_the_screen),
		cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_nothing_harmful_is_drawn),
		cmocka_unit_test(test_a_bar_of_blocks),
	};

	setenv("TZ", "UTC", 1);
	setlocale(LC_CTYPE, "C.UTF-8"); /* for wcwidth() */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
