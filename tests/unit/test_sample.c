// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_sample.c - whole samples of real processes: states, threads, time without a CPU, a quota,
 * and a clock that was suspended.
 */
#include <errno.h>
#include <dirent.h>
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
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <pthread.h>
#include <unistd.h>
#include <cmocka.h>

#include "child.h"
#include "host/sample.h"
#include "waiting.h"
#include "leasewatch/units.h"

#define MS INT64_C(1000000)

static struct sample_host host;

/* ---- states */

static void test_no_such_thread(void **state)
{
	struct thread_sample v, before;
	pid_t pid = child__start(waiting__sleeping, NULL);

	(void)state;
	memset(&v, 0x5a, sizeof(v));
	before = v;
	child__end(pid);
	assert_int_equal(sample__take(&host, pid, pid, &v), -ESRCH);
	assert_int_equal(sample__take_counters(&host, pid, pid, &v), -ESRCH);
	assert_int_equal(sample__take(&host, getpid(), getppid(), &v), -ESRCH);
	assert_int_equal(sample__take(&host, -1, -1, &v), -ESRCH);
	assert_memory_equal(&v, &before, sizeof(v));
}

static bool is_zombie(pid_t pid, void *arg)
{
	return !sample__take(&host, pid, pid, arg) && ((struct thread_sample *)arg)->state == 'Z';
}

static void ends(void *arg)
{
	(void)arg;
}

static void test_zombie(void **state)
{
	struct thread_sample v = {0};
	pid_t pid = child__start(ends, NULL);

	(void)state;
	/* until() gives up on a child that has ended, but looks once more before it does. */
	while (!child__until(pid, is_zombie, &v))
		assert_int_equal(kill(pid, 0), 0);
	assert_int_equal(v.wait.kind, WAIT_UNKNOWN);
	assert_string_equal(v.syscall, "");
	assert_string_equal(v.wchan, "");
}

static bool is_running(pid_t pid, void *arg)
{
	struct thread_sample *v = arg;

	return !sample__take(&host, pid, pid, v) && v->state == 'R' && v->runtime_ns > 20 * MS;
}

static void test_running(void **state)
{
	struct thread_sample v;
	pid_t pid = child__start(waiting__spin, NULL);

	(void)state;
	assert_true(child__until(pid, is_running, &v));
	assert_int_equal(v.wait.kind, WAIT_UNKNOWN);
	assert_string_equal(v.syscall, "");
}

static void *read_pipe(void *tid)
{
	*(volatile pid_t *)tid = gettid();
	waiting__read_pipe(NULL);
	return NULL;
}

static void spin_with_thread(void *tid)
{
	pthread_t thread;

	child__must(!pthread_create(&thread, NULL, read_pipe, tid), "pthread_create");
	waiting__spin(NULL);
}

static bool thread_waits(pid_t pid, void *arg)
{
	struct thread_sample v;
	pid_t tid = *(volatile pid_t *)arg;

	return tid && !sample__take(&host, pid, tid, &v) && v.state == 'S' &&
	       strcmp(v.wait.call, "read from") == 0 && strcmp(v.wait.object, "a pipe") == 0;
}

