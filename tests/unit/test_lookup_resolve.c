// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_lookup_resolve.c - getaddrinfo() and its queries.
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

#include "lookups.h"
#include "leasewatch/units.h"

static void test_both_questions_answered(void **state)
{
	const struct told *got;

	(void)state;
	entered("Etcd2.Lab.");
	sent(7, 1, 100, "Etcd2.Lab", A);
	sent(7, 1, 101, "Etcd2.Lab", AAAA);
	assert_string_equal(waiting()->name, "etcd2.lab");
	assert_string_equal(waiting()->query->type, "AAAA");
	now_ms += 3;
	answered(7, 1, 101, "etcd2.lab", AAAA, 0, 0);
	assert_string_equal(waiting()->query->type, "A");
	now_ms += 2;
	answered(7, 1, 100, "etcd2.lab", A, 0, 2);
	assert_null(waiting()->query);
	now_ms += 1;
	returned(0);
	assert_null(waiting());

	got = expect_query(DNS_OK, "etcd2.lab", "AAAA", 1, 3);
	assert_int_equal(got->l.answers, 0);
	got = expect_query(DNS_OK, "etcd2.lab", "A", 1, 5);
	assert_int_equal(got->l.answers, 2);
	assert_true(got->has_message);
	assert_int_equal(got->message.addresses_len, 2);
	assert_int_equal(got->message.addresses[1][15], 1);
	got = expect_resolve(DNS_OK, "etcd2.lab", "", 6);
	assert_int_equal(got->l.answers, LW_UNKNOWN);
	assert_false(got->has_message);
	expect_no_more();
	assert_null(failed_since(0));
	assert_int_equal(table.stats[DNS_QUERY].ended, 2);
	assert_int_equal(table.stats[DNS_GETADDRINFO].ended, 1);
	assert_int_equal(table.stats[DNS_GETADDRINFO].failed, 0);
	assert_int_equal(table.stats[DNS_GETADDRINFO].last_ns, 6 * MS);
}

/* A silent nameserver, two attempts of 5 s: told while it lasts, each attempt with its time. */
static void test_silent_nameserver(void **state)
{
	const struct told *got;

	(void)state;
	entered("etcd1.lab");
	sent(7, 1, 100, "etcd1.lab", A);
	sent(7, 1, 101, "etcd1.lab", AAAA);
	pass(1000);
	expect_no_more();
	pass(1);
	got = expect_resolve(DNS_IN_FLIGHT, "etcd1.lab", "", 1001);
	assert_true(got->has_query);
	assert_string_equal(got->query_name, "etcd1.lab");
	expect_query(DNS_IN_FLIGHT, "etcd1.lab", "A", 1, 1001);
	expect_query(DNS_IN_FLIGHT, "etcd1.lab", "AAAA", 1, 1001);
	pass(3999);
	expect_no_more();
	assert_ptr_equal(lookup_table__oldest(&table), waiting());
	assert_int_equal(lookup_table__oldest(&table)->query->server.addr[15], 1);

	sent(7, 1, 100, "etcd1.lab", A);
	expect_query(DNS_TIMEOUT, "etcd1.lab", "A", 1, 5000);
	sent(7, 1, 101, "etcd1.lab", AAAA);
	expect_query(DNS_TIMEOUT, "etcd1.lab", "AAAA", 1, 5000);
	now_ms += 5000;
	returned(EAI_AGAIN);
	expect_query(DNS_TIMEOUT, "etcd1.lab", "A", 1, 5000);
	expect_query(DNS_TIMEOUT, "etcd1.lab", "AAAA", 1, 5000);
	got = expect_resolve(DNS_TIMEOUT, "etcd1.lab", "EAI_AGAIN", 10000);
	assert_int_equal(got->l.result, EAI_AGAIN);
	expect_no_more();
	assert_int_equal(table.stats[DNS_GETADDRINFO].failed, 1);
	assert_null(lookup_table__oldest(&table));
}

/* glibc, with the first nameserver silent: the second one has a socket of its own. */
static void test_second_nameserver(void **state)
{
	(void)state;
	entered("etcd1.lab");
	sent(7, 1, 100, "etcd1.lab", A);
	now_ms += 5000;
	sent(8, 2, 100, "etcd1.lab", A);
	now_ms += 4;
	answered(8, 2, 100, "etcd1.lab", A, 0, 1);
	returned(0);
	expect_query(DNS_TIMEOUT, "etcd1.lab", "A", 1, 5000);
	expect_query(DNS_OK, "etcd1.lab", "A", 2, 4);
	expect_resolve(DNS_OK, "etcd1.lab", "", 5004);
	expect_no_more();
	assert_null(failed_since(0));
}

