// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_users.c - whose processes count.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "host/users.h"
#include "leasewatch/units.h"

static struct users users;
static char why[160];

static int parse(const char *list)
{
	why[0] = '\0';
	return users__parse(list, &users, why, sizeof(why));
}

static void test_root_counts_always(void **state)
{
	(void)state;
	users__defaults(&users);
	assert_true(users__counts(&users, 0));
	assert_true(users.by_data_dir);
	assert_false(users__counts(&users, 65534));
	assert_int_equal(parse("999"), 0);
	assert_true(users__counts(&users, 0));
	assert_false(users.by_data_dir);
	assert_int_equal(parse("default"), 0);
	assert_true(users.by_data_dir);
	assert_int_equal(parse("default, 999"), -EINVAL);
}

static void test_takes_names_numbers_and_ranges(void **state)
{
	(void)state;
	assert_int_equal(parse("daemon, 999,100000-165535"), 0);
	assert_false(users.by_data_dir);
	assert_true(users__counts(&users, 1)); /* Debian's daemon */
	assert_true(users__counts(&users, 999));
	assert_true(users__counts(&users, 100000));
	assert_true(users__counts(&users, 165535));
	assert_false(users__counts(&users, 2));
	assert_false(users__counts(&users, 998));
	assert_false(users__counts(&users, 1000));
	assert_false(users__counts(&users, 99999));
	assert_false(users__counts(&users, 165536));
	assert_int_equal(parse("any"), 0);
	assert_true(users__counts(&users, 65534));
	assert_true(users__counts(&users, UINT32_MAX - 1));
}

static void test_knows_whether_they_changed(void **state)
{
	struct users other;

	(void)state;
	assert_int_equal(parse("999,1000-2000"), 0);
	other = users;
	assert_true(users__same(&users, &other));
	other.ranges[2].last++;
	assert_false(users__same(&users, &other));
	assert_int_equal(parse("999"), 0);
	assert_false(users__same(&users, &other));
	other = users;
	other.by_data_dir = true;
	assert_false(users__same(&users, &other));
}

static void test_refuses_what_is_no_user(void **state)
{
	static const char *const lists[] = {
		"",
		" , ",
		"no_such_user_here",
		"5-",
		"7-3",
		"-1",
		"1x",
		"4294967295",
		"99999999999",
		"a_name_that_is_longer_than_any_user's_name_could_ever_be_on_any_of_these_hosts",
	};
	const struct users before = users;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		assert_int_equal(parse(lists[i]), -EINVAL);
		assert_true(why[0]);
		assert_memory_equal(&users, &before, sizeof(users));
	}
}

static void test_has_room_for_so_many(void **state)
{
	char list[512] = "";

	(void)state;
	for (int i = 0; i < USERS_MAX - 1; i++)
		sprintf(list + strlen(list), "%d,", 1000 + i);
	assert_int_equal(parse(list), 0);
	assert_true(users__counts(&users, 1000 + USERS_MAX - 2));
	strcat(list, "5000");
	assert_int_equal(parse(list), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_root_counts_always),
		cmocka_unit_test(test_takes_names_numbers_and_ranges),
		cmocka_unit_test(test_knows_whether_they_changed),
		cmocka_unit_test(test_refuses_what_is_no_user),
		cmocka_unit_test(test_has_room_for_so_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
