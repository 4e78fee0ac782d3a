// SPDX-License-Identifier: GPL-2.0-or-later
/* test_patroni.c - Patroni's keys, read from their end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "leasewatch/units.h"
#include "protocol/patroni.h"

static void test_keys(void **state)
{
	static const struct {
		const char *key;
		bool tree;
		enum etcd_key kind;
		const char *scope, *member;
	} cases[] = {
		{"/service/demo/leader", false, ETCD_KEY_LEADER, "demo", ""},
		{"/a/b/c/demo/leader", false, ETCD_KEY_LEADER, "demo", ""},
		{"/demo/leader", false, ETCD_KEY_LEADER, "demo", ""},
		{"/service/demo/0/leader", false, ETCD_KEY_LEADER, "demo", ""},
		{"/service/1/leader", false, ETCD_KEY_LEADER, "1", ""},
		{"/service/demo/007/leader", false, ETCD_KEY_LEADER, "007", ""},
		{"/service/demo/members/pg-1.x", false, ETCD_KEY_MEMBER, "demo", "pg-1.x"},
		{"/service/demo/12/members/leader", false, ETCD_KEY_MEMBER, "demo", "leader"},
		{"/service/demo/optime/leader", false, ETCD_KEY_STATUS, "demo", ""},
		{"/service/demo/status", false, ETCD_KEY_STATUS, "demo", ""},
		{"/service/demo/initialize", false, ETCD_KEY_OTHER, "demo", ""},
		{"/service/demo/history", false, ETCD_KEY_OTHER, "demo", ""},
		{"/service/demo/sync", false, ETCD_KEY_OTHER, "demo", ""},
		{"/service/demo/failover", false, ETCD_KEY_OTHER, "demo", ""},
		{"/service/demo/", true, ETCD_KEY_SCOPE, "demo", ""},
		{"/a/b/demo/", true, ETCD_KEY_SCOPE, "demo", ""},
		{"/service/demo/3/", true, ETCD_KEY_SCOPE, "demo", ""},
		{"/service/demo/", false, ETCD_KEY_UNKNOWN, "", ""},
		{"/service/demo", true, ETCD_KEY_UNKNOWN, "", ""},
		{"/service/demo/other", false, ETCD_KEY_UNKNOWN, "", ""},
		{"/leader", false, ETCD_KEY_UNKNOWN, "", ""},
		{"leader", false, ETCD_KEY_UNKNOWN, "", ""},
		/* these names are keys only where a scope stands before them */
		{"/members/leader", false, ETCD_KEY_LEADER, "members", ""},
		{"/members/x", false, ETCD_KEY_UNKNOWN, "", ""},
		{"/demo/members/x", false, ETCD_KEY_MEMBER, "demo", "x"},
		{"/demo/optime/leader", false, ETCD_KEY_STATUS, "demo", ""},
		{"/demo/members/optime/leader", false, ETCD_KEY_STATUS, "members", ""},
		{"/demo/0/status", false, ETCD_KEY_STATUS, "0", ""},
		{"//demo/leader", false, ETCD_KEY_UNKNOWN, "", ""},
		{"/", true, ETCD_KEY_UNKNOWN, "", ""},
		{"", true, ETCD_KEY_UNKNOWN, "", ""},
		{"/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/leader", false, ETCD_KEY_UNKNOWN, "", ""},
		{"/service/a\x1b\xff/leader", false, ETCD_KEY_LEADER, "a??", ""},
	};
	struct patroni_key got;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		patroni_key_parse(cases[i].key, strlen(cases[i].key), cases[i].tree, &got);
		if (got.kind != cases[i].kind)
			print_error("key: %s\n", cases[i].key);
		assert_int_equal(got.kind, cases[i].kind);
		assert_string_equal(got.scope, cases[i].scope);
		assert_string_equal(got.member, cases[i].member);
	}
	patroni_key_parse("/service/de\0mo/leader", 21, false, &got);
	assert_int_equal(got.kind, ETCD_KEY_UNKNOWN);
}

/* Who writes these has renewed the lease just before; of the others that is not known. */
static void test_what_only_a_leader_writes(void **state)
{
	static const char *const keys[] = {"status", "failsafe", "optime/leader"};
	static const char *const others[] = {"leader", "config",   "initialize", "history",
					     "sync",   "failover", "members/a"};
	struct patroni_key got;
	char key[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		snprintf(key, sizeof(key), "/service/demo/%s", keys[i]);
		patroni_key_parse(key, strlen(key), false, &got);
		assert_true(got.leader_writes);
	}
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		snprintf(key, sizeof(key), "/service/demo/%s", others[i]);
		patroni_key_parse(key, strlen(key), false, &got);
		assert_int_not_equal(got.kind, ETCD_KEY_UNKNOWN);
		assert_false(got.leader_writes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_what_only_a_leader_writes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
