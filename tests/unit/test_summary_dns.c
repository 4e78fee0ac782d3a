// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_summary_dns.c - the fold of lookups: what is one, what failed, which nameserver it was.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "summaries.h"

#define MS INT64_C(1000000)

static void add_query(struct summary *s, const char *server, enum dns_outcome outcome,
		      int64_t duration_ns)
{
	struct finding f = sample_dns(DNS_QUERY, outcome);

	f.where.address = server;
	f.dns.duration_ns = duration_ns;
	add(s, f);
}

static void add_call(struct summary *s, const char *name, enum dns_outcome outcome,
		     int64_t duration_ns)
{
	struct finding f = sample_dns(DNS_GETADDRINFO, outcome);

	f.dns.name = name;
	f.dns.duration_ns = duration_ns;
	add(s, f);
}

static void test_none(void **state)
{
	const struct summary *s = *state;

	add(*state, sample_note(NOTE_NAGLE));
	assert_false(summary_dns__any(&s->dns));
	assert_int_equal(s->begin_ts_ns, SAMPLE_TS_NS / 1000 * 1000); /* a note has its time */
	assert_int_equal(s->endpoints_len, 0);
}

static void test_calls_and_queries_are_counted_apart(void **state)
{
	struct summary *s = *state;
	const struct summary_nameserver *n = s->dns.nameservers;

	add_query(s, "127.0.0.53", DNS_OK, MS);
	add_query(s, "127.0.0.53", DNS_TIMEOUT, 5000 * MS);
	assert_int_equal(summary_dns__source(&s->dns), DNS_QUERY);
	add_query(s, "10.0.0.2", DNS_SERVFAIL, 2 * MS);
	add_query(s, NULL, DNS_REFUSED, LW_UNKNOWN);
	add_call(s, "etcd2.lab", DNS_ERROR, 10000 * MS);
	add_call(s, "etcd2.lab", DNS_TIMEOUT, 20000 * MS);
	add_call(s, "etcd2.lab", DNS_OK, 3 * MS);
	assert_int_equal(summary_dns__source(&s->dns), DNS_GETADDRINFO);
	assert_int_equal(s->dns.ended[DNS_QUERY].count, 4);
	assert_int_equal(s->dns.ended[DNS_QUERY].failed, 3);
	assert_int_equal(s->dns.ended[DNS_QUERY].timeouts, 1);
	assert_int_equal(s->dns.ended[DNS_GETADDRINFO].count, 3);
	assert_int_equal(s->dns.ended[DNS_GETADDRINFO].failed, 2);
	assert_int_equal(s->dns.ended[DNS_GETADDRINFO].timeouts, 1);
	/* How long Patroni waited, whatever came of it. */
	assert_int_equal(histogram__quantile_ns(&s->dns.ended[DNS_GETADDRINFO].latency, 1),
			 20000 * MS);
	assert_int_equal(s->dns.nameservers_len, 3);
	assert_string_equal(n[0].address, "127.0.0.53");
	assert_int_equal(n[0].queries.count, 2);
	assert_int_equal(n[0].queries.failed, 1);
	assert_int_equal(n[0].queries.timeouts, 1);
	assert_int_equal(n[0].queries.latency.count, 1); /* no answer has no latency */
	assert_int_equal(histogram__quantile_ns(&n[0].queries.latency, 1), MS);
	assert_string_equal(n[1].address, "10.0.0.2");
	assert_int_equal(n[1].queries.latency.count, 1);
	assert_string_equal(n[2].address, "unknown");
	/* A lookup alone is nothing to judge the lease by. */
	summary__finish(s, SAMPLE_TS_NS);
	assert_int_equal(s->verdict, VERDICT_NO_TRAFFIC);
}

/* Search lists and SRV lookups go through names that do not exist. */
static void test_no_such_name_is_a_failure_only_where_it_matters(void **state)
{
	struct finding f = sample_dns(DNS_QUERY, DNS_NXDOMAIN);

	(void)state;
	assert_true(summary__dns_failed(&f));
	f.where.endpoint = NULL;
	assert_false(summary__dns_failed(&f));
	f.dns.source = DNS_GETADDRINFO;
	assert_true(summary__dns_failed(&f));
	f.dns.outcome = DNS_IN_FLIGHT;
	assert_false(summary__dns_failed(&f));
}

