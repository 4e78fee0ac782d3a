// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_sink_dns.c - lookups and notes: their JSON lines, and how they read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "findings.h"
#include "leasewatch/units.h"

static const struct text_options plain80 = {.width = 80};
static const struct text_options verbose = {.verbose = true};

#define MS INT64_C(1000000)
#define TS "{\"ts\":\"2026-01-02T03:04:05.123456Z\",\"event\":"
#define WHO                                                                                        \
	"\"process.pid\":4242,\"patroni.scope\":\"demo\",\"patroni.member\":\"patroni1\","         \
	"\"patroni.role\":\"leader\""
#define DAY "-- 2026-01-02, times in UTC (UTC+0000) --\n"

static void check_line(struct finding f, const char *expected)
{
	char *line = json_of(&f);

	assert_string_equal(line, expected);
	free(line);
}

static void check_text(const struct finding *f, size_t len, const struct text_options *opts,
		       const char *expected)
{
	char *text = text_of(f, len, opts);

	assert_string_equal(text, expected);
	free(text);
}

static void test_json_of_a_query(void **state)
{
	struct finding f = sample_dns(DNS_QUERY, DNS_OK);

	(void)state;
	f.dns.duration_ns = 1234000;
	f.dns.answers = 0;
	check_line(f, TS "\"dns\",\"source\":\"query\"," WHO ",\"endpoint\":\"etcd2.lab:2379\","
			 "\"dns.question.name\":\"etcd2.lab\",\"dns.question.type\":\"A\","
			 "\"server.address\":\"127.0.0.53\",\"server.port\":53,"
			 "\"network.transport\":\"udp\",\"outcome\":\"ok\",\"duration_s\":0.001234,"
			 "\"dns.answers\":0}\n");
	f.dns.outcome = DNS_ERROR;
	f.dns.error = "rcode 4 NOTIMP";
	f.dns.answers = LW_UNKNOWN;
	f.where.endpoint = NULL;
	check_line(f, TS "\"dns\",\"source\":\"query\"," WHO ","
			 "\"dns.question.name\":\"etcd2.lab\",\"dns.question.type\":\"A\","
			 "\"server.address\":\"127.0.0.53\",\"server.port\":53,"
			 "\"network.transport\":\"udp\",\"outcome\":\"error\",\"error.type\":"
			 "\"rcode 4 NOTIMP\","
			 "\"duration_s\":0.001234}\n");
}

static void test_json_of_a_call(void **state)
{
	struct finding f = {.type = FINDING_DNS,
			    .ts_ns = SAMPLE_TS_NS,
			    .dns = {.source = DNS_GETADDRINFO,
				    .outcome = DNS_IN_FLIGHT,
				    .name = "etcd2.lab",
				    .duration_ns = 1000 * MS,
				    .answers = LW_UNKNOWN}};

	(void)state;
	check_line(f, TS "\"dns\",\"source\":\"getaddrinfo\",\"dns.question.name\":\"etcd2.lab\","
			 "\"outcome\":\"in_flight\",\"duration_s\":1.0}\n");
}

static void test_json_of_a_note(void **state)
{
	struct finding f = sample_note(NOTE_ELECTION);
	char *line;

	(void)state;
	check_line(f,
		   TS "\"note\",\"note\":\"election\"," WHO ",\"endpoint\":\"etcd2.lab:2379\","
		      "\"network.peer.address\":\"127.0.0.12\",\"network.peer.port\":2379,"
		      "\"message\":\"etcd has elected a leader: the raft term went from 7 to 8.\","
		      "\"evidence\":{\"etcd.raft_term\":8,\"since_s\":2.5}}\n");
	/* Less than a microsecond off is not off: what is read back is written just so again. */
	f.note.evidence[0].number = 7.9999999;
	f.note.evidence[1].number = 2.4999999;
	line = json_of(&f);
	assert_non_null(strstr(line, "{\"etcd.raft_term\":8,\"since_s\":2.5}}\n"));
	free(line);
	f = (struct finding){.type = FINDING_NOTE, .ts_ns = SAMPLE_TS_NS};
	f.note = (struct finding_note){.kind = NOTE_NAGLE, .text = "slow"};
	check_line(f, TS "\"note\",\"note\":\"nagle\",\"message\":\"slow\"}\n");
}

