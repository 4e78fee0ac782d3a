// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_reader.c - questions about processes, answered by a worker that may die, hang or lie.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <grp.h>
#include <poll.h>
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
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/reader_message.h"
#include "leasewatch/units.h"
#include "pretend.h"

#define NOBODY 65534

static struct reader *reader;
static size_t answers;
static size_t trusted_at; /* which answer was that about a trusted process */
static int last_err;
static struct reader_question last_question;
static struct reader_identity last;
static struct reader_config last_config;
static struct thread_sample last_sample;
static struct library_copies last_library;
static struct stat last_file; /* of its first descriptor */

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

static void keep_library(const struct reader_answer *a)
{
	last_library = *a->library;
	if (last_library.len && !last_library.copies[0].err)
		assert_int_equal(fstat(a->fds[0], &last_file), 0);
}

static void on_answer(void *ctx, const struct reader_answer *a)
{
	(void)ctx;
	answers++;
	if (a->question.trusted)
		trusted_at = answers;
	last_err = a->err;
	last_question = a->question;
	if (!a->err && a->question.what == READER_IDENTIFY)
		last = *a->identity;
	else if (!a->err && a->question.what == READER_CONFIG)
		last_config = *a->config;
	else if (!a->err && a->question.what == READER_LIBRARY)
		keep_library(a);
	else if (!a->err)
		last_sample = *a->sample;
}

static int setup(void **state)
{
	(void)state;
	answers = 0;
	return reader__new(&reader);
}

static int teardown(void **state)
{
	(void)state;
	reader__free(reader);
	reader = NULL;
	pretend__cleanup();
	return 0;
}

static void ask(pid_t pid, bool trusted)
{
	const struct reader_question q = {.pid = pid, .trusted = trusted};

	assert_int_equal(reader__ask(reader, &q), 0);
}

static void ask_config(pid_t pid)
{
	const struct reader_question q = {.what = READER_CONFIG, .pid = pid, .trusted = true};

	assert_int_equal(reader__ask(reader, &q), 0);
}

/* Turn until there are `n` answers in all; for 10 s at most. */
static void turn_until(size_t n)
{
	for (int i = 0; i < 10000 && answers < n; i++) {
		reader__turn(reader, now(), on_answer, NULL);
		usleep(1000);
	}
	assert_int_equal(answers, n);
}

static pid_t patroni(const char *file, uid_t uid)
{
	const char *argv[] = {"python3", "-m", "patroni", file, NULL};
	struct pretend p = {
		.exe = "python3", .argv = argv, .cwd = pretend__directory(), .uid = uid};

	chmod(pretend__directory(), 0755);
	return pretend__start(&p);
}

static void test_answers_what_a_process_is(void **state)
{
	pid_t pid;

	(void)state;
	pretend__write("p.yml", "scope: demo\nname: one\netcd3: {hosts: 'a:1,localhost:2'}\n");
	pid = patroni("p.yml", 0);
	ask(pid, true);
	assert_int_equal(reader__pending(reader), 1);
	turn_until(1);
	assert_int_equal(last_err, 0);
	assert_int_equal(last.is, 1);
	assert_int_equal(last.process.pid, pid);
	ask_config(pid);
	turn_until(2);
	assert_int_equal(last_config.err, 0);
	assert_string_equal(last_config.config.scope, "demo");
	assert_string_equal(last_config.config.endpoints[1], "localhost:2");
	assert_true(last_config.addresses_len);
	assert_int_equal(last_config.addresses[0].endpoint, 1);
	assert_int_equal(reader__pending(reader), 0);
	ask(getpid(), true);
	turn_until(3);
	assert_int_equal(last_err, 0);
	assert_int_equal(last.is, 0);
	assert_int_equal(last.process.pid, getpid());
}

/* A file that the process itself may not read is not read for it. */
static void test_reads_with_the_rights_of_the_process(void **state)
{
	char path[512];

	(void)state;
	if (geteuid())
		skip();
	pretend__write("secret.yml", "scope: secret\netcd3: {host: 'a:1'}\n");
	snprintf(path, sizeof(path), "%s/secret.yml", pretend__directory());
	assert_int_equal(chmod(path, 0600), 0);
	ask_config(patroni("secret.yml", NOBODY));
	turn_until(1);
	assert_int_equal(last_err, 0);
	assert_int_equal(last_config.err, -EACCES);
	assert_string_equal(last_config.config.scope, "");
	assert_int_equal(chown(path, NOBODY, NOBODY), 0);
	ask_config(patroni("secret.yml", NOBODY));
	turn_until(2);
	assert_string_equal(last_config.config.scope, "secret");
	/* and what the kernel makes up is no configuration, whoever may read it */
	ask_config(patroni("/proc/self/environ", 0));
	turn_until(3);
	assert_int_equal(last_config.err, -EBADMSG);
	ask(patroni("secret.yml", NOBODY), false);
	turn_until(4);
	assert_int_equal(last.process.uid, NOBODY);
}

