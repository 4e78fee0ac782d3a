// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_utf8.c - every way in which bytes can fail to be text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/utf8.h"

static void check_next(const char *text, uint32_t expected, size_t step)
{
	const char *p = text;

	assert_int_equal(utf8__next(&p), expected);
	assert_int_equal(p - text, step);
}

static void test_next(void **state)
{
	(void)state;
	check_next("a", 'a', 1);
	check_next("\xC2\xB5s", 0xB5, 2);
	check_next("\xE2\x96\x93", 0x2593, 3);
	check_next("\xF0\x9F\x90\x98", 0x1F418, 4);
	check_next("\xF4\x8F\xBF\xBF", 0x10FFFF, 4);
	check_next("\x80", UTF8_INVALID, 1);	 /* a continuation alone */
	check_next("\xC3", UTF8_INVALID, 1);	 /* cut */
	check_next("\xE2\x96", UTF8_INVALID, 1); /* cut later */
	check_next("\xC0\xAF", UTF8_INVALID, 1); /* longer than needed */
	check_next("\xE0\x80\xAF", UTF8_INVALID, 1);
	check_next("\xED\xA0\x80", UTF8_INVALID, 1);	 /* a surrogate */
	check_next("\xF4\x90\x80\x80", UTF8_INVALID, 1); /* beyond Unicode */
	check_next("\xFF", UTF8_INVALID, 1);
}

static void check_clean(const char *text, size_t size, const char *expected)
{
	char out[64];

	memset(out, '#', sizeof(out));
	assert_int_equal(utf8__clean(text, out, size), strlen(expected));
	assert_string_equal(out, expected);
	assert_int_equal(out[size], '#');
}

static void test_clean(void **state)
{
	(void)state;
	check_clean("etcd2.lab", 60, "etcd2.lab");
	check_clean("k\xC3\xB6ln", 60, "k\xC3\xB6ln");
	check_clean("a\xFFz", 60, "a\xEF\xBF\xBDz");
	check_clean("\xC2\2332J", 60,
		    "\xEF\xBF\xBD"
		    "2J"); /* C1: CSI in one character */
	check_clean("\x7F", 60, "\xEF\xBF\xBD");
	check_clean("\xE2\x80\xAEtxt", 60, "\xEF\xBF\xBDtxt"); /* right to left override */
	check_clean("\x1B[2J\n", 60, "\x1B[2J\n");	       /* JSON escapes these itself */
	check_clean("abcdef", 4, "abc");
	check_clean("ab\xC3\xB6", 4, "ab"); /* not half a character */
	check_clean("", 1, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_next),
		cmocka_unit_test(test_clean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
