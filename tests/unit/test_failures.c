// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_failures.c - what is the same at several endpoints, and what ends that.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/failures.h"

static struct endpoint endpoints[3] = {{.name = "etcd1"}, {.name = "etcd2"}, {.name = "etcd3"}};
/* The last two are of one endpoint, by IPv4 and IPv6. */
static struct address addresses[4] = {{.endpoint = &endpoints[0]},
				      {.endpoint = &endpoints[1]},
				      {.endpoint = &endpoints[2]},
				      {.endpoint = &endpoints[2]}};

static void met_everywhere(struct failures *t, enum cause cause)
{
	memset(t, 0, sizeof(*t));
	for (int round = 0; round < 3; round++)
		for (int i = 0; i < 4; i++)
			failures__add(t, cause, &addresses[i]);
}

static size_t elsewhere(const struct failures *t, enum cause cause)
{
	return failures__elsewhere(t, cause, &endpoints[0], NULL, 0);
}

static void test_each_endpoint_once(void **state)
{
	const char *names[4] = {NULL};
	struct failures t;

	(void)state;
	met_everywhere(&t, CAUSE_CONNECT_REFUSED);
	assert_int_equal(failures__elsewhere(&t, CAUSE_CONNECT_REFUSED, &endpoints[1], names, 4),
			 2);
	assert_string_equal(names[0], "etcd1");
	assert_string_equal(names[1], "etcd3");
	assert_null(names[2]);
	assert_int_equal(elsewhere(&t, CAUSE_NETWORK_LOSS), 0);
	names[1] = NULL;
	assert_int_equal(failures__elsewhere(&t, CAUSE_CONNECT_REFUSED, NULL, names, 1), 3);
	assert_null(names[1]);
}

/* What answers can be reached; renewals there may still hang. */
static void test_what_answers(void **state)
{
	struct failures t;

	(void)state;
	met_everywhere(&t, CAUSE_CONNECT_REFUSED);
	failures__answered(&t, &endpoints[2]);
	assert_int_equal(elsewhere(&t, CAUSE_CONNECT_REFUSED), 1);
	failures__answered(&t, &endpoints[1]);
	assert_int_equal(elsewhere(&t, CAUSE_CONNECT_REFUSED), 0);
	met_everywhere(&t, CAUSE_ENDPOINT_SILENT);
	failures__answered(&t, &endpoints[2]);
	assert_int_equal(elsewhere(&t, CAUSE_ENDPOINT_SILENT), 2);
}

/* No etcd's fault, or one that can be another at each of them: an expired certificate, an error. */
static void test_not_of_an_endpoint(void **state)
{
	struct failures t;

	(void)state;
	met_everywhere(&t, CAUSE_DNS);
	met_everywhere(&t, CAUSE_TLS);
	met_everywhere(&t, CAUSE_ENDPOINT_ERROR);
	assert_int_equal(t.len, 0);
	failures__add(&t, CAUSE_CONNECT_REFUSED, NULL);
	assert_int_equal(t.len, 0);
}

static void test_bounded(void **state)
{
	struct address many[FAILURES_MAX + 5];
	struct endpoint their[FAILURES_MAX + 5];
	struct failures t = {0};

	(void)state;
	for (int i = 0; i < FAILURES_MAX + 5; i++) {
		many[i].endpoint = &their[i];
		failures__add(&t, CAUSE_ENDPOINT_SILENT, &many[i]);
	}
	assert_int_equal(elsewhere(&t, CAUSE_ENDPOINT_SILENT), FAILURES_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_endpoint_once),
		cmocka_unit_test(test_what_answers),
		cmocka_unit_test(test_not_of_an_endpoint),
		cmocka_unit_test(test_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
