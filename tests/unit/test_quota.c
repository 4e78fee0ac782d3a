// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_quota.c - each user's own share.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/quota.h"

#define EVERY QUOTA_EVERY_NS
#define BURST QUOTA_BURST
#define BEGIN 1000000

static struct quota quota;

static int taken(uid_t uid, int tries, uint64_t now)
{
	int n = 0;

	for (int i = 0; i < tries; i++)
		n += quota__take(&quota, uid, now);
	return n;
}

static void test_each_user_has_a_share(void **state)
{
	(void)state;
	quota = (struct quota){0};
	assert_int_equal(taken(1000, 1000, BEGIN), BURST);
	assert_int_equal(taken(1001, 1000, BEGIN), BURST);
	assert_int_equal(taken(0, 3, BEGIN), 3);
	assert_int_equal(taken(1000, 1, BEGIN + EVERY - 1), 0);
	assert_int_equal(taken(1000, 5, BEGIN + EVERY), 1);
	assert_int_equal(taken(1000, 1000, BEGIN + 4 * EVERY), 3);
	assert_int_equal(taken(1000, 1000, BEGIN + UINT64_C(1000) * EVERY), BURST);
}

static void test_a_later_user_at_its_place_has_a_whole_share(void **state)
{
	(void)state;
	quota = (struct quota){0};
	assert_int_equal(taken(7, 1000, BEGIN), BURST);
	assert_int_equal(taken(7 + QUOTA_USERS, 1000, BEGIN), BURST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_user_has_a_share),
		cmocka_unit_test(test_a_later_user_at_its_place_has_a_whole_share),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