static void test_one_of_two_threads(void **state)
{
	pid_t *tid =
		mmap(NULL, sizeof(*tid), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct thread_sample v;
	pid_t pid;

	(void)state;
	assert_true(tid != MAP_FAILED);
	pid = child__start(spin_with_thread, tid);
	assert_true(child__until(pid, thread_waits, tid));
	assert_true(child__until(pid, is_running, &v));
	assert_int_not_equal(*tid, pid);
	munmap(tid, sizeof(*tid));
}

/* ---- the sample itself */

static void test_baseline_is_part_of_sample(void **state)
{
	struct thread_sample base, all;
	struct rusage self;

	(void)state;
	assert_int_equal(sample__take_counters(&host, getpid(), gettid(), &base), 0);
	assert_int_equal(sample__take(&host, getpid(), gettid(), &all), 0);
	getrusage(RUSAGE_THREAD, &self);
	assert_int_equal(base.state, 'R');
	assert_true(base.runtime_ns > 0 && all.runtime_ns >= base.runtime_ns);
	assert_true(base.run_delay_ns >= 0 && all.run_delay_ns >= base.run_delay_ns);
	assert_true(base.at_ns > 0 && all.at_ns > base.at_ns);
	assert_in_range(base.major_faults, 0, self.ru_majflt);
	assert_int_equal(all.major_faults, self.ru_majflt);
	assert_int_equal(base.wait.kind, WAIT_UNKNOWN);
	assert_true(base.cpu_pressure < 0 && base.memory_pressure < 0 && base.io_pressure < 0);
	assert_float_equal(base.cpu_quota, all.cpu_quota, 1e-9);
}

static int open_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void test_leaves_nothing_open(void **state)
{
	pid_t pids[] = {getpid(), child__start(waiting__recv_unix_pair, NULL),
			child__start(waiting__read_pipe, NULL), 1};
	int before = open_files();
	struct thread_sample v;

	(void)state;
	for (int i = 0; i < 50; i++)
		for (size_t p = 0; p < ARRAY_LEN(pids); p++)
			assert_int_equal(sample__take(&host, pids[p], pids[p], &v), 0);
	assert_int_equal(open_files(), before);
}

#define FILLED 64 /* descriptors below are all in use in the test below */

/* Without a descriptor to spare at any step: an error or less knowledge, nothing worse. */
static void test_out_of_descriptors(void **state)
{
	bool filled[FILLED] = {false};
	struct thread_sample v = {.state = '#'};
	pid_t pid = child__start(waiting__recv_unix_pair, NULL);
	struct rlimit was, none;
	int err;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	for (int fd = 0; fd < FILLED; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			filled[fd] = dup2(STDERR_FILENO, fd) == fd;
	for (int spare = 0; spare < 5; spare++) {
		none = was;
		none.rlim_cur = FILLED + (rlim_t)spare;
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
		err = sample__take(&host, pid, pid, &v);
		setrlimit(RLIMIT_NOFILE, &was);
		/* A directory and a file in it at once. */
		assert_int_equal(err, spare < 2 ? -EMFILE : 0);
		assert_int_equal(v.state == '#', spare < 2);
	}
	for (int fd = 0; fd < FILLED; fd++)
		if (filled[fd])
			close(fd);
}

/* ---- time that the host takes away */

static void spin_on_cpu(void *cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(*(int *)cpu, &set);
	child__must(!sched_setaffinity(0, sizeof(set), &set), "sched_setaffinity");
	waiting__spin(NULL);
}

/* A thread that never ran has no figures. */
static bool has_begun(pid_t pid, void *first)
{
	return !sample__take_counters(&host, pid, pid, first) &&
	       ((struct thread_sample *)first)->run_delay_ns >= 0;
}

static bool has_waited_for_cpu(pid_t pid, void *first)
{
	struct thread_sample v;

	return !sample__take_counters(&host, pid, pid, &v) &&
	       v.run_delay_ns - ((struct thread_sample *)first)->run_delay_ns > 50 * MS &&
	       v.runtime_ns > ((struct thread_sample *)first)->runtime_ns;
}

static void test_waits_for_cpu(void **state)
{
	int cpu = sched_getcpu();
	pid_t pid = child__start(spin_on_cpu, &cpu);
	struct thread_sample first;

	(void)state;
	child__start(spin_on_cpu, &cpu);
	child__start(spin_on_cpu, &cpu);
	assert_true(child__until(pid, has_begun, &first));
	assert_true(child__until(pid, has_waited_for_cpu, &first));
}

static bool write_text(const char *dir, const char *name, const char *text)
{
	char path[600];
	bool ok;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ok = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return ok;
}

/* A fifth of a CPU, for whatever is below; v1 has two files for it. */
static bool set_quota(const char *dir, bool v1)
{
	return v1 ? write_text(dir, "cpu.cfs_period_us", "50000") &&
			       write_text(dir, "cpu.cfs_quota_us", "10000")
		  : write_text(dir, "cpu.max", "10000 50000");
}

static bool was_throttled(pid_t pid, void *arg)
{
	struct thread_sample *v = arg;

	return !sample__take_counters(&host, pid, pid, v) && v->throttled_ns > 10 * MS;
}

static bool enter(const char *dir, pid_t pid)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", pid);
	return write_text(dir, "cgroup.procs", text);
}

/* The quota is the outer cgroup's, the process is in the inner one. */
static void test_throttled(void **state)
{
	bool v1 = host.cpu.point[0] != '\0';
	char outer[320], inner[400];
	struct thread_sample v = {0};
	bool ready, throttled;
	pid_t pid;

	(void)state;
	snprintf(outer, sizeof(outer), "%s/leasewatch-test-%d",
		 v1 ? host.cpu.point : host.unified.point, getpid());
	snprintf(inner, sizeof(inner), "%s/inner", outer);
	if (mkdir(outer, 0700)) {
		print_message("no cgroup to be made here: %s\n", strerror(errno));
		skip();
	}
	pid = child__start(waiting__spin, NULL);
	ready = set_quota(outer, v1) && !mkdir(inner, 0700) && enter(inner, pid);
	throttled = ready && child__until(pid, was_throttled, &v);
	child__end(pid);
	rmdir(inner);
	rmdir(outer);
	if (!ready) {
		print_message("no CPU quota to be set here\n");
		skip();
	}
	assert_true(throttled);
	assert_float_equal(v.cpu_quota, 0.2, 1e-9);
	assert_true(v.throttled_count > 0);
}

/* A time namespace moves CLOCK_BOOTTIME as a suspended host does. */
static void was_suspended(void *arg)
{
	const struct thread_sample *before = arg;
	struct thread_sample v;
	int status, fd;
	pid_t pid;

	if (unshare(CLONE_NEWTIME))
		child__skip("own time namespace");
	fd = open("/proc/self/timens_offsets", O_WRONLY);
	child__must(fd >= 0 && write(fd, "boottime 1000 0\n", 16) == 16, "timens_offsets");
	pid = fork();
	if (pid) {
		waitpid(pid, &status, 0);
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 99);
	}
	child__must(!sample__take_counters(&host, getpid(), getpid(), &v), "sample");
	_exit(v.suspended_ns - before->suspended_ns > 999000 * MS &&
			      v.suspended_ns - before->suspended_ns < 1001000 * MS
		      ? 0
		      : 99);
}

