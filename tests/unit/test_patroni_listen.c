// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_patroni_listen.c - the port of Patroni's PostgreSQL, as its configuration writes it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "host/patroni.h"
#include "leasewatch/units.h"

static struct patroni_config cfg;

static const struct {
	const char *listen;
	uint16_t port;
} cases[] = {
	{"127.0.0.1", 0},
	{"127.0.0.1:6543", 6543},
	{"10.0.0.1,127.0.0.1:6543", 6543},
	{"::1", 0},
	{"[::1]:6543", 6543},
	{"localhost,[::]:6543", 6543},
	{":6543", 6543},
	{"db:", 0},
	{"db:65536", 0},
	{"db:54x", 0},
};

static void in_a_file(void **state)
{
	char text[128];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		snprintf(text, sizeof(text), "postgresql: {listen: '%s'}\n", cases[i].listen);
		memset(&cfg, 0, sizeof(cfg));
		assert_int_equal(patroni_config__parse_yaml(text, strlen(text), &cfg), 0);
		assert_int_equal(cfg.postgres_port, cases[i].port);
	}
}

static void in_the_environment(void **state)
{
	static const char block[] = "PATRONI_SCOPE=demo\0PATRONI_POSTGRESQL_LISTEN=*:6543";

	(void)state;
	memset(&cfg, 0, sizeof(cfg));
	cfg.postgres_port = 5433; /* the file's */
	patroni_config__apply_environment(block, sizeof(block), &cfg);
	assert_int_equal(cfg.postgres_port, 6543);
}

static void none_at_all(void **state)
{
	static const char text[] = "postgresql: {listen: null}\n";

	(void)state;
	memset(&cfg, 0, sizeof(cfg));
	assert_int_equal(patroni_config__parse_yaml(text, strlen(text), &cfg), 0);
	assert_int_equal(cfg.postgres_port, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_a_file),
		cmocka_unit_test(in_the_environment),
		cmocka_unit_test(none_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
