// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_sink_status.c - the status below the log, seen through a small terminal: what counts is what
 * stands on the screen in the end, not the sequences that brought it there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <fcntl.h>

#include <cmocka.h>

#include "findings.h"

#define ROWS	60
#define COLUMNS 240
#define S	INT64_C(1000000000)

struct screen {
	char cells[ROWS][COLUMNS + 1];
	int row, col;
};

/* "\033[nA" and "\033[J" are all that is needed. Returns the bytes consumed. */
static size_t control(struct screen *t, const char *p)
{
	char *end;
	long n = strtol(p + 2, &end, 10);

	assert_int_equal(p[1], '[');
	if (*end == 'A') {
		t->row -= (int)n;
		assert_true(t->row >= 0);
	} else {
		assert_int_equal(*end, 'J');
		assert_int_equal(t->col, 0);
		for (int r = t->row; r < ROWS; r++)
			t->cells[r][0] = '\0';
	}
	return (size_t)(end + 1 - p);
}

static void feed(struct screen *t, const char *p)
{
	while (*p) {
		if (*p == '\033') {
			p += control(t, p);
			continue;
		}
		if (*p == '\n') {
			t->row++;
			t->col = 0;
			assert_true(t->row < ROWS);
		} else if (*p == '\r') {
			t->col = 0;
		} else {
			assert_true(t->col < COLUMNS);
			assert_true(*p >= 0x20 && *p < 0x7F);
			t->cells[t->row][t->col++] = *p;
			t->cells[t->row][t->col] = '\0';
		}
		p++;
	}
}

struct rig {
	struct sink *sink;
	FILE *out;
	char *text;
	size_t size, seen;
	struct screen screen;
};

static void open_rig(struct rig *r, int width)
{
	struct text_options opts = {.live = true, .width = width};

	memset(r, 0, sizeof(*r));
	r->out = open_memstream(&r->text, &r->size);
	r->sink = sink_text__new(r->out, &opts);
	assert_non_null(r->sink);
}

static void look(struct rig *r)
{
	fflush(r->out);
	feed(&r->screen, r->text + r->seen);
	r->seen = r->size;
}

static void close_rig(struct rig *r)
{
	sink__free(r->sink);
	fclose(r->out);
	free(r->text);
}

static struct member_status leader_status(int64_t remaining_ns)
{
	return (struct member_status){
		.who = {.pid = 4242, .scope = "demo", .member = "patroni1", .role = "leader"},
		.where = {.endpoint = "etcd2.lab:2379"},
		.lease_id = 1,
		.ttl_s = 30,
		.remaining_ns = remaining_ns,
		.cadence_ns = 10 * S,
		.since_sent_ns = remaining_ns < 0 ? LW_UNKNOWN : 30 * S - remaining_ns,
	};
}

static const struct member_status replica_status = {
	.who = {.pid = 4300, .scope = "demo", .member = "patroni2", .role = "replica"},
	.ttl_s = LW_UNKNOWN,
	.remaining_ns = LW_UNKNOWN_REMAINING,
	.cadence_ns = LW_UNKNOWN,
	.since_sent_ns = LW_UNKNOWN,
};

static void show(struct rig *r, const struct member_status *m, size_t len)
{
	static struct status s;

	memset(&s, 0, sizeof(s));
	s.now_ns = SAMPLE_TS_NS;
	s.members_len = len < STATUS_MEMBERS_MAX ? len : STATUS_MEMBERS_MAX;
	s.members_more = len - s.members_len;
	memcpy(s.members, m, s.members_len * sizeof(*m));
	assert_int_equal(sink__status(r->sink, &s), 0);
	look(r);
}

static void check_status(struct member_status m, int width, const char *expected)
{
	struct rig r;

	open_rig(&r, width);
	show(&r, &m, 1);
	assert_string_equal(r.screen.cells[0], expected);
	assert_true(!width || strlen(expected) < (size_t)width);
	close_rig(&r);
}

static void test_a_lease_counts_down(void **state)
{
	struct member_status m = leader_status(24100000000);

	(void)state;
	check_status(m, 0,
		     "patroni1 leader  lease ##########.. 24.1 s of 30 s  last keepalive 5.9 s ago "
		     "via etcd2.lab:2379");
	check_status(m, 80,
		     "patroni1 leader  lease #####. 24.1 s of 30 s  sent 5.9 s ago via "
		     "etcd2.lab:2379");
	check_status(m, 60, "patroni1 leader  lease #####. 24.1 s of 30 s");
	check_status(m, 30, "patroni1 leader  lease #####.");
	m.stalled = true;
	m.remaining_ns = 400000000;
	check_status(m, 80,
		     "patroni1 leader  STALL #.....  0.4 s of 30 s  sent 5.9 s ago via "
		     "etcd2.lab:2379");
	m.remaining_ns = -2600000000;
	m.since_sent_ns = LW_UNKNOWN;
	check_status(m, 80, "patroni1 leader  STALL ............ ran out 2.6 s ago");
}

static void test_without_a_lease(void **state)
{
	struct member_status m = leader_status(LW_UNKNOWN_REMAINING);

	(void)state;
	m.since_sent_ns = LW_UNKNOWN;
	check_status(replica_status, 80, "patroni2 replica  holds no lease");
	check_status(m, 80, "patroni1 leader  lease not seen yet");
	m.blind = true;
	check_status(m, 80, "patroni1 leader  lease unknown: TLS cannot be read");
	m.blind = false;
	m.who.member = m.who.role = NULL;
	check_status(m, 80, "pid 4242  lease not seen yet");
}