static void test_json_of_a_summary(void **state)
{
	struct summary *s = summary__new();
	struct finding f[4] = {sample_dns(DNS_QUERY, DNS_TIMEOUT), sample_dns(DNS_QUERY, DNS_OK),
			       sample_dns(DNS_GETADDRINFO, DNS_OK),
			       sample_dns(DNS_GETADDRINFO, DNS_IN_FLIGHT)};
	char *line = json_of_summary(s);

	(void)state;
	assert_null(strstr(line, "\"dns\""));
	free(line);
	f[1].dns.duration_ns = 2 * MS;
	f[3].dns.name = "etcd3.lab";
	for (int i = 0; i < 4; i++)
		assert_int_equal(summary__add(s, &f[i]), 0);
	line = json_of_summary(s);
	assert_non_null(strstr(
		line, ",\"endpoints\":[],\"dns\":{\"source\":\"getaddrinfo\",\"lookups\":1,"
		      "\"failed\":0,\"timeouts\":0,\"p50_s\":5.004,\"p99_s\":5.004,"
		      "\"max_s\":5.004,\"in_flight\":1,\"nameservers\":["
		      "{\"server.address\":\"127.0.0.53\",\"queries\":2,\"failed\":1,"
		      "\"timeouts\":1,\"p50_s\":0.002,\"max_s\":0.002}]},\"events_lost\":0,"));
	free(line);
	summary__free(s);
}

