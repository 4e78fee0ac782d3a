// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_sink_safety.c - text that may do harm, terminals that can do little, and disks that are
 * full.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "findings.h"

static const struct text_options plain80 = {.width = 80};

/* Whatever the wire or a log says: no control character but the newline, no escape sequence. */
static void test_no_string_reaches_the_terminal_raw(void **state)
{
	static const char evil[] = "\x1B[2J\x07\r\n\t\x7F\xC2\2335A\xE2\x80\xAE\xFF\x9B";
	struct finding f[10] = {sample_start(),
				sample_request(),
				sample_stall(STALL_BEGIN),
				sample_connect(CONNECT_REFUSED),
				sample_endpoint(),
				sample_stall(STALL_END)};
	struct text_options opts = {.verbose = true, .utf8 = true};
	char *text;

	(void)state;
	f[6] = (struct finding){.type = FINDING_LOST, .lost = {.reason = evil, .count = 1}};
	f[7] = (struct finding){.type = FINDING_PROCESS, .process = {.note = evil}};
	f[8] = sample_dns(DNS_QUERY, DNS_ERROR);
	f[8].dns.name = f[8].dns.type = f[8].dns.error = evil;
	f[9] = sample_note(NOTE_ELECTION);
	f[9].note.text = f[9].note.evidence[0].key = f[9].note.evidence[0].text = evil;
	for (int i = 0; i < 10; i++) {
		f[i].who = (struct finding_who){(uint32_t)i + 1, evil, evil, evil, evil};
		f[i].where = (struct finding_where){evil, evil, 1};
	}
	f[0].start = (struct finding_start){1, evil, evil, evil, evil, 1};
	f[1].request.rpc = evil;
	f[1].request.outcome = REQUEST_ERROR;
	f[1].request.error_message = evil;
	f[2].stall.headline = f[2].stall.hint = evil;
	f[2].stall.evidence[0] = (struct evidence){.key = evil, .text = evil};
	f[3].connect.duration_ns = 1000000000; /* no Greek letter of our own */
	f[4].endpoint.sentence = evil;
	text = text_of(f, 10, &opts);
	assert_true(strlen(text) > 500);
	for (const char *p = text; *p; p++) {
		unsigned char c = (unsigned char)*p;

		assert_true(c == '\n' || (c >= 0x20 && c < 0x7F));
	}
	free(text);
}

static void test_without_utf8_it_is_ascii(void **state)
{
	struct finding f = sample_stall(STALL_BEGIN);
	char *text;

	(void)state;
	f.stall.headline = "k\xC3\xB6ln";
	f.where.endpoint = "k\xC3\xB6ln:2379";
	text = text_of(&f, 1, &plain80);
	assert_non_null(strstr(text, "k?ln:2379"));
	for (const char *p = text; *p; p++)
		assert_true((unsigned char)*p < 0x80);
	free(text);
	text = text_of(&f, 1, &(struct text_options){.utf8 = true});
	assert_non_null(strstr(text, "k\xC3\xB6ln:2379"));
	free(text);
}

/* Take "\033[...m" out. */
static void strip_colors(char *text)
{
	char *to = text;

	for (char *p = text; *p;) {
		size_t n = p[0] == '\033' && p[1] == '[' ? 2 + strspn(p + 2, "0123456789;") : 0;

		if (n && p[n] == 'm')
			p += n + 1;
		else
			*to++ = *p++;
	}
	*to = '\0';
}

static void test_colour_changes_nothing_but_the_colour(void **state)
{
	struct finding f[7] = {sample_start(),
			       sample_stall(STALL_BEGIN),
			       sample_endpoint(),
			       sample_connect(CONNECT_TIMEOUT),
			       sample_stall(STALL_END),
			       sample_dns(DNS_QUERY, DNS_TIMEOUT),
			       sample_note(NOTE_ELECTION)};
	struct text_options opts = plain80;
	char *plain = text_of(f, 7, &opts), *colored;

	(void)state;
	opts.color = true;
	colored = text_of(f, 7, &opts);
	assert_null(strchr(plain, '\033'));
	assert_non_null(strstr(colored, "\033[33mSTALL\033[0m")); /* a warning */
	f[1].stall.severity = STALL_EXPIRED;
	free(colored);
	colored = text_of(f, 7, &opts);
	assert_non_null(strstr(colored, "\033[1;31mSTALL\033[0m"));
	f[1].stall.severity = STALL_WARNING;
	free(colored);
	colored = text_of(f, 7, &opts);
	strip_colors(colored);
	assert_string_equal(colored, plain);
	free(colored);
	free(plain);
}

