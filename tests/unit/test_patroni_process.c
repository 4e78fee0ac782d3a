// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_patroni_process.c - Patroni and its impostors, as real processes with their executable's
 * name, their argv and their script.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "host/patroni.h"
#include "pretend.h"
#include "leasewatch/units.h"

#define ARGS_MAX 12

struct example {
	const char *exe;
	const char *argv[ARGS_MAX]; /* "@/" stands for the test's directory */
};

static const struct example patronis[] = {
	/* Debian's package, and pip's, with and without options in the script's first line */
	{"python3.11", {"/usr/bin/python3", "@/bin/patroni", "/etc/patroni/config.yml"}},
	{"python3.11", {"python3", "-sP", "@/bin/patroni", "x.yml"}},
	{"python3.11",
	 {"@/venv/bin/python", "-I", "-X", "dev", "-Wignore", "@/bin/patroni", "x.yml"}},
	{"platform-python3.6", {"/usr/bin/python3.6", "@/bin/patroni", "x.yml"}},
	{"pypy3", {"pypy3", "@/bin/patroni", "x.yml"}},
	/* from the working directory; from the source tree; as a directory */
	{"python3.11", {"python3", "bin/patroni", "x.yml"}},
	{"python3.11", {"python3", "@/src/patroni.py", "x.yml"}},
	{"python3.11", {"python3", "@/src/patroni/__main__.py", "x.yml"}},
	{"python3.11", {"python3", "@/src/patroni/", "x.yml"}},
	{"python3.11", {"python3", "@/bin/.patroni-wrapped", "x.yml"}},
	/* a script that is gone by now cannot speak against its name */
	{"python3.11", {"python3", "@/gone/patroni", "x.yml"}},
	/* as a module */
	{"python3.11", {"python3", "-m", "patroni", "x.yml"}},
	{"python3.11", {"python3", "-mpatroni"}},
	{"python3.11", {"python3", "-uBm", "patroni", "x.yml"}},
	{"python3.11", {"python3", "-W", "ignore", "-X", "dev", "-m", "patroni.__main__", "x.yml"}},
	{"python3.11", {"python3", "--check-hash-based-pycs", "never", "-m", "patroni", "x.yml"}},
	/* frozen, and one whose first argument says something else */
	{"patroni", {"/opt/patroni", "x.yml"}},
	{"patroni", {"patroni"}},
	{"python3.11", {"vim", "@/bin/patroni", "x.yml"}},
};

static const struct example impostors[] = {
	{"vim", {"vim", "/etc/patroni/patroni.yml"}},
	{"vim", {"python3", "@/bin/patroni", "x.yml"}},
	{"less", {"less", "/var/log/patroni/patroni.log"}},
	{"tail", {"tail", "-f", "patroni.log"}},
	{"bash", {"bash", "-c", "patroni /etc/patroni.yml; true"}},
	{"bash", {"/bin/bash", "@/bin/patroni", "x.yml"}},
	{"sudo", {"sudo", "-u", "postgres", "@/bin/patroni", "x.yml"}},
	{"setpriv", {"setpriv", "--reuid", "postgres", "python3", "-m", "patroni", "x.yml"}},
	{"gosu", {"gosu", "postgres", "patroni", "x.yml"}},
	{"strace", {"strace", "-f", "patroni", "x.yml"}},
	{"python3.11", {"python3"}},
	{"python3.11", {"python3", ""}},
	{"python3.11", {"python3", "-"}},
	{"python3.11", {"python3", "-", "patroni"}},
	{"python3.11", {"python3", "-m"}},
	{"python3.11", {"python3", "-m", "patroni.ctl", "list"}},
	{"python3.11", {"python3", "-m", "http.server", "patroni"}},
	{"python3.11", {"python3", "-X", "patroni", "@/bin/other"}},
	{"python3.11", {"python3", "-c", "import patroni", "@/bin/patroni"}},
	{"python3.11", {"python3", "-Ec", "import patroni"}},
	{"python3.11", {"/usr/bin/python3", "/usr/bin/patronictl", "list"}},
	{"python3.11", {"/usr/bin/python3", "/usr/bin/patroni_raft_controller", "x.yml"}},
	{"python3.11", {"/usr/bin/python3", "/usr/bin/patroni_aws"}},
	{"python3.11", {"python3", "/opt/patroni_exporter.py", "--patroni"}},
	{"python3.11", {"python3", "/opt/patroni/exporter.py"}},
	{"python3.11", {"python3", "/opt/other/__main__.py", "patroni"}},
	{"python3.11", {"python3", "__main__.py"}},
	{"python3.11", {"python3", "/usr/bin/pip", "install", "patroni"}},
	/* the right name, another program */
	{"python3.11", {"python3", "@/plugins/patroni.py"}},
	{"python3.11", {"python3", "@/plugins/patroni"}},
	/* calls that only print something */
	{"python3.11", {"python3", "@/bin/patroni", "--version"}},
	{"python3.11", {"python3", "@/bin/patroni", "--validate-config", "x.yml"}},
	{"python3.11", {"python3", "@/bin/patroni", "--valid", "x.yml"}},
	{"python3.11", {"python3", "@/bin/patroni", "--generate-config", "x.yml"}},
	{"python3.11", {"python3", "-m", "patroni", "-h"}},
	/* what multiprocessing starts */
	{"python3.11",
	 {"python3", "-c", "from multiprocessing.spawn import spawn_main; spawn_main(tracker_fd=5)",
	  "--multiprocessing-fork"}},
	{"patroni", {"patroni", "--multiprocessing-fork", "tracker_fd=5", "pipe_handle=7"}},
	{"patronictl", {"patronictl", "list"}},
};