/* Where does a user have its data directory: where root put it, or where anybody can make one? */
static void test_knows_whose_place_it_is(void **state)
{
	const char *base = pretend__directory();
	char path[512];
	pid_t pid;

	(void)state;
	if (geteuid())
		skip();
	pretend__write("pg/data/global/pg_control", "x");
	snprintf(path, sizeof(path), "postgresql: {data_dir: %s/pg/data}\n", base);
	pretend__write("p.yml", path);
	pid = patroni("p.yml", NOBODY);
	ask_config(pid);
	turn_until(1);
	assert_int_equal(last_config.given, -EACCES); /* the cluster is root's */
	snprintf(path, sizeof(path), "%s/pg/data/global/pg_control", base);
	for (int i = 0; i < 4; i++) { /* up to pg */
		assert_int_equal(chown(path, NOBODY, NOBODY), 0);
		*strrchr(path, '/') = '\0';
	}
	ask_config(pid);
	turn_until(2);
	assert_int_equal(last_config.given, 1);
	assert_int_equal(chmod(base, 01777), 0);
	ask_config(pid);
	turn_until(3);
	assert_int_equal(last_config.given, 0);
}

static int32_t is_given(pid_t pid)
{
	size_t n = answers;

	ask_config(pid);
	turn_until(n + 1);
	assert_int_equal(last_err, 0);
	return last_config.given;
}

/* A subordinate user's directory, and a way back up from root's, are no gifts of root. */
static void test_takes_gifts_from_root_alone(void **state)
{
	const char *base = pretend__directory();
	char path[512];

	(void)state;
	if (geteuid())
		skip();
	pretend__write("pg/data/global/pg_control", "x");
	pretend__write("pg/roots/file", "x");
	snprintf(path, sizeof(path), "postgresql: {data_dir: %s/pg/data}\n", base);
	pretend__write("p.yml", path);
	snprintf(path, sizeof(path), "postgresql: {data_dir: %s/pg/roots/../data}\n", base);
	pretend__write("up.yml", path);
	snprintf(path, sizeof(path), "%s/pg/data/global/pg_control", base);
	for (int i = 0; i < 3; i++) { /* up to data */
		assert_int_equal(chown(path, NOBODY, NOBODY), 0);
		*strrchr(path, '/') = '\0';
	}
	assert_int_equal(is_given(patroni("p.yml", NOBODY)), 1);
	assert_int_equal(is_given(patroni("up.yml", NOBODY)), 0);
	assert_int_equal(chown(path, NOBODY - 1, NOBODY), 0); /* pg */
	assert_int_equal(is_given(patroni("p.yml", NOBODY)), 0);
}

