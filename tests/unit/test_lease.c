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

static void test_replaced(void **state)
{
	struct lease l = renewed_every(10, 1, 30);

	(void)state;
	assert_false(lease__granted(&l, S(1010), 7, 30));
	assert_true(lease__granted(&l, S(1020), 8, 30));
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
		cmocka_unit_test(test_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
