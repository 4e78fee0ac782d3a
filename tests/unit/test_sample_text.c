// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_sample_text.c - the kernel's small files, as it writes them and as nobody should.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <cmocka.h>

#include "host/sample_private.h"
#include "leasewatch/units.h"

#define TAIL " 1 1 0 -1 4194304 200 0 17 0 3 4 0 0 20 0 1 0 12345 1000 20 18446744073709551615\n"

static void test_stat(void **state)
{
	static const char *const names[] = {
		"4321 (patroni) S 1" TAIL,    "4321 (a) R 9 9 (b) S 1" TAIL,
		"4321 ()) R 1\n(x) S 1" TAIL, "4321 () S 1" TAIL,
		"4321 (\n) S 1" TAIL,
	};
	struct sample_stat s;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		assert_true(sample_text__stat(names[i], &s));
		assert_int_equal(s.state, 'S');
		assert_int_equal(s.ppid, 1);
		assert_int_equal(s.major_faults, 17);
	}
}

static void test_stat_refused(void **state)
{
	static const char *const texts[] = {
		"",
		")",
		") ",
		"1 (x)",
		"1 (x) S",
		"1 (x) 7 1" TAIL,
		"1 (x) S 1 1 1 0 -1",
		"1 (x) S 1 1 1 0 -1 4194304 200 0 x",
		"1 (x) S 1 1 1 0 -1 4194304 200 0 99999999999999999999",
		"1 (x) S -1" TAIL,
		"1 x S 1" TAIL,
	};
	struct sample_stat s = {.state = '#', .ppid = 77};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		assert_false(sample_text__stat(texts[i], &s));
	assert_int_equal(s.state, '#');
	assert_int_equal(s.ppid, 77);
}

static void test_schedstat(void **state)
{
	int64_t run = 5, delay = 6;

	(void)state;
	assert_false(sample_text__schedstat("0 0 0\n", &run, &delay)); /* does not count */
	assert_false(sample_text__schedstat("12\n", &run, &delay));
	assert_false(sample_text__schedstat("-1 2 3\n", &run, &delay));
	assert_false(sample_text__schedstat("1 18446744073709551616 3\n", &run, &delay));
	assert_int_equal(run, 5);
	assert_int_equal(delay, 6);
	assert_true(sample_text__schedstat("1014754 205559 3\n", &run, &delay));
	assert_int_equal(run, 1014754);
	assert_int_equal(delay, 205559);
}

static void test_syscall(void **state)
{
	struct sample_syscall s = {.nr = 99};

	(void)state;
	assert_false(sample_text__syscall("running\n", &s));
	assert_false(sample_text__syscall("", &s));
	assert_false(sample_text__syscall("7 0x1 0x2\n", &s));
	assert_false(sample_text__syscall("7 1 2 3 4 5 6 7 8\n", &s));
	assert_false(sample_text__syscall("7 0x11112222333344445 0x0 0x0 0x0 0x0 0x0\n", &s));
	assert_int_equal(s.nr, 99);
	assert_true(sample_text__syscall("-1 0x7ffe 0x7f00\n", &s));
	assert_int_equal(s.nr, -1);
	assert_true(sample_text__syscall(
		"45 0x3 0x7ffd 0x2000 0x0 0x0 0xffffffffffffffff 0x7ffe 0x7f00\n", &s));
	assert_int_equal(s.nr, 45);
	assert_int_equal(s.args[0], 3);
	assert_int_equal(s.args[2], 0x2000);
	assert_true(s.args[5] == UINT64_MAX);
}

static void test_value(void **state)
{
	static const char text[] = "usage_usec 10\nnr_throttled_x 9\nnr_throttled 3\n"
				   "throttled_usec x\nlast 4";

	(void)state;
	assert_int_equal(sample_text__value(text, "usage_usec"), 10);
	assert_int_equal(sample_text__value(text, "nr_throttled"), 3);
	assert_int_equal(sample_text__value(text, "last"), 4);
	assert_int_equal(sample_text__value(text, "throttled_usec"), -1);
	assert_int_equal(sample_text__value(text, "usec"), -1);
	assert_int_equal(sample_text__value("", "usec"), -1);
	assert_int_equal(sample_text__value("\n\nusec 99999999999999999999\n", "usec"), -1);
}

