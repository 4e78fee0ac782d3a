// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_place.c - files that root writes beside those of others.
 */
#include <errno.h>
#include <fcntl.h>
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

#include "base/place.h"

#define NOBODY 65534

static char dir[] = "/tmp/leasewatch-place-XXXXXX";
static char path[64], other[64];

static int setup(void **state)
{
	(void)state;
	strcpy(dir + sizeof(dir) - 7, "XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/file", dir);
	snprintf(other, sizeof(other), "%s/other", dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(path);
	unlink(other);
	return rmdir(dir);
}

static struct place find(void)
{
	struct place p;

	assert_int_equal(place__find(&p, path), 0);
	assert_string_equal(p.name, "file");
	return p;
}

static enum place_kind kind_with(mode_t mode, uid_t uid, gid_t gid)
{
	struct place p;

	assert_int_equal(chown(dir, uid, gid), 0);
	assert_int_equal(chmod(dir, mode), 0);
	p = find();
	place__close(&p);
	return p.kind;
}

static void touch(const char *name)
{
	int fd = open(name, O_WRONLY | O_CREAT, 0600);

	assert_true(fd >= 0);
	close(fd);
}

static int append(void)
{
	struct place p = find();
	int fd = place__append(&p, 0640);

	place__close(&p);
	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

static void test_knows_who_can_write(void **state)
{
	struct place p;

	(void)state;
	if (geteuid())
		skip();
	assert_int_equal(kind_with(0700, 0, 0), PLACE_OURS);
	assert_int_equal(kind_with(0775, 0, 0), PLACE_OURS);
	assert_int_equal(kind_with(0755, 0, NOBODY), PLACE_OURS);
	assert_int_equal(kind_with(0775, 0, NOBODY), PLACE_SHARED);
	assert_int_equal(kind_with(0777, 0, 0), PLACE_FOREIGN);
	assert_int_equal(kind_with(01777, 0, 0), PLACE_FOREIGN);
	assert_int_equal(kind_with(0700, NOBODY, 0), PLACE_FOREIGN);
	assert_int_equal(place__find(&p, "/nowhere/file"), -ENOENT);
	assert_int_equal(place__find(&p, "/proc/self/status/file"), -ENOTDIR);
	assert_int_equal(place__find(&p, "/file"), 0);
	place__close(&p);
	assert_int_equal(place__find(&p, "file"), 0);
	assert_string_equal(p.name, "file");
	place__close(&p);
}

static void test_creates_with_its_mode_whatever_the_umask(void **state)
{
	mode_t mask = umask(0077);
	struct stat st;

	(void)state;
	assert_int_equal(append(), 0);
	umask(mask);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	/* Of a file that is there it is left as it is. */
	assert_int_equal(chmod(path, 0604), 0);
	assert_int_equal(append(), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0604);
}

static void test_follows_no_link(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(symlink(other, path), 0);
	assert_int_equal(append(), -ELOOP);
	touch(other);
	assert_int_equal(append(), -ELOOP);
	assert_int_equal(stat(other, &st), 0);
	assert_int_equal(st.st_size, 0);
}

/* In a directory of our own it is our own doing; in another, anybody's. */
static void test_takes_only_its_own_file_beside_others(void **state)
{
	(void)state;
	if (geteuid())
		skip();
	touch(path);
	assert_int_equal(link(path, other), 0);
	assert_int_equal(append(), 0);
	assert_int_equal(kind_with(0775, 0, NOBODY), PLACE_SHARED);
	assert_int_equal(append(), -EMLINK);
	assert_int_equal(unlink(other), 0);
	assert_int_equal(append(), 0);
	assert_int_equal(chown(path, NOBODY, NOBODY), 0);
	assert_int_equal(append(), -ENOTUNIQ);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(append(), -ENOTUNIQ);
	assert_int_equal(chmod(dir, 0700), 0);
	assert_int_equal(append(), 0);
}

static void test_creates_in_place_of_what_is_there(void **state)
{
	struct place p = find();
	struct stat st;
	int fd;

	(void)state;
	touch(other);
	assert_int_equal(symlink(other, path), 0);
	fd = place__create(&p, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "x", 1), 1);
	close(fd);
	assert_int_equal(stat(other, &st), 0);
	assert_int_equal(st.st_size, 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	fd = place__create(&p, 0644);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(st.st_mode & 0777, 0644);
	close(fd);
	place__close(&p);
}

static void test_says_what_to_do(void **state)
{
	(void)state;
	assert_non_null(strstr(place__reason(-EXDEV), "use a directory that belongs to root"));
	assert_non_null(strstr(place__reason(-ELOOP), "name the file itself"));
	assert_non_null(strstr(place__reason(-EMLINK), "hard link"));
	assert_non_null(strstr(place__reason(-ENOTUNIQ), "remove it"));
	assert_string_equal(place__reason(-ENOSPC), "No space left on device");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_knows_who_can_write, setup, teardown),
		cmocka_unit_test_setup_teardown(test_creates_with_its_mode_whatever_the_umask,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_follows_no_link, setup, teardown),
		cmocka_unit_test_setup_teardown(test_takes_only_its_own_file_beside_others, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_creates_in_place_of_what_is_there, setup,
						teardown),
		cmocka_unit_test(test_says_what_to_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
