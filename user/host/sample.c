// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * sample.c - one sample of a thread and its host: which files are read for it, and the clocks.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "host/sample_private.h"
#include "leasewatch/units.h"
#include "protocol/text.h"

/* Memory pressure (some avg10, percent) above which a read of the target's memory may have to wait.
 */
#define MEMORY_PRESSURE_MAX 10.0

static const struct thread_sample not_known = {
	.runtime_ns = -1,
	.run_delay_ns = -1,
	.throttled_ns = -1,
	.throttled_count = -1,
	.cpu_quota = -1,
	.major_faults = -1,
	.cpu_pressure = -1,
	.memory_pressure = -1,
	.io_pressure = -1,
	.suspended_ns = -1,
};

/*
 * Between the two readings this process may lose its CPU, most of all when the host is in need, and
 * that would look like a suspension: so the shortest of three.
 */
static int64_t suspended_ns(void)
{
	int64_t least = INT64_MAX;

	for (int i = 0; i < 3; i++) {
		int64_t monotonic = (int64_t)clock_ns(CLOCK_MONOTONIC);
		int64_t apart = (int64_t)clock_ns(CLOCK_BOOTTIME) - monotonic;

		if (apart < least)
			least = apart;
	}
	return least;
}

static int open_directory(const char *format, pid_t pid, pid_t tid)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), format, pid, tid);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	return errno == ENOENT ? -ESRCH : -errno;
}

static int read_counters(int task, const struct sample_host *host, char *cgroup, size_t size,
			 struct thread_sample *v)
{
	struct sample_stat stat;
	char text[1024];
	ssize_t n = sample_file__read(task, "stat", text, sizeof(text));

	if (n < 0)
		return n == -ENOENT ? -ESRCH : (int)n;
	if (sample_text__stat(text, &stat)) {
		v->state = stat.state;
		v->major_faults = stat.major_faults;
	}
	if (sample_file__read(task, "schedstat", text, sizeof(text)) > 0)
		sample_text__schedstat(text, &v->runtime_ns, &v->run_delay_ns);
	if (sample_file__read(task, "cgroup", cgroup, size) <= 0)
		*cgroup = '\0';
	sample_cgroup__cpu(host, cgroup, v);
	v->at_ns = clock_ns(CLOCK_BOOTTIME);
	v->suspended_ns = suspended_ns();
	return 0;
}

static void read_wait(struct sample_host *host, pid_t pid, int task, struct thread_sample *v)
{
	struct sample_syscall call = {.nr = -1};
	struct sample_target target = {
		.host = host,
		.pid = pid,
		.may_read_memory = v->memory_pressure < MEMORY_PRESSURE_MAX,
	};
	char text[256];
	ssize_t n = sample_file__read(task, "wchan", text, sizeof(text));

	if (n > 0 && strcmp(text, "0") != 0)
		text_copy_ascii(v->wchan, sizeof(v->wchan), text, (size_t)n);
	n = sample_file__read(task, "syscall", text, sizeof(text));
	if (n > 0 && !sample_text__syscall(text, &call))
		return;
	target.dir = open_directory("/proc/%d", pid, 0);
	if (target.dir < 0)
		return;
	sample_wait__describe(&target, &call, v);
	close(target.dir);
}

void sample__init(struct sample_host *host)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");

	memset(host, 0, sizeof(*host));
	if (!f)
		return;
	sample_cgroup__mounts(host, f);
	fclose(f);
}

int sample__take(struct sample_host *host, pid_t pid, pid_t tid, struct thread_sample *out)
{
	struct thread_sample v = not_known;
	char cgroup[8192];
	int task = open_directory("/proc/%d/task/%d", pid, tid);
	int err;

	if (task < 0)
		return task;
	err = read_counters(task, host, cgroup, sizeof(cgroup), &v);
	if (!err) {
		sample_cgroup__pressure(host, cgroup, &v);
		read_wait(host, pid, task, &v);
		*out = v;
	}
	close(task);
	return err;
}

int sample__take_counters(const struct sample_host *host, pid_t pid, pid_t tid,
			  struct thread_sample *out)
{
	struct thread_sample v = not_known;
	char cgroup[8192];
	int task = open_directory("/proc/%d/task/%d", pid, tid);
	int err;

	if (task < 0)
		return task;
	err = read_counters(task, host, cgroup, sizeof(cgroup), &v);
	if (!err)
		*out = v;
	close(task);
	return err;
}
