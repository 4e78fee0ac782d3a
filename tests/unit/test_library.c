// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_library.c - finding a process's libraries: our own process maps real files under the names
 * that count, and under some that do not.
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
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "host/library.h"
#include "pretend.h"
#include "leasewatch/units.h"

#define FOUND_MAX 4
#define NOBODY	  65534

static const char *const ssl[] = {"libssl.so.*", NULL};

static const char *in_directory(const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", pretend__directory(), name);
	return path;
}

/* Its text is its name, so that a test can tell which file was opened. */
static void *map(const char *name, int protection)
{
	char page[4096] = "";
	void *at;
	int fd;

	pretend__write(name, name);
	fd = open(in_directory(name), O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, page, sizeof(page) - 512, 512), sizeof(page) - 512);
	at = mmap(NULL, sizeof(page), protection, MAP_PRIVATE, fd, 0);
	assert_ptr_not_equal(at, MAP_FAILED);
	close(fd);
	return at;
}

static void unmap(void *at)
{
	munmap(at, 4096);
}

static void assert_opened(const struct library *l, const char *text)
{
	char name[512];

	assert_true(pread(l->fd, name, sizeof(name), 0) > 0);
	assert_string_equal(name, text);
}

static int teardown(void **state)
{
	(void)state;
	pretend__cleanup();
	return 0;
}

