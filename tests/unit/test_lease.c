// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_lease.c - cadence, remaining time and overdue, at their edges.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/finding.h"
#include "model/lease.h"

#define S(n) ((uint64_t)(n)*NS_PER_S)

static struct lease renewed_every(int64_t cadence_s, int times, int64_t ttl_s)
{
	struct lease l = {.leader = true, .watched_since = S(1000)};

	for (int i = 0; i < times; i++) {
		uint64_t at = S(1000 + i * cadence_s);

		lease__sent(&l, at);
		lease__granted(&l, at, 7, ttl_s);
	}
	return l;
}

static void test_nothing_known(void **state)
{
	struct lease l = {.watched_since = S(1000)};

	(void)state;
	assert_int_equal(lease__remaining_ns(&l, S(2000)), LW_UNKNOWN_REMAINING);
	/* Not the leader, as far as we know: every second loop of Patroni's default. */
	assert_int_equal(lease__cadence_ns(&l), S(20));
	l.leader = true;
	assert_int_equal(lease__cadence_ns(&l), S(10));
	l.conf_loop_wait_s = 3;
	assert_int_equal(lease__cadence_ns(&l), S(3));
	assert_false(lease__cadence_is_learned(&l));
}

static void test_remaining_counts_from_the_send(void **state)
{
	struct lease l = renewed_every(10, 1, 30);

	(void)state;
	assert_int_equal(lease__remaining_ns(&l, S(1000)), S(30));
	assert_int_equal(lease__remaining_ns(&l, S(1012)), S(18));
	assert_int_equal(lease__remaining_ns(&l, S(1031)), -(int64_t)S(1));
	/* A failed refresh does not extend it. */
	lease__sent(&l, S(1010));
	lease__failed(&l);
	assert_int_equal(lease__remaining_ns(&l, S(1012)), S(18));
}

static void test_cadence_is_the_longest_of_the_last(void **state)
{
	struct lease l = renewed_every(5, LEASE_INTERVALS + 1, 30);

	(void)state;
	assert_true(lease__cadence_is_learned(&l));
	assert_int_equal(lease__cadence_ns(&l), S(5));
	lease__granted(&l, l.last_ok_sent + S(8), 7, 30);
	assert_int_equal(lease__cadence_ns(&l), S(8));
}

/* Right after a start or a stall Patroni renews early; that must not make the next loop look late.
 */
static void test_few_short_intervals_do_not_count(void **state)
{
	struct lease l = renewed_every(2, 3, 30);

	(void)state;
	assert_int_equal(lease__cadence_ns(&l), S(10));
}

static void test_a_failure_breaks_the_interval(void **state)
{
	struct lease l = renewed_every(10, 1, 30);

	(void)state;
	lease__failed(&l);
	lease__granted(&l, S(1029), 7, 30);
	assert_false(lease__cadence_is_learned(&l));
	lease__granted(&l, S(1039), 7, 30);
	assert_true(lease__cadence_is_learned(&l));
	/* Nor is it one when Patroni did not get as far as to a refresh. */
	l = renewed_every(5, LEASE_INTERVALS + 1, 30);
	l.held_up = true;
	lease__granted(&l, l.last_ok_sent + S(9), 7, 30);
	assert_int_equal(lease__cadence_ns(&l), S(5));
	lease__granted(&l, l.last_ok_sent + S(6), 7, 30);
	assert_int_equal(lease__cadence_ns(&l), S(6));
}

static void test_overdue(void **state)
{
	struct lease l = renewed_every(10, LEASE_INTERVALS + 1, 30);
	uint64_t last = l.last_sent;

	(void)state;
	/* cadence + (ttl - cadence) / 2 = 20 s comes before 2 x cadence + 1 s */
	assert_false(lease__is_overdue(&l, last + S(20)));
	assert_true(lease__is_overdue(&l, last + S(20) + 1));
	l.ttl_s = 90;
	assert_false(lease__is_overdue(&l, last + S(21)));
	assert_true(lease__is_overdue(&l, last + S(21) + 1));
	assert_false(lease__is_overdue(&l, last - 1)); /* a clock that seems to run back */
}

