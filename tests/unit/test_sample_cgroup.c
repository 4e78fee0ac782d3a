// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_sample_cgroup.c - cgroup hierarchies of every layout, as directories of the test's own: v2,
 * v1, both, seen from a container, and hostile.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "host/sample_private.h"
#include "pretend.h"

#define UNKNOWN                                                                                    \
	{                                                                                          \
		.throttled_ns = -1, .throttled_count = -1, .cpu_quota = -1                         \
	}

/* What mountinfo says; "@" stands for the test's directory. */
static void mounts(struct sample_host *host, const char *text)
{
	char all[8192] = "";
	FILE *f;

	for (; *text; text++)
		if (*text == '@')
			strcat(all, pretend__directory());
		else
			strncat(all, text, 1);
	memset(host, 0, sizeof(*host));
	f = fmemopen(all, strlen(all), "r");
	assert_non_null(f);
	sample_cgroup__mounts(host, f);
	fclose(f);
}

static void check(const struct sample_host *host, const char *cgroup, int64_t ns, int64_t count,
		  double quota)
{
	struct thread_sample v = UNKNOWN;

	sample_cgroup__cpu(host, cgroup, &v);
	assert_int_equal(v.throttled_ns, ns);
	assert_int_equal(v.throttled_count, count);
	assert_float_equal(v.cpu_quota, quota, 1e-9);
}

#define V2 "30 29 0:26 / @/v2 rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"

static void write_v2(void)
{
	/* The root has no quota, and its cpu.stat no throttling. */
	pretend__write("v2/cpu.stat", "usage_usec 1\n");
	pretend__write("v2/sys.slice/cpu.max", "100000 100000\n");
	pretend__write("v2/sys.slice/cpu.stat", "nr_throttled 2\nthrottled_usec 300\n");
	pretend__write("v2/sys.slice/a.service/cpu.max", "50000 100000\n");
	pretend__write("v2/sys.slice/a.service/cpu.stat",
		       "usage_usec 9\nnr_periods 8\nnr_throttled 5\nthrottled_usec 7000\n");
	pretend__write("v2/sys.slice/b.service/cpu.max", "max 100000\n");
	pretend__write("v2/sys.slice/b.service/cpu.stat",
		       "usage_usec 9\nnr_throttled 0\nthrottled_usec 0\n");
	pretend__write("v2/free.slice/cpu.max", "max 100000\n");
	pretend__write("v2/free.slice/cpu.stat", "nr_throttled 4\nthrottled_usec 6\n");
	pretend__write("v2/free.slice/c/cpu.stat", "usage_usec 9\n");
}

static void test_v2(void **state)
{
	struct sample_host host;

	(void)state;
	write_v2();
	mounts(&host, V2);
	check(&host, "0::/sys.slice/a.service\n", 7300000, 7, 0.5);
	check(&host, "0::/sys.slice/b.service\n", 300000, 2, 1);
	check(&host, "0::/sys.slice\n", 300000, 2, 1);
	check(&host, "0::/free.slice\n", 6000, 4, 0); /* it had a quota once */
	check(&host, "0::/free.slice/c\n", 0, 0, 0);
	check(&host, "0::/\n", 0, 0, 0);
}

static void test_not_known(void **state)
{
	struct sample_host host;

	(void)state;
	write_v2();
	mounts(&host, "");
	check(&host, "0::/sys.slice/a.service\n", -1, -1, -1);
	mounts(&host, V2);
	check(&host, "0::/gone.service (deleted)\n", -1, -1, -1);
	check(&host, "0::/sys.slice/../free.slice\n", -1, -1, -1);
	check(&host, "0::/../v2/sys.slice\n", -1, -1, -1);
	check(&host, "0::/sys.slice/..\n", -1, -1, -1);
	check(&host, "1:cpu:/sys.slice\n", -1, -1, -1);
	check(&host, "", -1, -1, -1);
}

