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

#include "leasewatch/units.h"
#include "model/finding.h"
#include "model/summary.h"

/* Every value has a name of its own, which leads back to it; what is beyond has none. */
static void test_names_lead_back(void **state)
{
	static const struct enum_names *const all[] = {
		&connect_outcome_names, &request_outcome_names, &process_phase_names,
		&stall_phase_names,	&stall_severity_names,	&stall_result_names,
		&cause_names,		&endpoint_state_names,	&matrix_column_names,
		&matrix_cell_names,	&dns_source_names,	&dns_outcome_names,
		&note_kind_names,	&verdict_names,
	};

	(void)state;
	for (size_t n = 0; n < ARRAY_LEN(all); n++) {
		for (unsigned int i = 0; i < all[n]->len; i++) {
			assert_non_null(enum_name(all[n], i));
			assert_int_equal(enum_value(all[n], enum_name(all[n], i)), i);
		}
		assert_null(enum_name(all[n], (unsigned int)all[n]->len));
		assert_null(enum_name(all[n], -1));
		assert_int_equal(enum_value(all[n], "no such name"), -1);
		assert_int_equal(enum_value(all[n], ""), -1);
		assert_int_equal(enum_value(all[n], NULL), -1);
	}
}

/* Scripts depend on these: a change here is a change of the contract. */
static void test_words_of_the_contract(void **state)
{
	(void)state;
	assert_string_equal(enum_name(&request_outcome_names, REQUEST_UNOBSERVED), "unobserved");
	assert_string_equal(enum_name(&connect_outcome_names, CONNECT_ABANDONED), "abandoned");
	assert_string_equal(enum_name(&cause_names, CAUSE_ENDPOINT_SILENT), "endpoint_silent");
	assert_string_equal(enum_name(&cause_names, CAUSE_NOT_ATTEMPTED), "not_attempted");
	assert_string_equal(enum_name(&endpoint_state_names, ENDPOINT_HALF_HEALTHY),
			    "half_healthy");
	assert_string_equal(enum_name(&stall_result_names, STALL_RESULT_EXPIRED), "expired");
	assert_string_equal(enum_name(&stall_severity_names, STALL_CRITICAL), "critical");
	assert_string_equal(enum_name(&matrix_column_names, MATRIX_KEEPALIVE), "keepalive");
	assert_string_equal(enum_name(&dns_source_names, DNS_GETADDRINFO), "getaddrinfo");
	assert_string_equal(enum_name(&dns_outcome_names, DNS_IN_FLIGHT), "in_flight");
	assert_string_equal(enum_name(&note_kind_names, NOTE_SEVERAL), "several_members");
	assert_string_equal(enum_name(&note_kind_names, NOTE_KNOWN_FAULT), "known_fault");
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
		cmocka_unit_test(test_names_lead_back),
		cmocka_unit_test(test_words_of_the_contract),
		cmocka_unit_test(test_where),
		cmocka_unit_test(test_rounding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
