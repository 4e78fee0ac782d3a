// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_jsonline.c - how numbers are spelled, and how a line reaches a file whole or not at all.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "findings.h"
#include "sink/json_text.h"
#include "sink/jsonline.h"

/* Every duration up to 70 years reads back as the very microsecond, and is a plain decimal. */
static void test_numbers_are_exact(void **state)
{
	struct json_text line = {0};
	uint64_t seed = 3;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		int64_t us = (int64_t)(random_next(&seed) >> (13 + random_next(&seed) % 51));
		char *end, expected[64];
		double back;

		line.len = 0;
		json_text__real(&line, us);
		json_text__end_line(&line);
		assert_int_equal(line.err, 0);
		line.data[line.len - 1] = '\0';
		back = strtod(line.data, &end);
		assert_int_equal(*end, '\0');
		assert_true((int64_t)(back * 1e6 + 0.5) == us);
		assert_int_equal(strspn(line.data, "0123456789."), line.len - 1);
		snprintf(expected, sizeof(expected), "%lld.%06lld", (long long)us / 1000000,
			 (long long)us % 1000000);
		assert_memory_equal(line.data, expected, line.len - 1);
		assert_true(line.data[line.len - 2] != '0' || line.data[line.len - 3] == '.');
	}
	json_text__free(&line);
}

static void check_integer(int64_t value, const char *expected)
{
	struct json_text line = {0};

	json_text__int(&line, value);
	json_text__end_line(&line);
	assert_memory_equal(line.data, expected, line.len);
	assert_int_equal(line.len, strlen(expected));
	json_text__free(&line);
}

static void test_integers_at_their_limits(void **state)
{
	(void)state;
	check_integer(0, "0\n");
	check_integer(-1, "-1\n");
	check_integer(INT64_MAX, "9223372036854775807\n");
	check_integer(INT64_MIN, "-9223372036854775808\n");
}

/* The limit of a string is that of its bytes before they are escaped, and cuts no character. */
static void test_a_long_string_is_cut(void **state)
{
	char value[2 * JSON_STRING_BYTES], *expected = calloc(1, 8 * JSON_STRING_BYTES);
	struct json_text line = {0};

	(void)state;
	assert_non_null(expected);
	memset(value, '\x01', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	memcpy(value + JSON_STRING_BYTES - 2, "\xC3\xA9", 2);
	strcpy(expected, "\"");
	for (int i = 0; i < JSON_STRING_BYTES - 2; i++)
		strcat(expected, "\\u0001");
	strcat(expected, "\"\n");
	json_text__string(&line, value);
	json_text__end_line(&line);
	assert_int_equal(line.len, strlen(expected));
	assert_memory_equal(line.data, expected, line.len);
	json_text__free(&line);
	free(expected);
}

static void test_disk_full(void **state)
{
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct finding f = sample_request();
	struct sink *sink = sink_json__new(fd);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(sink__finding(sink, &f), -ENOSPC);
	assert_int_equal(sink__finding(sink, &f), -ENOSPC);
	sink__free(sink);
	close(fd);
}

/* Lines until one fails with `expected`: what is in the file then is whole. Returns their number.
 */
static int fill(struct sink *sink, int fd, int expected)
{
	struct finding f = sample_request();
	char *line = json_of(&f);
	struct stat st;
	int n = 0, err;

	while (!(err = sink__finding(sink, &f)) && n < 100000)
		n++;
	assert_int_equal(err, expected);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, (off_t)strlen(line) * n);
	free(line);
	return n;
}

/* The limit on a file's size cuts a line like a full disk does; when it is lifted, lines come
 * whole. */