/* Only one of the two is answered, and both are asked again, one after the other. */
static void test_half_answered(void **state)
{
	(void)state;
	entered("etcd1.lab");
	sent(7, 1, 100, "etcd1.lab", A);
	sent(7, 1, 101, "etcd1.lab", AAAA);
	answered(7, 1, 100, "etcd1.lab", A, 0, 1);
	now_ms += 5000;
	sent(7, 1, 100, "etcd1.lab", A);
	answered(7, 1, 100, "etcd1.lab", A, 0, 1);
	sent(7, 1, 101, "etcd1.lab", AAAA);
	answered(7, 1, 101, "etcd1.lab", AAAA, 0, 0);
	returned(0);
	expect_query(DNS_OK, "etcd1.lab", "A", 1, 0);
	expect_query(DNS_OK, "etcd1.lab", "A", 1, 0);
	expect_query(DNS_TIMEOUT, "etcd1.lab", "AAAA", 1, 5000);
	expect_query(DNS_OK, "etcd1.lab", "AAAA", 1, 0);
	expect_resolve(DNS_OK, "etcd1.lab", "", 5000);
	expect_no_more();
}

/* Left alone so soon that nobody could have answered: that is no timeout. */
static void test_gone_on_at_once(void **state)
{
	(void)state;
	entered("etcd1.lab");
	sent(7, 1, 100, "etcd1.lab", A);
	now_ms += 99;
	returned(EAI_AGAIN);
	expect_resolve(DNS_ERROR, "etcd1.lab", "EAI_AGAIN", 99);
	sent(8, 1, 200, "etcd1.lab", A);
	now_ms += 100;
	sent(8, 1, 201, "etcd1.lab", A);
	expect_query(DNS_TIMEOUT, "etcd1.lab", "A", 1, 100);
	expect_no_more();
}

static void test_search_list(void **state)
{
	(void)state;
	entered("etcd1");
	sent(7, 1, 100, "etcd1.here", A);
	sent(7, 1, 101, "etcd1.here", AAAA);
	answered(7, 1, 100, "etcd1.here", A, NXDOMAIN, 0);
	now_ms += 5000;
	sent(7, 1, 102, "etcd1.lab", A);
	answered(7, 1, 102, "etcd1.lab", A, 0, 1);
	returned(0);
	expect_query(DNS_NXDOMAIN, "etcd1.here", "A", 1, 0);
	expect_query(DNS_TIMEOUT, "etcd1.here", "AAAA", 1, 5000);
	expect_query(DNS_OK, "etcd1.lab", "A", 1, 0);
	expect_resolve(DNS_OK, "etcd1", "", 5000);
	expect_no_more();
}

