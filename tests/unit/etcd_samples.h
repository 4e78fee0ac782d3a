/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * etcd_samples.h - bodies of requests to etcd and of its answers, for test_etcd. `...` between
 * backquotes stands for its base64.
 *
 * 3.4 and Patroni 3.0.2: recorded. 3.5, 3.6 and Patroni 4: written after their sources.
 */
#ifndef LEASEWATCH_TESTS_ETCD_SAMPLES_H
#define LEASEWATCH_TESTS_ETCD_SAMPLES_H

#include "protocol/etcd.h"

struct request_sample {
	const char *name, *body;
	struct etcd_request want;
};

#define REQUEST(n, r, b, ...)                                                                      \
	{                                                                                          \
		.name = n, .body = b, .want = {.rpc = ETCD_RPC_##r, ##__VA_ARGS__ }                \
	}
#define MEMBER_PUT(value) "{\"key\": \"`/service/demo/members/pg1`\", \"value\": \"`" value "`\"}"
#define LEADER_PUT                                                                                 \
	"{\"request_put\": {\"key\": \"`/service/demo/leader`\", \"value\": \"`pg1`\", "           \
	"\"lease\": \"77\"}}"
#define LEADER_TXN(compare)                                                                        \
	"{\"compare\": [{" compare                                                                 \
	"\"key\": \"`/service/demo/leader`\"}], \"success\": [" LEADER_PUT "]}"

static const struct request_sample requests[] = {
	REQUEST("keepalive", LEASE_KEEPALIVE, "{\"ID\": \"5156799728912695602\"}",
		.lease_id = 5156799728912695602),
	REQUEST("a number", LEASE_KEEPALIVE, " {\n\"ID\" :\t77 }", .lease_id = 77),
	REQUEST("revoke", LEASE_REVOKE, "{\"ID\":\"77\"}", .lease_id = 77),
	REQUEST("a number that is none", LEASE_KEEPALIVE, "{\"ID\": \"7x\"}"),
	REQUEST("too large", LEASE_KEEPALIVE, "{\"ID\": \"18446744073709551616\"}"),
	REQUEST("negative", LEASE_KEEPALIVE, "{\"ID\": -7}"),
	REQUEST("null", LEASE_KEEPALIVE, "{\"ID\": null}"),
	REQUEST("an object", LEASE_KEEPALIVE, "{\"ID\": {\"ID\": 7}}"),
	REQUEST("below another name", LEASE_KEEPALIVE, "{\"x\": {\"ID\": 7}, \"y\": [\"ID\", 8]}"),
	REQUEST("the first counts", LEASE_KEEPALIVE, "{\"ID\": 7, \"ID\": 8}", .lease_id = 7),
	REQUEST("grant", LEASE_GRANT, "{\"TTL\": 30}", .ttl_s = 30),
	REQUEST("grant with an ID", LEASE_GRANT, "{\"TTL\":\"3000\",\"ID\":77,\"x\":[{}]}",
		.ttl_s = 3000, .lease_id = 77),
	REQUEST("range of Patroni", KV_RANGE,
		"{\"key\": \"L3NlcnZpY2UvZGVtby8=\", \"range_end\": \"L3NlcnZpY2UvZGVtbzA=\", "
		"\"serializable\": true}",
		.key = ETCD_KEY_SCOPE, .scope = "demo"),
	REQUEST("other order, URL-safe alphabet, escaped slash, no padding", KV_RANGE,
		"{\"range_end\":\"x\",\"key\":\"L3NlcnZpY2Uvw7zDv8O_L2xlYWRlcg\"}",
		.key = ETCD_KEY_LEADER, .scope = "\xc3\xbc\xc3\xbf\xc3\xbf"),
	REQUEST("escaped slash", KV_RANGE, "{\"key\":\"L3MvYT8\\/L2xlYWRlcg==\"}",
		.key = ETCD_KEY_LEADER, .scope = "a??"),
	REQUEST("a key that is no base64", KV_RANGE, "{\"key\":\"/service/demo/ leader\"}"),
	REQUEST("watch of Patroni 3.0.2", WATCH,
		"{\"create_request\": {\"key\": \"L3NlcnZpY2UvZGVtby8=\", \"range_end\": "
		"\"L3NlcnZpY2UvZGVtbzA=\", \"start_revision\": \"11\", \"filters\": []}}",
		.key = ETCD_KEY_SCOPE, .scope = "demo"),
	REQUEST("member of Patroni 3.0.2", KV_PUT,
		"{\"key\": \"L3NlcnZpY2UvZGVtby9tZW1iZXJzL3BhdHJvbmkx\", \"value\": "
		"\"eyJjb25uX3VybCI6InBvc3RncmVzOi8vMTI3LjAuMC4yMTo1NDMyL3Bvc3RncmVzIiwiYXBpX3VybCI6"
		"Imh0dHA6Ly8xMjcuMC4wLjIxOjgwMDgvcGF0cm9uaSIsInN0YXRlIjoicnVubmluZyIsInJvbGUiOiJtYX"
		"N0ZXIiLCJ2ZXJzaW9uIjoiMy4wLjIiLCJ4bG9nX2xvY2F0aW9uIjo2MzY3MzIwLCJ0aW1lbGluZSI6MX0="
		"\""
		", \"lease\": \"5156799728912695602\"}",
		.key = ETCD_KEY_MEMBER, .scope = "demo", .member = "patroni1",
		.role = ETCD_ROLE_LEADER, .lease_id = 5156799728912695602),
	REQUEST("primary", KV_PUT, MEMBER_PUT("{\"role\":\"primary\",\"state\":\"running\"}"),
		.key = ETCD_KEY_MEMBER, .scope = "demo", .member = "pg1", .role = ETCD_ROLE_LEADER),
	REQUEST("promoted", KV_PUT, MEMBER_PUT("{\"role\":\"promoted\"}"), .key = ETCD_KEY_MEMBER,
		.scope = "demo", .member = "pg1", .role = ETCD_ROLE_LEADER),
	REQUEST("standby_leader", KV_PUT, MEMBER_PUT("{\"role\":\"standby_leader\"}"),
		.key = ETCD_KEY_MEMBER, .scope = "demo", .member = "pg1", .role = ETCD_ROLE_LEADER,
		.standby = true),
	REQUEST("replica", KV_PUT,
		MEMBER_PUT("{\"tags\":{\"role\":\"master\"},\"role\":\"replica\"}"),
		.key = ETCD_KEY_MEMBER, .scope = "demo", .member = "pg1",
		.role = ETCD_ROLE_REPLICA),
	REQUEST("demoted", KV_PUT, MEMBER_PUT("{\"role\":\"demoted\"}"), .key = ETCD_KEY_MEMBER,
		.scope = "demo", .member = "pg1", .role = ETCD_ROLE_REPLICA),
	REQUEST("uninitialized", KV_PUT, MEMBER_PUT("{\"role\":\"uninitialized\"}"),
		.key = ETCD_KEY_MEMBER, .scope = "demo", .member = "pg1",
		.role = ETCD_ROLE_REPLICA),
	REQUEST("a word that is not known", KV_PUT, MEMBER_PUT("{\"role\":\"king\"}"),
		.key = ETCD_KEY_MEMBER, .scope = "demo", .member = "pg1"),
	REQUEST("a value that is no JSON", KV_PUT, MEMBER_PUT("master"), .key = ETCD_KEY_MEMBER,
		.scope = "demo", .member = "pg1"),
	REQUEST("status", KV_PUT, "{\"key\": \"`/service/demo/status`\", \"value\": \"`{}`\"}",
		.key = ETCD_KEY_STATUS, .scope = "demo", .role = ETCD_ROLE_LEADER),
	REQUEST("optime", KV_PUT,
		"{\"key\": \"`/service/demo/optime/leader`\", \"value\": \"`1`\"}",
		.key = ETCD_KEY_STATUS, .scope = "demo", .role = ETCD_ROLE_LEADER),
	REQUEST("failsafe", KV_PUT, "{\"key\": \"`/service/demo/failsafe`\", \"value\": \"`{}`\"}",
		.key = ETCD_KEY_OTHER, .scope = "demo", .role = ETCD_ROLE_LEADER),
	REQUEST("reading the status proves nothing", KV_RANGE,
		"{\"key\": \"`/service/demo/status`\"}", .key = ETCD_KEY_STATUS, .scope = "demo"),
	REQUEST("config may be written by anybody", KV_PUT,
		"{\"key\": \"`/service/demo/config`\", \"value\": \"`{}`\"}",
		.key = ETCD_KEY_CONFIG, .scope = "demo"),
	REQUEST("leader rebound to a new lease, 3.0.2", KV_PUT,
		"{\"key\": \"L3NlcnZpY2UvZGVtby9sZWFkZXI=\", \"value\": \"cGF0cm9uaTE=\", "
		"\"lease\": "
		"\"5156799728912695602\"}",
		.key = ETCD_KEY_LEADER, .scope = "demo", .role = ETCD_ROLE_LEADER,
		.lease_id = 5156799728912695602),
	REQUEST("race, 3.0.2", KV_TXN,
		LEADER_TXN("\"target\": \"CREATE\", \"create_revision\": 0, "),
		.key = ETCD_KEY_LEADER, .scope = "demo", .lease_id = 77, .leader_race = true),
	REQUEST("race, 4", KV_TXN,
		LEADER_TXN("\"target\": \"CREATE\", \"create_revision\": \"0\", "),
		.key = ETCD_KEY_LEADER, .scope = "demo", .lease_id = 77, .leader_race = true),
	REQUEST("race, the comparison last", KV_TXN,
		"{\"success\": [" LEADER_PUT
		"], \"compare\": [{\"key\": \"`/service/demo/leader`\", "
		"\"create_revision\": 0, \"target\": \"CREATE\"}]}",
		.key = ETCD_KEY_LEADER, .scope = "demo", .lease_id = 77, .leader_race = true),
	REQUEST("race on a version", KV_TXN, LEADER_TXN("\"version\": 0, "), .key = ETCD_KEY_LEADER,
		.scope = "demo", .lease_id = 77, .leader_race = true),
	REQUEST("a version above 0 is there", KV_TXN, LEADER_TXN("\"version\": \"3\", "),
		.key = ETCD_KEY_LEADER, .scope = "demo", .lease_id = 77, .role = ETCD_ROLE_LEADER),
	REQUEST("a revision above 0 is there", KV_TXN,
		LEADER_TXN("\"target\": \"MOD\", \"mod_revision\": \"9\", "),
		.key = ETCD_KEY_LEADER, .scope = "demo", .lease_id = 77, .role = ETCD_ROLE_LEADER),
	REQUEST("update_leader of 4", KV_TXN,
		"{\"compare\": [{\"key\": \"`/service/demo/leader`\", \"target\": \"VALUE\", "
		"\"value\": "
		"\"`pg1`\"}], \"success\": [" LEADER_PUT "], \"failure\": [{\"request_txn\": "
		"{\"compare\": [{\"key\": \"`/service/demo/leader`\", \"target\": \"CREATE\", "
		"\"create_revision\": \"0\"}], \"success\": [" LEADER_PUT "]}}]}",
		.key = ETCD_KEY_LEADER, .scope = "demo", .lease_id = 77, .role = ETCD_ROLE_LEADER),
	REQUEST("unconditional txn", KV_TXN, "{\"compare\": [], \"success\": [" LEADER_PUT "]}",
		.key = ETCD_KEY_LEADER, .scope = "demo", .role = ETCD_ROLE_LEADER, .lease_id = 77),
	REQUEST("leader gives up, 4", KV_TXN,
		"{\"compare\": [{\"key\": \"`/service/demo/leader`\", \"target\": \"VALUE\", "
		"\"value\": "
		"\"`pg1`\"}], \"success\": [{\"request_delete_range\": {\"key\": "
		"\"`/service/demo/leader`\"}}]}",
		.key = ETCD_KEY_LEADER, .scope = "demo", .leader_release = true),
	REQUEST("leader deleted", KV_DELETERANGE, "{\"key\": \"`/service/demo/leader`\"}",
		.key = ETCD_KEY_LEADER, .scope = "demo", .leader_release = true),
	REQUEST("sync by txn", KV_TXN,
		"{\"compare\": [{\"target\": \"MOD\", \"mod_revision\": \"5\", \"key\": "
		"\"`/service/demo/sync`\"}], \"success\": [{\"request_put\": {\"key\": "
		"\"`/service/demo/sync`\", \"value\": \"`{}`\"}}]}",
		.key = ETCD_KEY_OTHER, .scope = "demo"),
	REQUEST("txn that only compares", KV_TXN,
		"{\"compare\": [{\"key\": \"`/service/demo/leader`\"}]}", .key = ETCD_KEY_LEADER,
		.scope = "demo"),
	REQUEST("a password is not looked at", AUTHENTICATE,
		"{\"name\": \"root\", \"password\": \"secret\", \"ID\": 7, \"key\": "
		"\"`/service/demo/leader`\"}"),
	REQUEST("nor is it JSON", AUTHENTICATE, "secret"),
	REQUEST("no body", VERSION, ""),
};

#define HEADER                                                                                     \
	"\"header\":{\"cluster_id\":\"324952591200643719\",\"member_id\":\"3319814642761637952\"," \
	"\"revision\":\"6\",\"raft_term\":\"2\"}"
#define WANT_HEADER                                                                                \
	.cluster_id = 324952591200643719, .member_id = 3319814642761637952, .revision = 6,         \
	.raft_term = 2
#define TIMED_OUT "etcdserver: request timed out"

struct response_sample {
	const char *name, *body;
	enum etcd_rpc rpc;
	int status;
	struct etcd_response want;
};

#define ANSWER(n, r, s, b, ...)                                                                    \
	{                                                                                          \
		.name = n, .body = b, .rpc = ETCD_RPC_##r, .status = s, .want = { __VA_ARGS__ }    \
	}
#define ERROR(kind, n, r, s, b, code, message)                                                     \
	ANSWER(n, r, s, b, .error = ETCD_ERROR_##kind, .error_code = code, .error_message = message)

static const struct response_sample responses[] = {
	ANSWER("keepalive, 3.4.23", LEASE_KEEPALIVE, 200,
	       "{\"result\":{" HEADER ",\"ID\":\"77\",\"TTL\":\"3000\"}}\n", WANT_HEADER,
	       .lease_id = 77, .ttl_s = 3000),
	ANSWER("expired, 3.4.23", LEASE_KEEPALIVE, 200, "{\"result\":{" HEADER ",\"ID\":\"78\"}}\n",
	       WANT_HEADER, .lease_id = 78),
	ANSWER("spaces, numbers, another order, unknown fields, 3.6", LEASE_KEEPALIVE, 200,
	       "{ \"result\" : { \"TTL\" : 30, \"new\": [1, {\"TTL\": 9}], \"ID\" : 77, \"header\" "
	       ": "
	       "{ \"raft_term\": 2, \"x\": null, \"member_id\": \"3\" } } }",
	       .lease_id = 77, .ttl_s = 30, .member_id = 3, .raft_term = 2),
	ANSWER("a TTL below zero is none", LEASE_KEEPALIVE, 200,
	       "{\"result\":{\"ID\":\"78\",\"TTL\":\"-1\"}}", .lease_id = 78),
	ANSWER("grant, 3.4.23", LEASE_GRANT, 200, "{" HEADER ",\"ID\":\"77\",\"TTL\":\"30\"}",
	       WANT_HEADER, .lease_id = 77, .ttl_s = 30),
	ERROR(OTHER, "grant with an error inside", LEASE_GRANT, 200,
	      "{\"ID\":\"0\",\"error\":\"no\"}", 0, "no"),
	ANSWER("grant with an empty error", LEASE_GRANT, 200, "{\"ID\":\"7\",\"error\":\"\"}",
	       .lease_id = 7),
	ANSWER("put", KV_PUT, 200, "{" HEADER "}", WANT_HEADER),
	ANSWER("member list has no revision", MEMBER_LIST, 200,
	       "{\"header\":{\"raft_term\":\"2\"},\"members\":[{\"ID\":\"3\",\"name\":\"a\"}]}",
	       .raft_term = 2),
	ANSWER("race won", KV_TXN, 200,
	       "{" HEADER ",\"succeeded\":true,\"responses\":[{\"response_put\":{\"header\":{"
	       "\"revision\":\"3\"}}}]}",
	       WANT_HEADER, .succeeded = true),
	ANSWER("race lost: proto3 drops false", KV_TXN, 200, "{" HEADER "}", WANT_HEADER),
	ANSWER("the nested race won", KV_TXN, 200,
	       "{" HEADER ",\"responses\":[{\"response_txn\":{\"header\":{},\"succeeded\":true,"
	       "\"responses\":[{\"response_put\":{\"header\":{\"revision\":\"4\"}}}]}}]}",
	       WANT_HEADER, .succeeded = true),
	ANSWER("succeeded must be true", KV_TXN, 200, "{\"succeeded\":\"true\"}"),
	ANSWER("range with configuration and leader", KV_RANGE, 200,
	       "{" HEADER ",\"kvs\":[{\"key\":\"`/service/demo/config`\",\"create_revision\":\"6\","
	       "\"value\":\"`{\"postgresql\":{\"ttl\":5},\"ttl\":30,\"loop_wait\":10}`\"},"
	       "{\"key\":\"`/service/demo/leader`\",\"value\":\"`pg1`\",\"lease\":\"77\"},"
	       "{\"key\":\"`/service/demo/members/config`\",\"value\":\"`{\"ttl\":99}`\",\"lease\":"
	       "\"99\"}],\"count\":\"3\"}",
	       WANT_HEADER, .conf_ttl_s = 30, .conf_loop_wait_s = 10, .leader_lease_id = 77),
	ANSWER("of a Citus cluster's groups, the first counts", KV_RANGE, 200,
	       "{\"kvs\":[{\"key\":\"`/service/demo/0/config`\",\"value\":\"`{\"ttl\":30}`\"},"
	       "{\"key\":\"`/service/demo/0/leader`\",\"lease\":\"7\"},"
	       "{\"key\":\"`/service/demo/1/config`\",\"value\":\"`{\"ttl\":40}`\"},"
	       "{\"key\":\"`/service/demo/1/leader`\",\"lease\":\"8\"}]}",
	       .conf_ttl_s = 30, .leader_lease_id = 7),
	ANSWER("range without them", KV_RANGE, 200,
	       "{" HEADER ",\"kvs\":[{\"key\":\"`/service/demo/history`\",\"value\":\"`[]`\"}]}",
	       WANT_HEADER),
	ANSWER("configuration that is no JSON", KV_RANGE, 200,
	       "{\"kvs\":[{\"key\":\"`/a/b/config`\",\"value\":\"`ttl: 30`\"}, 7, \"x\"]}"),
	ANSWER("watch created; what follows is not looked at", WATCH, 200,
	       "{\"result\":{" HEADER ",\"created\":true}}\n{\"result\":{\"canceled\":true}}\n",
	       WANT_HEADER),
	ERROR(LOGIN, "watch refused, 3.4.23", WATCH, 200,
	      "{\"result\":{\"watch_id\":\"-1\",\"created\":true,\"canceled\":true,\"cancel_"
	      "reason\":"
	      "\"rpc error: code = InvalidArgument desc = etcdserver: user name is empty\"}}\n",
	      0, "rpc error: code = InvalidArgument desc = etcdserver: user name is empty"),
	ANSWER("authenticate: the token is not read", AUTHENTICATE, 200,
	       "{" HEADER ",\"token\":\"AbCdEfGhIjKlMnOp.18\"}", WANT_HEADER),
	ERROR(TIMEOUT, "unary error, 3.4", LEASE_KEEPALIVE, 503,
	      "{\"error\":\"" TIMED_OUT "\",\"message\":\"" TIMED_OUT "\",\"code\":14}", 14,
	      TIMED_OUT),
	ERROR(TIMEOUT, "unary error, 3.6", KV_PUT, 503,
	      "{\"code\":14, \"message\":\"" TIMED_OUT "\"}", 14, TIMED_OUT),
	ERROR(TIMEOUT, "unary error, 3.3", KV_PUT, 503, "{\"Error\":\"" TIMED_OUT "\",\"Code\":14}",
	      14, TIMED_OUT),
	ERROR(TIMEOUT, "stream error, 3.4", WATCH, 200,
	      "{\"error\":{\"grpc_code\":14,\"http_code\":503,\"message\":\"" TIMED_OUT
	      "\",\"http_status\":\"Service Unavailable\"}}",
	      14, TIMED_OUT),
	ERROR(TIMEOUT, "stream error, 3.6", LEASE_KEEPALIVE, 503,
	      "{\"error\": {\"code\": 14, \"message\": \"" TIMED_OUT "\", \"details\": []}}", 14,
	      TIMED_OUT),
	ERROR(OTHER, "escapes", KV_PUT, 400,
	      "{\"error\":\"a \\u003cb\\u003e \\\"c\\\" \\\\ \\u00fc\\tend\\nsecond "
	      "line\",\"code\":3}",
	      3, "a <b> \"c\" \\ ??end"),
	ERROR(OTHER, "a code that is none", KV_PUT, 500, "{\"error\":\"x\",\"code\":\"E12\"}", 0,
	      "x"),
	ERROR(OTHER, "JSON without a message", KV_PUT, 502, "{\"ok\":false}", 0, ""),
	ERROR(OTHER, "plain text, Go", KV_PUT, 404, "404 page not found\n", 0,
	      "404 page not found"),
	ERROR(OTHER, "plain text, a proxy", LEASE_KEEPALIVE, 503,
	      "upstream connect error or disconnect/reset before headers. reset reason: connection "
	      "failure",
	      0,
	      "upstream connect error or disconnect/reset before headers. reset reason: connection "
	      "failure"),
	ERROR(OTHER, "HTML, another proxy", LEASE_KEEPALIVE, 502,
	      "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>", 0,
	      "502 Bad Gateway"),
	ERROR(OTHER, "control characters", KV_PUT, 500, "a\x1b[31mb\x7f\xff", 0, "a?[31mb??"),
	ERROR(OTHER, "no body", KV_PUT, 500, "", 0, ""),
	ERROR(LOGIN, "authentication failed, 3.4.23", AUTHENTICATE, 400,
	      "{\"error\":\"etcdserver: authentication failed, invalid user ID or password\","
	      "\"message\":\"etcdserver: authentication failed, invalid user ID or password\","
	      "\"code\":3}",
	      3, "etcdserver: authentication failed, invalid user ID or password"),
	ERROR(OTHER, "somebody quotes the password", AUTHENTICATE, 400,
	      "{\"message\":\"proto: unexpected token secret\",\"code\":3}", 3, ""),
};

#endif