static int setup(void **state)
{
	(void)state;
	pretend__write(
		"bin/patroni",
		"#!/usr/bin/python3\nload_entry_point('x', 'console_scripts', 'patroni')()\n");
	pretend__write("bin/.patroni-wrapped", "from patroni.__main__ import main\nmain()\n");
	pretend__write("src/patroni.py", "from patroni.__main__ import main\nmain()\n");
	pretend__write("src/patroni/__main__.py",
		       "class Patroni(AbstractPatroniDaemon):\n  pass\n");
	pretend__write("plugins/patroni.py", "import requests  # asks the REST API of patroni\n");
	pretend__write("plugins/patroni/__main__.py", "import patroni_checks\n");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pretend__cleanup();
	return 0;
}

static pid_t start(const struct example *e)
{
	static char expanded[ARGS_MAX][512];
	const char *argv[ARGS_MAX + 1] = {NULL};
	struct pretend p = {.exe = e->exe, .argv = argv, .cwd = pretend__directory()};

	for (size_t i = 0; i < ARGS_MAX && e->argv[i]; i++) {
		argv[i] = e->argv[i];
		if (argv[i][0] != '@')
			continue;
		snprintf(expanded[i], sizeof(expanded[i]), "%s%s", p.cwd, argv[i] + 1);
		argv[i] = expanded[i];
	}
	return pretend__start(&p);
}

static void check_all(const struct example *examples, size_t n, int expected)
{
	for (size_t i = 0; i < n; i++) {
		struct patroni_process process = {.pid = -1};
		pid_t pid = start(&examples[i]);
		int got = patroni__identify(pid, &process);

		if (got != expected) {
			print_error("example %zu:", i);
			for (size_t k = 0; examples[i].argv[k]; k++)
				print_error(" %s", examples[i].argv[k]);
			print_error("\n");
		}
		assert_int_equal(got, expected);
		assert_int_equal(process.pid, expected ? pid : -1);
		if (expected) {
			assert_int_equal(
				strncmp(process.comm, examples[i].exe, sizeof(process.comm) - 1),
				0);
			assert_false(process.container);
		}
	}
}

static void finds_patroni(void **state)
{
	(void)state;
	check_all(patronis, ARRAY_LEN(patronis), 1);
}

static void refuses_impostors(void **state)
{
	(void)state;
	check_all(impostors, ARRAY_LEN(impostors), 0);
}

/* Whoever runs something else need not be asked again. */
static void knows_what_can_become_one(void **state)
{
	(void)state;
	assert_true(patroni__could_be(start(&(struct example){"python3.11", {"python3", "x"}})));
	assert_true(patroni__could_be(start(&(struct example){"patroni", {"patroni"}})));
	assert_false(patroni__could_be(start(&(struct example){"postgres", {"-m", "patroni"}})));
	assert_false(patroni__could_be(0));
}

static void describes_any_process(void **state)
{
	const struct example e = {"a) R (b\033\n", {"sleep"}};
	struct patroni_process ours, theirs;
	pid_t pid = start(&e);

	(void)state;
	assert_int_equal(patroni__describe(getpid(), &ours), 0);
	assert_int_equal(patroni__describe(pid, &theirs), 0);
	assert_int_equal(theirs.pid, pid);
	assert_string_equal(theirs.comm, "a) R (b??");
	/* In clock ticks, so it may be the same; but it is a time since boot and not some other
	 * field. */
	assert_true(theirs.start_ticks >= ours.start_ticks);
	assert_true(theirs.start_ticks - ours.start_ticks < 60 * (uint64_t)sysconf(_SC_CLK_TCK));
	assert_true(ours.start_ticks > 0);
}