/* Numbers that are none, or too many. */
static void test_hostile_files(void **state)
{
	struct sample_host host;

	(void)state;
	pretend__write("v2/odd/cpu.max", "-5 nonsense\n");
	pretend__write("v2/odd/cpu.stat", "nr_throttled -3\nthrottled_usec 9223372036854775807\n");
	pretend__write("v2/odd/big/cpu.max", "9223372036854775807 1\n");
	pretend__write("v2/odd/big/cpu.stat", "nr_throttled 9223372036854775807\n");
	mounts(&host, V2);
	check(&host, "0::/odd\n", 0, 0, 0);
	check(&host, "0::/odd/big\n", 0, INT64_MAX, 9223372036854775807.0);
}

#define V1                                                                                         \
	"31 23 0:28 / @ rw - tmpfs tmpfs rw,mode=755\n"                                            \
	"34 31 0:31 / @/cpuset rw - cgroup cgroup rw,cpuset\n"                                     \
	"32 31 0:29 / @/cpu rw,relatime - cgroup cgroup rw,cpu,cpuacct\n"

static void write_v1(void)
{
	pretend__write("cpu/pg/cpu.cfs_quota_us", "20000\n");
	pretend__write("cpu/pg/cpu.cfs_period_us", "100000\n");
	pretend__write("cpu/pg/cpu.stat", "nr_periods 3\nnr_throttled 2\nthrottled_time 4321\n");
	pretend__write("cpu/pg/in/cpu.cfs_quota_us", "-1\n");
	pretend__write("cpu/pg/in/cpu.cfs_period_us", "100000\n");
	pretend__write("cpu/pg/in/cpu.stat", "nr_throttled 0\nthrottled_time 0\n");
	pretend__write("cpuset/pg/cpu.stat", "nr_throttled 77\nthrottled_time 77\n");
}

static void test_v1(void **state)
{
	struct sample_host host;

	(void)state;
	write_v1();
	mounts(&host, V1);
	check(&host, "4:cpuset:/pg\n2:cpu,cpuacct:/pg\n", 4321, 2, 0.2);
	check(&host, "4:cpuset:/pg\n2:cpu,cpuacct:/pg/in\n", 4321, 2, 0.2);
	check(&host, "4:cpuset:/pg\n", -1, -1, -1);
}

/* Beside v1's cpu controller, what v2 says of the CPU is of no use. */
static void test_hybrid(void **state)
{
	struct sample_host host;
	struct thread_sample v = {0};

	(void)state;
	write_v1();
	write_v2();
	pretend__write("v2/sys.slice/cpu.pressure", "some avg10=42.50 avg60=1.00\n");
	mounts(&host, V1 V2);
	check(&host, "2:cpu,cpuacct:/pg\n0::/sys.slice/a.service\n", 4321, 2, 0.2);
	check(&host, "0::/sys.slice/a.service\n", 7300000, 7, 0.5);
	sample_cgroup__pressure(&host, "2:cpu,cpuacct:/pg\n0::/sys.slice\n", &v);
	assert_float_equal(v.cpu_pressure, 42.5, 1e-9);
}

/* Whoever sits in a container sees its own cgroup as the root, or the others above it. */
static void test_containers(void **state)
{
	struct sample_host host;

	(void)state;
	write_v2();
	mounts(&host, "30 29 0:26 /docker/c1 @/v2 rw - cgroup2 cgroup2 rw\n");
	check(&host, "0::/docker/c1/sys.slice/a.service\n", 7300000, 7, 0.5);
	check(&host, "0::/docker/c1\n", 0, 0, 0);
	check(&host, "0::/docker/c12/sys.slice\n", -1, -1, -1);
	check(&host, "0::/sys.slice/a.service\n", -1, -1, -1);
	mounts(&host, "30 29 0:26 /../.. @/v2 rw - cgroup2 cgroup2 rw\n");
	check(&host, "0::/../../sys.slice/a.service\n", 7300000, 7, 0.5);
	check(&host, "0::/../../../sys.slice\n", -1, -1, -1);
	check(&host, "0::/\n", -1, -1, -1);
}

