// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_jsonlog_dns.c - the way back of lookups and notes.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "findings.h"
#include "sink/jsonlog.h"

static struct jsonlog_line *parse(const char *text)
{
	struct jsonlog_line *line = NULL;

	assert_int_equal(jsonlog__parse(text, strlen(text), &line), 0);
	assert_non_null(line);
	return line;
}

static void check_refused(const char *text, int expected)
{
	struct jsonlog_line *untouched = (struct jsonlog_line *)&untouched, *line = untouched;

	assert_int_equal(jsonlog__parse(text, strlen(text), &line), expected);
	assert_ptr_equal(line, untouched);
}

#define TS "{\"ts\":\"2026-01-02T03:04:05.123456Z\",\"event\":"

static void test_a_query_comes_back_whole(void **state)
{
	struct finding f = sample_dns(DNS_QUERY, DNS_ERROR);
	struct jsonlog_line *line;
	const struct finding *g;
	char *text;

	(void)state;
	f.dns.error = "rcode 4 NOTIMP";
	f.dns.answers = 0;
	text = json_of(&f);
	line = parse(text);
	g = jsonlog__finding(line);
	assert_int_equal(g->type, FINDING_DNS);
	assert_int_equal(g->who.pid, 4242);
	assert_string_equal(g->who.member, "patroni1");
	assert_string_equal(g->where.endpoint, "etcd2.lab:2379");
	assert_string_equal(g->where.address, "127.0.0.53");
	assert_int_equal(g->where.port, 53);
	assert_int_equal(g->dns.source, DNS_QUERY);
	assert_int_equal(g->dns.outcome, DNS_ERROR);
	assert_string_equal(g->dns.name, "etcd2.lab");
	assert_string_equal(g->dns.type, "A");
	assert_string_equal(g->dns.transport, "udp");
	assert_string_equal(g->dns.error, "rcode 4 NOTIMP");
	assert_int_equal(g->dns.duration_ns, 5004000000);
	assert_int_equal(g->dns.answers, 0);
	jsonlog__free(line);
	free(text);
}

static void test_a_note_comes_back_whole(void **state)
{
	struct finding f = sample_note(NOTE_SWITCH);
	char *text = json_of(&f);
	struct jsonlog_line *line = parse(text);
	const struct finding *g = jsonlog__finding(line);

	(void)state;
	assert_int_equal(g->type, FINDING_NOTE);
	assert_int_equal(g->note.kind, NOTE_SWITCH);
	assert_string_equal(g->who.scope, "demo");
	assert_string_equal(g->where.endpoint, "etcd2.lab:2379");
	assert_string_equal(g->note.text, f.note.text);
	assert_int_equal(g->note.evidence_len, 2);
	assert_string_equal(g->note.evidence[1].key, "since_s");
	assert_true(g->note.evidence[1].number == 2.5);
	jsonlog__free(line);
	free(text);
	/* Another's log may have more evidence than there is room for. */
	line = parse(TS "\"note\",\"note\":\"nagle\",\"evidence\":{\"a\":1,\"b\":[],\"c\":\"x\","
			"\"d\":2,\"e\":3,\"f\":4}}");
	assert_int_equal(jsonlog__finding(line)->note.evidence_len, 4);
	assert_string_equal(jsonlog__finding(line)->note.evidence[3].key, "e");
	jsonlog__free(line);
}

static void test_unknown_stays_unknown(void **state)
{
	struct jsonlog_line *line;
	const struct finding *f;

	(void)state;
	/* Of a nameserver only server.address is known. */
	line = parse(TS "\"dns\",\"source\":\"query\",\"outcome\":\"timeout\","
			"\"network.peer.address\":\"10.0.0.1\",\"server.port\":65536}");
	f = jsonlog__finding(line);
	assert_null(f->where.address);
	assert_int_equal(f->where.port, 0);
	assert_null(f->dns.name);
	assert_null(f->dns.type);
	assert_null(f->dns.error);
	assert_int_equal(f->dns.duration_ns, LW_UNKNOWN);
	assert_int_equal(f->dns.answers, LW_UNKNOWN);
	jsonlog__free(line);
	line = parse(TS "\"note\",\"note\":\"nagle\"}");
	assert_null(jsonlog__finding(line)->note.text);
	assert_int_equal(jsonlog__finding(line)->note.evidence_len, 0);
	jsonlog__free(line);
}

static void test_what_is_newer_than_we_are(void **state)
{
	(void)state;
	check_refused(TS "\"dns\",\"source\":\"query\",\"outcome\":\"telepathy\"}", -ENOMSG);
	check_refused(TS "\"dns\",\"source\":\"telepathy\",\"outcome\":\"ok\"}", -ENOMSG);
	check_refused(TS "\"note\",\"note\":\"telepathy\",\"message\":\"x\"}", -ENOMSG);
	check_refused(TS "\"dns\"}", -ENOMSG);
	check_refused(TS "\"note\"}", -ENOMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_query_comes_back_whole),
		cmocka_unit_test(test_a_note_comes_back_whole),
		cmocka_unit_test(test_unknown_stays_unknown),
		cmocka_unit_test(test_what_is_newer_than_we_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
