// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_lookup_query.c - DNS messages over UDP, and what becomes of the queries.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dns_samples.h"
#include "lookups.h"
#include "leasewatch/units.h"

static void test_rcodes(void **state)
{
	static const struct {
		unsigned rcode;
		enum dns_outcome outcome;
		const char *error;
	} cases[] = {
		{0, DNS_OK, ""},
		{NXDOMAIN, DNS_NXDOMAIN, ""},
		{SERVFAIL, DNS_SERVFAIL, ""},
		{5, DNS_REFUSED, ""},
		{1, DNS_ERROR, "rcode 1 FORMERR"},
		{4, DNS_ERROR, "rcode 4 NOTIMP"},
		{15, DNS_ERROR, "rcode 15"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		sent(7, 1, 100, "etcd1.lab", A);
		now_ms += 2;
		answered(7, 1, 100, "etcd1.lab", A, cases[i].rcode, 0);
		assert_string_equal(expect_query(cases[i].outcome, "etcd1.lab", "A", 1, 2)->l.error,
				    cases[i].error);
	}
	expect_no_more();
	/* All but the good one, and NXDOMAIN: search lists make that every day. */
	assert_int_equal(table.stats[DNS_QUERY].failed, 5);
}

static void test_socket_errors(void **state)
{
	const struct told *got;

	(void)state;
	/* Nobody listens: both questions of the socket have no answer; another socket has. */
	sent(7, 1, 100, "etcd1.lab", A);
	sent(7, 1, 101, "etcd1.lab", AAAA);
	sent(8, 2, 102, "etcd1.lab", DNS_TYPE_TXT);
	now_ms += 1;
	failed(true, 7, 1, EAGAIN);
	failed(true, 7, 1, EINTR);
	expect_no_more();
	failed(true, 7, 1, ECONNREFUSED);
	got = expect_query(DNS_ERROR, "etcd1.lab", "A", 1, 1);
	assert_string_equal(got->l.error, "ECONNREFUSED");
	expect_query(DNS_ERROR, "etcd1.lab", "AAAA", 1, 1);
	expect_no_more();
	answered(8, 2, 102, "etcd1.lab", DNS_TYPE_TXT, 0, 0);
	expect_query(DNS_OK, "etcd1.lab", "TXT", 2, 1);
	/* The error may show at the next send. */
	sent(9, 1, 103, "etcd1.lab", A);
	failed(false, 9, 1, EHOSTUNREACH);
	got = expect_query(DNS_ERROR, "etcd1.lab", "A", 1, 0);
	assert_string_equal(got->l.error, "EHOSTUNREACH");
	/* The firewall of this host: what was asked is not known, where is. */
	failed(false, 10, 1, EPERM);
	got = expect_query(DNS_ERROR, "", "", 1, 0);
	assert_string_equal(got->l.error, "EPERM");
	assert_string_equal(failed_since(now_ms)->error, "EPERM");
	failed(true, 10, 1, EPERM);
	failed(true, 11, 0, 4095);
	dns_record(true, false, 7, 1, INT32_MIN, NULL, 0);
	expect_no_more();
	dns_record(false, false, 7, 1, INT32_MIN, NULL, 0);
	got = expect_query(DNS_ERROR, "", "", 1, 0);
	assert_string_equal(got->l.error, "errno 2147483648");
}

static void test_nobody_asked(void **state)
{
	uint8_t odd[64];

	(void)state;
	sent(7, 1, 100, "etcd1.lab", A);
	answered(8, 1, 100, "etcd1.lab", A, 0, 1);    /* another socket */
	answered(7, 1, 101, "etcd1.lab", A, 0, 1);    /* another id */
	answered(7, 1, 100, "etcd2.lab", A, 0, 1);    /* another name */
	answered(7, 1, 100, "etcd1.lab", AAAA, 0, 1); /* another type */
	answered(7, 2, 100, "etcd1.lab", A, 0, 1);    /* another server */
	for (int opcode = 1; opcode < 16; opcode++)
		answered(7, 1, 100, "etcd1.lab", A, (unsigned)opcode << 11, 1);
	memset(odd, 0xc0, sizeof(odd));
	dns_record(true, false, 7, 1, sizeof(odd), odd, sizeof(odd));
	dns_record(true, false, 7, 1, 0, NULL, 0);
	dns_record(true, false, 7, 1, 3, odd, 3);
	/* A question that comes in, and an answer that goes out. */
	dns_record(true, false, 7, 1, sizeof(sample_query_a), sample_query_a,
		   sizeof(sample_query_a));
	dns_record(false, false, 7, 1, sizeof(sample_answer_a), sample_answer_a,
		   sizeof(sample_answer_a));
	expect_no_more();
	assert_int_equal(table.active_len, 1);
	answered(7, 1, 100, "ETCD1.lab", A, 0, 1);
	expect_query(DNS_OK, "etcd1.lab", "A", 1, 0);
	answered(7, 1, 100, "etcd1.lab", A, 0, 1); /* twice */
	expect_no_more();
}

/* The same id, at the same time, on two threads: the socket tells them apart. */
static void test_id_collision(void **state)
{
	(void)state;
	sent(7, 1, 100, "etcd1.lab", A);
	tid = 3;
	now_ms += 1;
	sent(8, 1, 100, "etcd1.lab", A);
	now_ms += 1;
	answered(8, 1, 100, "etcd1.lab", A, 0, 1);
	assert_int_equal(expect_query(DNS_OK, "etcd1.lab", "A", 1, 1)->l.tid, 3);
	answered(7, 1, 100, "etcd1.lab", A, NXDOMAIN, 1);
	assert_int_equal(expect_query(DNS_NXDOMAIN, "etcd1.lab", "A", 1, 2)->l.tid, TID);
	expect_no_more();
}

/* A header alone (FORMERR, from a server without EDNS) belongs to its socket and id. */
static void test_answer_without_question(void **state)
{
	static const uint8_t formerr[12] = {0, 101, 0x81, 0x81};

	(void)state;
	sent(7, 1, 100, "etcd1.lab", A);
	sent(7, 1, 101, "etcd1.lab", AAAA);
	dns_record(true, false, 7, 1, 12, formerr, 12);
	expect_query(DNS_ERROR, "etcd1.lab", "AAAA", 1, 0);
	expect_no_more();
}

static void test_malformed_answer(void **state)
{
	struct wire w = message(100, 0x8180, "etcd1.lab", A, 2);
	const struct told *got;

	(void)state;
	sent(7, 1, 100, "etcd1.lab", A);
	dns_record(true, false, 7, 1, (int)w.len - 1, w.bytes, w.len - 1);
	got = expect_query(DNS_ERROR, "etcd1.lab", "A", 1, 0);
	assert_string_equal(got->l.error, "malformed answer");
	/* Only the capture was cut: it is an answer; of how many records is not known. */
	sent(7, 1, 100, "etcd1.lab", A);
	dns_record(true, false, 7, 1, (int)w.len, w.bytes, w.len - 1);
	got = expect_query(DNS_OK, "etcd1.lab", "A", 1, 0);
	assert_int_equal(got->l.answers, LW_UNKNOWN);
	assert_int_equal(got->message.addresses_len, 1);
	expect_no_more();
}

/* musl: one socket, not connected; the question goes to all nameservers at once. */
static void test_several_nameservers(void **state)
{
	(void)state;
	for (int server = 1; server <= 3; server++) {
		sent(7, server, 100, "etcd1.lab", A);
		sent(7, server, 101, "etcd1.lab", AAAA);
	}
	assert_int_equal(table.active_len, 2);
	now_ms += 2;
	answered(7, 0, 100, "etcd1.lab", A, 0, 1);
	expect_query(DNS_OK, "etcd1.lab", "A", 0, 2);
	answered(7, 0, 100, "etcd1.lab", A, 0, 1);    /* the next one's */
	answered(7, 9, 101, "etcd1.lab", AAAA, 0, 1); /* of somebody else */
	expect_no_more();
	answered(7, 3, 101, "etcd1.lab", AAAA, 0, 1); /* the record says who it was */
	expect_query(DNS_OK, "etcd1.lab", "AAAA", 3, 2);
	/* SERVFAIL: asked once more there; the answer may still be of another one. */
	for (int server = 1; server <= 3; server++)
		sent(7, server, 102, "etcd1.lab", A);
	answered(7, 0, 102, "etcd1.lab", A, SERVFAIL, 0);
	expect_query(DNS_SERVFAIL, "etcd1.lab", "A", 0, 0);
	sent(7, 2, 102, "etcd1.lab", A);
	answered(7, 0, 102, "etcd1.lab", A, 0, 1);
	expect_query(DNS_OK, "etcd1.lab", "A", 0, 0);
	expect_no_more();
}

static void test_several_silent_nameservers(void **state)
{
	(void)state;
	entered("etcd1.lab");
	sent(7, 1, 100, "etcd1.lab", A);
	sent(7, 2, 100, "etcd1.lab", A);
	pass(2500);
	expect_resolve(DNS_IN_FLIGHT, "etcd1.lab", "", 2500);
	expect_query(DNS_IN_FLIGHT, "etcd1.lab", "A", 0, 2500);
	sent(7, 1, 100, "etcd1.lab", A);
	sent(7, 2, 100, "etcd1.lab", A);
	expect_query(DNS_TIMEOUT, "etcd1.lab", "A", 0, 2500);
	now_ms += 2500;
	returned(EAI_AGAIN);
	expect_query(DNS_TIMEOUT, "etcd1.lab", "A", 0, 2500);
	expect_resolve(DNS_TIMEOUT, "etcd1.lab", "EAI_AGAIN", 5000);
	expect_no_more();
}

/* A socket that is not connected, but talks to one nameserver only: that one it was. */
static void test_one_nameserver_unconnected(void **state)
{
	(void)state;
	sent(7, 2, 100, "etcd1.lab", A);
	answered(7, 0, 100, "etcd1.lab", A, 0, 1);
	expect_query(DNS_OK, "etcd1.lab", "A", 2, 0);
	/* One after the other on one socket: the second answer may be a late first one. */
	sent(8, 1, 100, "etcd1.lab", A);
	now_ms += 3000;
	sent(8, 2, 100, "etcd1.lab", A);
	expect_query(DNS_TIMEOUT, "etcd1.lab", "A", 1, 3000);
	answered(8, 0, 100, "etcd1.lab", A, 0, 1);
	expect_query(DNS_OK, "etcd1.lab", "A", 0, 0);
	/* Another id, another message: its answer is not the first one's. */
	sent(10, 1, 100, "etcd1.lab", A);
	sent(10, 2, 101, "etcd1.lab", A);
	answered(10, 0, 100, "etcd1.lab", A, 0, 1);
	expect_no_more();
	answered(10, 0, 101, "etcd1.lab", A, 0, 1);
	expect_query(DNS_OK, "etcd1.lab", "A", 2, 0);
	/* Not even the question says where it went. */
	sent(9, 0, 100, "etcd1.lab", A);
	answered(9, 0, 100, "etcd1.lab", A, 0, 1);
	expect_query(DNS_OK, "etcd1.lab", "A", 0, 0);
	expect_no_more();
}

static void test_without_getaddrinfo(void **state)
{
	const struct lookup *w;

	(void)state;
	sent(7, 1, 100, "_etcd-client._tcp.lab", DNS_TYPE_SRV);
	w = waiting();
	assert_string_equal(w->name, "_etcd-client._tcp.lab");
	assert_int_equal(w->source, DNS_QUERY);
	assert_ptr_equal(lookup_table__oldest(&table), w);
	pass(2000);
	expect_query(DNS_IN_FLIGHT, "_etcd-client._tcp.lab", "SRV", 1, 2000);
	/* Another thread's doings are its own. */
	lookup_table__moved_on(&table, TGID, 3, now_ms * MS);
	assert_ptr_equal(waiting(), w);
	/* The thread asks for something else: it has given up on this. */
	sent(8, 1, 101, "etcd1.lab", A);
	expect_query(DNS_TIMEOUT, "_etcd-client._tcp.lab", "SRV", 1, 2000);
	assert_string_equal(waiting()->name, "etcd1.lab");
	now_ms += 500;
	lookup_table__moved_on(&table, TGID, TID, now_ms * MS);
	expect_query(DNS_TIMEOUT, "etcd1.lab", "A", 1, 500);
	assert_null(waiting());
	/* Nothing else ever happens: nobody waits for so long. */
	sent(9, 1, 101, "etcd1.lab", A);
	pass(59999);
	expect_query(DNS_IN_FLIGHT, "etcd1.lab", "A", 1, 59999);
	assert_non_null(waiting());
	pass(1);
	expect_query(DNS_TIMEOUT, "etcd1.lab", "A", 1, 60000);
	assert_null(waiting());
	expect_no_more();
}

/* While getaddrinfo is in flight, its thread can do nothing else. */
static void test_moved_on_inside(void **state)
{
	(void)state;
	entered("etcd1.lab");
	sent(7, 1, 100, "etcd1.lab", A);
	now_ms += 500;
	lookup_table__moved_on(&table, TGID, TID, now_ms * MS);
	expect_no_more();
	assert_non_null(waiting()->query);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_rcodes),
		TEST(test_socket_errors),
		TEST(test_nobody_asked),
		TEST(test_id_collision),
		TEST(test_answer_without_question),
		TEST(test_malformed_answer),
		TEST(test_several_nameservers),
		TEST(test_several_silent_nameservers),
		TEST(test_one_nameserver_unconnected),
		TEST(test_without_getaddrinfo),
		TEST(test_moved_on_inside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
