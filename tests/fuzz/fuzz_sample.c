// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fuzz_sample.c - any bytes as one of the kernel's small files; the first byte says which.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "host/sample_private.h"

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void as_stat(const char *text)
{
	struct sample_stat s;
	int64_t run, delay;

	if (sample_text__stat(text, &s))
		must(s.state && s.ppid >= 0 && s.major_faults >= 0);
	if (sample_text__schedstat(text, &run, &delay))
		must(run >= 0 && delay >= 0);
}

static void as_figures(const char *text)
{
	double pressure = sample_text__pressure(text), quota = sample_text__quota(text);

	must(pressure == -1 || (pressure >= 0 && pressure < 101));
	must(quota == -1 || (quota >= 0 && isfinite(quota)));
	must(sample_text__value(text, "nr_throttled") >= -1);
}

static void as_inet(const char *text)
{
	struct sample_inet s;

	if (sample_text__inet(text, &s))
		must(s.state <= UINT8_MAX);
}

static void as_cgroup(const char *text)
{
	const struct sample_mount mount = {.point = "/sys/fs/cgroup", .root = "/.."};
	char path[64], dir[64] = "";

	if (sample_text__cgroup(text, "cpu", path, sizeof(path)))
		must(path[0] == '/' && strlen(path) < sizeof(path));
	if (!sample_text__cgroup(text, NULL, path, sizeof(path)))
		return;
	if (!sample_cgroup__directory(&mount, path, dir, sizeof(dir)))
		must(strncmp(dir, mount.point, strlen(mount.point)) == 0 && !strstr(dir, "/../"));
}

static void as_mountinfo(char *text)
{
	struct sample_host host = {0};
	FILE *f = *text ? fmemopen(text, strlen(text), "r") : NULL;

	if (!f)
		return;
	sample_cgroup__mounts(&host, f);
	fclose(f);
	must(memchr(host.cpu.point, '\0', sizeof(host.cpu.point)));
	must(memchr(host.unified.root, '\0', sizeof(host.unified.root)));
}

/* Described as a wait of this process: its descriptors and its memory, at any number and address.
 */
static void as_syscall(const char *text)
{
	static struct sample_host host;
	struct sample_syscall call;
	struct sample_target t = {.host = &host, .pid = 1 << 30, .dir = -1};
	struct thread_sample v = {.state = 'D', .wchan = "x"};

	if (!sample_text__syscall(text, &call))
		return;
	t.may_read_memory = true;
	sample_wait__describe(&t, &call, &v);
	must(memchr(v.wait.call, '\0', sizeof(v.wait.call)));
	must(memchr(v.wait.object, '\0', sizeof(v.wait.object)));
	must(memchr(v.syscall, '\0', sizeof(v.syscall)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (!size)
		return 0;
	text = malloc(size);
	must(text);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	switch (data[0]) {
	case 's':
		as_stat(text);
		break;
	case 'f':
		as_figures(text);
		break;
	case 'i':
		as_inet(text);
		break;
	case 'c':
		as_cgroup(text);
		break;
	case 'm':
		as_mountinfo(text);
		break;
	case 'y':
		as_syscall(text);
		break;
	}
	free(text);
	return 0;
}
