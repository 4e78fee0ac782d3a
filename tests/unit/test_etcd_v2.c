// SPDX-License-Identifier: GPL-2.0-or-later
/* test_etcd_v2.c - requests to etcd's v2 API, and its answers, as etcd 3.4.23 gives them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "guard.h"
#include "leasewatch/units.h"
#include "protocol/etcd.h"

#define LEADER "/v2/keys/service/demo/leader"
#define MEMBER "/v2/keys/service/demo/members/pg1"
static struct guard guard;

static struct etcd_request request(const char *method, const char *target, const char *body,
				   size_t len, bool cut)
{
	struct etcd_request r;
	enum etcd_rpc rpc = etcd_rpc_from_request(method, target);

	assert_int_equal(
		etcd_parse_request(rpc, target, guard__put(&guard, body, len), len, cut, &r), 0);
	assert_int_equal(r.rpc, rpc);
	return r;
}

static struct etcd_request whole(const char *method, const char *target, const char *body)
{
	return request(method, target, body, strlen(body), false);
}

static struct etcd_response response(enum etcd_rpc rpc, int status, const char *body)
{
	struct etcd_response r;
	size_t len = strlen(body);

	assert_int_equal(
		etcd_parse_response(rpc, status, guard__put(&guard, body, len), len, false, &r), 0);
	return r;
}

static void test_calls(void **state)
{
	static const struct {
		const char *method, *target, *name;
	} cases[] = {
		{"PUT", LEADER, "v2/put leader"},
		{"PUT", "http://etcd1.lab:2379" LEADER, "v2/put leader"},
		{"PUT", "/v2/keys/a/b/service/demo/0/leader", "v2/put leader"},
		{"PUT", MEMBER, "v2/put member"},
		{"PUT", "/v2/keys/service/demo/status", "v2/put"},
		{"PUT", "/v2/keys/nothing", "v2/put"},
		{"POST", "/v2/keys/queue", "v2/put"},
		{"GET", "/v2/keys/service/demo/?recursive=true", "v2/get"},
		{"GET", LEADER "?quorum=true&wait=false", "v2/get"},
		{"GET", LEADER "?waitIndex=7&wait=true", "v2/watch"},
		{"GET", LEADER "?wait=true", "v2/watch"},
		{"GET", LEADER "?wait=true&waitIndex=7", "v2/watch"},
		{"GET", LEADER "?await=true", "v2/get"},
		{"GET", LEADER "?wait=truest", "v2/get"},
		{"DELETE", LEADER "?prevValue=pg1", "v2/delete"},
		{"GET", "/v2/machines", "v2/machines"},
		{"GET", "/v2/members", "v2/other"},
		{"HEAD", LEADER, "v2/other"},
		{"GET", "/v2/elsewhere", "unknown"},
		{"GET", "/v2", "unknown"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		enum etcd_rpc rpc = etcd_rpc_from_request(cases[i].method, cases[i].target);

		assert_string_equal(etcd_rpc_name(rpc), cases[i].name);
		assert_int_equal(etcd_rpc_from_name(cases[i].name), rpc);
		assert_int_equal(etcd_rpc_is_v2(rpc), rpc != ETCD_RPC_UNKNOWN);
		assert_int_equal(etcd_rpc_is_watch(rpc), rpc == ETCD_RPC_V2_WATCH);
	}
}

static void test_renewal(void **state)
{
	struct etcd_request r = whole("PUT", LEADER, "value=pg1&ttl=30&prevValue=pg1");

	(void)state;
	assert_int_equal(r.key, ETCD_KEY_LEADER);
	assert_string_equal(r.scope, "demo");
	assert_int_equal(r.ttl_s, 30);
	assert_int_equal(r.role, ETCD_ROLE_LEADER);
	assert_false(r.leader_race);
	r = whole("PUT", LEADER, "ttl=30&value=pg1");
	assert_int_equal(r.role, ETCD_ROLE_LEADER);
	r = whole("PUT", LEADER, "value=pg1&ttl=30&prevExist=false");
	assert_true(r.leader_race);
	assert_int_equal(r.role, ETCD_ROLE_UNKNOWN);
	/* The condition is behind the cut: nobody knows. */
	r = request("PUT", LEADER, "value=pg1&ttl=30&prevEx", 23, true);
	assert_int_equal(r.role, ETCD_ROLE_UNKNOWN);
	assert_false(r.leader_race);
	assert_int_equal(r.ttl_s, 30);
	r = request("PUT", LEADER, "value=pg1&ttl=3", 15, true);
	assert_int_equal(r.ttl_s, 0);
}

static void test_member(void **state)
{
	static const struct {
		const char *role;
		enum etcd_role is;
	} roles[] = {
		{"master", ETCD_ROLE_LEADER},	{"primary", ETCD_ROLE_LEADER},
		{"replica", ETCD_ROLE_REPLICA}, {"standby_leader", ETCD_ROLE_LEADER},
		{"demoted", ETCD_ROLE_REPLICA}, {"someone", ETCD_ROLE_UNKNOWN},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(roles); i++) {
		struct etcd_request r;
		char body[256];

		snprintf(body, sizeof(body), "%s%s%s",
			 "value=%7B%22conn_url%22%3A%22postgres%3A%2F%2Fsecret%22%2C%22role%22%3A%"
			 "22",
			 roles[i].role, "%22%7D&ttl=20");
		r = whole("PUT", MEMBER, body);
		assert_int_equal(r.key, ETCD_KEY_MEMBER);
		assert_string_equal(r.scope, "demo");
		assert_string_equal(r.member, "pg1");
		assert_int_equal(r.role, roles[i].is);
		assert_int_equal(r.standby, i == 3);
		assert_int_equal(r.ttl_s, 20);
		assert_null(memmem(&r, sizeof(r), "secret", 6));
	}
}

