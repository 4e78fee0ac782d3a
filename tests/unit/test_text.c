// SPDX-License-Identifier: GPL-2.0-or-later
/* test_text.c - small tools over untrusted bytes, at their edges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "guard.h"
#include "leasewatch/units.h"
#include "protocol/text.h"

static void test_copy(void **state)
{
	static const struct {
		const char *src, *ascii, *utf8;
		size_t size;
	} cases[] = {
		{"abc", "abc", "abc", 16},
		{"abc", "ab", "ab", 3},
		{"abc", "", "", 1},
		{"a\n\x1b\x7f", "a???", "a???", 16},
		{"\xc3\xbc", "??", "\xc3\xbc", 16},
		{"a\xc3\xbc", "a?", "a", 3}, /* no half characters */
		{"\xf0\x9f\x90\x98", "????", "\xf0\x9f\x90\x98", 16},
		{"\xc3", "?", "?", 16},
		{"\xc3(", "?(", "?(", 16},
		{"\xc0\xaf", "??", "??", 16},		  /* overlong */
		{"\xe0\x82\xbf", "???", "???", 16},	  /* overlong */
		{"\xed\xa0\x80", "???", "???", 16},	  /* a surrogate */
		{"\xf4\x90\x80\x80", "????", "????", 16}, /* above Unicode */
		{"\xc2\x9b", "??", "??", 16},		  /* C1: begins an escape sequence */
		{"\xff\x80", "??", "??", 16},
		/* the first and the last of each length */
		{" ~", " ~", " ~", 16},
		{"\xc2\xa0\xdf\xbf", "????", "\xc2\xa0\xdf\xbf", 16},
		{"\xe0\xa0\x80\xef\xbf\xbf", "??????", "\xe0\xa0\x80\xef\xbf\xbf", 16},
		{"\xed\x9f\xbf\xee\x80\x80", "??????", "\xed\x9f\xbf\xee\x80\x80", 16},
		{"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", "????????", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf",
		 16},
		{"\xed\xbf\xbf", "???", "???", 16},
		{"\xf8\x88\x80\x80\x80", "?????", "?????", 16},
	};
	struct guard g = guard__new(16);
	char got[16];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		size_t len = strlen(cases[i].src);
		const char *src = guard__put(&g, cases[i].src, len);

		text_copy_ascii(got, cases[i].size, src, len);
		assert_string_equal(got, cases[i].ascii);
		text_copy_utf8(got, cases[i].size, src, len);
		assert_string_equal(got, cases[i].utf8);
	}
	guard__free(&g);
}

static void test_numbers(void **state)
{
	static const char *const bad[] = {"",	"-1", "+1",  " 1",
					  "1 ", "1x", "0x1", "18446744073709551616"};
	uint64_t got = 42;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(text_u64(bad[i], strlen(bad[i]), &got));
	assert_int_equal(got, 42);
	assert_true(text_u64("18446744073709551615", 20, &got));
	assert_true(got == UINT64_MAX);
	assert_true(text_u64("0123", 3, &got));
	assert_int_equal(got, 12);
}

static void test_base64(void **state)
{
	static const struct {
		const char *src, *want;
		bool whole;
	} cases[] = {
		{"", "", true},
		{"Zg==", "f", true},
		{"Zm8=", "fo", true},
		{"Zm9v", "foo", true},
		{"Zm9vYg", "foob", true},
		{"Zm9vYmFy", "foobar", true},
		{"Z", "", true},
		{"Zm9v!YmFy", "foo", false},
		{"Zm 9v", "f", false},
		{"Zg==Zg==", "f", false},
		{"Pz8_", "???", true},
		{"Pz8/", "???", true},
		{"Zm9vYmFyYmF6", "foobarba", false}, /* no room for the last one */
	};
	struct guard g = guard__new(16);
	uint8_t got[8];
	bool whole;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		size_t len = strlen(cases[i].src);
		const char *src = guard__put(&g, cases[i].src, len);

		assert_int_equal(text_base64(got, sizeof(got), src, len, &whole),
				 strlen(cases[i].want));
		assert_memory_equal(got, cases[i].want, strlen(cases[i].want));
		assert_int_equal(whole, cases[i].whole);
	}
	guard__free(&g);
}

static void test_words(void **state)
{
	const char *text = " \t a b\t ";
	size_t len = strlen(text);

	(void)state;
	text_trim(&text, &len);
	assert_int_equal(len, 3);
	assert_memory_equal(text, "a b", 3);
	text = "  ";
	len = 2;
	text_trim(&text, &len);
	assert_int_equal(len, 0);
	assert_true(text_is("ChunKed", 7, "chunked"));
	assert_false(text_is("chunked", 6, "chunked"));
	assert_false(text_is("chunkex", 7, "chunked"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
