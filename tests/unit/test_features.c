// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_features.c - which sets of features are tried in which order, and what a host that is in the
 * way of all of them is reported: hosts are directories of the test's own.
 */
#include <errno.h>
#include <linux/capability.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <cmocka.h>

#include "kernel/features.h"
#include "pretend.h"

#define BIT(n) (1ULL << (n))

static void hooks_by_name(void **state)
{
	enum hooks hooks = HOOKS_FEXIT;

	(void)state;
	assert_int_equal(hooks__parse("", &hooks), -EINVAL);
	assert_int_equal(hooks__parse("sock ", &hooks), -EINVAL);
	assert_int_equal(hooks, HOOKS_FEXIT);
	assert_int_equal(hooks__parse("auto", &hooks), 0);
	assert_int_equal(hooks, HOOKS_AUTO);
	assert_int_equal(hooks__parse("sock", &hooks), 0);
	assert_int_equal(hooks, HOOKS_SOCK);
	assert_int_equal(hooks__parse("fexit", &hooks), 0);
	assert_int_equal(hooks, HOOKS_FEXIT);
}

/* Never two tiers at once: every byte would be told twice. */
static void assert_plan(const bool plan[FEATURES], bool sock, bool fexit6)
{
	for (int id = 0; id < FEATURES; id++) {
		bool wanted = true;

		if (id == FEATURE_SOCK)
			wanted = sock;
		else if (id == FEATURE_FEXIT)
			wanted = !sock;
		else if (id == FEATURE_FEXIT6)
			wanted = fexit6;
		assert_int_equal(plan[id], wanted);
	}
}

static void plans_the_best_first(void **state)
{
	bool plans[FEATURES_PLANS_MAX][FEATURES];

	(void)state;
	assert_int_equal(features__plans(HOOKS_AUTO, plans), 3);
	assert_plan(plans[0], true, false);
	assert_plan(plans[1], false, true);
	assert_plan(plans[2], false, false);
}

static void plans_as_somebody_says(void **state)
{
	bool plans[FEATURES_PLANS_MAX][FEATURES];

	(void)state;
	assert_int_equal(features__plans(HOOKS_SOCK, plans), 1);
	assert_plan(plans[0], true, false);
	assert_int_equal(features__plans(HOOKS_FEXIT, plans), 2);
	assert_plan(plans[0], false, true);
	assert_plan(plans[1], false, false);
}

static void table_is_whole(void **state)
{
	(void)state;
	for (int id = 0; id < FEATURES; id++) {
		assert_non_null(features[id].name);
		assert_true(strlen(features[id].name) <= 20); /* a column of `check` */
		assert_non_null(features[id].programs[0]);
		assert_non_null(features[id].since);
		assert_non_null(features[id].lost);
	}
}

/* A host with these capabilities and nothing in the way otherwise. */
static void host_with(uint64_t capabilities)
{
	char status[128];

	snprintf(status, sizeof(status), "Name:\tx\nCapPrm:\t0\nCapEff:\t%016llx\nCapBnd:\t0\n",
		 (unsigned long long)capabilities);
	pretend__write("proc/self/status", status);
	pretend__write("proc/cmdline", "quiet\n");
	pretend__write("sys/kernel/btf/vmlinux", "");
	pretend__write("sys/kernel/security/lockdown", "[none] integrity confidentiality\n");
}

static int set_up(void **state)
{
	(void)state;
	pretend__directory();
	host_with(~0ULL);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	pretend__cleanup();
	return 0;
}

static int obstacle(struct host *h, char *why, size_t size)
{
	host__read(h, pretend__directory());
	h->root = true; /* whoever runs the test */
	snprintf(why, size, "untouched");
	return host__obstacle(h, why, size);
}

static void nothing_in_the_way(void **state)
{
	struct host h;
	char why[512];

	(void)state;
	assert_int_equal(obstacle(&h, why, sizeof(why)), 0);
	assert_string_equal(why, "untouched");
	assert_int_equal(h.missing, 0);
	assert_int_equal(h.lockdown, LOCKDOWN_NONE);
	assert_true(h.btf);
}

static void capabilities_of_root(void **state)
{
	struct host h;
	char why[512], names[128];

	(void)state;
	host_with(~(BIT(CAP_BPF) | BIT(CAP_SYS_ADMIN)));
	assert_int_equal(obstacle(&h, why, sizeof(why)), -EPERM);
	assert_non_null(strstr(why, "root lacks CAP_BPF here"));
	/* CAP_SYS_ADMIN holds both. */
	host_with(~(BIT(CAP_BPF) | BIT(CAP_PERFMON)));
	assert_int_equal(obstacle(&h, why, sizeof(why)), 0);
	/* No obstacle for the hooks, but missed. */
	host_with(BIT(CAP_BPF) | BIT(CAP_PERFMON));
	assert_int_equal(obstacle(&h, why, sizeof(why)), 0);
	host__missing(&h, names, sizeof(names));
	assert_string_equal(names, "CAP_SYS_PTRACE");
	host_with(0);
	assert_int_equal(obstacle(&h, why, sizeof(why)), -EPERM);
	host__missing(&h, names, sizeof(names));
	assert_string_equal(names, "CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE");
	host__missing(&h, names, 8);
	assert_string_equal(names, "CAP_BPF");
}

