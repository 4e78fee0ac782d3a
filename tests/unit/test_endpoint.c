// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_endpoint.c - endpoints by name, by address and by host; what answers there, and the state
 * that it amounts to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/endpoint.h"

#define S(n) ((uint64_t)(n)*1000000000ULL)

static const uint8_t v4[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 7};
static const uint8_t v6[16] = {0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7};

static int setup(void **state)
{
	static struct endpoint_table t;

	memset(&t, 0, sizeof(t));
	*state = &t;
	return 0;
}

static int teardown(void **state)
{
	endpoint_table__clear(*state);
	return 0;
}

static void test_addresses(void **state)
{
	struct endpoint_table *t = *state;
	struct address *a, *b;

	assert_null(endpoint_table__find(t, v4, 2379));
	a = endpoint_table__address(t, v4, 2379);
	b = endpoint_table__address(t, v6, 2379);
	assert_string_equal(a->text, "10.0.0.7");
	assert_string_equal(a->endpoint->name, "10.0.0.7:2379");
	assert_string_equal(b->text, "fd00::7");
	assert_string_equal(b->endpoint->name, "[fd00::7]:2379");
	assert_false(a->endpoint->named);
	assert_ptr_equal(endpoint_table__address(t, v4, 2379), a);
	assert_ptr_equal(endpoint_table__find(t, v4, 2379), a);
	assert_null(endpoint_table__find(t, v4, 2380));
}

/* What was learned of the address goes over to the name, and is not brought over another's. */
static void test_naming(void **state)
{
	struct endpoint_table *t = *state;
	struct address *a = endpoint_table__address(t, v4, 2379);
	struct address *b = endpoint_table__address(t, v6, 2379);
	struct endpoint *e, *nameless = a->endpoint;

	endpoint__outcome(nameless, MATRIX_CONNECT, CELL_OK, S(1), S(2));
	endpoint__count(nameless, REQUEST_TIMEOUT, S(1));
	nameless->state = ENDPOINT_SILENT;
	assert_ptr_equal(endpoint_table__name(t, a, ""), a->endpoint);
	e = endpoint_table__name(t, a, "etcd1.lab:2379");
	assert_ptr_equal(a->endpoint, e);
	assert_true(e->named);
	assert_int_equal(e->matrix[MATRIX_CONNECT].cell, CELL_OK);
	assert_int_equal(e->state, ENDPOINT_SILENT);
	assert_int_equal(e->failed, 1);
	assert_int_equal(nameless->state, ENDPOINT_UNKNOWN);
	assert_int_equal(nameless->requests, 0);
	assert_ptr_equal(endpoint_table__name(t, a, "etcd1.lab:2379"), e);
	e->state = ENDPOINT_HEALTHY;
	endpoint__outcome(b->endpoint, MATRIX_CONNECT, CELL_REFUSED, S(1), S(2));
	assert_ptr_equal(endpoint_table__name(t, b, "etcd1.lab:2379"), e);
	assert_int_equal(e->matrix[MATRIX_CONNECT].cell, CELL_OK);
	assert_ptr_equal(endpoint_table__add(t, "etcd1.lab:2379"), e);
}

static void test_by_host(void **state)
{
	struct endpoint_table *t = *state;
	struct endpoint *e = endpoint_table__add(t, "Etcd1.lab:2379");
	struct endpoint *other = endpoint_table__add(t, "etcd11.lab:4001");

	assert_ptr_equal(endpoint_table__by_host(t, "etcd1.lab"), e);
	assert_ptr_equal(endpoint_table__by_host(t, "ETCD1.LAB"), e);
	assert_ptr_equal(endpoint_table__by_host(t, "etcd11.lab"), other);
	assert_null(endpoint_table__by_host(t, "etcd1"));
	assert_null(endpoint_table__by_host(t, "etcd1.la"));
	assert_null(endpoint_table__by_host(t, "etcd1.lab.example"));
	assert_null(endpoint_table__by_host(t, "cd1.lab"));
	assert_null(endpoint_table__by_host(t, "etcd1.lab:2379"));
	assert_null(endpoint_table__by_host(t, ""));
}

