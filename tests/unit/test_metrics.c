// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_metrics.c - findings and a status in, Prometheus' text out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "findings.h"
#include "sink/metrics.h"

#define S INT64_C(1000000000)

static struct status status; /* large */

static char *page(struct metrics *m)
{
	struct metrics_self self = {.log_lines_lost = 3,
				    .log_works = true,
				    .cpu_s = 1.5,
				    .resident_bytes = 12582912,
				    .open_files = 40};
	char *text;
	size_t len;

	assert_int_equal(metrics__render(m, &status, &self, &text, &len), 0);
	assert_int_equal(strlen(text), len);
	return text;
}

/* Exactly one line of the page is this. */
static void has(const char *text, const char *line)
{
	char whole[512];
	const char *at;

	snprintf(whole, sizeof(whole), "\n%s\n", line);
	at = strstr(text, whole);
	if (!at)
		fail_msg("no line \"%s\" in\n%s", line, text);
	if (strstr(at + 1, whole))
		fail_msg("twice: %s", line);
}

static size_t count(const char *text, const char *words)
{
	size_t n = 0;

	for (const char *p = strstr(text, words); p; p = strstr(p + 1, words))
		n++;
	return n;
}

static void add_request(struct metrics *m, enum request_outcome outcome, int64_t duration_ns)
{
	struct finding f = sample_request();

	f.request.outcome = outcome;
	f.request.duration_ns = duration_ns;
	metrics__finding(m, &f);
}

static void test_requests(void **state)
{
	struct metrics *m = metrics__new();
	struct finding watch = sample_request();
	char *text;

	(void)state;
	memset(&status, 0, sizeof(status));
	add_request(m, REQUEST_OK, 46 * S / 1000);
	add_request(m, REQUEST_TIMEOUT, 33 * S / 10); /* Patroni's */
	add_request(m, REQUEST_ERROR, 7 * S);	      /* etcd's */
	add_request(m, REQUEST_OK, 100 * S);
	add_request(m, REQUEST_UNOBSERVED, 1);
	watch.request.rpc = "v2/watch"; /* how long it took is no latency */
	metrics__finding(m, &watch);
	text = page(m);
#define PAIR "endpoint=\"etcd2.lab:2379\",rpc=\"lease/keepalive\""
	has(text, "leasewatch_requests_total{" PAIR ",outcome=\"ok\"} 2");
	has(text, "leasewatch_requests_total{endpoint=\"etcd2.lab:2379\",rpc=\"v2/"
		  "watch\",outcome=\"ok\"} 1");
	assert_null(strstr(text, "seconds_count{endpoint=\"etcd2.lab:2379\",rpc=\"v2/watch\""));
	has(text, "leasewatch_requests_total{" PAIR ",outcome=\"timeout\"} 1");
	has(text, "leasewatch_requests_total{" PAIR ",outcome=\"unobserved\"} 1");
	has(text, "leasewatch_request_duration_seconds_bucket{" PAIR ",le=\"0.05\"} 1");
	has(text, "leasewatch_request_duration_seconds_bucket{" PAIR ",le=\"3\"} 1");
	has(text, "leasewatch_request_duration_seconds_bucket{" PAIR ",le=\"3.6\"} 2");
	has(text, "leasewatch_request_duration_seconds_bucket{" PAIR ",le=\"6.5\"} 2");
	has(text, "leasewatch_request_duration_seconds_bucket{" PAIR ",le=\"7.5\"} 3");
	has(text, "leasewatch_request_duration_seconds_bucket{" PAIR ",le=\"30\"} 3");
	has(text, "leasewatch_request_duration_seconds_bucket{" PAIR ",le=\"+Inf\"} 4");
	has(text, "leasewatch_request_duration_seconds_sum{" PAIR "} 110.346000");
	has(text, "leasewatch_request_duration_seconds_count{" PAIR "} 4");
#define MEMBER "scope=\"demo\",member=\"patroni1\""
	has(text, "leasewatch_lease_refreshes_total{" MEMBER ",outcome=\"ok\"} 2");
	has(text, "leasewatch_lease_refreshes_total{" MEMBER ",outcome=\"error\"} 1");
	has(text, "leasewatch_log_lines_lost_total 3");
	has(text, "leasewatch_cpu_seconds_total 1.5");
	has(text, "leasewatch_resident_memory_bytes 12582912");
	has(text, "leasewatch_open_fds 40");
	/* No process id, no lease. */
	assert_null(strstr(text, "4242"));
	assert_null(strstr(text, "7587862094"));
	free(text);
	metrics__free(m);
}

