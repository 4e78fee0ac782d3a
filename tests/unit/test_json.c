// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_json.c - the lines of the JSON log: their keys, their numbers, and how they reach the file.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>
#include <jansson.h>

#include "findings.h"
#include "leasewatch/units.h"

static void check_line(struct finding f, const char *expected)
{
	char *line = json_of(&f);

	assert_string_equal(line, expected);
	free(line);
}

#define TS "{\"ts\":\"2026-01-02T03:04:05.123456Z\",\"event\":"
#define WHO                                                                                        \
	"\"process.pid\":4242,\"patroni.scope\":\"demo\",\"patroni.member\":\"patroni1\","         \
	"\"patroni.role\":\"leader\""
#define PEER                                                                                       \
	"\"endpoint\":\"etcd2.lab:2379\",\"network.peer.address\":\"127.0.0.12\","                 \
	"\"network.peer.port\":2379"

static void test_start(void **state)
{
	(void)state;
	check_line(sample_start(),
		   TS "\"start\",\"schema_version\":1,\"version\":\"0.1.0\",\"host\":\"db1\","
		      "\"kernel\":\"6.1.0-13-amd64\","
		      "\"hooks\":\"sock_send_length, sock_recv_length\",\"targets\":1}\n");
}

static void test_process(void **state)
{
	struct finding f = sample_connect(CONNECT_OK);

	(void)state;
	f.type = FINDING_PROCESS;
	f.process = (struct finding_process){
		.phase = PROCESS_FOUND, .uid = LW_UNKNOWN, .note = "named with -p"};
	check_line(f, TS "\"process\",\"phase\":\"found\"," WHO ",\"patroni.version\":\"3.0.2\","
			 "\"note\":\"named with -p\"}\n");
	f.process = (struct finding_process){.phase = PROCESS_IGNORED, .uid = 0};
	check_line(f, TS "\"process\",\"phase\":\"ignored\"," WHO ",\"process.user.id\":0,"
			 "\"patroni.version\":\"3.0.2\"}\n");
}

static void test_connect(void **state)
{
	(void)state;
	check_line(sample_connect(CONNECT_REFUSED),
		   TS "\"connect\"," WHO "," PEER
		      ",\"outcome\":\"refused\",\"duration_s\":0.00082}\n");
}

static void test_request(void **state)
{
	(void)state;
	check_line(sample_request(),
		   TS "\"request\"," WHO ",\"endpoint\":\"etcd2.lab:2379\","
		      "\"server.address\":\"etcd2.lab\",\"server.port\":2379,"
		      "\"network.peer.address\":\"127.0.0.12\",\"network.peer.port\":2379,"
		      "\"http.request.method\":\"POST\",\"url.path\":\"/v3/lease/keepalive\","
		      "\"etcd.rpc\":\"lease/keepalive\",\"outcome\":\"ok\","
		      "\"http.response.status_code\":200,\"duration_s\":0.046123,"
		      "\"first_byte_s\":0.0461,\"unread_s\":0.000035,\"tcp.srtt_s\":0.000412,"
		      "\"tcp.retransmits\":0,\"etcd.member_id\":\"10276657743932975437\","
		      "\"etcd.raft_term\":7,\"lease.id\":\"7587862094000000001\","
		      "\"lease.ttl_s\":30}\n");
}

static void test_what_is_not_known_is_left_out(void **state)
{
	struct finding f = {.type = FINDING_REQUEST, .ts_ns = SAMPLE_TS_NS};

	(void)state;
	f.request = (struct finding_request){.outcome = REQUEST_TIMEOUT,
					     .duration_ns = LW_UNKNOWN,
					     .first_byte_ns = LW_UNKNOWN,
					     .unread_ns = LW_UNKNOWN,
					     .srtt_ns = LW_UNKNOWN,
					     .retransmits = LW_UNKNOWN,
					     .ttl_s = LW_UNKNOWN};
	check_line(f, TS "\"request\",\"outcome\":\"timeout\"}\n");
}