static void test_one_member_after_another(void **state)
{
	struct endpoint e = {0};

	(void)state;
	assert_false(endpoint__answered_by(&e, 0)); /* it did not say who it is */
	assert_false(endpoint__answered_by(&e, 1));
	assert_false(endpoint__answered_by(&e, 1));
	assert_false(endpoint__answered_by(&e, 2)); /* replaced */
	assert_false(endpoint__answered_by(&e, 0));
	assert_false(endpoint__answered_by(&e, 2));
	assert_false(endpoint__answered_by(&e, 3));
	assert_false(e.several);
}

static void test_two_members_in_turn(void **state)
{
	struct endpoint e = {0};

	(void)state;
	assert_false(endpoint__answered_by(&e, 1));
	assert_false(endpoint__answered_by(&e, 2));
	assert_true(endpoint__answered_by(&e, 1));
	assert_true(e.several);
	assert_int_equal(e.member_ids[0], 1);
	assert_int_equal(e.member_ids[1], 2);
	for (int i = 0; i < 5; i++)
		assert_false(endpoint__answered_by(&e, i % 2 + 1));
}

/* A load balancer in front of three, or of seven, that takes them in turn. */
static void test_more_members_in_turn(void **state)
{
	(void)state;
	for (uint64_t n = 3; n <= 7; n++) {
		struct endpoint e = {0};

		for (uint64_t i = 0; i < n; i++)
			assert_false(endpoint__answered_by(&e, 100 + i));
		assert_true(endpoint__answered_by(&e, 100));
		for (uint64_t i = 0; i < 2 * n; i++)
			assert_false(endpoint__answered_by(&e, 100 + i % n));
	}
}

static void test_count(void **state)
{
	struct endpoint e = {.last_ns = LW_UNKNOWN};

	(void)state;
	endpoint__count(&e, REQUEST_UNOBSERVED, S(9));
	assert_int_equal(e.requests, 0);
	endpoint__count(&e, REQUEST_OK, 5000000);
	endpoint__count(&e, REQUEST_ERROR, 7000000);
	assert_int_equal(e.requests, 2);
	assert_int_equal(e.failed, 1);
	assert_int_equal(e.last_ns, 7000000);
	assert_int_equal(e.latency.count, 2);
	/* Without an answer there is no latency of the endpoint's. */
	endpoint__count(&e, REQUEST_TIMEOUT, S(3));
	endpoint__count(&e, REQUEST_RESET, S(3));
	endpoint__count(&e, REQUEST_CLOSED, S(3));
	assert_int_equal(e.requests, 5);
	assert_int_equal(e.failed, 4);
	assert_int_equal(e.last_ns, 7000000);
	assert_int_equal(e.latency.count, 2);
	assert_int_equal(e.latency.max_us, 7000);
}

static void outcome(struct endpoint *e, enum matrix_column column, enum matrix_cell cell,
		    uint64_t start_s, uint64_t end_s)
{
	endpoint__outcome(e, column, cell, S(start_s), S(end_s));
}

static void test_assess(void **state)
{
	struct endpoint e = {0};

	(void)state;
	assert_int_equal(endpoint__assess(&e), ENDPOINT_UNKNOWN);
	outcome(&e, MATRIX_CONNECT, CELL_OK, 1, 1);
	assert_int_equal(endpoint__assess(&e), ENDPOINT_HEALTHY);
	outcome(&e, MATRIX_READ, CELL_OK, 2, 2);
	/* A renewal hangs, and since it began nothing else has passed: it may be frozen. */
	outcome(&e, MATRIX_KEEPALIVE, CELL_HANGING, 3, 4);
	assert_int_equal(endpoint__assess(&e), ENDPOINT_SILENT);
	outcome(&e, MATRIX_READ, CELL_OK, 5, 5);
	assert_int_equal(endpoint__assess(&e), ENDPOINT_HALF_HEALTHY);
	/* It said no: then what passed before that counts, too. */
	outcome(&e, MATRIX_KEEPALIVE, CELL_ERROR, 6, 13);
	assert_int_equal(endpoint__assess(&e), ENDPOINT_HALF_HEALTHY);
	outcome(&e, MATRIX_READ, CELL_TIMEOUT, 14, 17);
	assert_int_equal(endpoint__assess(&e), ENDPOINT_SILENT);
	/* An answer again, and be it a no. */
	outcome(&e, MATRIX_READ, CELL_ERROR, 17, 18);
	assert_int_equal(endpoint__assess(&e), ENDPOINT_HALF_HEALTHY);
	outcome(&e, MATRIX_CONNECT, CELL_REFUSED, 18, 18);
	assert_int_equal(endpoint__assess(&e), ENDPOINT_UNREACHABLE);
	outcome(&e, MATRIX_CONNECT, CELL_OK, 19, 19);
	outcome(&e, MATRIX_READ, CELL_OK, 20, 20);
	outcome(&e, MATRIX_KEEPALIVE, CELL_OK, 21, 21);
	assert_int_equal(endpoint__assess(&e), ENDPOINT_HEALTHY);
}

