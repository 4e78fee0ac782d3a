// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_human.c - durations as a person reads them, above all where the unit changes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "leasewatch/units.h"
#include "model/human.h"

static void test_durations(void **state)
{
	static const struct {
		int64_t ns;
		const char *expected;
	} cases[] = {
		{0, "0 s"},
		{499, "0 s"},
		{500, "1 us"},
		{820000, "820 us"},
		{999499, "999 us"},
		{999500, "1.0 ms"},
		{4640000, "4.6 ms"},
		{9949999, "9.9 ms"},
		{9950000, "10 ms"},
		{46123000, "46 ms"},
		{999499999, "999 ms"},
		{999500000, "1.00 s"},
		{7050123000, "7.05 s"},
		{9994999999, "9.99 s"},
		{9995000000, "10.0 s"},
		{24100000000, "24.1 s"},
		{119949999999, "119.9 s"},
		{119950000000, "2 min"},
		{125000000000, "2 min 5 s"},
		{3599499999999, "59 min 59 s"},
		{3600000000000, "1 h"},
		{3900000000000, "1 h 5 min"},
		{273600000000000, "3 d 4 h"},
		{-2600000000, "-2.60 s"},
		{-125000000000, "-2 min 5 s"},
		{INT64_MIN, "-106751 d 23 h"},
		{INT64_MAX, "106751 d 23 h"},
	};
	char buf[HUMAN_BYTES];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_string_equal(human_duration(buf, cases[i].ns), cases[i].expected);
}

static void test_micro_sign(void **state)
{
	char buf[HUMAN_BYTES];

	(void)state;
	assert_string_equal(human_duration_utf8(true, buf, 820000), "820 \u00b5s");
	assert_string_equal(human_duration_utf8(true, buf, 1000), "1 \u00b5s");
	assert_string_equal(human_duration_utf8(false, buf, 820000), "820 us");
	assert_string_equal(human_duration_utf8(true, buf, 0), "0 s");
	assert_string_equal(human_duration_utf8(true, buf, 46000000), "46 ms");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_micro_sign),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