static void test_it_stays_below_the_log(void **state)
{
	struct member_status m[2] = {leader_status(20 * S), replica_status};
	struct finding f = sample_connect(CONNECT_REFUSED), quiet = sample_request();
	struct rig r;

	(void)state;
	open_rig(&r, 80);
	show(&r, m, 2);
	assert_memory_equal(r.screen.cells[0], "patroni1 leader  ", 17);
	assert_memory_equal(r.screen.cells[1], "patroni2 replica ", 17);
	assert_int_equal(sink__finding(r.sink, &f), 0);
	look(&r);
	assert_memory_equal(r.screen.cells[0], "-- 2026-01-02", 13);
	assert_memory_equal(r.screen.cells[1], "03:04:05.123  FAILED", 20);
	assert_memory_equal(r.screen.cells[2], "patroni1 leader  ", 17);
	assert_memory_equal(r.screen.cells[3], "patroni2 replica ", 17);
	assert_string_equal(r.screen.cells[4], "");
	/* Fewer members than before: the line that is too much is gone. */
	show(&r, m, 1);
	assert_memory_equal(r.screen.cells[2], "patroni1 leader  ", 17);
	assert_string_equal(r.screen.cells[3], "");
	/* Nothing new: not one byte. */
	r.seen = r.size;
	show(&r, m, 1);
	assert_int_equal(sink__finding(r.sink, &quiet), 0);
	fflush(r.out);
	assert_int_equal(r.size, r.seen);
	close_rig(&r);
}

static void test_it_is_gone_after_the_summary(void **state)
{
	struct member_status m = leader_status(20 * S);
	struct summary *s = summary__new();
	struct finding end = {.type = FINDING_SUMMARY, .ts_ns = SAMPLE_TS_NS, .summary = s};
	struct rig r;

	(void)state;
	summary__finish(s, SAMPLE_TS_NS);
	open_rig(&r, 80);
	show(&r, &m, 1);
	assert_int_equal(sink__finding(r.sink, &end), 0);
	look(&r);
	assert_memory_equal(r.screen.cells[0], "Summary", 7);
	for (int i = 0; i < ROWS; i++)
		assert_null(strstr(r.screen.cells[i], "patroni1"));
	close_rig(&r);
	summary__free(s);
}

static void test_it_is_gone_when_the_sink_is(void **state)
{
	struct member_status m = leader_status(20 * S);
	struct rig r;

	(void)state;
	open_rig(&r, 80);
	show(&r, &m, 1);
	sink__free(r.sink);
	look(&r);
	assert_string_equal(r.screen.cells[0], "");
	r.sink = NULL;
	close_rig(&r);
}

static void test_many_members(void **state)
{
	struct member_status m[40];
	struct rig r;

	(void)state;
	for (int i = 0; i < 40; i++)
		m[i] = leader_status((i + 1) * S / 2);
	open_rig(&r, 80);
	show(&r, m, 40);
	assert_memory_equal(r.screen.cells[6], "patroni1", 8);
	assert_string_equal(r.screen.cells[7], "and 33 more");
	show(&r, m, 0);
	assert_string_equal(r.screen.cells[0], "waiting for a Patroni process");
	assert_string_equal(r.screen.cells[1], "");
	show(&r, m, 8);
	assert_memory_equal(r.screen.cells[7], "patroni1", 8);
	close_rig(&r);
}

static void test_no_width_is_too_small(void **state)
{
	struct member_status m[2] = {leader_status(20 * S), replica_status};

	(void)state;
	for (int width = 1; width < 130; width++) {
		struct rig r;

		open_rig(&r, width);
		show(&r, m, 2);
		assert_true(strlen(r.screen.cells[0]) < (size_t)(width > 1 ? width : 2));
		assert_true(strlen(r.screen.cells[1]) < (size_t)(width > 1 ? width : 2));
		close_rig(&r);
	}
}

static void test_without_a_terminal_there_is_none(void **state)
{
	static struct status s;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	struct sink *sink = sink_text__new(out, &(struct text_options){.width = 80});

	(void)state;
	s.members[s.members_len++] = leader_status(20 * S);
	assert_int_equal(sink__status(sink, &s), 0);
	sink__free(sink);
	fclose(out);
	assert_int_equal(size, 0);
	free(text);
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
	assert_true(opts.live && opts.color && opts.utf8 && opts.verbose);
	assert_int_equal(opts.width, 97);
	setenv("NO_COLOR", "1", 1);
	setenv("LC_ALL", "C", 1);
	text_options__detect(&opts, out);
	assert_true(opts.live && !opts.color && !opts.utf8);
	unsetenv("NO_COLOR");
	setenv("TERM", "dumb", 1);
	text_options__detect(&opts, out);
	assert_true(!opts.live && !opts.color);
	assert_int_equal(opts.width, 97);
	fclose(out);
	close(master);
	out = fopen("/dev/null", "w");
	setenv("TERM", "xterm", 1);
	text_options__detect(&opts, out);
	assert_true(!opts.live && !opts.color && !opts.width);
	fclose(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_lease_counts_down),
		cmocka_unit_test(test_without_a_lease),
		cmocka_unit_test(test_it_stays_below_the_log),
		cmocka_unit_test(test_it_is_gone_after_the_summary),
		cmocka_unit_test(test_it_is_gone_when_the_sink_is),
		cmocka_unit_test(test_many_members),
		cmocka_unit_test(test_no_width_is_too_small),
		cmocka_unit_test(test_without_a_terminal_there_is_none),
		cmocka_unit_test(test_what_a_terminal_gets),
	};

	setenv("TZ", "UTC", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
