// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_patroni_host.c - whether a PostgreSQL runs as a primary: what it wrote down counts only
 * while it runs; and the addresses that the target's own hosts file gives.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/patroni.h"
#include "leasewatch/units.h"
#include "pretend.h"

#define IN_PRODUCTION	    6
#define IN_ARCHIVE_RECOVERY 5

static struct patroni_config config;

static pid_t start(const char *exe)
{
	const char *argv[] = {exe, NULL};
	struct pretend p = {.exe = exe, .argv = argv, .cwd = pretend__directory()};

	return pretend__start(&p);
}

static void write_control(uint8_t state)
{
	char path[600];
	const uint8_t control[24] = {[16] = state};
	FILE *f;

	pretend__write("data/global/pg_control", "");
	snprintf(path, sizeof(path), "%s/data/global/pg_control", pretend__directory());
	f = fopen(path, "we");
	assert_non_null(f);
	assert_int_equal(fwrite(control, sizeof(control), 1, f), 1);
	fclose(f);
}

static void write_pid(pid_t pid)
{
	char text[64];

	snprintf(text, sizeof(text), "%d\n/data\n1767323045\n5432\n", pid);
	pretend__write("data/postmaster.pid", text);
}

static int setup(void **state)
{
	(void)state;
	memset(&config, 0, sizeof(config));
	snprintf(config.layers.data_dir, sizeof(config.layers.data_dir), "%s/data",
		 pretend__directory());
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pretend__cleanup();
	return 0;
}

static void test_it_runs(void **state)
{
	pid_t patroni = start("python3");

	(void)state;
	write_pid(start("postgres"));
	write_control(IN_PRODUCTION);
	assert_int_equal(patroni__is_primary(patroni, &config), 1);
	write_control(IN_ARCHIVE_RECOVERY);
	assert_int_equal(patroni__is_primary(patroni, &config), 0);
	write_control(4); /* in crash recovery: it will be what it was, or not */
	assert_true(patroni__is_primary(patroni, &config) < 0);
}

/* It crashed: what it wrote down is how it was. */
static void test_it_does_not_run(void **state)
{
	pid_t patroni = start("python3");

	(void)state;
	write_control(IN_PRODUCTION);
	assert_true(patroni__is_primary(patroni, &config) < 0);
	write_pid(1 << 30);
	assert_true(patroni__is_primary(patroni, &config) < 0);
	write_pid(patroni); /* somebody else has the number now */
	assert_true(patroni__is_primary(patroni, &config) < 0);
	pretend__write("data/postmaster.pid", "garbage");
	assert_true(patroni__is_primary(patroni, &config) < 0);
	config.layers.data_dir[0] = '\0';
	assert_int_equal(patroni__is_primary(patroni, &config), -ENOENT);
}

static char addresses[1024];

static void note_address(void *ctx, const uint8_t addr[16], uint16_t port, const char *endpoint)
{
	char text[INET6_ADDRSTRLEN];
	size_t used = strlen(addresses);

	(void)ctx;
	assert_non_null(inet_ntop(AF_INET6, addr, text, sizeof(text)));
	snprintf(addresses + used, sizeof(addresses) - used, "%s %u %s\n", text, port, endpoint);
}

/* In the hosts file of the target's own root: there may be another in ours. */
static void test_names_in_its_hosts_file(void **state)
{
	static const char *const argv[] = {"python3", NULL};
	static const char *const endpoints[] = {"etcd1.lab:2379", "etcd2.lab:2380",
						"etcd3.lab:4001", "[fd00::9]:2379"};
	char root[600];
	struct pretend p = {.exe = "python3", .argv = argv, .root = root};
	pid_t patroni;

	(void)state;
	if (geteuid())
		skip();
	snprintf(root, sizeof(root), "%s/root", pretend__directory());
	pretend__write("root/etc/hosts", "# 10.0.0.1 etcd1.lab\n"
					 "10.0.0.7 other ETCD1.lab\tetcd2.lab # etcd3.lab\n"
					 "fd00::7\tetcd3.lab\r\n"
					 "nonsense etcd1.lab\n"
					 "10.0.0.8 etcd1 etcd1.labs etcd1.la\n"
					 "10.0.0.9\n\n"
					 "10.0.0.10 etcd1.lab");
	for (size_t i = 0; i < ARRAY_LEN(endpoints); i++)
		strcpy(config.endpoints[i], endpoints[i]);
	config.endpoints_len = ARRAY_LEN(endpoints);
	patroni = pretend__start(&p);
	addresses[0] = '\0';
	assert_int_equal(patroni__addresses(patroni, &config, note_address, NULL), 0);
	assert_string_equal(addresses, "::ffff:10.0.0.7 2379 etcd1.lab:2379\n"
				       "::ffff:10.0.0.7 2380 etcd2.lab:2380\n"
				       "fd00::7 4001 etcd3.lab:4001\n"
				       "::ffff:10.0.0.10 2379 etcd1.lab:2379\n");
	config.endpoints_len = 0;
	addresses[0] = '\0';
	assert_int_equal(patroni__addresses(patroni, &config, note_address, NULL), 0);
	assert_string_equal(addresses, "");
	assert_int_equal(patroni__addresses(0, &config, note_address, NULL), -ESRCH);
	snprintf(root, sizeof(root), "%s/empty", pretend__directory());
	pretend__write("empty/x", "");
	assert_int_equal(patroni__addresses(pretend__start(&p), &config, note_address, NULL),
			 -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_it_runs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_it_does_not_run, setup, teardown),
		cmocka_unit_test_setup_teardown(test_names_in_its_hosts_file, setup, teardown),
	};

	pretend__child();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