static void test_no_line_is_wider_than_the_terminal(void **state)
{
	uint64_t seed = 6;

	(void)state;
	for (int i = 0; i < 3000; i++) {
		struct finding f = random_finding(&seed, SAMPLE_TS_NS);
		struct text_options opts = {.width = 80, .verbose = true};
		char *text = text_of(&f, 1, &opts);

		for (const char *p = text, *end; (end = strchr(p, '\n')); p = end + 1) {
			assert_true(end - p <= 80);
			assert_true(end == p || end[-1] != ' ');
		}
		free(text);
	}
}

static void test_a_full_disk_is_told(void **state)
{
	FILE *out = fopen("/dev/full", "w");
	struct sink *sink = sink_text__new(out, &plain80);
	struct finding f = sample_stall(STALL_BEGIN), quiet = sample_request();

	(void)state;
	assert_int_equal(sink__finding(sink, &f), -ENOSPC);
	assert_int_equal(sink__finding(sink, &f), -ENOSPC);
	assert_int_equal(sink__finding(sink, &quiet), 0); /* it says nothing, and nothing fails */
	sink__free(sink);
	assert_int_equal(fclose(out), 0); /* nothing is left that would still have to be written */
}

/* What could not be written does not come out later, in front of something else. */
static void test_a_lost_finding_is_lost_whole(void **state)
{
	int fd = memfd_create("log", MFD_CLOEXEC);
	FILE *out = fdopen(fd, "w");
	struct sink *sink = sink_text__new(out, &plain80);
	struct finding lost = sample_stall(STALL_BEGIN), kept = sample_connect(CONNECT_REFUSED);
	struct rlimit old, limit;
	char text[4096] = "";

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	limit = old;
	limit.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(sink__finding(sink, &lost), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(sink__finding(sink, &kept), 0);
	assert_true(pread(fd, text, sizeof(text) - 1, 0) > 0);
	assert_null(strstr(text, "STALL"));
	assert_non_null(strstr(text, "refused"));
	sink__free(sink);
	fclose(out);
}

static void test_null_takes_everything(void **state)
{
	struct finding f = sample_request();

	(void)state;
	assert_int_equal(sink__finding(NULL, &f), 0);
	sink__free(NULL);
}

static FILE *open_terminal(int *master, int columns)
{
	struct winsize size = {.ws_row = 24, .ws_col = (unsigned short)columns};
	int slave;

	*master = posix_openpt(O_RDWR | O_NOCTTY);
	if (*master < 0 || grantpt(*master) || unlockpt(*master))
		skip();
	slave = open(ptsname(*master), O_RDWR | O_NOCTTY);
	assert_true(slave >= 0);
	assert_int_equal(ioctl(slave, TIOCSWINSZ, &size), 0);
	return fdopen(slave, "w");
}

static void test_what_a_terminal_gets(void **state)
{
	struct text_options opts = {.verbose = true};
	int master;
	FILE *out = open_terminal(&master, 97);

	(void)state;
	setenv("TERM", "xterm", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	unsetenv("NO_COLOR");
	text_options__detect(&opts, out);
	assert_true(opts.color && opts.utf8 && opts.verbose);
	assert_int_equal(opts.width, 97);
	setenv("NO_COLOR", "1", 1);
	setenv("LC_ALL", "C", 1);
	text_options__detect(&opts, out);
	assert_true(!opts.color && !opts.utf8);
	unsetenv("NO_COLOR");
	setenv("TERM", "dumb", 1);
	text_options__detect(&opts, out);
	assert_true(!opts.color);
	assert_int_equal(opts.width, 97);
	fclose(out);
	close(master);
	out = fopen("/dev/null", "w");
	setenv("TERM", "xterm", 1);
	text_options__detect(&opts, out);
	assert_true(!opts.color && !opts.width);
	fclose(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_string_reaches_the_terminal_raw),
		cmocka_unit_test(test_without_utf8_it_is_ascii),
		cmocka_unit_test(test_colour_changes_nothing_but_the_colour),
		cmocka_unit_test(test_no_line_is_wider_than_the_terminal),
		cmocka_unit_test(test_a_full_disk_is_told),
		cmocka_unit_test(test_a_lost_finding_is_lost_whole),
		cmocka_unit_test(test_null_takes_everything),
		cmocka_unit_test(test_what_a_terminal_gets),
	};

	setenv("TZ", "UTC", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
