// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_log.c - the daemon's log: logrotate, a full disk, a file that another process writes to.
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
	snprintf(path, sizeof(path), "%s.1", r->path);
	unlink(path);
	rmdir(r->dir);
	free(r);
	return 0;
}

static void open_it(struct rig *r, const char *path)
{
	char why[256];

	assert_int_equal(log__open(&r->log, path, why, sizeof(why)), 0);
}

static void write_some(struct rig *r, int n)
{
	struct finding f = sample_request();

	for (int i = 0; i < n; i++)
		log__finding(r->log, &f);
}

/* Lines of a file; each is whole. -1: there is none. */
static int lines(const char *path)
{
	char line[4096];
	int count = 0;
	FILE *file = fopen(path, "r");

	if (!file)
		return -1;
	while (fgets(line, sizeof(line), file)) {
		assert_int_equal(line[0], '{');
		assert_int_equal(line[strlen(line) - 2], '}');
		count++;
	}
	fclose(file);
	return count;
}

/* logrotate renames it and sends SIGHUP a moment later: not a line is lost. */
static void test_moved_away(void **state)
{
	struct rig *r = *state;
	char away[128];

	snprintf(away, sizeof(away), "%s.1", r->path);
	open_it(r, r->path);
	write_some(r, 5);
	assert_int_equal(rename(r->path, away), 0);
	write_some(r, 3);
	assert_int_equal(lines(r->path), -1);
	log__reopen(r->log, r->path);
	write_some(r, 2);
	assert_int_equal(lines(away), 8);
	assert_int_equal(lines(r->path), 2);
	assert_int_equal(log__lost(r->log), 0);
}

static void test_full_disk(void **state)
{
	struct rig *r = *state;
	struct finding f = sample_request();
	char line[4096];
	FILE *file;

	open_it(r, "/dev/full");
	write_some(r, 5);
	assert_int_equal(log__lost(r->log), 5);
	assert_false(log__works(r->log));
	log__reopen(r->log, r->path);
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
	open_it(r, r->path);
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
	open_it(r, r->path);
	write_some(r, 1);
	fd = open(r->path, O_RDONLY);
	assert_true(read(fd, text, sizeof(text) - 1) > 10);
	close(fd);
	assert_memory_equal(text, "{\"ts\n{\"ts\"", 10);
}

static void test_one_writer(void **state)
{
	struct rig *r = *state;
	struct log *second = NULL;
	char why[256] = "";

	open_it(r, r->path);
	assert_int_equal(log__open(&second, r->path, why, sizeof(why)), -EBUSY);
	assert_non_null(strstr(why, "another daemon writes to it"));
	assert_null(second);
	log__reopen(r->log, r->path); /* not our own */
	write_some(r, 1);
	assert_true(log__works(r->log));
}

/* A file that could not be opened is tried again, also when the clock is set back meanwhile. */
static void test_clock_set_back(void **state)
{
	struct rig *r = *state;
	char dir[96], path[112];
	struct finding f = sample_request();

	snprintf(dir, sizeof(dir), "%s/later", r->dir);
	snprintf(path, sizeof(path), "%s/log", dir);
	open_it(r, r->path);
	log__reopen(r->log, path);
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
		cmocka_unit_test_setup_teardown(test_moved_away, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full_disk, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stuck_reader, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cut_line_is_ended, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one_writer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_clock_set_back, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