/* What has not happened yet is 0, not absent: increase() needs that. */
static void test_zeros(void **state)
{
	struct metrics *m = metrics__new();
	struct finding f = sample_request();
	char *text;

	(void)state;
	memset(&status, 0, sizeof(status));
	f.request.outcome = REQUEST_OK;
	metrics__finding(m, &f);
	f = (struct finding){.type = FINDING_LOST, .lost = {"ring_full", 7}};
	metrics__finding(m, &f);
	text = page(m);
	has(text, "leasewatch_events_lost_total{reason=\"ring_full\"} 7");
	has(text, "leasewatch_events_lost_total{reason=\"no_memory\"} 0");
	has(text, "leasewatch_events_lost_total{reason=\"payload_unreadable\"} 0");
	has(text, "leasewatch_events_lost_total{reason=\"lookup_dropped\"} 0");
	has(text, "leasewatch_stalls_total{" MEMBER "} 0");
	has(text, "leasewatch_stalls_ended_total{" MEMBER ",cause=\"dns\",result=\"expired\"} 0");
	free(text);
	metrics__free(m);
}

static void test_stall(void **state)
{
	struct metrics *m = metrics__new();
	struct finding begin = sample_stall(STALL_BEGIN), end = sample_stall(STALL_END);
	char *text;

	(void)state;
	memset(&status, 0, sizeof(status));
	status.members_len = 1;
	status.members[0] = (struct member_status){.who = begin.who,
						   .ttl_s = 30,
						   .remaining_ns = -5 * S / 2,
						   .stalled = true,
						   .blind = true,
						   .stall = begin.stall};
	metrics__finding(m, &begin);
	text = page(m);
	has(text, "leasewatch_stalls_total{" MEMBER "} 1");
	has(text, "leasewatch_stall_active{" MEMBER ",cause=\"endpoint_silent\"} 1");
	has(text, "leasewatch_stall_active{" MEMBER ",cause=\"dns\"} 0");
	has(text, "leasewatch_lease_remaining_seconds{" MEMBER "} -2.500000");
	has(text, "leasewatch_lease_ttl_seconds{" MEMBER "} 30");
	has(text, "leasewatch_member_up{" MEMBER "} 1");
	has(text, "leasewatch_member_blind{" MEMBER "} 1");
	free(text);
	status.members_len = 0;
	metrics__finding(m, &end);
	text = page(m);
	has(text, "leasewatch_stalls_ended_total{" MEMBER
		  ",cause=\"endpoint_silent\",result=\"recovered\"} 1");
	has(text, "leasewatch_stall_active{" MEMBER ",cause=\"endpoint_silent\"} 0");
	has(text, "leasewatch_member_up{" MEMBER "} 0");
	has(text, "leasewatch_member_blind{" MEMBER "} 0");
	assert_null(strstr(text, "leasewatch_lease_remaining_seconds{"));
	free(text);
	metrics__free(m);
}