static void test_a_cut_line_is_taken_back(void **state)
{
	int fd = memfd_create("log", MFD_CLOEXEC);
	struct rlimit old, limit;
	struct finding f = sample_request();
	struct sink *sink = sink_json__new(fd);
	struct stat before, after;
	char *line = json_of(&f);

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	limit = old;
	limit.rlim_cur = 3000;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_true(fill(sink, fd, -EFBIG) > 1);
	assert_int_equal(fstat(fd, &before), 0);
	assert_int_equal(sink__finding(sink, &f), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(sink__finding(sink, &f), 0);
	assert_int_equal(fstat(fd, &after), 0);
	assert_int_equal(after.st_size - before.st_size, strlen(line));
	free(line);
	sink__free(sink);
	close(fd);
}

/* A real file system that is full, in a mount namespace of its own. 77 = it cannot be made here. */
static int on_a_small_disk(void)
{
	char path[] = "/tmp/leasewatch-test-XXXXXX";
	struct sink *sink;
	int fd;

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("small", "/tmp", "tmpfs", 0, "size=16k"))
		return 77;
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_APPEND), 0); /* as `-o FILE` and shells do */
	sink = sink_json__new(fd);
	assert_true(fill(sink, fd, -ENOSPC) > 5);
	sink__free(sink);
	close(fd);
	return 0;
}

static void test_a_small_disk(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	if (geteuid())
		skip();
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		_exit(on_a_small_disk());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* What somebody else has written behind a cut line is not ours to remove. */
static void test_only_our_own_bytes_are_taken_back(void **state)
{
	struct jsonline_file file = {.fd = memfd_create("log", MFD_CLOEXEC)};
	struct rlimit old, limit;
	struct stat st;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(pwrite(file.fd, "0123456789", 10, 10), 10);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	limit = old;
	limit.rlim_cur = 4;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(jsonline__write(&file, "abcdef\n", 7), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(fstat(file.fd, &st), 0);
	assert_int_equal(st.st_size, 20);
	assert_true(file.dirty);
	close(file.fd);
}

static void test_the_reader_is_gone(void **state)
{
	struct finding f = sample_request();
	struct sink *sink;
	int fds[2];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(fds), 0);
	sink = sink_json__new(fds[1]);
	assert_int_equal(sink__finding(sink, &f), 0);
	close(fds[0]);
	assert_int_equal(sink__finding(sink, &f), -EPIPE);
	sink__free(sink);
	close(fds[1]);
}

/* Longer than a pipe takes at once or not at all (PIPE_BUF), so that it can be cut. */
static struct finding long_finding(void)
{
	static char text[1000];
	struct finding f = sample_stall(STALL_BEGIN);

	memset(text, 'x', sizeof(text) - 1);
	f.stall.evidence_len = 5;
	for (size_t i = 0; i < f.stall.evidence_len; i++)
		f.stall.evidence[i] = (struct evidence){.key = &"abcde"[i], .text = text};
	return f;
}

static size_t drain(int fd, char *to)
{
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, to + len, 65536)) > 0)
		len += (size_t)n;
	return len;
}

/* A reader that does not read: the line that was cut is ended before the next, which is whole. */
static void test_a_slow_reader(void **state)
{
	struct finding f = long_finding();
	char *line = json_of(&f), *got = calloc(1, 1 << 20), *last;
	size_t len = strlen(line), total, written = 0;
	struct sink *sink;
	int fds[2], err;

	(void)state;
	assert_non_null(got);
	assert_int_equal(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
	sink = sink_json__new(fds[1]);
	while (!(err = sink__finding(sink, &f)))
		written++;
	assert_int_equal(err, -EAGAIN);
	total = drain(fds[0], got);
	assert_true(total > written * len && total < (written + 1) * len); /* it was cut */
	assert_int_equal(sink__finding(sink, &f), 0);
	assert_int_equal(sink__finding(sink, &f), 0);
	total += drain(fds[0], got + total);
	last = got + total - 2 * len;
	assert_memory_equal(last, line, len);
	assert_memory_equal(last + len, line, len);
	assert_int_equal(last[-1], '\n');
	assert_int_not_equal(last[-2], '\n');
	free(line);
	free(got);
	sink__free(sink);
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers_are_exact),
		cmocka_unit_test(test_integers_at_their_limits),
		cmocka_unit_test(test_a_long_string_is_cut),
		cmocka_unit_test(test_disk_full),
		cmocka_unit_test(test_a_cut_line_is_taken_back),
		cmocka_unit_test(test_a_small_disk),
		cmocka_unit_test(test_only_our_own_bytes_are_taken_back),
		cmocka_unit_test(test_the_reader_is_gone),
		cmocka_unit_test(test_a_slow_reader),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
