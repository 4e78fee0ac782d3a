// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_log.c - the daemon's log: rotation, a full disk, a file that somebody else writes to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "findings.h"
#include "sink/log.h"

struct rig {
	char dir[64], path[96];
	struct log *log;
};

static int setup(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));

	strcpy(r->dir, "/tmp/leasewatch-log-XXXXXX");
	if (!mkdtemp(r->dir))
		return -1;
	snprintf(r->path, sizeof(r->path), "%s/log", r->dir);
	*state = r;
	return 0;
}

static int teardown(void **state)
{
	struct rig *r = *state;
	char path[128];

	log__free(r->log);
	unlink(r->path);
	for (int i = 1; i < 9; i++) {
		snprintf(path, sizeof(path), "%s.%d", r->path, i);
		unlink(path);
	}
	rmdir(r->dir);
	free(r);
	return 0;
}

static void open_it(struct rig *r, const char *path, uint64_t max_bytes, unsigned int keep)
{
	struct log_options opts = {.path = path, .max_bytes = max_bytes, .keep = keep};
	char why[256];

	assert_int_equal(log__open(&r->log, &opts, why, sizeof(why)), 0);
}

static void write_some(struct rig *r, int n)
{
	struct finding f = sample_request();

	for (int i = 0; i < n; i++)
		log__finding(r->log, &f);
}

/* Lines of FILE or FILE.n; every byte belongs to a whole line. -1: there is none. */
static int lines(const struct rig *r, int n, size_t *bytes)
{
	char path[128], line[4096];
	int count = 0;
	FILE *file;

	snprintf(path, sizeof(path), n ? "%s.%d" : "%s", r->path, n);
	file = fopen(path, "r");
	if (!file)
		return -1;
	*bytes = 0;
	while (fgets(line, sizeof(line), file)) {
		assert_int_equal(line[0], '{');
		assert_int_equal(line[strlen(line) - 2], '}');
		*bytes += strlen(line);
		count++;
	}
	fclose(file);
	return count;
}

static void test_rotation(void **state)
{
	struct rig *r = *state;
	int total = 0;
	size_t bytes;

	open_it(r, r->path, 10000, 3);
	write_some(r, 200);
	for (int i = 0; i < 4; i++) {
		int n = lines(r, i, &bytes);

		assert_true(n > 0);
		assert_true(i ? bytes >= 10000 : bytes > 0);
		assert_true(bytes < 11000);
		total += n;
	}
	assert_true(total < 200);
	assert_int_equal(lines(r, 4, &bytes), -1);
	assert_int_equal(log__lost(r->log), 0);
}

/* logrotate has moved it away and has not told us yet; then its size is reached. */
static void test_moved_away(void **state)
{
	struct rig *r = *state;
	char away[128];
	size_t bytes;
	int total;

	open_it(r, r->path, 5000, 3);
	write_some(r, 5);
	snprintf(away, sizeof(away), "%s.7", r->path);
	assert_int_equal(rename(r->path, away), 0);
	write_some(r, 30);
	total = lines(r, 7, &bytes);
	assert_true(total > 5 && bytes < 6000);
	for (int i = 0; i < 4; i++) {
		int n = lines(r, i, &bytes);

		assert_true(i || n > 0);
		total += n > 0 ? n : 0;
	}
	assert_int_equal(total, 35);
	assert_int_equal(log__lost(r->log), 0);
}

static void test_nothing_stays(void **state)
{
	struct rig *r = *state;
	size_t bytes;

	open_it(r, r->path, 5000, 0);
	write_some(r, 100);
	assert_true(lines(r, 0, &bytes) > 0 && bytes < 6000);
	assert_int_equal(lines(r, 1, &bytes), -1);
}

