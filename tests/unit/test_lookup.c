// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_lookup.c - what is remembered of threads and processes, and the bounds of the table.
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

#include "base/limits.h"
#include "lookups.h"

static void test_failed_since(void **state)
{
	const struct lookup *l;

	(void)state;
	assert_null(failed_since(0));
	sent(7, 1, 100, "etcd1.lab", A);
	answered(7, 1, 100, "etcd1.lab", A, SERVFAIL, 0);
	l = failed_since(now_ms);
	assert_non_null(l);
	assert_int_equal(l->outcome, DNS_SERVFAIL);
	assert_int_equal(l->server.addr[15], 1);
	assert_null(l->message); /* that was valid in told() only */
	assert_null(failed_since(now_ms + 1));
	assert_null(lookup_table__failed_since(&table, TGID, 3, 0));
	assert_null(lookup_table__failed_since(&table, 3, TID, 0));
	/* Answers for another name: the failed one does not matter any more. */
	now_ms += 1;
	sent(7, 1, 101, "etcd2.lab", A);
	answered(7, 1, 101, "etcd2.lab", A, 0, 1);
	assert_null(failed_since(0));
	/* AAAA of a name that has an A: in either order. */
	sent(7, 1, 102, "etcd2.lab", AAAA);
	answered(7, 1, 102, "etcd2.lab", AAAA, SERVFAIL, 0);
	assert_null(failed_since(0));
	/* No record, or no room for it, makes nothing good. */
	now_ms += 1;
	sent(7, 1, 103, "etcd3.lab", A);
	answered(7, 1, 103, "etcd3.lab", A, SERVFAIL, 0);
	sent(7, 1, 104, "etcd3.lab", AAAA);
	answered(7, 1, 104, "etcd3.lab", AAAA, TC, 0);
	sent(7, 1, 105, "etcd3.lab", AAAA);
	answered(7, 1, 105, "etcd3.lab", AAAA, 0, 0);
	assert_non_null(failed_since(0));
	/* getaddrinfo decides alone, from its return on; what its queries say is not the end. */
	now_ms += 1;
	entered("etcd3");
	now_ms += 1;
	assert_non_null(failed_since(0)); /* that was before it */
	sent(7, 1, 106, "etcd3.here", A);
	answered(7, 1, 106, "etcd3.here", A, NXDOMAIN, 0);
	assert_null(failed_since(0));
	returned(0);
	assert_null(failed_since(0));
	assert_null(failed_since(now_ms));
	entered("etcd3.lab");
	sent(7, 1, 106, "etcd3.lab", A);
	answered(7, 1, 106, "etcd3.lab", A, 0, 1);
	now_ms += 1;
	returned(-11);
	l = failed_since(now_ms);
	assert_non_null(l);
	assert_string_equal(l->error, "EAI_SYSTEM");
	assert_null(l->query);
	assert_null(l->message);
	assert_null(failed_since(now_ms + 1));
	/* An address needs no lookup: what was said before stands. */
	entered("127.0.0.1");
	returned(0);
	assert_non_null(failed_since(now_ms));
}

/* SRV: the name with -ssl need not exist. Any other answer that says no is one. */
static void test_discovery(void **state)
{
	(void)state;
	sent(7, 1, 100, "_etcd-client-ssl._tcp.lab", DNS_TYPE_SRV);
	answered(7, 1, 100, "_etcd-client-ssl._tcp.lab", DNS_TYPE_SRV, NXDOMAIN, 0);
	assert_null(failed_since(0));
	sent(7, 1, 101, "_etcd-client._tcp.lab", DNS_TYPE_SRV);
	answered(7, 1, 101, "_etcd-client._tcp.lab", DNS_TYPE_SRV, SERVFAIL, 0);
	assert_int_equal(failed_since(0)->outcome, DNS_SERVFAIL);
	assert_int_equal(told_len, 2);
}