static void test_pressure(void **state)
{
	(void)state;
	assert_float_equal(sample_text__pressure("some avg10=1.25 avg60=0.97 total=1\nfull avg10"),
			   1.25, 1e-9);
	assert_float_equal(sample_text__pressure("some avg10=100.00 avg60"), 100, 1e-9);
	assert_float_equal(sample_text__pressure("some avg10=0.00"), 0, 1e-9);
	assert_float_equal(sample_text__pressure("some avg10=7"), 7, 1e-9);
	assert_true(sample_text__pressure("full avg10=1.00") < 0);
	assert_true(sample_text__pressure("some avg10=x") < 0);
	assert_true(sample_text__pressure("some avg10=101.00") < 0);
	assert_true(sample_text__pressure("some avg10=-1.00") < 0);
	assert_true(sample_text__pressure("") < 0);
}

static void test_quota(void **state)
{
	(void)state;
	assert_float_equal(sample_text__quota("max 100000\n"), 0, 1e-9);
	assert_float_equal(sample_text__quota("max"), 0, 1e-9);
	assert_float_equal(sample_text__quota("50000 100000\n"), 0.5, 1e-9);
	assert_float_equal(sample_text__quota("400000 100000\n"), 4, 1e-9);
	assert_true(sample_text__quota("50000 0\n") < 0);
	assert_true(sample_text__quota("0 100000\n") < 0);
	assert_true(sample_text__quota("50000\n") < 0);
	assert_true(sample_text__quota("maximum 1\n") < 0);
	assert_true(sample_text__quota("") < 0);
}

static void test_inet(void **state)
{
	/* As the kernel prints them on a little-endian host; 01000000 is network order there. */
	static const char v4[] =
		"   1: 0100007F:1538 0200007F:A1B2 01 00000000:00000000 00:00000000 00000000  "
		"1000        0 24683 1 0000000000000000 20 4";
	static const char v6[] = "   0: 00000000000000000000000001000000:1538 "
				 "B80D0120000000000000000002000000:0035 02 00000000:00000000 "
				 "00:00000000 00000000     0        0 42 2 0000000000000000 100 0";
	struct sample_inet s;
	char text[INET6_ADDRSTRLEN];

	(void)state;
	if (htonl(1) == 1)
		skip();
	assert_true(sample_text__inet(v4, &s));
	assert_false(s.is_v6);
	assert_string_equal(inet_ntop(AF_INET, s.local, text, sizeof(text)), "127.0.0.1");
	assert_string_equal(inet_ntop(AF_INET, s.remote, text, sizeof(text)), "127.0.0.2");
	assert_int_equal(s.local_port, 5432);
	assert_int_equal(s.remote_port, 0xa1b2);
	assert_int_equal(s.state, 1);
	assert_int_equal(s.inode, 24683);
	assert_true(sample_text__inet(v6, &s));
	assert_true(s.is_v6);
	assert_string_equal(inet_ntop(AF_INET6, s.remote, text, sizeof(text)), "2001:db8::2");
	assert_int_equal(s.remote_port, 53);
	assert_int_equal(s.inode, 42);
}

static void test_inet_refused(void **state)
{
	static const char *const lines[] = {
		"",
		"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid",
		"   1: 0100007F:1538",
		"   1: 0100007F:1538 0200007F:A1B2 01 0:0 0:0 0 0 0",
		"   1: 0100007F:1538 0200007F:A1B2 01 0:0 0:0 0 0 0 x",
		"   1: 0100007F:15381 0200007F:A1B2 01 0:0 0:0 0 0 0 7",
		"   1: 0100007:1538 0200007F:A1B2 01 0:0 0:0 0 0 0 7",
		"   1: 0100007F:1538 0200007FAAAAAAAA:A1B2 01 0:0 0:0 0 0 0 7",
		"   1: 0100007F:1538 00000000000000000000000001000000:A1B2 01 0:0 0:0 0 0 0 7",
		"   1: 0100007F:1538 0200007F:A1B2 0101 0:0 0:0 0 0 0 7",
	};
	struct sample_inet s = {.inode = 77};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		assert_false(sample_text__inet(lines[i], &s));
	assert_int_equal(s.inode, 77);
}