static void test_full_disk(void **state)
{
	struct rig *r = *state;
	struct log_options opts = {.path = r->path};
	struct finding f = sample_request();
	char line[4096];
	FILE *file;

	open_it(r, "/dev/full", 0, 0);
	write_some(r, 5);
	assert_int_equal(log__lost(r->log), 5);
	assert_false(log__works(r->log));
	log__reopen(r->log, &opts);
	log__finding(r->log, &f);
	assert_true(log__works(r->log));
	file = fopen(r->path, "r");
	assert_non_null(file);
	assert_non_null(fgets(line, sizeof(line), file));
	assert_non_null(strstr(line, "\"event\":\"lost\",\"reason\":\"log\",\"count\":5}"));
	assert_non_null(fgets(line, sizeof(line), file));
	assert_non_null(strstr(line, "\"event\":\"request\""));
	assert_null(fgets(line, sizeof(line), file));
	fclose(file);
}

/* The reader of a pipe stops reading: lines are lost, little time is. */
static void test_stuck_reader(void **state)
{
	struct rig *r = *state;
	struct finding f = sample_request();
	char text[1 << 16];
	ssize_t n;
	int fd;

	assert_int_equal(mkfifo(r->path, 0600), 0);
	fd = open(r->path, O_RDWR | O_NONBLOCK);
	open_it(r, r->path, 0, 0);
	for (int i = 0; i < 3000; i++) {
		f.ts_ns += 1000000;
		log__finding(r->log, &f);
	}
	assert_true(log__lost(r->log) > 2000);
	assert_false(log__works(r->log));
	while ((n = read(fd, text, sizeof(text))) > 0)
		assert_int_equal(text[0], '{');
	f.ts_ns += 2000000000;
	log__finding(r->log, &f);
	assert_true(log__works(r->log));
	n = read(fd, text, sizeof(text));
	assert_true(n > 0);
	close(fd);
}

static void test_cut_line_is_ended(void **state)
{
	struct rig *r = *state;
	char text[64] = "";
	int fd = open(r->path, O_WRONLY | O_CREAT, 0600);

	assert_int_equal(write(fd, "{\"ts", 4), 4);
	close(fd);
	open_it(r, r->path, 0, 0);
	write_some(r, 1);
	fd = open(r->path, O_RDONLY);
	assert_true(read(fd, text, sizeof(text) - 1) > 10);
	close(fd);
	assert_memory_equal(text, "{\"ts\n{\"ts\"", 10);
}

static void test_one_writer(void **state)
{
	struct rig *r = *state;
	struct log_options opts = {.path = r->path};
	struct log *second = NULL;
	char why[256] = "";

	open_it(r, r->path, 0, 0);
	assert_int_equal(log__open(&second, &opts, why, sizeof(why)), -EBUSY);
	assert_non_null(strstr(why, "another daemon writes to it"));
	assert_null(second);
	log__reopen(r->log, &opts); /* not our own */
	write_some(r, 1);
	assert_true(log__works(r->log));
}

/* A file that could not be opened is tried again, also when the clock is set back meanwhile. */
static void test_clock_set_back(void **state)
{
	struct rig *r = *state;
	char dir[96], path[112];
	struct log_options opts = {.path = path};
	struct finding f = sample_request();

	snprintf(dir, sizeof(dir), "%s/later", r->dir);
	snprintf(path, sizeof(path), "%s/log", dir);
	open_it(r, r->path, 0, 0);
	log__reopen(r->log, &opts);
	log__finding(r->log, &f);
	assert_int_equal(log__lost(r->log), 1);
	assert_int_equal(mkdir(dir, 0755), 0);
	f.ts_ns -= UINT64_C(3600000000000);
	log__finding(r->log, &f);
	unlink(path);
	rmdir(dir);
	assert_int_equal(log__lost(r->log), 1);
	assert_true(log__works(r->log));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_rotation, setup, teardown),
		cmocka_unit_test_setup_teardown(test_moved_away, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nothing_stays, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full_disk, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stuck_reader, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cut_line_is_ended, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one_writer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_clock_set_back, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