static void test_other_keys(void **state)
{
	struct etcd_request r;

	(void)state;
	r = whole("PUT", "/v2/keys/service/demo/status", "value=%7B%22optime%22%3A1%7D");
	assert_int_equal(r.key, ETCD_KEY_STATUS);
	assert_int_equal(r.role, ETCD_ROLE_LEADER);
	r = whole("DELETE", LEADER "?prevValue=pg1", "");
	assert_true(r.leader_release);
	for (int slash = 0; slash < 2; slash++) {
		r = whole("GET",
			  slash ? "/v2/keys/service/demo/?recursive=true"
				: "/v2/keys/service/demo?recursive=true",
			  "");
		assert_int_equal(r.key, ETCD_KEY_SCOPE);
		assert_string_equal(r.scope, "demo");
	}
	r = whole("GET", "/v2/keys/service/my%2ddemo%20%zz/leader", "");
	assert_string_equal(r.scope, "my-demo %zz");
	r = whole("GET", "/v2/machines", "");
	assert_int_equal(r.key, ETCD_KEY_UNKNOWN);
}

/* Whatever the path: a key is looked for only where one can be. */
static void test_paths_of_other_calls(void **state)
{
	static const char *const targets[] = {"", "/", "/v2/keys", "v2/keys/x", "http://x"};
	struct etcd_request r;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
		assert_int_equal(etcd_parse_request(ETCD_RPC_V2_PUT_LEADER, targets[i], "ttl=5", 5,
						    false, &r),
				 0);
		assert_int_equal(r.key, ETCD_KEY_UNKNOWN);
		assert_int_equal(r.ttl_s, 5);
	}
}

static void test_granted(void **state)
{
	struct etcd_response r = response(
		ETCD_RPC_V2_PUT_LEADER, 200,
		"{\"action\":\"compareAndSwap\",\"node\":{\"key\":\"/service/demo/leader\","
		"\"value\":\"pg1\",\"expiration\":\"2026-11-23T14:55:12.496079196Z\",\"ttl\":30,"
		"\"modifiedIndex\":14,\"createdIndex\":14},\"prevNode\":{\"key\":"
		"\"/service/demo/leader\",\"value\":\"pg1\",\"ttl\":3}}");

	(void)state;
	assert_int_equal(r.ttl_s, 30);
	assert_true(r.succeeded);
	assert_false(r.error || r.truncated);
}

/* What is compared is a value. */
static void test_errors(void **state)
{
	struct etcd_response r = response(ETCD_RPC_V2_PUT_LEADER, 412,
					  "{\"errorCode\":101,\"message\":\"Compare failed\","
					  "\"cause\":\"[secret1 != secret2]\",\"index\":15}");

	(void)state;
	assert_int_equal(r.error, ETCD_ERROR_COMPARE_FAILED);
	assert_false(r.succeeded);
	assert_int_equal(r.error_code, 101);
	assert_string_equal(r.error_message, "Compare failed");
	assert_null(memmem(&r, sizeof(r), "secret", 6));
	r = response(ETCD_RPC_V2_PUT_LEADER, 404,
		     "{\"errorCode\":100,\"message\":\"Key not found\",\"cause\":"
		     "\"/service/demo/leader\",\"index\":8}");
	assert_int_equal(r.error_code, 100);
	assert_int_equal(r.error, ETCD_ERROR_KEY_NOT_FOUND);
	r = response(ETCD_RPC_V2_PUT, 500,
		     "{\"errorCode\":300,\"message\":\"Raft Internal Error\",\"cause\":"
		     "\"etcdserver: request timed out\",\"index\":0}");
	assert_int_equal(r.error_code, 300);
	assert_int_equal(r.error, ETCD_ERROR_TIMEOUT);
	assert_string_equal(r.error_message, "etcdserver: request timed out");
	r = response(ETCD_RPC_V2_GET, 503, "no backend\n");
	assert_int_equal(r.error, ETCD_ERROR_OTHER);
	assert_string_equal(r.error_message, "no backend");
	r = response(ETCD_RPC_V2_MACHINES, 200, "http://etcd1.lab:2379, http://etcd2.lab:2379");
	assert_false(r.error);
}

static void test_configuration(void **state)
{
	struct etcd_response r = response(
		ETCD_RPC_V2_GET, 200,
		"{\"action\":\"get\",\"node\":{\"key\":\"/service/demo\",\"dir\":true,\"nodes\":["
		"{\"key\":\"/service/demo/leader\",\"value\":\"pg1\",\"ttl\":29},"
		"{\"key\":\"/service/demo/members\",\"dir\":true,\"nodes\":[]},"
		"{\"key\":\"/service/demo/config\",\"value\":"
		"\"{\\\"ttl\\\":40,\\\"loop_wait\\\":5,\\\"x\\\":\\\"secret\\\"}\"}]}}");

	(void)state;
	assert_int_equal(r.conf_ttl_s, 40);
	assert_int_equal(r.conf_loop_wait_s, 5);
	assert_null(memmem(&r, sizeof(r), "secret", 6));
}

static int setup(void **state)
{
	(void)state;
	guard = guard__new(4096);
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
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_renewal),
		cmocka_unit_test(test_member),
		cmocka_unit_test(test_other_keys),
		cmocka_unit_test(test_paths_of_other_calls),
		cmocka_unit_test(test_granted),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_configuration),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
