// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_limits.c - limits that are hit are counted, and reported once in a while.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "leasewatch/units.h"

/* How many lines are said now, and do they have this in them? */
static int lines_with(uint64_t now_ns, const char *words)
{
	char *text = NULL;
	size_t size;
	int n = 0;
	FILE *to = open_memstream(&text, &size);

	assert_non_null(to);
	limits__report(to, now_ns);
	fclose(to);
	for (const char *p = text; *p; p++)
		n += *p == '\n';
	if (n)
		assert_non_null(strstr(text, words));
	free(text);
	return n;
}

static void test_one_line_for_each(void **state)
{
	uint64_t now = NS_PER_S;

	(void)state;
	assert_int_equal(lines_with(now, ""), 0);
	limits__hit(LIMIT_LOOKUPS);
	limits__hit(LIMIT_LOOKUPS);
	limits__hit(LIMIT_RING);
	assert_int_equal(limits__hits(LIMIT_LOOKUPS), 2);
	assert_int_equal(limits__hits(LIMIT_MEMBERS), 0);
	assert_int_equal(lines_with(now, "(lookups, 2 times)"), 2);
	for (int i = 0; i < 100; i++)
		limits__hit(LIMIT_LOOKUPS);
	assert_int_equal(lines_with(now + LIMITS_REPORT_NS - 1, ""), 0);
	assert_int_equal(lines_with(now + LIMITS_REPORT_NS, "(lookups, 100 times)"), 1);
	assert_int_equal(lines_with(now + 2 * LIMITS_REPORT_NS, ""), 0);
}

/* What dashboards and the alert depend on. */
static void test_names(void **state)
{
	(void)state;
	for (int i = 0; i < LIMITS; i++) {
		assert_non_null(enum_name(&limit_names, i));
		assert_int_equal(enum_value(&limit_names, enum_name(&limit_names, i)), i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_line_for_each),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
