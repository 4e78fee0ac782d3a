// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_sample_wait.c - real processes in known waits, and what is said of them. A child that needs
 * ports has a network namespace of its own: the one of the target is to be looked at, not ours.
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
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "child.h"
#include "host/sample_private.h"
#include "model/message.h"
#include "pretend.h"
#include "waiting.h"
#include "leasewatch/units.h"

static struct sample_host host;
/* ---- what is said of them */

/* "@/" stands for the test's directory; a file system path is not changed by the kernel. */
struct wait {
	const char *test;
	void (*body)(void *arg);
	const char *arg;     /* a path: relative ones as they are */
	const char *syscall; /* NULL = which of its kind is libc's choice */
	const char *waits_for;
};

static const struct wait waits[] = {
	{"recv, TCP", waiting__recv_v4, NULL, "recvfrom", "recv from PostgreSQL 127.0.0.1:5432"},
	{"recv, TCP, a port that is named", waiting__recv_named_port, NULL, "recvfrom",
	 "recv from PostgreSQL 127.0.0.1:6543"},
	{"recv, TCP, IPv6", waiting__recv_v6, NULL, "recvfrom", "recv from PostgreSQL [::1]:5432"},
	{"read, TCP, IPv4 in IPv6", waiting__read_v4_in_v6, NULL, "read",
	 "read from 127.0.0.1:2379"},
	{"recv, one of many sockets", waiting__recv_among_many, NULL, "recvfrom",
	 "recv from PostgreSQL 127.0.0.1:5432"},
	{"accept", waiting__accept_v4, NULL, "accept",
	 "accept on the listening socket 127.0.0.1:8008"},
	{"poll, connecting", waiting__poll_connecting, NULL, NULL,
	 "poll on 127.0.0.1:2379 (connecting)"},
	{"recv, UDP", waiting__recv_nameserver, NULL, "recvfrom",
	 "recv from nameserver 127.0.0.1:53"},
	{"recv, UDP, unconnected", waiting__recv_anywhere, NULL, "recvfrom",
	 "recv from an unconnected UDP socket"},
	{"recv, unix, PostgreSQL", waiting__recv_unix_postgres, "./.s.PGSQL.5432", "recvfrom",
	 "recv from PostgreSQL ./.s.PGSQL.5432"},
	{"recv, unix, abstract", waiting__recv_unix_abstract, "@lw-sample", "recvfrom",
	 "recv from @lw-sample"},
	{"recv, unix, pair", waiting__recv_unix_pair, NULL, "recvfrom", "recv from a unix socket"},
	{"recv, netlink", waiting__recv_netlink, NULL, "recvfrom", "recv from a socket"},
	{"read, pipe", waiting__read_pipe, NULL, "read", "read from a pipe"},
	{"write, pipe", waiting__write_pipe, NULL, "write", "write to a pipe"},
	{"read, eventfd", waiting__read_eventfd, NULL, "read", "read from an [eventfd]"},
	{"poll", waiting__poll_postgres, NULL, NULL, "poll on PostgreSQL 127.0.0.1:5432"},
	{"poll, three", waiting__poll_three, NULL, NULL,
	 "poll on PostgreSQL 127.0.0.1:5432 and 2 more"},
	{"ppoll", waiting__ppoll_postgres, NULL, "ppoll", "poll on PostgreSQL 127.0.0.1:5432"},
	{"select", waiting__select_postgres, NULL, NULL, "select on PostgreSQL 127.0.0.1:5432"},
	{"epoll", waiting__epoll_postgres, NULL, NULL, "epoll on PostgreSQL 127.0.0.1:5432"},
	{"poll as sleep", waiting__poll_nothing, NULL, NULL, "sleep"},
	{"sleep", waiting__sleeping, NULL, "clock_nanosleep", "sleep"},
	{"a lock", waiting__locked_out, NULL, "futex",
	 "a lock or a wake-up by another of its threads (futex)"},
	{"open, a FIFO", waiting__open_fifo, "fifo", "openat", "open of fifo"},
	{"open, hostile name", waiting__open_fifo, "a\nb\033[2J\xff", "openat", "open of a?b?[2J?"},
	{"flock", waiting__flock_twice, "lock", "flock", "flock of @/lock"},
	{"a lock, with a timeout", waiting__locked_out_for_long, NULL, "futex",
	 "a timeout or a wake-up by another of its threads (futex)"},
	{"a child's end", waiting__wait_for_child, NULL, NULL,
	 "the end of its child process # (pg_rewind)"},
	{"hostile process name", waiting__hostile_name, NULL, "read", "read from a pipe"},
};

#define WAITS ARRAY_LEN(waits)

struct seen {
	const struct wait *wait;
	char expected[160];
	struct thread_sample last;
};

/* Numbers of processes are not known before: "#" in the expectation is any number. */
static bool matches(const char *text, const char *expected)
{
	for (; *expected; expected++)
		if (*expected == '#' && *text >= '0' && *text <= '9')
			text += strspn(text, "0123456789");
		else if (*text++ != *expected)
			return false;
	return !*text;
}