/* A TTL that is known from the configuration only, and one that the cadence outlives. */
static void test_overdue_without_a_ttl(void **state)
{
	struct lease l = {.leader = true, .watched_since = S(1000)};

	(void)state;
	assert_int_equal(lease__overdue_after_ns(&l), S(21));
	l.conf_ttl_s = 20;
	assert_int_equal(lease__overdue_after_ns(&l), S(15));
	l.conf_ttl_s = 10;
	assert_int_equal(lease__overdue_after_ns(&l), S(21));
	/* Counted from when we began to look, as long as none was seen. */
	assert_false(lease__is_overdue(&l, S(1021)));
	assert_true(lease__is_overdue(&l, S(1021) + 1));
	l.watched_since = 0;
	assert_false(lease__is_overdue(&l, S(9000)));
	/* What etcd granted counts more than what the file says. */
	l.conf_ttl_s = 20;
	l.ttl_s = 90;
	assert_int_equal(lease__overdue_after_ns(&l), S(21));
}

/* The grant that follows a keepalive in the same loop is no interval. */
static void test_two_in_one_loop(void **state)
{
	struct lease l = renewed_every(10, 1, 30);

	(void)state;
	lease__granted(&l, l.last_ok_sent + NS_PER_S / 2 - 1, 7, 30);
	assert_false(lease__cadence_is_learned(&l));
	lease__granted(&l, l.last_ok_sent + NS_PER_S / 2, 7, 30);
	assert_true(lease__cadence_is_learned(&l));
}

/* What etcd says of it counts more than the TTL. */
static void test_lost(void **state)
{
	struct lease l = renewed_every(10, 1, 30), unseen = {0};

	(void)state;
	lease__lost(&l, S(1005));
	lease__lost(&l, S(1007)); /* and says so again */
	assert_int_equal(lease__remaining_ns(&l, S(1005)), 0);
	assert_int_equal(lease__remaining_ns(&l, S(1009)), -(int64_t)S(4));
	lease__granted(&l, S(1010), 8, 30);
	assert_int_equal(lease__remaining_ns(&l, S(1010)), S(30));
	/* It ran out before etcd was asked. */
	lease__lost(&l, S(1045));
	assert_int_equal(lease__remaining_ns(&l, S(1046)), -(int64_t)S(6));
	lease__lost(&unseen, S(1000));
	assert_int_equal(lease__remaining_ns(&unseen, S(1001)), -(int64_t)S(1));
}

/* A leader that becomes a replica may renew half as often from now on. */
static void test_role_changes(void **state)
{
	struct lease l = renewed_every(10, LEASE_INTERVALS + 1, 30);

	(void)state;
	lease__set_leader(&l, true);
	assert_true(lease__cadence_is_learned(&l));
	lease__set_leader(&l, false);
	assert_false(lease__cadence_is_learned(&l));
	assert_int_equal(lease__cadence_ns(&l), S(20));
	lease__granted(&l, l.last_ok_sent + S(10), 7, 30); /* the loop in which it changed */
	assert_int_equal(lease__cadence_ns(&l), S(20));
	lease__set_leader(&l, true);
	assert_int_equal(lease__cadence_ns(&l), S(10));
}

static void test_replaced(void **state)
{
	struct lease l = renewed_every(10, 1, 30);

	(void)state;
	assert_false(lease__granted(&l, S(1010), 7, 30));
	assert_true(lease__granted(&l, S(1020), 8, 30));
	assert_int_equal(l.id, 8);
	/* An answer that does not name the lease is about the one that is there. */
	assert_false(lease__granted(&l, S(1030), 0, 30));
	assert_int_equal(l.id, 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_known),
		cmocka_unit_test(test_remaining_counts_from_the_send),
		cmocka_unit_test(test_cadence_is_the_longest_of_the_last),
		cmocka_unit_test(test_few_short_intervals_do_not_count),
		cmocka_unit_test(test_a_failure_breaks_the_interval),
		cmocka_unit_test(test_overdue),
		cmocka_unit_test(test_overdue_without_a_ttl),
		cmocka_unit_test(test_two_in_one_loop),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_role_changes),
		cmocka_unit_test(test_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