/* The mount that shows the whole hierarchy wins over one that shows a part. */
static void test_choice_of_mount(void **state)
{
	struct sample_host host;
	char line[5000];

	(void)state;
	write_v2();
	mounts(&host, "1 2 0:26 /docker/c1 @/elsewhere rw - cgroup2 cgroup2 rw\n" V2
		      "1 2 0:26 /docker/c1 @/elsewhere rw - cgroup2 cgroup2 rw\n");
	check(&host, "0::/sys.slice\n", 300000, 2, 1);
	/* Not the cpu controller, and lines that are too long or no mounts at all. */
	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	memcpy(line + 4090, " - cgroup2 / @/bad ", 19);
	mounts(&host, line);
	assert_string_equal(host.unified.point, "");
	mounts(&host, "1 2 0:3 / @/x rw - cgroup none rw,cpuset,cpuacct\n\n- - -\n" V2);
	assert_string_equal(host.cpu.point, "");
	assert_true(host.unified.point[0] != '\0');
}

static void test_directory(void **state)
{
	const struct sample_mount m = {.point = "/sys/fs/cgroup", .root = "/"};
	const struct sample_mount none = {.point = ""};
	char out[32] = "same", name[64];

	(void)state;
	assert_int_equal(sample_cgroup__directory(&none, "/a", out, sizeof(out)), -ENOENT);
	assert_int_equal(sample_cgroup__directory(&m, "/a/..", out, sizeof(out)), -ENOENT);
	memset(name, 'x', sizeof(name) - 1);
	name[0] = '/';
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(sample_cgroup__directory(&m, name, out, sizeof(out)), -ENAMETOOLONG);
	assert_string_equal(out, "same");
	assert_false(sample_cgroup__directory(&m, "/a..b/..c/d..", out, sizeof(out)));
	assert_string_equal(out, "/sys/fs/cgroup/a..b/..c/d..");
	assert_false(sample_cgroup__directory(&m, "/", out, sizeof(out)));
	assert_string_equal(out, "/sys/fs/cgroup");
}

/* Each figure is the cgroup's own where it has one, else the host's. */
static void test_pressure(void **state)
{
	struct sample_host host;
	struct thread_sample own = {0}, all = {0};

	(void)state;
	write_v2();
	pretend__write("v2/p/memory.pressure", "some avg10=12.25 avg60=1\nfull avg10=3\n");
	pretend__write("v2/p/io.pressure", "nonsense\n");
	mounts(&host, V2);
	sample_cgroup__pressure(&host, "0::/p\n", &own);
	assert_float_equal(own.memory_pressure, 12.25, 1e-9);
	sample_cgroup__pressure(&host, "0::/nowhere\n", &all);
	if (access("/proc/pressure/memory", R_OK)) {
		assert_true(all.memory_pressure < 0);
		assert_true(own.io_pressure < 0);
		return;
	}
	assert_in_range((int)all.memory_pressure + 1, 0, 101); /* -1: switched off */
	assert_true((all.io_pressure < 0) == (own.io_pressure < 0));
	assert_true((all.cpu_pressure < 0) == (own.cpu_pressure < 0));
}

static int teardown(void **state)
{
	(void)state;
	pretend__cleanup();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_v2, teardown),
		cmocka_unit_test_teardown(test_not_known, teardown),
		cmocka_unit_test_teardown(test_hostile_files, teardown),
		cmocka_unit_test_teardown(test_v1, teardown),
		cmocka_unit_test_teardown(test_hybrid, teardown),
		cmocka_unit_test_teardown(test_containers, teardown),
		cmocka_unit_test_teardown(test_choice_of_mount, teardown),
		cmocka_unit_test_teardown(test_directory, teardown),
		cmocka_unit_test_teardown(test_pressure, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