/* In the words of whoever reads it: the last one's are kept. */
static const char *said_of(const struct thread_sample *v)
{
	static char text[160];

	text[0] = '\0';
	message__wait(text, sizeof(text), v);
	return text;
}

static bool is_in_it(pid_t pid, void *arg)
{
	struct seen *s = arg;

	return !sample__take(&host, pid, pid, &s->last) && s->last.state == 'S' &&
	       (!s->wait->syscall || strcmp(s->last.syscall, s->wait->syscall) == 0) &&
	       matches(said_of(&s->last), s->expected);
}

static void expected_text(const char *text, char *out, size_t size)
{
	const char *at = strstr(text, "@/");

	if (at)
		snprintf(out, size, "%.*s%s%s", (int)(at - text), text, pretend__directory(),
			 at + 1);
	else
		snprintf(out, size, "%s", text);
}

static void must_see(pid_t pid, struct seen *s)
{
	siginfo_t info = {0};

	if (child__until(pid, is_in_it, s))
		return;
	if (!waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) && info.si_pid &&
	    info.si_status == 98)
		skip();
	print_message("want %s \"%s\", last seen %c %s \"%s\" (%s)\n", s->wait->syscall ?: "any",
		      s->expected, s->last.state ?: '?', s->last.syscall, said_of(&s->last),
		      s->last.wchan);
	fail();
}

static void test_wait(void **state)
{
	struct seen s = {.wait = *state};
	pid_t pid = child__start(s.wait->body, (void *)(uintptr_t)s.wait->arg);

	expected_text(s.wait->waits_for, s.expected, sizeof(s.expected));
	must_see(pid, &s);
	assert_true(s.last.syscall[0] != '\0');
	/* The second look finds what the first one remembered. */
	assert_false(sample__take(&host, pid, pid, &s.last));
	assert_true(matches(said_of(&s.last), s.expected));
}

/* A poll that was stopped and continued goes on as restart_syscall, and waits for the same. */
static void test_stop_and_continue(void **state)
{
	static const struct wait stopped = {.waits_for = "a stop by a signal, until SIGCONT"};
	struct seen s = {.wait = *state};
	pid_t pid = child__start(s.wait->body, NULL);
	int status;

	expected_text(s.wait->waits_for, s.expected, sizeof(s.expected));
	must_see(pid, &s);
	kill(pid, SIGSTOP);
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status));
	assert_false(sample__take(&host, pid, pid, &s.last));
	assert_int_equal(s.last.state, 'T');
	assert_string_equal(said_of(&s.last), stopped.waits_for);
	kill(pid, SIGCONT);
	must_see(pid, &s);
}

/* Where reading memory might have to wait, nothing is read, and less is said. */
static void test_no_memory_read(void **state)
{
	struct sample_syscall call = {.nr = SYS_ppoll, .args = {(uintptr_t)&call, 1}};
	struct sample_target t = {.host = &host, .pid = getpid(), .dir = AT_FDCWD};
	struct thread_sample v = {.state = 'S'};

	(void)state;
	sample_wait__describe(&t, &call, &v);
	assert_string_equal(v.syscall, "ppoll");
	assert_string_equal(said_of(&v), "poll");
	call.nr = SYS_openat;
	sample_wait__describe(&t, &call, &v);
	assert_string_equal(said_of(&v), "open of a file");
}

/* Arguments are numbers from outside: any of them is harmless. */
static void test_wild_arguments(void **state)
{
	static const uint64_t wild[] = {
		0, 1, 0xfff, 1 << 20, INT64_MAX, UINT64_MAX, UINT64_MAX - 4095, 0xffff800000000000};
	int dir = open("/proc/self", O_PATH | O_DIRECTORY);
	struct sample_target t = {
		.host = &host, .pid = getpid(), .dir = dir, .may_read_memory = true};

	(void)state;
	for (int64_t nr = -1; nr < 500; nr++)
		for (size_t i = 0; i < ARRAY_LEN(wild); i++) {
			struct sample_syscall call = {.nr = nr};
			struct thread_sample v = {.state = i & 1 ? 'S' : 'D'};

			for (size_t a = 0; a < 6; a++)
				call.args[a] = wild[(i + a * (size_t)(nr + 1)) % ARRAY_LEN(wild)];
			memset(&v.wait, '#', sizeof(v.wait));
			sample_wait__describe(&t, &call, &v);
			assert_non_null(memchr(v.wait.object, '\0', sizeof(v.wait.object)));
			assert_non_null(memchr(v.wait.call, '\0', sizeof(v.wait.call)));
			assert_int_equal(nr >= 0, said_of(&v)[0] != '\0' &&
							  strncmp(said_of(&v), "a page", 6) != 0 &&
							  said_of(&v)[0] != ',');
		}
	close(dir);
}

