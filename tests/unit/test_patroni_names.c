// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_patroni_names.c - the names in Patroni's configuration: defaults, and what may be shown.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "host/patroni.h"
#include "leasewatch/units.h"

#define YAML(text) yaml(text, 0)

static struct patroni_config cfg;

static void yaml(const char *text, int expected)
{
	memset(&cfg, 0, sizeof(cfg));
	assert_int_equal(patroni_config__parse_yaml(text, strlen(text), &cfg), expected);
}

/* The last NUL of a literal is its own. */
#define ENVIRONMENT(block) patroni_config__apply_environment(block, sizeof(block), &cfg)

static void names_and_their_defaults(void **state)
{
	(void)state;
	YAML("postgresql: {name: pg}");
	assert_string_equal(cfg.member, "pg");
	assert_string_equal(cfg.namespace, "service");
	YAML("namespace: //a//b/");
	assert_string_equal(cfg.namespace, "a/b");
	YAML("namespace: a");
	assert_string_equal(cfg.namespace, "a");
	YAML("namespace: /a/b");
	assert_string_equal(cfg.namespace, "a/b");
	YAML("namespace: /");
	assert_string_equal(cfg.namespace, "");
	YAML("scope: 123\nname: 'caf\xc3\xa9'");
	assert_string_equal(cfg.scope, "123");
	assert_string_equal(cfg.member, "caf\xc3\xa9");
	YAML("scope: one\nscope: two");
	assert_string_equal(cfg.scope, "two");
	YAML("bootstrap: {dcs: {ttl: -5, loop_wait: ten, retry_timeout: 99999999999}}");
	assert_int_equal(cfg.ttl_s, 0);
	assert_int_equal(cfg.loop_wait_s, 0);
	assert_int_equal(cfg.retry_timeout_s, 0);
	YAML("bootstrap: {dcs: {ttl: 999999999, loop_wait: 1, retry_timeout: 0}}");
	assert_int_equal(cfg.ttl_s, 999999999);
	assert_int_equal(cfg.loop_wait_s, 1);
	assert_int_equal(cfg.retry_timeout_s, 0);
}

static void leaves_out_what_could_harm(void **state)
{
	(void)state;
	YAML("scope: \"a\\e[31mb\"\nname: \"a\\u009bb\"\netcd: {hosts: [\"a\\nb:1\", \"x\\0y:1\", "
	     "ok]}");
	assert_string_equal(cfg.scope, "");
	assert_string_equal(cfg.member, "");
	assert_int_equal(cfg.endpoints_len, 1);
	assert_string_equal(cfg.endpoints[0], "ok:2379");
	YAML("scope: \"right\\u202eleft\"\nname: \"a\\nb\"");
	assert_string_equal(cfg.scope, "");
	assert_string_equal(cfg.member, "");
	/* 64 bytes with the NUL: one that is cut would be another name */
	YAML("scope: 0123456789012345678901234567890123456789012345678901234567890123\n"
	     "name: 012345678901234567890123456789012345678901234567890123456789012\n");
	assert_string_equal(cfg.scope, "");
	assert_int_equal(strlen(cfg.member), 63);
	memset(&cfg, 0, sizeof(cfg));
	ENVIRONMENT(
		"PATRONI_SCOPE=\xff\xfe\0PATRONI_NAME=\xc0\xaf\0PATRONI_NAMESPACE=\xed\xa0\x80");
	assert_string_equal(cfg.scope, "");
	assert_string_equal(cfg.member, "");
	assert_string_equal(cfg.namespace, "service");
}

/* The first and the last character of each length; and what is none, or turns the text around. */
static void names_in_any_script(void **state)
{
	static const char *const kept[] = {
		" ~",		"\xc2\xa0",	    "\xdf\xbf",
		"\xe0\xa0\x80", "\xed\x9f\xbf",	    "\xee\x80\x80",
		"\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf",
		"\xe2\x80\xa7", "\xe2\x80\xaf",	    "\xe2\x81\xaa",
		"\xe2\x81\xa5",
	};
	static const char *const dropped[] = {
		"\x1f",
		"\x7f",
		"\x80",
		"\xbf",
		"\xc1\xbf",
		"\xc2\x9f",
		"\xc3",
		"\xc3(",
		"\xe0\x9f\xbf",
		"\xed\xa0\x80",
		"\xed\xbf\xbf",
		"\xef\xbf",
		"\xf0\x8f\xbf\xbf",
		"\xf4\x90\x80\x80",
		"\xf8\x88\x80\x80",
		"\xf0\x9f\x90",
		"\xe2\x80\xa8",
		"\xe2\x80\xa9",
		"\xe2\x80\xaa",
		"\xe2\x80\xae",
		"\xe2\x81\xa6",
		"\xe2\x81\xa9",
	};
	char variable[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
		int n = sprintf(variable, "PATRONI_SCOPE=a%sz", kept[i]);

		memset(&cfg, 0, sizeof(cfg));
		patroni_config__apply_environment(variable, (size_t)n + 1, &cfg);
		assert_string_equal(cfg.scope, strchr(variable, '=') + 1);
	}
	for (size_t i = 0; i < ARRAY_LEN(dropped); i++) {
		int n = sprintf(variable, "PATRONI_SCOPE=a%s", dropped[i]);

		memset(&cfg, 0, sizeof(cfg));
		patroni_config__apply_environment(variable, (size_t)n + 1, &cfg);
		assert_string_equal(cfg.scope, "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_their_defaults),
		cmocka_unit_test(leaves_out_what_could_harm),
		cmocka_unit_test(names_in_any_script),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