/* Once may be an accident; twice in a row of the same kind is slow. */
static void test_slow(void **state)
{
	struct endpoint e = {0};

	(void)state;
	outcome(&e, MATRIX_READ, CELL_SLOW, 1, 2);
	assert_int_equal(endpoint__assess(&e), ENDPOINT_HEALTHY);
	outcome(&e, MATRIX_WRITE, CELL_SLOW, 2, 3);
	assert_int_equal(endpoint__assess(&e), ENDPOINT_HEALTHY);
	outcome(&e, MATRIX_READ, CELL_OK, 3, 3);
	outcome(&e, MATRIX_READ, CELL_SLOW, 4, 5);
	assert_int_equal(endpoint__assess(&e), ENDPOINT_HEALTHY);
	outcome(&e, MATRIX_READ, CELL_SLOW, 5, 6);
	assert_int_equal(endpoint__assess(&e), ENDPOINT_SLOW);
	outcome(&e, MATRIX_READ, CELL_OK, 7, 7);
	assert_int_equal(endpoint__assess(&e), ENDPOINT_HEALTHY);
}

static void test_expects(void **state)
{
	struct endpoint e = {0};

	(void)state;
	assert_false(endpoint__expects(&e, MATRIX_KEEPALIVE, S(1), S(2)));
	outcome(&e, MATRIX_KEEPALIVE, CELL_HANGING, 1, 2);
	assert_true(endpoint__expects(&e, MATRIX_KEEPALIVE, S(1), S(3)));
	assert_false(endpoint__expects(&e, MATRIX_READ, S(1), S(3)));
	/* No after 7 s: the next one may take 8 s before that is news. */
	outcome(&e, MATRIX_KEEPALIVE, CELL_ERROR, 1, 8);
	assert_true(endpoint__expects(&e, MATRIX_KEEPALIVE, S(10), S(18) - 1));
	assert_false(endpoint__expects(&e, MATRIX_KEEPALIVE, S(10), S(18)));
	outcome(&e, MATRIX_KEEPALIVE, CELL_OK, 20, 20);
	assert_false(endpoint__expects(&e, MATRIX_KEEPALIVE, S(21), S(22)));
}

/* While it failed, not before and not since; and what passes later does not unsay it. */
static void test_others_passed(void **state)
{
	const struct matrix_entry *m;
	struct endpoint e = {0};

	(void)state;
	m = &e.matrix[MATRIX_KEEPALIVE];
	outcome(&e, MATRIX_WRITE, CELL_OK, 9, 9);
	outcome(&e, MATRIX_CONNECT, CELL_OK, 11, 11);
	outcome(&e, MATRIX_KEEPALIVE, CELL_TIMEOUT, 10, 13);
	assert_false(m->others_passed);
	outcome(&e, MATRIX_READ, CELL_OK, 14, 14);
	assert_false(m->others_passed);
	outcome(&e, MATRIX_READ, CELL_OK, 21, 21);
	outcome(&e, MATRIX_KEEPALIVE, CELL_TIMEOUT, 20, 23);
	assert_true(m->others_passed);
	outcome(&e, MATRIX_READ, CELL_OK, 24, 24);
	assert_true(m->others_passed);
	outcome(&e, MATRIX_KEEPALIVE, CELL_OK, 30, 30);
	assert_false(m->others_passed);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_addresses),
		CASE(test_naming),
		CASE(test_by_host),
		cmocka_unit_test(test_one_member_after_another),
		cmocka_unit_test(test_two_members_in_turn),
		cmocka_unit_test(test_more_members_in_turn),
		cmocka_unit_test(test_count),
		cmocka_unit_test(test_assess),
		cmocka_unit_test(test_others_passed),
		cmocka_unit_test(test_slow),
		cmocka_unit_test(test_expects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