static void test_what_is_worth_a_line(void **state)
{
	static const struct {
		enum dns_source source;
		enum dns_outcome outcome;
		int64_t duration_ns;
		const char *expected; /* without the time; NULL = no line */
	} cases[] = {
		{DNS_QUERY, DNS_OK, 250 * MS, NULL},
		{DNS_GETADDRINFO, DNS_OK, LW_UNKNOWN, NULL},
		{DNS_QUERY, DNS_OK, 251 * MS,
		 "dns      etcd2.lab A: answered by 127.0.0.53 in 251 ms, 1 record\n"},
		{DNS_GETADDRINFO, DNS_OK, 1200 * MS,
		 "dns      etcd2.lab: answered in 1.20 s, 1 record (getaddrinfo)\n"},
		{DNS_QUERY, DNS_NXDOMAIN, MS,
		 "DNS      etcd2.lab A: NXDOMAIN (no such name) from 127.0.0.53\n"
		 "                       after 1.0 ms\n"},
		{DNS_QUERY, DNS_SERVFAIL, MS,
		 "DNS      etcd2.lab A: SERVFAIL from 127.0.0.53 after 1.0 ms\n"},
		{DNS_QUERY, DNS_REFUSED, MS,
		 "DNS      etcd2.lab A: REFUSED by 127.0.0.53 after 1.0 ms\n"},
		{DNS_QUERY, DNS_TIMEOUT, 5000 * MS,
		 "DNS      etcd2.lab A: not answered by 127.0.0.53 in 5.00 s\n"},
		{DNS_GETADDRINFO, DNS_ERROR, 10000 * MS,
		 "DNS      etcd2.lab: failed after 10.0 s: EAI_AGAIN (getaddrinfo)\n"},
		{DNS_QUERY, DNS_IN_FLIGHT, 1000 * MS,
		 "DNS      etcd2.lab A: no answer from 127.0.0.53 for 1.00 s\n"
		 "                       (demo/patroni1 waits)\n"},
		{DNS_GETADDRINFO, DNS_IN_FLIGHT, 1000 * MS,
		 "DNS      etcd2.lab: no answer for 1.00 s (getaddrinfo,\n"
		 "                       demo/patroni1 waits)\n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct finding f = sample_dns(cases[i].source, cases[i].outcome);
		char *text;

		f.dns.duration_ns = cases[i].duration_ns;
		f.dns.error = f.dns.outcome == DNS_ERROR ? "EAI_AGAIN" : NULL;
		text = text_of(&f, 1, &plain80);
		if (cases[i].expected)
			assert_string_equal(text + strlen(DAY "03:04:05.123  "), cases[i].expected);
		else
			assert_string_equal(text, "");
		free(text);
	}
}

static void test_a_query_over_tcp(void **state)
{
	struct finding f = sample_dns(DNS_QUERY, DNS_SERVFAIL);
	char *text;

	(void)state;
	f.dns.transport = "tcp";
	f.dns.duration_ns = 1000 * MS;
	text = text_of(&f, 1, &plain80);
	assert_non_null(strstr(text, "from 127.0.0.53 over TCP"));
	free(text);
}

static void test_verbose_shows_all(void **state)
{
	struct finding f[2] = {sample_dns(DNS_QUERY, DNS_OK), sample_dns(DNS_QUERY, DNS_NXDOMAIN)};

	(void)state;
	f[0].dns.type = "AAAA";
	f[0].dns.answers = 0;
	f[1].dns.name = "etcd2.lab.example";
	f[1].where.endpoint = NULL; /* as a search list makes it: nothing has failed */
	f[0].dns.duration_ns = f[1].dns.duration_ns = MS;
	check_text(f, 2, &plain80, "");
	check_text(f, 2, &verbose,
		   DAY
		   "03:04:05.123  dns      etcd2.lab AAAA: answered by 127.0.0.53 in 1.0 ms, no "
		   "record\n"
		   "03:04:05.123  dns      etcd2.lab.example A: NXDOMAIN (no such name) from "
		   "127.0.0.53 after 1.0 ms\n");
}

/* Both types of a name, and the retries, are one matter; another outcome or server is not. */
static void test_repeats_are_told_once(void **state)
{
	struct finding f[8];
	char *text;

	(void)state;
	for (int i = 0; i < 8; i++) {
		f[i] = sample_dns(DNS_QUERY, DNS_SERVFAIL);
		f[i].ts_ns += (uint64_t)(i * 1000 * MS);
		f[i].dns.type = i % 2 ? "AAAA" : "A";
	}
	f[3].where.address = "10.0.0.2";
	f[4].dns.outcome = DNS_REFUSED;
	f[5].dns.name = "etcd3.lab";
	f[7].ts_ns += (uint64_t)(10000 * MS);
	text = text_of(f, 8, &(struct text_options){0});
	assert_string_equal(
		text,
		DAY "03:04:05.123  DNS      etcd2.lab A: SERVFAIL from 127.0.0.53 after 5.00 s\n"
		    "03:04:08.123  DNS      etcd2.lab AAAA: SERVFAIL from 10.0.0.2 after 5.00 s\n"
		    "03:04:09.123  DNS      etcd2.lab A: REFUSED by 127.0.0.53 after 5.00 s\n"
		    "03:04:10.123  DNS      etcd3.lab AAAA: SERVFAIL from 127.0.0.53 after 5.00 s\n"
		    "03:04:22.123  DNS      etcd2.lab AAAA: SERVFAIL from 127.0.0.53 after 5.00 s, "
		    "3 more since\n");
	free(text);
	text = text_of(f, 3, &verbose);
	assert_non_null(strstr(text, "03:04:06.123"));
	assert_non_null(strstr(text, "03:04:07.123"));
	free(text);
}

static void test_with_two_patronis_it_says_whose_it_is(void **state)
{
	struct finding f[2] = {sample_dns(DNS_QUERY, DNS_SERVFAIL), sample_note(NOTE_NAGLE)};
	char *text;

	(void)state;
	f[1].who.pid = 4300;
	f[1].who.member = "patroni2";
	text = text_of(f, 2, &(struct text_options){0});
	assert_null(strstr(text, "demo/patroni1"));
	assert_non_null(strstr(text, "from 7 to 8. (demo/patroni2)\n"));
	free(text);
	f[0].who.pid = 4300;
	f[1].who.pid = 4242;
	text = text_of((struct finding[]){f[1], f[0]}, 2, &(struct text_options){0});
	assert_non_null(strstr(text, " (demo/patroni1)\n"));
	free(text);
}

static void test_a_note(void **state)
{
	struct finding f = sample_note(NOTE_ELECTION);

	(void)state;
	check_text(
		&f, 1, &plain80,
		DAY
		"03:04:05.123  note     etcd has elected a leader: the raft term went from 7 to\n"
		"                       8.\n");
	check_text(&f, 1, &verbose,
		   DAY
		   "03:04:05.123  note     etcd has elected a leader: the raft term went from 7 to "
		   "8.\n"
		   "                       raft term: 8; since_s: 2.5\n");
	f.note.text = NULL;
	check_text(&f, 1, &plain80, DAY "03:04:05.123  note     election\n");
}

static char *summary_text(const struct finding *f, size_t len)
{
	struct summary *s = summary__new();
	struct finding end = {.type = FINDING_SUMMARY, .ts_ns = SAMPLE_TS_NS, .summary = s};
	char *text;

	assert_non_null(s);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(summary__add(s, &f[i]), 0);
	summary__finish(s, SAMPLE_TS_NS);
	text = text_of(&end, 1, &plain80);
	summary__free(s);
	return text;
}

#define HEAD	"Summary  2026-01-02 03:04:05 to 03:04:05 UTC (0 s)\n\n"
#define VERDICT "\nnothing to judge: no request to etcd was seen in 0 s.\n"

static void test_the_summary_of_a_nameserver_that_is_silent(void **state)
{
	struct finding f[7] = {sample_dns(DNS_QUERY, DNS_OK),
			       sample_dns(DNS_QUERY, DNS_TIMEOUT),
			       sample_dns(DNS_QUERY, DNS_OK),
			       sample_dns(DNS_GETADDRINFO, DNS_OK),
			       sample_dns(DNS_GETADDRINFO, DNS_TIMEOUT),
			       sample_dns(DNS_GETADDRINFO, DNS_IN_FLIGHT),
			       sample_dns(DNS_QUERY, DNS_IN_FLIGHT)};
	char *text;

	(void)state;
	f[0].where.address = f[2].where.address = "10.0.0.2";
	f[0].dns.duration_ns = 900 * MS; /* slower than any answer, but not slower than none */
	f[5].dns.name = f[6].dns.name = "etcd3.lab";
	f[5].dns.duration_ns = f[6].dns.duration_ns = 1000 * MS;
	text = summary_text(f, 7);
	assert_string_equal(
		text,
		HEAD "DNS  2 lookups, 1 failed (1 unanswered), p50 5.00 s, max 5.00 s\n"
		     "     slowest nameserver: 127.0.0.53, 1 query, 1 failed (1 unanswered)\n"
		     "     etcd3.lab: still no answer from 127.0.0.53 at 03:04:05, after 1.00 "
		     "s\n" VERDICT);
	free(text);
}

static void test_the_summary_of_healthy_look_ups(void **state)
{
	struct finding f[2] = {sample_dns(DNS_QUERY, DNS_OK), sample_dns(DNS_QUERY, DNS_OK)};
	char *text;

	(void)state;
	f[0].dns.duration_ns = MS;
	f[1].dns.duration_ns = 4 * MS;
	f[1].where.address = "10.0.0.2";
	text = summary_text(f, 2);
	assert_string_equal(
		text, HEAD
		"DNS  2 queries, none failed, p50 1.0 ms, max 4.0 ms\n"
		"     slowest nameserver: 10.0.0.2, 1 query, none failed, max 4.0 ms\n" VERDICT);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json_of_a_query),
		cmocka_unit_test(test_json_of_a_call),
		cmocka_unit_test(test_json_of_a_note),
		cmocka_unit_test(test_json_of_a_summary),
		cmocka_unit_test(test_what_is_worth_a_line),
		cmocka_unit_test(test_a_query_over_tcp),
		cmocka_unit_test(test_verbose_shows_all),
		cmocka_unit_test(test_repeats_are_told_once),
		cmocka_unit_test(test_with_two_patronis_it_says_whose_it_is),
		cmocka_unit_test(test_a_note),
		cmocka_unit_test(test_the_summary_of_a_nameserver_that_is_silent),
		cmocka_unit_test(test_the_summary_of_healthy_look_ups),
	};

	setenv("TZ", "UTC", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
