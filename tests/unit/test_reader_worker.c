// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_reader_worker.c - what a worker can no longer do, tried from inside: as somebody would who
 * has made it run code of his own.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/reader_message.h"
#include "leasewatch/units.h"

static char path[] = "/tmp/test_reader_worker.XXXXXX";
static int file_fd; /* open for writing, from before */

/* Runs `attempt` in a confined child; it returns 0 if it was let, else the errno. */
static int confined(int (*attempt)(int fd))
{
	int pair[2], result = -1, status;
	pid_t pid;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		result = reader_worker__confine(pair[1]);
		if (result)
			_exit(1);
		result = attempt(pair[1]);
		send(pair[1], &result, sizeof(result), 0);
		_exit(0);
	}
	close(pair[1]);
	assert_int_equal(recv(pair[0], &result, sizeof(result), 0), sizeof(result));
	close(pair[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return result;
}

static int error_of(long ret)
{
	return ret < 0 ? errno : 0;
}

static int reads(int fd)
{
	char byte;
	int in = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	long ret = in < 0 ? in : read(in, &byte, 1);

	(void)fd;
	return error_of(ret);
}

static int allocates(int fd)
{
	char *memory = malloc(4 << 20);

	(void)fd;
	if (!memory)
		return ENOMEM;
	memset(memory, 1, 4 << 20);
	return 0;
}

static int opens_to_write(int fd)
{
	(void)fd;
	return error_of(open(path, O_WRONLY | O_CLOEXEC));
}

static int creates(int fd)
{
	(void)fd;
	return error_of(open("/tmp/test_reader_worker.created", O_RDONLY | O_CREAT, 0600));
}

static int truncates(int fd)
{
	(void)fd;
	return error_of(open(path, O_RDONLY | O_TRUNC));
}

static int writes(int fd)
{
	(void)fd;
	return error_of(write(file_fd, "x", 1));
}

static int maps_to_write(int fd)
{
	void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file_fd, 0);

	(void)fd;
	return at == MAP_FAILED ? errno : 0;
}

static int maps_to_run(int fd)
{
	void *at = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)fd;
	return at == MAP_FAILED ? errno : 0;
}

static int connects(int fd)
{
	(void)fd;
	return error_of(socket(AF_INET, SOCK_STREAM, 0));
}

static int sends_elsewhere(int fd)
{
	return error_of(send(fd + 1000, "x", 1, 0));
}

static int runs_a_program(int fd)
{
	static char name[] = "/bin/true";
	char *const argv[] = {name, NULL};

	(void)fd;
	return error_of(execv(name, argv));
}

static int forks(int fd)
{
	pid_t pid = fork();

	(void)fd;
	if (!pid)
		_exit(0);
	return error_of(pid);
}

static int traces(int fd)
{
	(void)fd;
	return error_of(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL));
}

static int kills(int fd)
{
	(void)fd;
	return error_of(kill(getppid(), 0));
}

static int setup(void **state)
{
	(void)state;
	file_fd = mkostemp(path, O_CLOEXEC);
	return file_fd < 0 || write(file_fd, "text", 4) != 4;
}

static int teardown(void **state)
{
	(void)state;
	close(file_fd);
	return unlink(path);
}

static void test_can_read_and_answer(void **state)
{
	(void)state;
	assert_int_equal(confined(reads), 0);
	assert_int_equal(confined(allocates), 0);
}

static void test_can_do_nothing_else(void **state)
{
	int (*const attempts[])(int fd) = {
		opens_to_write, creates,	 truncates,	 writes, maps_to_write, maps_to_run,
		connects,	sends_elsewhere, runs_a_program, forks,	 traces,	kills,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(attempts); i++)
		assert_int_equal(confined(attempts[i]), EPERM);
	assert_int_not_equal(access("/tmp/test_reader_worker.created", F_OK), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_can_read_and_answer),
		cmocka_unit_test(test_can_do_nothing_else),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