static void finds_our_own_libc(void **state)
{
	struct library found[FOUND_MAX];
	struct stat st;
	int n = library__open(getpid(), library_libc, found, FOUND_MAX);

	(void)state;
	assert_int_equal(n, 1);
	assert_non_null(strstr(found[0].name, "/libc"));
	assert_int_equal(fstat(found[0].fd, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(found[0].ino, st.st_ino);
	library__close(found, 1);
	assert_int_equal(fcntl(found[0].fd, F_GETFD), -1);
}

static void knows_the_names_of_libc(void **state)
{
	static const char *const names[] = {"libc-2.31.so", "ld-musl-aarch64.so.1", "libc.so",
					    "libc.musl-x86_64.so.1"};
	static const char *const others[] = {"libc.so.6.bak", "libcrypt.so.1", "xlibc.so.6",
					     "libc-client.so", "ld-linux-x86-64.so.2"};
	struct library found[FOUND_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		void *at = map(names[i], PROT_READ | PROT_EXEC);
		int ours, n = library__open(getpid(), library_libc, found, FOUND_MAX);

		assert_int_equal(n, 2); /* and the one that this program runs with */
		ours = strstr(found[1].name, names[i]) != NULL;
		assert_opened(&found[ours], names[i]);
		library__close(found, 2);
		unmap(at);
	}
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		void *at = map(others[i], PROT_READ | PROT_EXEC);

		assert_int_equal(library__open(getpid(), library_libc, found, FOUND_MAX), 1);
		library__close(found, 1);
		unmap(at);
	}
}

static void each_copy_once(void **state)
{
	struct library found[FOUND_MAX];
	void *a = map("a/libssl.so.3", PROT_READ | PROT_EXEC);
	void *again = map("a/libssl.so.3", PROT_READ | PROT_EXEC);
	void *b = map("b c/libssl.so.1.1", PROT_READ | PROT_EXEC);
	void *data = map("d/libssl.so.3", PROT_READ);
	int n = library__open(getpid(), ssl, found, FOUND_MAX);

	(void)state;
	assert_int_equal(n, 2);
	assert_true(found[0].ino != found[1].ino);
	n = strstr(found[0].name, "b c/libssl.so.1.1") ? 0 : 1;
	assert_opened(&found[n], "b c/libssl.so.1.1");
	assert_opened(&found[!n], "a/libssl.so.3");
	library__close(found, 2);
	/* no more than there is room for */
	assert_int_equal(library__open(getpid(), ssl, found, 1), 1);
	library__close(found, 1);
	unmap(a);
	unmap(again);
	unmap(b);
	unmap(data);
	assert_int_equal(library__open(getpid(), ssl, found, FOUND_MAX), 0);
}

/* A package upgrade puts a new file in the old one's place. */
static void opens_what_is_mapped_not_what_is_there(void **state)
{
	struct library found[FOUND_MAX];
	void *at = map("libssl.so.3", PROT_READ | PROT_EXEC);
	char new[512];

	(void)state;
	if (geteuid())
		skip();
	pretend__write("new", "the new file");
	strcpy(new, in_directory("new"));
	assert_int_equal(rename(new, in_directory("libssl.so.3")), 0);
	assert_int_equal(library__open(getpid(), ssl, found, FOUND_MAX), 1);
	assert_opened(&found[0], "libssl.so.3");
	assert_null(strstr(found[0].name, "deleted"));
	library__close(found, 1);
	unmap(at);
}

/* What a process without privileges finds out about itself: 0 = the file, else what failed. */
static int look_as_nobody(void)
{
	struct library found[FOUND_MAX];
	char text[512] = "";
	int n;

	if (setresuid(NOBODY, NOBODY, NOBODY))
		return 100;
	n = library__open(getpid(), ssl, found, FOUND_MAX);
	if (n < 0)
		return -n;
	if (n != 1 || pread(found[0].fd, text, sizeof(text), 0) <= 0)
		return 101;
	return strcmp(text, "libssl.so.3") ? 102 : 0;
}

static int in_child(int (*look)(void))
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(look());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void goes_by_the_path_without_privileges(void **state)
{
	void *at = map("libssl.so.3", PROT_READ | PROT_EXEC);

	(void)state;
	if (geteuid())
		skip();
	assert_int_equal(chmod(pretend__directory(), 0755), 0);
	assert_int_equal(in_child(look_as_nobody), 0);
	/* The path leads to something else now: nothing rather than the wrong file. */
	assert_int_equal(unlink(in_directory("libssl.so.3")), 0);
	pretend__write("libssl.so.3", "the new file");
	assert_int_equal(in_child(look_as_nobody), ENOENT);
	unmap(at);
}

static void a_name_for_the_terminal(void **state)
{
	struct library found[FOUND_MAX];
	void *at = map("\033[31m\xc2\x9b/libssl.so.3", PROT_READ | PROT_EXEC);
	char longer[400];
	void *far;

	(void)state;
	assert_int_equal(library__open(getpid(), ssl, found, FOUND_MAX), 1);
	assert_non_null(strstr(found[0].name, "/?[31m\?\?/libssl.so.3"));
	library__close(found, 1);
	unmap(at);

	memset(longer, 'x', sizeof(longer));
	longer[200] = '/';
	strcpy(longer + 380, "/libssl.so.3");
	far = map(longer, PROT_READ | PROT_EXEC);
	assert_int_equal(library__open(getpid(), ssl, found, FOUND_MAX), 1);
	assert_int_equal(strlen(found[0].name), LIBRARY_NAME_BYTES - 1);
	assert_non_null(strstr(found[0].name, "xx/libssl.so.3"));
	library__close(found, 1);
	unmap(far);
}

static void no_such_process(void **state)
{
	struct library found[FOUND_MAX];
	pid_t pid = fork();

	(void)state;
	if (!pid)
		_exit(0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(library__open(pid, library_libc, found, FOUND_MAX), -ESRCH);
	assert_int_equal(library__open(0, library_libc, found, FOUND_MAX), -ESRCH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(finds_our_own_libc, teardown),
		cmocka_unit_test_teardown(knows_the_names_of_libc, teardown),
		cmocka_unit_test_teardown(each_copy_once, teardown),
		cmocka_unit_test_teardown(opens_what_is_mapped_not_what_is_there, teardown),
		cmocka_unit_test_teardown(goes_by_the_path_without_privileges, teardown),
		cmocka_unit_test_teardown(a_name_for_the_terminal, teardown),
		cmocka_unit_test_teardown(no_such_process, teardown),
	};

	pretend__child();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
