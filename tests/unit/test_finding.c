// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_finding.c - the words of the contract, in both directions.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/finding.h"

/* Every value has a word of its own, which leads back to it; what is beyond has none. */
#define check_words(count, name, from_name)                                                        \
	do {                                                                                       \
		for (int i = 0; i < (int)(count); i++) {                                           \
			assert_non_null(name(i));                                                  \
			assert_int_equal(from_name(name(i)), i);                                   \
		}                                                                                  \
		assert_null(name((count)));                                                        \
		assert_null(name(-1));                                                             \
		assert_int_equal(from_name("no such word"), -1);                                   \
		assert_int_equal(from_name(""), -1);                                               \
		assert_int_equal(from_name(NULL), -1);                                             \
	} while (0)

static void test_words_lead_back(void **state)
{
	(void)state;
	check_words(CONNECT_OUTCOMES, connect_outcome_name, connect_outcome_from_name);
	check_words(REQUEST_OUTCOMES, request_outcome_name, request_outcome_from_name);
	check_words(PROCESS_UPDATED + 1, process_phase_name, process_phase_from_name);
	check_words(STALL_PHASES, stall_phase_name, stall_phase_from_name);
	check_words(STALL_SEVERITIES, stall_severity_name, stall_severity_from_name);
	check_words(STALL_RESULTS, stall_result_name, stall_result_from_name);
	check_words(CAUSES, cause_name, cause_from_name);
	check_words(ENDPOINT_STATES, endpoint_state_name, endpoint_state_from_name);
	check_words(CELLS, matrix_cell_name, matrix_cell_from_name);
	check_words(DNS_SOURCES, dns_source_name, dns_source_from_name);
	check_words(DNS_OUTCOMES, dns_outcome_name, dns_outcome_from_name);
	check_words(NOTE_KINDS, note_kind_name, note_kind_from_name);
}

/* Scripts depend on these: a change here is a change of the contract. */
static void test_words_of_the_contract(void **state)
{
	(void)state;
	assert_string_equal(request_outcome_name(REQUEST_UNOBSERVED), "unobserved");
	assert_string_equal(connect_outcome_name(CONNECT_ABANDONED), "abandoned");
	assert_string_equal(cause_name(CAUSE_ENDPOINT_SILENT), "endpoint_silent");
	assert_string_equal(cause_name(CAUSE_NOT_ATTEMPTED), "not_attempted");
	assert_string_equal(endpoint_state_name(ENDPOINT_HALF_HEALTHY), "half_healthy");
	assert_string_equal(stall_result_name(STALL_RESULT_EXPIRED), "expired");
	assert_string_equal(stall_severity_name(STALL_CRITICAL), "critical");
	assert_string_equal(matrix_column_name(MATRIX_KEEPALIVE), "keepalive");
	assert_string_equal(dns_source_name(DNS_GETADDRINFO), "getaddrinfo");
	assert_string_equal(dns_outcome_name(DNS_IN_FLIGHT), "in_flight");
	assert_string_equal(note_kind_name(NOTE_SEVERAL), "several_members");
	assert_string_equal(note_kind_name(NOTE_KNOWN_FAULT), "known_fault");
}

static void check_where(struct finding_where where, const char *expected)
{
	char buf[64];

	assert_string_equal(finding_where_name(&where, buf, sizeof(buf)), expected);
}

static void test_where(void **state)
{
	struct finding_where longer = {.endpoint = "etcd2.lab:2379"};
	char small[6];

	(void)state;
	check_where((struct finding_where){"etcd2.lab:2379", "10.0.0.2", 2379}, "etcd2.lab:2379");
	check_where((struct finding_where){NULL, "10.0.0.2", 2379}, "10.0.0.2:2379");
	check_where((struct finding_where){NULL, "fd00::2", 2379}, "[fd00::2]:2379");
	check_where((struct finding_where){"", "", 0}, "unknown");
	assert_string_equal(finding_where_name(&longer, small, sizeof(small)), "etcd2");
}

static void test_rounding(void **state)
{
	(void)state;
	assert_int_equal(finding_round_us(0), 0);
	assert_int_equal(finding_round_us(499), 0);
	assert_int_equal(finding_round_us(500), 1000);
	assert_int_equal(finding_round_us(-499), 0);
	assert_int_equal(finding_round_us(-500), -1000);
	assert_int_equal(finding_round_us(7050000499), 7050000000);
	assert_true(finding_round_us(LW_UNKNOWN_REMAINING) == LW_UNKNOWN_REMAINING);
	assert_true(finding_round_us(INT64_MAX) == INT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words_lead_back),
		cmocka_unit_test(test_words_of_the_contract),
		cmocka_unit_test(test_where),
		cmocka_unit_test(test_rounding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