static void not_root(void **state)
{
	struct host h;
	char why[512];

	(void)state;
	host_with(0);
	host__read(&h, pretend__directory());
	h.root = false;
	assert_int_equal(host__obstacle(&h, why, sizeof(why)), -EPERM);
	assert_non_null(strstr(why, "root is needed (try sudo)"));
	/* Somebody else with the capabilities is fine. */
	host_with(BIT(CAP_BPF) | BIT(CAP_PERFMON) | BIT(CAP_SYS_PTRACE));
	host__read(&h, pretend__directory());
	h.root = false;
	assert_int_equal(host__obstacle(&h, why, sizeof(why)), 0);
}

static void lockdown(void **state)
{
	struct host h;
	char why[512];

	(void)state;
	pretend__write("sys/kernel/security/lockdown", "none integrity [confidentiality]\n");
	assert_int_equal(obstacle(&h, why, sizeof(why)), -EPERM);
	assert_non_null(strstr(why, "locked down (confidentiality)"));
	/* It keeps programs from writing, not from reading. */
	pretend__write("sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
	assert_int_equal(obstacle(&h, why, sizeof(why)), 0);
	assert_int_equal(h.lockdown, LOCKDOWN_INTEGRITY);
}

static void lockdown_without_securityfs(void **state)
{
	struct host h;
	char why[512];

	(void)state;
	pretend__write("sys/kernel/security/lockdown", "");
	assert_int_equal(obstacle(&h, why, sizeof(why)), 0);
	assert_int_equal(h.lockdown, LOCKDOWN_UNKNOWN);
	pretend__write("proc/cmdline", "ro lockdown=confidentiality quiet\n");
	assert_int_equal(obstacle(&h, why, sizeof(why)), -EPERM);
	pretend__write("proc/cmdline", "ro lockdown=integrity quiet\n");
	assert_int_equal(obstacle(&h, why, sizeof(why)), 0);
	assert_int_equal(h.lockdown, LOCKDOWN_INTEGRITY);
}

static void no_btf(void **state)
{
	struct utsname uts;
	struct host h;
	char why[512], config[128];

	(void)state;
	pretend__cleanup();
	pretend__directory();
	pretend__write("proc/self/status", "Name:\tx\nCapEff:\tffffffffffffffff\n");
	assert_int_equal(obstacle(&h, why, sizeof(why)), -ENOENT);
	assert_non_null(strstr(why, "CONFIG_DEBUG_INFO_BTF"));
	uname(&uts);
	snprintf(config, sizeof(config), "boot/config-%s", uts.release);
	pretend__write(config, "CONFIG_X=y\n# CONFIG_DEBUG_INFO_BTF is not set\n");
	assert_int_equal(obstacle(&h, why, sizeof(why)), -ENOENT);
	assert_null(strstr(why, "hidden"));
	pretend__write(config, "CONFIG_X=y\nCONFIG_DEBUG_INFO_BTF=y\n");
	assert_int_equal(obstacle(&h, why, sizeof(why)), -ENOENT);
	assert_non_null(strstr(why, "hidden"));
}

static void hooks_that_would_never_run(void **state)
{
	bool absent[FEATURES] = {false};
	struct host h;
	char why[512];

	(void)state;
	pretend__write("proc/sys/kernel/ftrace_enabled", "1\n");
	assert_int_equal(obstacle(&h, why, sizeof(why)), 0);
	host__never_run(&h, absent);
	for (int id = 0; id < FEATURES; id++)
		assert_false(absent[id]);
	pretend__write("proc/sys/kernel/ftrace_enabled", "0\n");
	assert_int_equal(obstacle(&h, why, sizeof(why)), 0);
	host__never_run(&h, absent);
	for (int id = 0; id < FEATURES; id++)
		assert_int_equal(absent[id], id == FEATURE_FEXIT || id == FEATURE_FEXIT6);
	features__failure(&features[FEATURE_FEXIT], FEATURES_NEVER_RUN, why, sizeof(why));
	assert_non_null(strstr(why, "sysctl kernel.ftrace_enabled=1"));
}

static void failures_in_words(void **state)
{
	const struct feature *f = &features[FEATURE_SOCK];
	char why[160];

	(void)state;
	features__failure(f, -ESRCH, why, sizeof(why));
	assert_string_equal(why, "this kernel has no such hook (Linux 6.3 has)");
	features__failure(f, -EPERM, why, sizeof(why));
	assert_non_null(strstr(why, "refuses"));
	features__failure(f, -EACCES, why, sizeof(why));
	assert_non_null(strstr(why, "verifier"));
	features__failure(f, -524, why, sizeof(why));
	assert_non_null(strstr(why, "on this machine"));
	features__failure(f, -EMFILE, why, sizeof(why));
	assert_string_equal(why, strerror(EMFILE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hooks_by_name),
		cmocka_unit_test(plans_the_best_first),
		cmocka_unit_test(plans_as_somebody_says),
		cmocka_unit_test(table_is_whole),
		cmocka_unit_test_setup_teardown(nothing_in_the_way, set_up, tear_down),
		cmocka_unit_test_setup_teardown(capabilities_of_root, set_up, tear_down),
		cmocka_unit_test_setup_teardown(not_root, set_up, tear_down),
		cmocka_unit_test_setup_teardown(lockdown, set_up, tear_down),
		cmocka_unit_test_setup_teardown(lockdown_without_securityfs, set_up, tear_down),
		cmocka_unit_test_setup_teardown(no_btf, set_up, tear_down),
		cmocka_unit_test_setup_teardown(hooks_that_would_never_run, set_up, tear_down),
		cmocka_unit_test(failures_in_words),
	};

	pretend__child();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
