// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_conf.c - the daemon's configuration: every key, every default, every complaint with its
 * line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cmd/conf.h"

static int load(const char *text, size_t len, struct conf *c, char *why, size_t why_size)
{
	char path[] = "/tmp/leasewatch-conf-XXXXXX";
	int fd = mkstemp(path), err;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	close(fd);
	err = conf__load(path, c, why, why_size);
	unlink(path);
	return err;
}

static void good(const char *text, struct conf *c)
{
	char why[512] = "";

	if (load(text, strlen(text), c, why, sizeof(why)))
		fail_msg("%s", why);
}

static void bad(const char *text, const char *words)
{
	struct conf c = {.log.interval_ns = 77};
	char why[512] = "";

	assert_int_equal(load(text, strlen(text), &c, why, sizeof(why)), -EINVAL);
	if (!strstr(why, words))
		fail_msg("\"%s\" is not in \"%s\"", words, why);
	assert_int_equal(c.log.interval_ns, 77); /* untouched */
}

static void test_defaults(void **state)
{
	struct conf c, d;

	(void)state;
	conf__defaults(&d);
	good("", &c);
	assert_int_equal(c.watch.stall_after_ns, 1000000000);
	assert_true(c.watch.tls);
	assert_string_equal(c.log.file, "-");
	assert_false(c.log.each_request);
	assert_string_equal(c.metrics.address, "127.0.0.1");
	assert_int_equal(c.metrics.port, d.metrics.port);
	assert_string_equal(c.metrics.textfile, "");
}

static void test_every_key(void **state)
{
	struct conf c;

	(void)state;
	good("# a comment\n[watch]\nstall_after = 2.5\nhooks = fexit\ntls = no\n"
	     "[log]\nfile = /var/log/lw\nrequests = each\ninterval = 10\n"
	     "[metrics]\nlisten = [::1]:9000 ; here\ntextfile = /run/x.prom\n"
	     "textfile_interval = 30\n",
	     &c);
	assert_int_equal(c.watch.stall_after_ns, 2500000000);
	assert_int_equal(c.watch.hooks, HOOKS_FEXIT);
	assert_false(c.watch.tls);
	assert_string_equal(c.log.file, "/var/log/lw");
	assert_true(c.log.each_request);
	assert_int_equal(c.log.interval_ns, 10000000000);
	assert_string_equal(c.metrics.address, "::1");
	assert_int_equal(c.metrics.port, 9000);
	assert_string_equal(c.metrics.textfile, "/run/x.prom");
	assert_int_equal(c.metrics.textfile_interval_ns, 30000000000);
	good("[log]\nfile=off\n[metrics]\nlisten=off\ntextfile=off\n", &c);
	assert_string_equal(c.log.file, "");
	assert_string_equal(c.metrics.address, "");
}

static void test_obsolete_keys_are_accepted(void **state)
{
	struct conf c;

	(void)state;
	good("[log]\nmax_size = 5M\n", &c);
	assert_string_equal(c.obsolete, "max_size");
	good("[log]\nkeep = 0\n", &c);
	assert_string_equal(c.obsolete, "keep");
	good("[log]\nfile = off\n", &c);
	assert_null(c.obsolete);
}

static void test_complaints(void **state)
{
	(void)state;
	bad("[log]\n\nfiles = x\n", "line 3: unknown key 'files' in section [log]");
	bad("file = /x\n", "line 1: 'file' comes before the first [section]");
	bad("[lag]\nfile = /x\n", "line 2: unknown section [lag]");
	bad("[log]\nfile\n", "line 2: neither");
	bad("[log\n", "line 1: neither");
	bad("[metrics]\ntextfile_interval = 0\n",
	    "line 2: textfile_interval = 0: must be a number");
	bad("[log]\ninterval = 1\ninterval = x\n", "line 3");
	bad("[log]\nfile = relative\n", "an absolute path");
	bad("[log]\ninterval = nan\n", "line 2");
	bad("[log]\ninterval = 0.5\n", "from 1 to 86400");
	bad("[watch]\nstall_after = inf\n", "line 2");
	bad("[watch]\nhooks = all\n", "auto, sock or fexit");
	bad("[watch]\ntls = maybe\n", "yes or no");
	bad("[metrics]\nlisten = 127.0.0.1\n", "numeric address");
	bad("[metrics]\nlisten = 127.0.0.1:0\n", "numeric address");
	bad("[metrics]\nlisten = 127.0.0.1:65536\n", "numeric address");
	bad("[metrics]\nlisten = ::1:9000\n", "numeric address");
	bad("[metrics]\nlisten = db1:9000\n", "numeric address");
	/* The first error is reported. */
	bad("[log]\na = 1\nb = 2\n", "line 2");
}

static void test_long_line(void **state)
{
	char text[2048] = "[log]\nfile = /";
	size_t len = strlen(text);

	(void)state;
	memset(text + len, 'x', sizeof(text) - len - 1);
	text[sizeof(text) - 1] = '\0';
	bad(text, "line 2: longer than");
}

static void test_no_file(void **state)
{
	struct conf c;
	char why[512];

	(void)state;
	assert_int_equal(conf__load("/nonexistent/conf", &c, why, sizeof(why)), -ENOENT);
	assert_non_null(strstr(why, "cannot read '/nonexistent/conf'"));
	assert_true(conf__load("/tmp", &c, why, sizeof(why)) < 0);
	assert_non_null(strstr(why, "cannot read"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_every_key),
		cmocka_unit_test(test_obsolete_keys_are_accepted),
		cmocka_unit_test(test_complaints),
		cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_no_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