/* In a user namespace of its own a process mounts its directory where root has one. */
static void test_believes_no_mount_of_a_user(void **state)
{
	const char *base = pretend__directory();
	char text[1024], script[2048];
	pid_t pid;

	(void)state;
	if (geteuid())
		skip();
	pretend__write("own/global/pg_control", "x");
	pretend__write("roots/file", "x");
	snprintf(text, sizeof(text), "postgresql: {data_dir: %s/roots}\n", base);
	pretend__write("p.yml", text);
	snprintf(text, sizeof(text), "chown -R %d:%d %s/own", NOBODY, NOBODY, base);
	assert_int_equal(system(text), 0);
	pid = patroni("p.yml", NOBODY);
	assert_int_not_equal(is_given(pid), 1);
	snprintf(script, sizeof(script),
		 "mount --bind %s/own %s/roots && cd %s && "
		 "exec -a python3 sleep 60",
		 base, base, base);
	pid = fork();
	if (!pid) {
		if (setgroups(0, NULL) || setgid(NOBODY) || setuid(NOBODY) ||
		    setenv("PATRONI_SCOPE", "s", 1))
			_exit(1);
		snprintf(text, sizeof(text), "%s/roots", base);
		setenv("PATRONI_POSTGRESQL_DATA_DIR", text, 1);
		execlp("unshare", "unshare", "-Urm", "bash", "-c", script, NULL);
		_exit(1);
	}
	usleep(500000);
	if (waitpid(pid, NULL, WNOHANG) == pid)
		skip(); /* this kernel lets no user make a namespace */
	assert_int_equal(is_given(pid), 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* A worker may do all that it takes to say which socket a thread waits on. */
static void test_samples_a_thread_that_waits_for_postgresql(void **state)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	int server = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
	struct reader_question q = {.what = READER_SAMPLE, .trusted = true};
	pid_t pid;

	(void)state;
	assert_int_equal(bind(server, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(server, 1), 0);
	assert_int_equal(getsockname(server, (struct sockaddr *)&at, &len), 0);
	assert_int_equal(connect(client, (struct sockaddr *)&at, sizeof(at)), 0);
	pid = fork();
	if (!pid) {
		struct pollfd p = {.fd = client, .events = POLLIN};

		poll(&p, 1, 30000);
		_exit(0);
	}
	q.pid = q.tid = pid;
	q.ports[0] = ntohs(at.sin_port);
	for (size_t i = 1; i < 100 && last_sample.wait.kind != WAIT_POSTGRES; i++) {
		usleep(10000); /* until it is in poll() */
		assert_int_equal(reader__ask(reader, &q), 0);
		turn_until(i);
		/* A busy host may be late with one of them. */
		assert_true(!last_err || last_err == -ETIMEDOUT);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(server);
	close(client);
	assert_int_equal(last_sample.wait.kind, WAIT_POSTGRES);
	assert_string_equal(last_sample.wait.call, "poll on");
	assert_int_equal(last_sample.state, 'S');
	assert_true(last_sample.runtime_ns >= 0);
}

static void ask_library(uint32_t set, size_t n)
{
	struct reader_question q = {.what = READER_LIBRARY, .pid = getpid(), .trusted = true};

	q.set = set;
	assert_int_equal(reader__ask(reader, &q), 0);
	turn_until(n);
}

/* With the file itself, opened for reading; and nothing stays open here. */
static void test_finds_a_library_and_its_functions(void **state)
{
	int before = dup(0), after;

	(void)state;
	close(before);
	ask_library(LIBRARY_LIBC, 1);
	assert_int_equal(last_err, 0);
	assert_int_equal(last_library.len, 1);
	assert_int_equal(last_library.copies[0].err, 0);
	assert_non_null(strstr(last_library.copies[0].name, "libc"));
	assert_int_equal(last_file.st_ino, last_library.copies[0].ino);
	assert_true(S_ISREG(last_file.st_mode));
	assert_in_range(last_library.copies[0].offsets[0], 1, last_file.st_size);
	ask_library(LIBRARY_OPENSSL, 2);
	assert_int_equal(last_library.len, 0);
	assert_string_equal(last_library.own, "");
	ask_library(LIBRARY_SETS, 3);
	assert_int_equal(last_err, -EINVAL);
	after = dup(0);
	close(after);
	assert_int_equal(before, after);
}

static pid_t spawner_pid(void)
{
	char path[64];
	int pid = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	f = fopen(path, "re");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%d", &pid), 1);
	fclose(f);
	return pid;
}

static void test_survives_the_death_of_its_spawner(void **state)
{
	int fd;

	(void)state;
	for (size_t i = 0; i < 20; i++) {
		pid_t spawner = spawner_pid();

		kill(spawner, SIGSTOP);
		ask(getpid(), true);
		reader__turn(reader, now(), on_answer, NULL);
		kill(spawner, SIGKILL);
		turn_until(2 * i + 1);
		assert_int_equal(last_err, -EIO);
		ask(getpid(), true);
		turn_until(2 * i + 2);
		assert_int_equal(last_err, 0);
	}
	/* Nothing is left open: the next descriptor is a low one. */
	fd = dup(0);
	assert_true(fd < 16);
	close(fd);
}

/* A worker that hangs: so many are left behind, and the places of trusted processes are kept. */
static void test_gives_up_what_hangs(void **state)
{
	uint64_t later = now();
	pid_t spawner = spawner_pid();

	(void)state;
	kill(spawner, SIGSTOP);
	for (int i = 0; i < 10; i++)
		ask(getpid(), false);
	for (int i = 0; i < 12; i++, later += 3 * NS_PER_S)
		reader__turn(reader, later, on_answer, NULL);
	/* Eight hang, and the last two were refused without being asked. */
	assert_int_equal(answers, 10);
	assert_int_equal(last_err, -EBUSY);
	assert_int_equal(reader__stuck(reader), 8);
	ask(getppid(), true);
	reader__turn(reader, later, on_answer, NULL);
	assert_int_equal(answers, 10);
	kill(spawner, SIGCONT);
	turn_until(11);
	assert_int_equal(last_question.pid, getppid());
	assert_int_equal(last_err, 0);
	for (int i = 0; i < 10000 && reader__stuck(reader); i++) {
		reader__turn(reader, now(), on_answer, NULL);
		usleep(1000);
	}
	assert_int_equal(reader__stuck(reader), 0);
	assert_int_equal(answers, 11);
}

static void test_asks_about_trusted_processes_first(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++)
		ask(getpid(), false);
	ask(getppid(), true);
	turn_until(101);
	/* It was asked about with the first three of the others, and some may have been quicker. */
	assert_in_range(trusted_at, 1, 50);
}

static void test_refuses_more_than_its_queue_holds(void **state)
{
	const struct reader_question q = {.pid = getpid()}, trusted = {.pid = 1, .trusted = true};

	(void)state;
	for (size_t i = 0; i < READER_QUEUE_MAX; i++)
		assert_int_equal(reader__ask(reader, &q), 0);
	assert_int_equal(reader__ask(reader, &q), -ENOBUFS);
	assert_int_equal(reader__ask(reader, &trusted), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_answers_what_a_process_is, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reads_with_the_rights_of_the_process, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_knows_whose_place_it_is, setup, teardown),
		cmocka_unit_test_setup_teardown(test_takes_gifts_from_root_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_believes_no_mount_of_a_user, setup, teardown),
		cmocka_unit_test_setup_teardown(test_samples_a_thread_that_waits_for_postgresql,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_finds_a_library_and_its_functions, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_survives_the_death_of_its_spawner, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_gives_up_what_hangs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_asks_about_trusted_processes_first, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_refuses_more_than_its_queue_holds, setup,
						teardown),
	};

	pretend__child();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