static void test_cgroup(void **state)
{
	static const char hybrid[] = "9:name=systemd:/\n4:memory:/m\n2:cpuacct,cpu:/a/b:c\n"
				     "1:cpuset:/s\n0::/unified/x y\n";
	char path[32] = "untouched";

	(void)state;
	assert_true(sample_text__cgroup(hybrid, "cpu", path, sizeof(path)));
	assert_string_equal(path, "/a/b:c");
	assert_true(sample_text__cgroup(hybrid, NULL, path, sizeof(path)));
	assert_string_equal(path, "/unified/x y");
	assert_false(sample_text__cgroup(hybrid, "cpusetx", path, sizeof(path)));
	assert_false(sample_text__cgroup(hybrid, "pu", path, sizeof(path)));
	assert_false(sample_text__cgroup("0::/a/path/that/is/longer/than/the/buffer\n", NULL, path,
					 sizeof(path)));
	assert_false(sample_text__cgroup("0::/cut", NULL, path, sizeof(path))); /* no newline */
	assert_false(sample_text__cgroup("0::relative\n", NULL, path, sizeof(path)));
	assert_false(sample_text__cgroup("::\n:\n\n0:\n", NULL, path, sizeof(path)));
	assert_string_equal(path, "/unified/x y");
}

static bool parse_mount(const char *text, struct sample_mountinfo *m)
{
	static char line[256];

	strcpy(line, text);
	return sample_text__mountinfo(line, m);
}

static void test_mountinfo(void **state)
{
	struct sample_mountinfo m;

	(void)state;
	assert_true(parse_mount("38 31 0:38 / /sys/fs/cgroup/unified rw,relatime shared:4 - "
				"cgroup2 cgroup2 rw,nsdelegate",
				&m));
	assert_string_equal(m.root, "/");
	assert_string_equal(m.point, "/sys/fs/cgroup/unified");
	assert_string_equal(m.type, "cgroup2");
	assert_string_equal(m.options, "rw,nsdelegate");
	assert_true(parse_mount("1 2 0:3 /a\\040b /c\\134d\\777 rw - cgroup none rw,cpu", &m));
	assert_string_equal(m.root, "/a b");
	assert_string_equal(m.point, "/c\\d\\777");
	assert_string_equal(m.options, "rw,cpu");
	assert_false(parse_mount("", &m));
	assert_false(parse_mount("1 2 0:3 / /x rw", &m));
	assert_false(parse_mount("1 2 0:3 / /x rw - cgroup2", &m));
	assert_false(parse_mount("1 2 0:3 / /x rw shared:1 cgroup2 cgroup2 rw", &m));
}

static void test_restarted(void **state)
{
	/* args as a stopped and continued poll, futex and clock_nanosleep leave them */
	const struct sample_syscall poll = {.args = {0x7ffc32129910, 2, 60000}};
	const struct sample_syscall futex = {.args = {0x7ffc32129910, 137 | 256, 0}};
	const struct sample_syscall sleep = {.args = {1, 0, 0x7ffc32129910}};
	const struct sample_syscall odd = {.args = {0x7ffc32129910, 0x7ffc32129920, 0}};

	(void)state;
#ifdef __x86_64__
	assert_string_equal(sample_call__restarted(&poll)->name, "poll");
#else
	(void)poll;
#endif
	assert_string_equal(sample_call__restarted(&futex)->name, "futex");
	assert_string_equal(sample_call__restarted(&sleep)->name, "clock_nanosleep");
	assert_null(sample_call__restarted(&odd));
	assert_null(sample_call__find(-1));
	assert_null(sample_call__find(100000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stat),	     cmocka_unit_test(test_stat_refused),
		cmocka_unit_test(test_schedstat),    cmocka_unit_test(test_syscall),
		cmocka_unit_test(test_value),	     cmocka_unit_test(test_pressure),
		cmocka_unit_test(test_quota),	     cmocka_unit_test(test_inet),
		cmocka_unit_test(test_inet_refused), cmocka_unit_test(test_cgroup),
		cmocka_unit_test(test_mountinfo),    cmocka_unit_test(test_restarted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
