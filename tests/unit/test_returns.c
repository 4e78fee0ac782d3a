// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_returns.c - what is concluded when the child of the trial lives, dies, or cannot be hooked;
 * and who has a seccomp filter.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <cmocka.h>

#include "kernel/returns.h"

struct pretend_hook {
	int err, kill_with, unhooked;
	pid_t pid;
};

static int hook(void *ctx, pid_t pid, uint64_t offset)
{
	struct pretend_hook *p = ctx;

	assert_true(offset);
	p->pid = pid;
	if (p->kill_with)
		kill(pid, p->kill_with);
	return p->err;
}

static void unhook(void *ctx)
{
	struct pretend_hook *p = ctx;

	p->unhooked++;
}

static enum returns try_it(struct pretend_hook *p)
{
	const struct returns_hook h = {hook, unhook, p};
	enum returns verdict = returns__try_again(&h);

	assert_int_equal(p->unhooked, 1);
	/* It was waited for. */
	assert_int_equal(waitpid(p->pid, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	return verdict;
}

static void test_child_lives(void **state)
{
	(void)state;
	assert_int_equal(try_it(&(struct pretend_hook){0}), RETURNS_SAFE);
}

static void test_child_dies(void **state)
{
	(void)state;
	assert_int_equal(try_it(&(struct pretend_hook){.kill_with = SIGTRAP}), RETURNS_DEADLY);
	assert_int_equal(try_it(&(struct pretend_hook){.kill_with = SIGKILL}), RETURNS_DEADLY);
	assert_int_equal(try_it(&(struct pretend_hook){.kill_with = SIGALRM}), RETURNS_UNKNOWN);
}

static void test_not_hooked(void **state)
{
	(void)state;
	assert_int_equal(try_it(&(struct pretend_hook){.err = -EPERM}), RETURNS_UNKNOWN);
}

static void test_filters(void **state)
{
	(void)state;
	assert_false(returns__has_filter("Name:\tpatroni\nSeccomp:\t0\nSeccomp_filters:\t0\n"));
	assert_true(returns__has_filter("Name:\tpatroni\nSeccomp:\t2\nSeccomp_filters:\t1\n"));
	assert_true(returns__has_filter("Name:\tpatroni\nSeccomp:\t1\n"));
	assert_true(returns__has_filter(""));
	/* A name that looks like the line. */
	assert_true(returns__has_filter("Name:\tSeccomp:\t0\nSeccomp:\t2\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_child_lives),
		cmocka_unit_test(test_child_dies),
		cmocka_unit_test(test_not_hooked),
		cmocka_unit_test(test_filters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