/* What getaddrinfo says, after its only query ended so (DNS_IN_FLIGHT: it sent none). */
static void test_results(void **state)
{
	static const struct {
		int result;
		enum dns_outcome query, outcome;
		const char *error;
	} cases[] = {
		{0, DNS_OK, DNS_OK, ""},
		{0, DNS_IN_FLIGHT, DNS_OK, ""}, /* /etc/hosts, nscd, systemd-resolved */
		{-2, DNS_NXDOMAIN, DNS_NXDOMAIN, "EAI_NONAME"},
		{-2, DNS_IN_FLIGHT, DNS_NXDOMAIN, "EAI_NONAME"},
		{-3, DNS_TIMEOUT, DNS_TIMEOUT, "EAI_AGAIN"},
		{-3, DNS_SERVFAIL, DNS_SERVFAIL, "EAI_AGAIN"},
		{-3, DNS_REFUSED, DNS_REFUSED, "EAI_AGAIN"},
		{-3, DNS_ERROR, DNS_ERROR, "EAI_AGAIN"},
		{-3, DNS_NXDOMAIN, DNS_ERROR, "EAI_AGAIN"},
		{-3, DNS_OK, DNS_ERROR, "EAI_AGAIN"},
		{-3, DNS_IN_FLIGHT, DNS_ERROR, "EAI_AGAIN"},
		{-4, DNS_ERROR, DNS_ERROR, "EAI_FAIL"},
		{-5, DNS_OK, DNS_ERROR, "EAI_NODATA"},
		{-9, DNS_OK, DNS_ERROR, "EAI_ADDRFAMILY"},
		{-11, DNS_TIMEOUT, DNS_ERROR, "EAI_SYSTEM"},
		{-77, DNS_IN_FLIGHT, DNS_ERROR, "EAI -77"},
		{INT32_MIN, DNS_IN_FLIGHT, DNS_ERROR, "EAI -2147483648"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		entered("etcd1.lab");
		if (cases[i].query != DNS_IN_FLIGHT)
			sent(7, 1, 100, "etcd1.lab", A);
		now_ms += 500;
		if (cases[i].query == DNS_ERROR)
			failed(true, 7, 1, ECONNREFUSED);
		else if (cases[i].query != DNS_IN_FLIGHT && cases[i].query != DNS_TIMEOUT)
			answered(7, 1, 100, "etcd1.lab", A,
				 cases[i].query == DNS_NXDOMAIN	  ? NXDOMAIN
				 : cases[i].query == DNS_SERVFAIL ? SERVFAIL
				 : cases[i].query == DNS_REFUSED  ? 5
								  : 0,
				 0);
		returned(cases[i].result);
		if (cases[i].query != DNS_IN_FLIGHT)
			expect_query(cases[i].query, "etcd1.lab", "A", 1, 500);
		expect_resolve(cases[i].outcome, "etcd1.lab", cases[i].error, 500);
		expect_no_more();
		assert_int_equal(failed_since(now_ms) != NULL, cases[i].outcome != DNS_OK);
	}
}

/* Nothing is looked up for an address, nor for no name at all. */
static void test_no_lookup(void **state)
{
	static const char *const names[] = {"127.0.0.12", "127.1", "fd00::1", "fe80::1%eth0", "::"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		entered(names[i]);
		assert_null(waiting());
		assert_null(lookup_table__oldest(&table));
		pass(2000);
		returned(i == 0 ? -8 : 0);
		assert_int_equal(table.active_len, 0);
	}
	entered("");
	assert_non_null(waiting()); /* the name could not be read, perhaps */
	returned(0);
	expect_no_more();
	assert_int_equal(table.stats[DNS_GETADDRINFO].ended, 0);
	entered("");
	returned(EAI_AGAIN);
	expect_resolve(DNS_ERROR, "", "EAI_AGAIN", 0);
	entered("");
	pass(1500);
	expect_resolve(DNS_IN_FLIGHT, "", "", 1500);
	returned(0);
	expect_resolve(DNS_OK, "", "", 1500);
	/* These are names. */
	entered("1.2.3.4.5");
	returned(0);
	expect_resolve(DNS_OK, "1.2.3.4.5", "", 0);
	entered("fd00.lab");
	returned(0);
	expect_resolve(DNS_OK, "fd00.lab", "", 0);
	expect_no_more();
}

/* A record is missing. */
static void test_lost_records(void **state)
{
	(void)state;
	returned(0);
	expect_no_more();
	returned(EAI_AGAIN);
	expect_resolve(DNS_ERROR, "", "EAI_AGAIN", LW_UNKNOWN);
	entered("etcd1.lab");
	now_ms += 10;
	entered("etcd2.lab");
	assert_int_equal(table.dropped, 1);
	now_ms += 10;
	returned(0);
	expect_resolve(DNS_OK, "etcd2.lab", "", 10);
	entered("etcd3.lab");
	pass(599999);
	expect_resolve(DNS_IN_FLIGHT, "etcd3.lab", "", 599999);
	assert_non_null(waiting());
	pass(1);
	assert_null(waiting());
	assert_int_equal(table.dropped, 2);
	/* An answer that could not be copied: it may have been for any of the two. */
	sent(7, 1, 100, "etcd1.lab", A);
	sent(7, 1, 101, "etcd1.lab", AAAA);
	sent(8, 1, 101, "etcd1.lab", DNS_TYPE_TXT);
	dns_record(true, false, 7, 1, 40, NULL, 0);
	assert_int_equal(table.dropped, 4);
	assert_int_equal(table.active_len, 1);
	/* A question that could not: nothing is known of it. */
	dns_record(false, false, 9, 1, 40, NULL, 0);
	assert_int_equal(table.active_len, 1);
	expect_no_more();
}

static void test_odd_name(void **state)
{
	struct lw_event_resolve e = {.event = record_header(LW_EVENT_RESOLVE, 0, sizeof(e))};

	(void)state;
	memset(e.name, 'X', sizeof(e.name)); /* and no end */
	memcpy(e.name, "\x1b[2J\"\n\xff", 7);
	lookup_table__event(&table, &e.event);
	assert_memory_equal(waiting()->name, "?[2j\"??xxx", 10);
	assert_int_equal(strlen(waiting()->name), DNS_NAME_BYTES - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_both_questions_answered),
		TEST(test_silent_nameserver),
		TEST(test_second_nameserver),
		TEST(test_half_answered),
		TEST(test_gone_on_at_once),
		TEST(test_search_list),
		TEST(test_results),
		TEST(test_no_lookup),
		TEST(test_lost_records),
		TEST(test_odd_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