static void test_suspended(void **state)
{
	struct thread_sample v, again;
	siginfo_t info;
	pid_t pid;

	(void)state;
	assert_int_equal(sample__take_counters(&host, getpid(), getpid(), &v), 0);
	assert_true(v.suspended_ns >= 0);
	assert_int_equal(sample__take_counters(&host, getpid(), getpid(), &again), 0);
	assert_true(llabs(again.suspended_ns - v.suspended_ns) < 1000 * MS);
	pid = child__start(was_suspended, &v);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	if (info.si_status == 98)
		skip();
	assert_int_equal(info.si_status, 0);
}

static int setup_all(void **state)
{
	(void)state;
	sample__init(&host);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	child__end_all();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_no_such_thread, teardown),
		cmocka_unit_test_teardown(test_zombie, teardown),
		cmocka_unit_test_teardown(test_running, teardown),
		cmocka_unit_test_teardown(test_one_of_two_threads, teardown),
		cmocka_unit_test_teardown(test_baseline_is_part_of_sample, teardown),
		cmocka_unit_test_teardown(test_leaves_nothing_open, teardown),
		cmocka_unit_test_teardown(test_out_of_descriptors, teardown),
		cmocka_unit_test_teardown(test_waits_for_cpu, teardown),
		cmocka_unit_test_teardown(test_throttled, teardown),
		cmocka_unit_test_teardown(test_suspended, teardown),
	};

	return cmocka_run_group_tests(tests, setup_all, NULL);
}
