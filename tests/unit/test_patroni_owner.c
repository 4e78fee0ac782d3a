// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_patroni_owner.c - whose files a process may read, and reading them with no right but those.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "child.h"
#include "host/patroni_private.h"
#include "pretend.h"

#define USER  12001
#define GROUP 12002

static char path[600];

static int teardown(void **state)
{
	(void)state;
	child__end_all();
	pretend__cleanup();
	return 0;
}

/* In a process of its own: what it becomes is not undone. */
static void in_a_child(void (*body)(void *arg))
{
	pid_t pid;
	int status;

	if (geteuid())
		skip();
	fflush(stdout);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		body(NULL);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static struct patroni_owner own(void)
{
	struct patroni_owner owner;
	int fd = patroni_proc__open(getpid());

	child__must(fd >= 0 && !patroni_owner__read(fd, &owner), "read");
	close(fd);
	return owner;
}

static void is_somebody(void *arg)
{
	static const gid_t groups[] = {5, 7, 12009};
	struct patroni_owner owner;

	(void)arg;
	child__must(!setgroups(3, groups), "setgroups");
	setfsgid(GROUP);
	setfsuid(USER);
	owner = own();
	child__must(owner.uid == USER && owner.gid == GROUP, "of the four, the one for files");
	child__must(owner.groups_len == 3 && !memcmp(owner.groups, groups, sizeof(groups)),
		    "groups");
	setfsuid(0);
	child__must(!setgroups(0, NULL), "setgroups");
	owner = own();
	child__must(owner.uid == 0 && owner.groups_len == 0, "no groups");
}

static void test_who_it_is(void **state)
{
	(void)state;
	in_a_child(is_somebody);
}

static bool is_readable(void)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static void reads_as_the_owner(void *arg)
{
	const struct patroni_owner root = {0}, user = {.uid = USER, .gid = GROUP},
				   member = {.uid = USER + 1,
					     .gid = GROUP + 1,
					     .groups_len = 2,
					     .groups = {7, GROUP}};

	(void)arg;
	child__must(!patroni_owner__become(&root) && is_readable(), "root remains root");
	child__must(!patroni_owner__become(&user) && !is_readable(), "the user may not");
	patroni_owner__return();
	child__must(is_readable(), "root again");
	child__must(!chown(path, 0, GROUP) && !chmod(path, 0640), "chown");
	child__must(!patroni_owner__become(&user) && is_readable(), "its group may");
	patroni_owner__return();
	child__must(!patroni_owner__become(&member) && is_readable(), "a member of it may");
	patroni_owner__return();
	child__must(!chmod(path, 0600) && !chown(path, USER, 0), "chown");
	child__must(!patroni_owner__become(&member) && !is_readable(), "another may not");
	patroni_owner__return();
	child__must(!patroni_owner__become(&user) && is_readable(), "the owner may");
	child__must(!setresuid(USER, USER, USER) && !patroni_owner__become(&member),
		    "without privileges all remains as it is");
}

static void test_what_it_may_read(void **state)
{
	(void)state;
	pretend__write("secret", "x");
	snprintf(path, sizeof(path), "%s/secret", pretend__directory());
	assert_int_equal(chmod(pretend__directory(), 0755), 0);
	assert_int_equal(chmod(path, 0600), 0);
	in_a_child(reads_as_the_owner);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_who_it_is, teardown),
		cmocka_unit_test_teardown(test_what_it_may_read, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