static void test_stall(void **state)
{
	(void)state;
	check_line(sample_stall(STALL_BEGIN),
		   TS "\"stall\",\"phase\":\"begin\",\"stall_id\":1,"
		      "\"cause\":\"endpoint_silent\"," WHO "," PEER
		      ",\"lease.id\":\"7587862094000000001\",\"lease.ttl_s\":30,"
		      "\"lease.remaining_s\":18.9,\"since_last_ok_s\":11.1,"
		      "\"in_flight_s\":1.000123,\"severity\":\"warning\","
		      "\"evidence\":{\"in_flight_s\":1.0,\"tcp.retransmits\":0,"
		      "\"answer\":\"none\"},"
		      "\"headline\":\"etcd2.lab:2379 does not answer the keepalive\","
		      "\"hint\":\"Check DNS and port 2380 from that member.\"}\n");
}

static void test_stall_end(void **state)
{
	struct finding f = sample_stall(STALL_END);
	char *line;

	(void)state;
	f.stall.remaining_ns = -2600000000;
	f.stall.evidence_len = 0;
	line = json_of(&f);
	assert_non_null(strstr(line, "\"lease.remaining_s\":-2.6,"));
	assert_non_null(strstr(line, ",\"result\":\"recovered\",\"duration_s\":7.05}\n"));
	assert_null(strstr(line, "evidence"));
	free(line);
}

static void test_endpoint(void **state)
{
	(void)state;
	check_line(sample_endpoint(),
		   TS "\"endpoint\"," PEER ",\"state\":\"half_healthy\",\"previous\":\"healthy\","
		      "\"matrix\":{\"connect\":\"ok\",\"read\":\"ok\",\"keepalive\":\"hanging\","
		      "\"watch\":\"ok\"},"
		      "\"sentence\":\"answers some requests, but fails others\"}\n");
}

static void test_lost(void **state)
{
	(void)state;
	check_line((struct finding){.type = FINDING_LOST,
				    .ts_ns = SAMPLE_TS_NS,
				    .lost = {.reason = "ring_full", .count = 12}},
		   TS "\"lost\",\"reason\":\"ring_full\",\"count\":12}\n");
}

static void test_summary(void **state)
{
	struct summary *s = summary__new();
	struct finding findings[] = {sample_request(), sample_connect(CONNECT_REFUSED),
				     sample_endpoint(), sample_stall(STALL_BEGIN)};
	char *line;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(findings); i++)
		assert_int_equal(summary__add(s, &findings[i]), 0);
	summary__finish(s, SAMPLE_TS_NS + 900000000);
	line = json_of_summary(s);
	assert_string_equal(line, TS
			    "\"summary\",\"verdict\":\"stalled\",\"stalls\":1,"
			    "\"worst_remaining_s\":18.0,\"demotions\":0,\"endpoints\":[{"
			    "\"endpoint\":\"etcd2.lab:2379\",\"state\":\"half_healthy\","
			    "\"requests\":1,\"failed\":0,\"timeouts\":0,\"p50_s\":0.046123,"
			    "\"p99_s\":0.046123,\"max_s\":0.046123,\"connects\":1,"
			    "\"connects_failed\":1,\"rpcs\":{\"lease/keepalive\":{\"requests\":1,"
			    "\"failed\":0,\"timeouts\":0,\"p50_s\":0.046123,\"p99_s\":0.046123,"
			    "\"max_s\":0.046123}}}],\"events_lost\":0,\"refreshes\":1,"
			    "\"refreshes_ok\":1,\"duration_s\":0.9}\n");
	free(line);
	summary__free(s);
}

static void check_server(const char *endpoint, const char *expected)
{
	struct finding f = {.type = FINDING_REQUEST, .ts_ns = SAMPLE_TS_NS};
	char *line;

	f.where.endpoint = endpoint;
	line = json_of(&f);
	assert_non_null(strstr(line, expected));
	free(line);
}