/* Who is missed has run here, under a name; and it would be shown if it ran. */
static void test_nobody_is_missed_by_mistake(void **state)
{
	struct metrics *m = metrics__new();
	struct finding f = sample_request();
	char *text;

	(void)state;
	memset(&status, 0, sizeof(status));
	f.who.scope = NULL; /* both are learned later */
	metrics__finding(m, &f);
	f.who.member = NULL;
	metrics__finding(m, &f);
	f = sample_request();
	metrics__finding(m, &f);
	text = page(m);
	has(text, "leasewatch_member_up{" MEMBER "} 0");
	assert_null(strstr(text, "member_up{scope=\"unknown\""));
	free(text);
	status.members_more = 1;
	text = page(m);
	assert_null(strstr(text, "member_up{"));
	free(text);
	metrics__free(m);
}

/* A 200 without a TTL is what etcd says of a lease that is gone. */
static void test_refused_refresh(void **state)
{
	struct metrics *m = metrics__new();
	struct finding f = sample_request();
	char *text;

	(void)state;
	memset(&status, 0, sizeof(status));
	f.request.ttl_s = LW_UNKNOWN;
	metrics__finding(m, &f);
	text = page(m);
	has(text, "leasewatch_lease_refreshes_total{" MEMBER ",outcome=\"ok\"} 0");
	has(text, "leasewatch_lease_refreshes_total{" MEMBER ",outcome=\"error\"} 1");
	assert_null(strstr(text, "leasewatch_lease_last_refresh_timestamp_seconds{"));
	free(text);
	metrics__free(m);
}

static void test_names_are_bounded_and_escaped(void **state)
{
	struct metrics *m = metrics__new();
	struct finding f = sample_request();
	char name[64], *text;

	(void)state;
	memset(&status, 0, sizeof(status));
	f.where.endpoint = "a\"b\\c\nd\xff";
	metrics__finding(m, &f);
	for (int i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), "name%d", i);
		f.where.endpoint = name;
		f.request.rpc = name;
		f.who.scope = name;
		f.who.member = name;
		metrics__finding(m, &f);
	}
	f.where.endpoint = "other"; /* somebody's real name */
	metrics__finding(m, &f);
	text = page(m);
	assert_non_null(strstr(text, "{endpoint=\"a\\\"b\\\\c\\nd\xef\xbf\xbd\",rpc="));
	has(text, "leasewatch_requests_total{endpoint=\"other\",rpc=\"other\",outcome=\"ok\"} 438");
	assert_null(strstr(text, "name499"));
	assert_true(count(text, "\nleasewatch_requests_total{") <=
		    REQUEST_OUTCOMES * (METRICS_ENDPOINTS_MAX + METRICS_RPCS_MAX + 2));
	assert_true(count(text, "\nleasewatch_stalls_total{") <= METRICS_MEMBERS_MAX + 1);
	free(text);
	metrics__free(m);
}

/* Of two of one name, the lease that runs out first is shown: the other may be a fake. */
static void test_two_of_one_name(void **state)
{
	struct metrics *m = metrics__new();
	struct finding f = sample_request();
	char *text;

	(void)state;
	memset(&status, 0, sizeof(status));
	metrics__finding(m, &f);
	status.now_ns = f.ts_ns + 20 * S;
	status.members_len = 3;
	for (int i = 0; i < 3; i++)
		status.members[i] = (struct member_status){
			.who = f.who, .ttl_s = 30, .since_ok_ns = LW_UNKNOWN};
	status.members[0].remaining_ns = 13 * S;
	status.members[0].since_ok_ns = 17 * S;
	status.members[1].remaining_ns = 999999 * S;
	status.members[1].since_ok_ns = S;
	status.members[2].remaining_ns = LW_UNKNOWN_REMAINING;
	text = page(m);
	has(text, "leasewatch_lease_remaining_seconds{" MEMBER "} 13.000000");
	has(text, "leasewatch_lease_since_refresh_seconds{" MEMBER "} 17.000000");
	free(text);
	metrics__free(m);
}