static void test_in_flight_counts_only_while_it_is_the_last_word(void **state)
{
	struct summary *s = *state;
	struct finding aaaa = sample_dns(DNS_QUERY, DNS_IN_FLIGHT);

	add_call(s, "etcd1.lab", DNS_IN_FLIGHT, 1000 * MS);
	add_call(s, "etcd2.lab", DNS_IN_FLIGHT, 1000 * MS);
	add_query(s, "127.0.0.53", DNS_IN_FLIGHT, 1000 * MS);
	aaaa.dns.type = "AAAA";
	add(s, aaaa);
	assert_true(summary_dns__any(&s->dns));
	assert_int_equal(summary_dns__source(&s->dns), DNS_GETADDRINFO);
	assert_int_equal(s->dns.unanswered_len, 4);
	add_call(s, "etcd1.lab", DNS_IN_FLIGHT, 3000 * MS + 499); /* the same one, later */
	assert_int_equal(s->dns.unanswered_len, 4);
	assert_int_equal(s->dns.unanswered[3].duration_ns, 3000 * MS);
	assert_int_equal(s->dns.ended[DNS_GETADDRINFO].count, 0);
	add_query(s, "10.0.0.2", DNS_OK, MS); /* the second nameserver has answered A */
	add_call(s, "etcd1.lab", DNS_OK, 5000 * MS);
	assert_int_equal(s->dns.unanswered_len, 2);
	assert_string_equal(s->dns.unanswered[0].name, "etcd2.lab");
	assert_string_equal(s->dns.unanswered[1].type, "AAAA");
	assert_string_equal(s->dns.unanswered[1].server, "127.0.0.53");
	assert_int_equal(s->dns.ended[DNS_GETADDRINFO].count, 1);
	assert_int_equal(s->dns.ended[DNS_QUERY].count, 1);
}

static void test_it_is_bounded(void **state)
{
	struct summary *s = *state;
	uint64_t queries = 0;
	char name[300];

	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "10.0.0.%d", i);
		add_query(s, name, DNS_OK, MS);
		snprintf(name, sizeof(name), "etcd%d.lab", i);
		add_call(s, name, DNS_IN_FLIGHT, MS);
	}
	assert_int_equal(s->dns.nameservers_len, SUMMARY_NAMESERVERS_MAX);
	assert_string_equal(s->dns.nameservers[SUMMARY_NAMESERVERS_MAX - 1].address, SUMMARY_OTHER);
	for (size_t i = 0; i < s->dns.nameservers_len; i++)
		queries += s->dns.nameservers[i].queries.count;
	assert_int_equal(queries, 100);
	assert_int_equal(s->dns.unanswered_len, SUMMARY_UNANSWERED_MAX);
	assert_string_equal(s->dns.unanswered[SUMMARY_UNANSWERED_MAX - 1].name, "etcd99.lab");
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	add_call(s, name, DNS_IN_FLIGHT, MS);
	add_query(s, name, DNS_OK, MS);
	assert_int_equal(strlen(s->dns.unanswered[SUMMARY_UNANSWERED_MAX - 1].name),
			 SUMMARY_NAME_BYTES - 1);
	assert_int_equal(s->dns.nameservers_len, SUMMARY_NAMESERVERS_MAX);
	add_call(s, name, DNS_OK, MS); /* known again, though it was cut */
	assert_int_equal(s->dns.unanswered_len, SUMMARY_UNANSWERED_MAX - 1);
}

static void test_what_does_not_exist_changes_nothing(void **state)
{
	struct summary *s = *state;
	struct finding f = sample_dns(DNS_QUERY, DNS_OUTCOMES);

	assert_int_equal(summary__add(s, &f), -EINVAL);
	f = sample_dns(DNS_SOURCES, DNS_OK);
	assert_int_equal(summary__add(s, &f), -EINVAL);
	assert_false(summary_dns__any(&s->dns));
	assert_int_equal(s->begin_ts_ns, 0);
}

#define test(f) cmocka_unit_test_setup_teardown(f, summary_setup, summary_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_none),
		test(test_calls_and_queries_are_counted_apart),
		test(test_no_such_name_is_a_failure_only_where_it_matters),
		test(test_in_flight_counts_only_while_it_is_the_last_word),
		test(test_it_is_bounded),
		test(test_what_does_not_exist_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
