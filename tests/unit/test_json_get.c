// SPDX-License-Identifier: GPL-2.0-or-later
/* test_json_get.c - lookups in one JSON object of which any part may be missing. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "guard.h"
#include "leasewatch/units.h"
#include "protocol/json.h"

static struct guard guard;
static struct json json;

static int parse(const char *text)
{
	size_t len = strlen(text);

	return json__parse(&json, guard__put(&guard, text, len), len);
}

static int member(const char *name)
{
	return json__get(&json, JSON_ROOT, name);
}

static void test_what_is_an_object(void **state)
{
	static const char *const objects[] = {"{}", " \t\r\n{}", "{}trailing", "{} {"};
	static const char *const others[] = {"x", "[]", "\"{\"", "\v{}", "{]"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(objects); i++) {
		assert_int_equal(parse(objects[i]), 0);
		assert_false(json.cut);
	}
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		assert_int_equal(parse(others[i]), -EBADMSG);
	assert_int_equal(parse(""), 0);
	assert_true(json.cut);
	assert_int_equal(parse(" "), 0);
	assert_int_equal(parse("{\"a\":"), 0);
	assert_true(json.cut);
}

static void test_members(void **state)
{
	int list, inner, first;

	(void)state;
	assert_int_equal(parse("{\"a\": {\"b\": \"deep\"}, \"b\": \"flat\", \"b\": \"again\","
			       " \"list\": [[1], 2, {\"a\": 3}], \"yes\": true, \"no\": false,"
			       " \"text\": \"true\", \"last\": 7}"),
			 0);
	assert_true(json__is(&json, member("b"), "flat"));
	assert_false(json__is(&json, member("b"), "fla"));
	assert_false(json__is(&json, member("b"), "flax"));
	inner = member("a");
	assert_true(json__is_object(&json, inner));
	assert_true(json__is_complete(&json, inner));
	assert_true(json__is(&json, json__get(&json, inner, "b"), "deep"));
	assert_int_equal(json__get(&json, inner, "yes"), JSON_NONE); /* its parent's */
	assert_int_equal(json__get(&json, member("b"), "b"), JSON_NONE);
	assert_int_equal(member("deep"), JSON_NONE); /* a value is no name */
	assert_true(json__true(&json, member("yes")));
	assert_false(json__true(&json, member("no")));
	assert_false(json__true(&json, member("text")));
	assert_int_not_equal(member("last"), JSON_NONE);
	list = member("list");
	assert_false(json__is_object(&json, list));
	first = json__next(&json, list, JSON_NONE);
	assert_int_not_equal(first, JSON_NONE);
	first = json__next(&json, list, first);
	first = json__next(&json, list, first);
	assert_true(json__is_object(&json, first));
	assert_int_equal(json__next(&json, list, first), JSON_NONE);
	assert_int_equal(json__next(&json, inner, JSON_NONE), JSON_NONE);
	assert_false(json__is_object(&json, JSON_NONE));
	assert_false(json__true(&json, 1000));
}

static void test_numbers(void **state)
{
	uint64_t n = 42;

	(void)state;
	parse("{\"a\": 7, \"b\": \"8\", \"c\": -1, \"d\": [9], \"e\": true, \"f\": 5");
	assert_true(json__u64(&json, member("a"), &n));
	assert_int_equal(n, 7);
	assert_true(json__u64(&json, member("b"), &n));
	assert_int_equal(n, 8);
	assert_false(json__u64(&json, member("c"), &n));
	assert_false(json__u64(&json, member("d"), &n));
	assert_false(json__u64(&json, member("e"), &n));
	assert_false(json__u64(&json, member("f"), &n)); /* it may go on behind the cut */
	assert_false(json__u64(&json, member("g"), &n));
	assert_int_equal(n, 8);
}

static void test_strings(void **state)
{
	static const struct {
		const char *json, *text;
	} cases[] = {
		{"{\"s\": \"\\b\\f\\n\\r\\t\\\\\\/\\\"\"}", "\b\f\n\r\t\\/\""},
		{"{\"s\": \"\\u0039\\u004a\\u004Fx\"}", "9JOx"},
		{"{\"s\": \"\\u006b\\u007f\\u0080\\u00e9.\"}", "k\x7f??."},
		{"{\"s\": \"\\u000A\\uFFff\"}", "\n?"},
		{"{\"s\": \"\"}", ""},
	};
	char text[32], tiny[4];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(parse(cases[i].json), 0);
		assert_int_equal(json__string(&json, member("s"), text, sizeof(text)),
				 strlen(cases[i].text));
		assert_string_equal(text, cases[i].text);
	}
	parse("{\"s\": \"abcdef\", \"n\": 1, \"t\": \"not to its en");
	assert_int_equal(json__string(&json, member("s"), tiny, sizeof(tiny)), 3);
	assert_string_equal(tiny, "abc");
	assert_int_equal(json__string(&json, member("n"), text, sizeof(text)), -ENOENT);
	assert_int_equal(json__string(&json, member("t"), text, sizeof(text)), -ENOENT);
	assert_false(json__is_complete(&json, member("t")));
	assert_false(json__is_complete(&json, JSON_ROOT));
}

static void test_base64(void **state)
{
	char text[1024] = "{\"v\": \"";
	uint8_t got[512];
	bool whole = true;

	(void)state;
	parse("{\"v\": \"Pz8\\/Zg==\", \"n\": 1, \"cut\": \"Zm9v");
	assert_int_equal(json__base64(&json, member("v"), got, sizeof(got), &whole), 4);
	assert_memory_equal(got, "???f", 4);
	assert_true(whole);
	assert_int_equal(json__base64(&json, member("n"), got, sizeof(got), &whole), 0);
	assert_false(whole);
	assert_int_equal(json__base64(&json, member("cut"), got, sizeof(got), &whole), 3);
	assert_memory_equal(got, "foo", 3);
	assert_false(whole);
	whole = true;
	assert_int_equal(json__base64(&json, member("none"), got, sizeof(got), &whole), 0);
	assert_false(whole);

	/* Longer than what is decoded at a time, and not quite room for it. */
	for (int i = 0; i < 100; i++)
		strcat(text, i % 2 ? "YmFy" : "Zm9v");
	strcat(text, "\"}");
	assert_int_equal(parse(text), 0);
	memset(got, 'x', sizeof(got));
	assert_int_equal(json__base64(&json, member("v"), got, sizeof(got), &whole), 300);
	assert_true(whole);
	for (size_t i = 0; i < 300; i++)
		assert_int_equal(got[i], "foobar"[i % 6]);
	assert_int_equal(got[300], 'x');
	assert_int_equal(json__base64(&json, member("v"), got, 299, &whole), 299);
	assert_false(whole);
}

static int setup(void **state)
{
	(void)state;
	guard = guard__new(1024);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	guard__free(&guard);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_an_object),
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_base64),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