/* Names that nobody renews a lease under do not keep one out that does. */
static void test_who_renews_has_a_place(void **state)
{
	struct metrics *m = metrics__new();
	struct finding fake = {.type = FINDING_PROCESS}, f = sample_request();
	char name[32], *text;
	uint64_t hits = limits__hits(LIMIT_LABEL_NAMES);

	(void)state;
	memset(&status, 0, sizeof(status));
	fake.who.scope = fake.who.member = name;
	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "fake%d", i);
		metrics__finding(m, &fake);
	}
	assert_true(limits__hits(LIMIT_LABEL_NAMES) > hits);
	metrics__finding(m, &f);
	text = page(m);
	has(text, "leasewatch_lease_refreshes_total{" MEMBER ",outcome=\"ok\"} 1");
	free(text);
	/* Nor does it lose its place to one that does not. */
	for (int i = 200; i < 400; i++) {
		snprintf(name, sizeof(name), "fake%d", i);
		metrics__finding(m, &fake);
	}
	text = page(m);
	has(text, "leasewatch_lease_refreshes_total{" MEMBER ",outcome=\"ok\"} 1");
	assert_int_equal(count(text, "\nleasewatch_stalls_total{"), METRICS_MEMBERS_MAX + 1);
	free(text);
	metrics__free(m);
}

/* A limit has a series once it was hit: then it is a reason to look. */
static void test_limits(void **state)
{
	struct metrics *m = metrics__new();
	char *text;

	(void)state;
	memset(&status, 0, sizeof(status));
	text = page(m);
	assert_null(strstr(text, "limit=\"reader_queue\""));
	free(text);
	limits__hit(LIMIT_READER_QUEUE);
	limits__hit(LIMIT_READER_QUEUE);
	text = page(m);
	has(text, "leasewatch_limit_hits_total{limit=\"reader_queue\"} 2");
	free(text);
	metrics__free(m);
}

/* None is left out, however many there are: the sum of all is what there was. */
static void test_many_members(void **state)
{
	struct metrics *m = metrics__new();
	struct finding f = sample_stall(STALL_BEGIN);
	char scope[32], member[32], *text, *save = NULL;
	uint64_t sum = 0, n = 0;

	(void)state;
	memset(&status, 0, sizeof(status));
	f.who.scope = scope;
	f.who.member = member;
	for (int i = 0; i < 900; i++) {
		snprintf(scope, sizeof(scope), "scope%d", i % 30);
		snprintf(member, sizeof(member), "member%d", i / 30);
		metrics__finding(m, &f);
	}
	text = page(m);
	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
		if (!strncmp(l, "leasewatch_stalls_total{", 24)) {
			sum += strtoull(strrchr(l, ' '), NULL, 10);
			n++;
		}
	assert_int_equal(sum, 900);
	assert_int_equal(n, METRICS_MEMBERS_MAX + 1);
	free(text);
	metrics__free(m);
}

/* Whatever comes: a name has one HELP, and no series is there twice. */
static void test_random(void **state)
{
	struct metrics *m = metrics__new();
	uint64_t random = 7;
	char *text, *save = NULL, *lines[8192];
	size_t n = 0;

	(void)state;
	memset(&status, 0, sizeof(status));
	for (int i = 0; i < 3000; i++) {
		struct finding f = random_finding(&random, SAMPLE_TS_NS + i);

		metrics__finding(m, &f);
	}
	text = page(m);
	for (char *l = strtok_r(text, "\n", &save); l && n < 8192;
	     l = strtok_r(NULL, "\n", &save)) {
		char *value = l[0] == '#' ? NULL : strrchr(l, ' ');

		if (value)
			*value = '\0';
		lines[n++] = l;
	}
	assert_true(n > 100 && n < 8192);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(lines[i], lines[k]);
	free(text);
	metrics__free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_zeros),
		cmocka_unit_test(test_stall),
		cmocka_unit_test(test_nobody_is_missed_by_mistake),
		cmocka_unit_test(test_refused_refresh),
		cmocka_unit_test(test_names_are_bounded_and_escaped),
		cmocka_unit_test(test_two_of_one_name),
		cmocka_unit_test(test_who_renews_has_a_place),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_many_members),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