static void test_server_address(void **state)
{
	(void)state;
	check_server("[fd00::2]:2379", "\"server.address\":\"fd00::2\",\"server.port\":2379,");
	check_server("fd00::2", "\"server.address\":\"fd00::2\",\"outcome\"");
	check_server("etcd2.lab", "\"server.address\":\"etcd2.lab\",\"outcome\"");
	check_server("etcd2:99999", "\"server.address\":\"etcd2:99999\",\"outcome\"");
	check_server("etcd2:", "\"server.address\":\"etcd2:\",\"outcome\"");
	check_server(":2379", "\"server.address\":\":2379\",\"outcome\"");
	check_server("", "\"server.address\":\"\",\"outcome\"");
}

/* A broken string breaks neither the line nor the JSON. */
static void test_hostile_strings(void **state)
{
	static const char *const strings[] = {"\xFF\xFE", "a\nb\r\n",	  "\"}\\",	 "\x1B[2J",
					      "\xC3",	  "\xED\xA0\x80", "\xE2\x80\xA8"};
	char longer[5000];

	(void)state;
	memset(longer, 0xC3, sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	for (size_t i = 0; i <= ARRAY_LEN(strings); i++) {
		const char *s = i < 7 ? strings[i] : longer;
		struct finding f = sample_stall(STALL_BEGIN);
		char *line;
		json_t *parsed;

		f.stall.headline = f.where.endpoint = f.who.scope = s;
		f.stall.evidence[0].key = s;
		line = json_of(&f);
		assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
		assert_true(strlen(line) < 8192);
		parsed = json_loads(line, 0, NULL);
		assert_non_null(parsed);
		json_decref(parsed);
		free(line);
	}
}

/* An object has each key once, also where two are the same once they are cleaned. */
static void test_no_key_comes_twice(void **state)
{
	struct finding f = sample_stall(STALL_BEGIN);
	char *line;

	(void)state;
	f.stall.evidence[0] = (struct evidence){.key = "a\xFE", .number = 1};
	f.stall.evidence[1] = (struct evidence){.key = "b", .number = 2};
	f.stall.evidence[2] = (struct evidence){.key = "a\xFF", .number = 3};
	line = json_of(&f);
	assert_non_null(strstr(line, "\"evidence\":{\"a\xEF\xBF\xBD\":1,\"b\":2}"));
	free(line);
}

static void test_what_is_no_number_is_left_out(void **state)
{
	struct finding f = sample_stall(STALL_BEGIN);
	char *line;

	(void)state;
	f.stall.evidence_len = 3;
	f.stall.evidence[0] = (struct evidence){.key = "a_s", .number = __builtin_nan("")};
	f.stall.evidence[1] = (struct evidence){.key = "b", .number = __builtin_inf()};
	f.stall.evidence[2] = (struct evidence){.key = "c_s", .number = 0.1 + 0.2};
	line = json_of(&f);
	assert_non_null(strstr(line, "\"evidence\":{\"c_s\":0.3}"));
	free(line);
}

static void test_a_finding_of_no_type(void **state)
{
	struct sink *sink = sink_json__new(-1);
	struct finding f = {.type = FINDING_TYPES};

	(void)state;
	assert_int_equal(sink__finding(sink, &f), -EINVAL);
	f.type = FINDING_SUMMARY;
	assert_int_equal(sink__finding(sink, &f), -EINVAL);
	f = sample_request();
	assert_int_equal(sink__finding(sink, &f), -EBADF);
	sink__free(sink);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_process),
		cmocka_unit_test(test_connect),
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_what_is_not_known_is_left_out),
		cmocka_unit_test(test_stall),
		cmocka_unit_test(test_stall_end),
		cmocka_unit_test(test_endpoint),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_summary),
		cmocka_unit_test(test_server_address),
		cmocka_unit_test(test_hostile_strings),
		cmocka_unit_test(test_no_key_comes_twice),
		cmocka_unit_test(test_what_is_no_number_is_left_out),
		cmocka_unit_test(test_a_finding_of_no_type),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