static void survives_an_upgraded_executable(void **state)
{
	char exe[512];
	struct patroni_process process;
	pid_t python = start(&patronis[0]),
	      frozen = start(&(struct example){"patroni", {"patroni"}});

	(void)state;
	snprintf(exe, sizeof(exe), "%s/exe/python3.11", pretend__directory());
	assert_int_equal(unlink(exe), 0);
	snprintf(exe, sizeof(exe), "%s/exe/patroni", pretend__directory());
	assert_int_equal(unlink(exe), 0);
	assert_int_equal(patroni__identify(python, &process), 1);
	assert_int_equal(patroni__identify(frozen, &process), 1);
}

static void takes_a_huge_command_line(void **state)
{
	size_t size = 100 * 1024;
	char *huge = malloc(size + 1);
	struct patroni_process process;
	struct example after = {"python3.11", {"python3", "-m", "patroni", "x.yml", huge, huge}};
	struct example before = {"python3.11", {"python3", "-W", huge, "-m", "patroni"}};

	(void)state;
	memset(huge, 'x', size);
	huge[size] = '\0';
	assert_int_equal(patroni__identify(start(&after), &process), 1);
	/* Beyond what is read nothing is known, and nothing is claimed. */
	assert_int_equal(patroni__identify(start(&before), &process), 0);
	free(huge);
}

static void nothing_of_a_zombie(void **state)
{
	struct patroni_process process;
	siginfo_t info;
	pid_t pid = start(&patronis[0]);

	(void)state;
	assert_int_equal(patroni__identify(pid, &process), 1);
	assert_true(patroni__could_be(pid));
	kill(pid, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(patroni__identify(pid, &process), 0);
	assert_false(patroni__could_be(pid));
	assert_int_equal(patroni__describe(pid, &process), -ESRCH);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED), 0);
	assert_int_equal(patroni__identify(pid, &process), -ESRCH);
	assert_int_equal(patroni__describe(pid, &process), -ESRCH);
	assert_int_equal(patroni__identify(0, &process), -ESRCH);
	assert_int_equal(patroni__identify(-1, &process), -ESRCH);
}

static void *thread_main(void *arg)
{
	struct patroni_process process;

	*(int *)arg = patroni__describe(gettid(), &process);
	return NULL;
}

static void a_thread_is_no_process(void **state)
{
	pthread_t thread;
	int err = 0;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, thread_main, &err), 0);
	pthread_join(thread, NULL);
	assert_int_equal(err, -ESRCH);
}

static void tells_a_container(void **state)
{
	static const char *const argv[] = {"python3", "-m", "patroni", NULL};
	struct pretend namespaces = {.exe = "python3", .argv = argv, .namespaces = true};
	struct pretend root = {.exe = "python3", .argv = argv, .root = pretend__directory()};
	struct patroni_process process;

	(void)state;
	if (geteuid())
		skip();
	assert_int_equal(patroni__identify(pretend__start(&namespaces), &process), 1);
	assert_true(process.container);
	assert_int_equal(patroni__identify(pretend__start(&root), &process), 1);
	assert_true(process.container);
}

struct walk {
	pid_t wanted[3];
	int found[3];
	int calls;
};

static int note(const struct patroni_process *p, void *ctx)
{
	struct walk *walk = ctx;

	walk->calls++;
	for (int i = 0; i < 3; i++)
		walk->found[i] += p->pid == walk->wanted[i];
	return 0;
}

static int stop(const struct patroni_process *p, void *ctx)
{
	(void)p;
	++*(int *)ctx;
	return 1;
}

static void scan_finds_each_once(void **state)
{
	struct walk walk = {
		.wanted = {start(&patronis[0]), start(&patronis[11]), start(&impostors[0])}};
	int calls = 0, count = patroni__scan(note, &walk);

	(void)state;
	assert_int_equal(count, walk.calls);
	assert_true(walk.calls >= 2);
	assert_int_equal(walk.found[0], 1);
	assert_int_equal(walk.found[1], 1);
	assert_int_equal(walk.found[2], 0);
	assert_int_equal(patroni__scan(stop, &calls), 1);
	assert_int_equal(calls, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(finds_patroni, setup, teardown),
		cmocka_unit_test_setup_teardown(refuses_impostors, setup, teardown),
		cmocka_unit_test_setup_teardown(knows_what_can_become_one, setup, teardown),
		cmocka_unit_test_setup_teardown(describes_any_process, setup, teardown),
		cmocka_unit_test_setup_teardown(survives_an_upgraded_executable, setup, teardown),
		cmocka_unit_test_setup_teardown(takes_a_huge_command_line, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_of_a_zombie, setup, teardown),
		cmocka_unit_test_setup_teardown(a_thread_is_no_process, setup, teardown),
		cmocka_unit_test_setup_teardown(tells_a_container, setup, teardown),
		cmocka_unit_test_setup_teardown(scan_finds_each_once, setup, teardown),
	};

	pretend__child();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