static void test_uninterruptible(void **state)
{
	struct sample_syscall call = {.nr = SYS_clock_nanosleep};
	struct sample_target t = {.host = &host, .pid = getpid(), .dir = AT_FDCWD};
	struct thread_sample v = {.state = 'D', .wchan = "rpc_wait_bit_killable"};

	(void)state;
	sample_wait__describe(&t, &call, &v);
	assert_string_equal(said_of(&v), "sleep, uninterruptible (rpc_wait_bit_killable)");
	call.nr = -1;
	v = (struct thread_sample){.state = 'D'};
	sample_wait__describe(&t, &call, &v);
	assert_string_equal(said_of(&v), "a page of memory from disk, uninterruptible");
}

#define TABLE_LINES 500

/* Every line of a table is found, also those that one read cuts; a table that is none ends. */
static void test_socket_table(void **state)
{
	int dir = open(pretend__directory(), O_PATH | O_DIRECTORY), fd, len;
	struct sample_host fresh = {0};
	struct sample_target t = {.host = &fresh, .pid = getpid(), .dir = dir};
	static char table[TABLE_LINES * 160 + 20000];
	char name[96], want[32];

	(void)state;
	fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_true(dir >= 0 && fd >= 0);
	len = sprintf(table, "  sl  local_address rem_address   st\n");
	for (int i = 1; i <= TABLE_LINES; i++)
		len += sprintf(table + len,
			       "%4d: 0100007F:1538 00000000:%04X 01 0:0 0:0 0 %*d 0 %d 1\n", i, i,
			       i % 50 + 30, i, i);
	pretend__write("net/tcp", table);
	for (int i = 1; i <= TABLE_LINES; i++) {
		snprintf(want, sizeof(want), "0.0.0.0:%d", i);
		assert_int_equal(sample_socket__describe(&t, fd, (uint64_t)i, name, sizeof(name)),
				 i == 53 ? WAIT_NAMESERVER : WAIT_OBJECT);
		assert_string_equal(name, want);
	}
	sample_socket__describe(&t, fd, TABLE_LINES + 1, name, sizeof(name));
	assert_string_equal(name, "a TCP socket");
	memset(table, '1', sizeof(table) - 1);
	pretend__write("net/tcp", table);
	sample_socket__describe(&t, fd, 111, name, sizeof(name));
	assert_string_equal(name, "a TCP socket");
	close(fd);
	close(dir);
}

static int teardown(void **state)
{
	(void)state;
	child__end_all();
	return 0;
}

static int setup_all(void **state)
{
	(void)state;
	sample__init(&host);
	sample__postgres_port(&host, 6543);
	for (uint16_t port = 1; port < SAMPLE_PORTS_MAX; port++)
		sample__postgres_port(&host, port);
	sample__postgres_port(&host, 6543);
	return chdir(pretend__directory()) || mkfifo("fifo", 0600) ||
	       mkfifo("a\nb\033[2J\xff", 0600);
}

static int teardown_all(void **state)
{
	(void)state;
	pretend__cleanup();
	return 0;
}

/* Each once, the last first; the port that all know is none of them. */
static void test_postgres_ports(void **state)
{
	struct sample_host h = {.postgres_ports = {0}};

	(void)state;
	sample__postgres_port(&h, 6001);
	sample__postgres_port(&h, 6002);
	sample__postgres_port(&h, 6001);
	sample__postgres_port(&h, 5432);
	sample__postgres_port(&h, 0);
	assert_int_equal(h.postgres_ports[0], 6002);
	assert_int_equal(h.postgres_ports[1], 6001);
	for (uint16_t port = 7000; port < 7000 + SAMPLE_PORTS_MAX; port++)
		sample__postgres_port(&h, port);
	assert_int_equal(h.postgres_ports[0], 7000 + SAMPLE_PORTS_MAX - 1);
	assert_int_equal(h.postgres_ports[SAMPLE_PORTS_MAX - 1], 7000);
}

int main(void)
{
	static const struct wait again[] = {
		{.body = waiting__sleeping, .waits_for = "sleep"},
		{.body = waiting__poll_postgres, .waits_for = "poll on PostgreSQL 127.0.0.1:5432"},
		{.body = waiting__recv_v4, .waits_for = "recv from PostgreSQL 127.0.0.1:5432"},
	};
	struct CMUnitTest tests[WAITS + 8] = {
		cmocka_unit_test(test_no_memory_read),
		cmocka_unit_test(test_wild_arguments),
		cmocka_unit_test(test_uninterruptible),
		cmocka_unit_test(test_socket_table),
		cmocka_unit_test(test_postgres_ports),
		{"stopped and continued: sleep", test_stop_and_continue, NULL, teardown,
		 (void *)(uintptr_t)&again[0]},
		{"stopped and continued: poll", test_stop_and_continue, NULL, teardown,
		 (void *)(uintptr_t)&again[1]},
		{"stopped and continued: recv", test_stop_and_continue, NULL, teardown,
		 (void *)(uintptr_t)&again[2]},
	};

	for (size_t i = 0; i < WAITS; i++)
		tests[8 + i] = (struct CMUnitTest){waits[i].test, test_wait, NULL, teardown,
						   (void *)(uintptr_t)&waits[i]};
	return _cmocka_run_group_tests("sample_wait", tests, 8 + WAITS, setup_all, teardown_all);
}