static void test_process_gone(void **state)
{
	(void)state;
	entered("etcd1.lab");
	sent(7, 1, 100, "etcd1.lab", A);
	pass(1500);
	expect_resolve(DNS_IN_FLIGHT, "etcd1.lab", "", 1500);
	expect_query(DNS_IN_FLIGHT, "etcd1.lab", "A", 1, 1500);
	tid = 3;
	entered("etcd2.lab");
	sent(8, 1, 100, "etcd2.lab", A);
	tid = 4;
	sent(9, 1, 100, "etcd9.lab", A);
	answered(9, 1, 100, "etcd9.lab", A, NXDOMAIN, 0);
	expect_query(DNS_NXDOMAIN, "etcd9.lab", "A", 1, 0);
	tgid = 9;
	sent(10, 1, 100, "etcd3.lab", A);
	answered(10, 1, 100, "etcd3.lab", A, NXDOMAIN, 0);
	expect_query(DNS_NXDOMAIN, "etcd3.lab", "A", 1, 0);
	entered("etcd3.lab");
	now_ms += 100;
	lookup_table__drop_process(&table, TGID, now_ms * MS);
	/* Only what had been told needs an end. */
	expect_resolve(DNS_TIMEOUT, "etcd1.lab", "", 1600);
	expect_query(DNS_TIMEOUT, "etcd1.lab", "A", 1, 1600);
	expect_no_more();
	assert_int_equal(table.active_len, 1);
	assert_non_null(waiting());
	assert_non_null(failed_since(0));
	assert_null(lookup_table__failed_since(&table, TGID, 4, 0));
	assert_null(lookup_table__failed_since(&table, TGID, TID, 0));
}

/* ---- bounds */

/* It loses its own lookups, and nobody else's. */
static void test_one_asks_too_much(void **state)
{
	uint64_t hits = limits__hits(LIMIT_LOOKUPS);

	(void)state;
	entered("etcd1.lab");
	tgid = TGID + 1;
	for (uint32_t i = 0; i < 5000; i++) {
		tid = 10 + i;
		entered("etcd2.lab");
	}
	assert_int_equal(table.active_len, LOOKUPS_PER_PROCESS + 1);
	assert_int_equal(limits__hits(LIMIT_LOOKUPS), hits + 5000 - LOOKUPS_PER_PROCESS);
	tgid = TGID;
	tid = TID;
	assert_non_null(waiting());
}

static void test_too_many(void **state)
{
	size_t remembered = 0;

	(void)state;
	for (uint32_t i = 0; i < 5000; i++) {
		tgid = TGID + i / 2 % 2;
		tid = 10 + i;
		if (i % 2)
			entered("etcd1.lab");
		else
			sent(100 + i, 1, (uint16_t)i, "etcd1.lab", A);
		assert_true(table.active_len <= LOOKUPS_MAX);
	}
	assert_int_equal(table.active_len, LOOKUPS_MAX);
	assert_int_equal(table.dropped, 5000 - LOOKUPS_MAX);
	expect_no_more();
	/* The youngest are the ones that are left. */
	assert_non_null(waiting());
	tgid = TGID;
	tid = 10;
	assert_null(waiting());
	pass(2000);
	assert_int_equal(told_len, LOOKUPS_MAX);
	for (uint32_t i = 5000 - LOOKUPS_MAX; i < 5000; i++) {
		tgid = TGID + i / 2 % 2;
		tid = 10 + i;
		if (i % 2)
			returned(EAI_AGAIN);
		else
			answered(100 + i, 1, (uint16_t)i, "etcd1.lab", A, SERVFAIL, 0);
	}
	assert_int_equal(told_len, 2 * LOOKUPS_MAX);
	assert_int_equal(table.active_len, 0);
	/* What is remembered of threads is bounded, too: the last ones. */
	for (uint32_t i = 0; i < 5000; i++) {
		tgid = TGID + i / 2 % 2;
		tid = 10 + i;
		remembered += failed_since(0) != NULL;
		assert_int_equal(failed_since(0) != NULL, i >= 5000 - LOOKUP_THREADS_MAX);
	}
	assert_int_equal(remembered, LOOKUP_THREADS_MAX);
}

static void test_clock_goes_back(void **state)
{
	(void)state;
	now_ms = 5000;
	entered("etcd1.lab");
	sent(7, 1, 100, "etcd1.lab", A);
	now_ms = 4000;
	lookup_table__tick(&table, now_ms * MS);
	expect_no_more();
	answered(7, 1, 100, "etcd1.lab", A, 0, 1);
	returned(0);
	expect_query(DNS_OK, "etcd1.lab", "A", 1, 0);
	expect_resolve(DNS_OK, "etcd1.lab", "", 0);
}

static void test_other_records(void **state)
{
	struct lw_event_sock e = {.event = record_header(LW_EVENT_STATE, 7, sizeof(e))};

	(void)state;
	lookup_table__event(&table, &e.event);
	expect_no_more();
	assert_int_equal(table.active_len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_failed_since),      TEST(test_discovery), TEST(test_process_gone),
		TEST(test_one_asks_too_much), TEST(test_too_many),  TEST(test_clock_goes_back),
		TEST(test_other_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
