// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * sample_cgroup.c - what a thread's cgroups take from it: CPU quota, throttling, pressure. Cgroup
 * v2, v1, and v1 with v2 beside it.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "host/sample_private.h"
#include "leasewatch/units.h"

/* Levels of cgroups that are looked at, from the thread's own upwards. */
#define LEVELS_MAX 32

/* A mount point and a path of /proc/PID/cgroup. */
#define DIRECTORY_BYTES 4608

/* Containers see their part of a hierarchy again elsewhere; the mount that shows most is wanted. */
static void offer(struct sample_mount *mount, const struct sample_mountinfo *m)
{
	if (strlen(m->point) >= sizeof(mount->point) || strlen(m->root) >= sizeof(mount->root))
		return;
	if (mount->point[0] && strlen(m->root) >= strlen(mount->root))
		return;
	strcpy(mount->point, m->point);
	strcpy(mount->root, m->root);
}

static bool has_option(const char *options, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = options; (p = strstr(p, word)); p += len)
		if ((p == options || p[-1] == ',') && (p[len] == ',' || !p[len]))
			return true;
	return false;
}

void sample_cgroup__mounts(struct sample_host *host, FILE *mountinfo)
{
	struct sample_mountinfo m;
	char line[4096];

	while (fgets(line, sizeof(line), mountinfo)) {
		size_t len = strcspn(line, "\n");
		bool whole = line[len] == '\n';

		line[len] = '\0';
		if (!whole) {
			/* The rest of a line that is too long must not be taken for one. */
			int c;

			while ((c = getc(mountinfo)) != EOF && c != '\n')
				;
			continue;
		}
		if (!sample_text__mountinfo(line, &m))
			continue;
		if (strcmp(m.type, "cgroup2") == 0)
			offer(&host->unified, &m);
		else if (strcmp(m.type, "cgroup") == 0 && has_option(m.options, "cpu"))
			offer(&host->cpu, &m);
	}
}

/* Does a path go up? Then it would leave the mount. */
static bool goes_up(const char *path)
{
	for (const char *p = path; (p = strstr(p, "/..")); p += 3)
		if (p[3] == '/' || !p[3])
			return true;
	return false;
}

int sample_cgroup__directory(const struct sample_mount *mount, const char *path, char *out,
			     size_t size)
{
	size_t root = strlen(mount->root);
	char whole[DIRECTORY_BYTES];
	int n;

	if (!mount->point[0])
		return -ENOENT;
	/* In a cgroup namespace both may begin with "/..": they agree, and what is left does not.
	 */
	if (strcmp(mount->root, "/") != 0) {
		if (strncmp(path, mount->root, root) != 0 || (path[root] && path[root] != '/'))
			return -ENOENT;
		path += root;
	}
	if (goes_up(path))
		return -ENOENT;
	if (strcmp(path, "/") == 0)
		path = "";
	n = snprintf(whole, sizeof(whole), "%s%s", mount->point, path);
	if (n < 0 || (size_t)n >= sizeof(whole) || (size_t)n >= size)
		return -ENAMETOOLONG;
	memcpy(out, whole, (size_t)n + 1);
	return 0;
}

static int open_level(const char *path)
{
	return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static double level_quota(int dir, bool v1)
{
	char text[64], period[64], both[sizeof(text) + sizeof(period)];

	if (!v1)
		return sample_file__read(dir, "cpu.max", text, sizeof(text)) > 0
			       ? sample_text__quota(text)
			       : 0;
	if (sample_file__read(dir, "cpu.cfs_quota_us", text, sizeof(text)) <= 0 ||
	    sample_file__read(dir, "cpu.cfs_period_us", period, sizeof(period)) <= 0 ||
	    text[0] == '-')
		return 0;
	text[strcspn(text, "\n")] = '\0';
	snprintf(both, sizeof(both), "%s %s", text, period);
	return sample_text__quota(both);
}

/*
 * A level that has neither figure has no quota. Of two that have, one may have been throttled long
 * ago and the other be now: their sum moves, their maximum might not.
 */
static void add_throttling(int dir, bool v1, struct thread_sample *out)
{
	char text[2048];
	int64_t time, count;

	if (sample_file__read(dir, "cpu.stat", text, sizeof(text)) <= 0)
		return;
	time = sample_text__value(text, v1 ? "throttled_time" : "throttled_usec");
	count = sample_text__value(text, "nr_throttled");
	if (time > 0 && !__builtin_mul_overflow(time, v1 ? 1 : 1000, &time) &&
	    __builtin_add_overflow(out->throttled_ns, time, &out->throttled_ns))
		out->throttled_ns = INT64_MAX;
	if (count > 0 && __builtin_add_overflow(out->throttled_count, count, &out->throttled_count))
		out->throttled_count = INT64_MAX;
}

static bool find_cpu(const struct sample_host *host, const char *text, char *path, size_t size,
		     bool *v1, size_t *top)
{
	char name[4096];

	*v1 = host->cpu.point[0] && sample_text__cgroup(text, "cpu", name, sizeof(name));
	if (!*v1 && !sample_text__cgroup(text, NULL, name, sizeof(name)))
		return false;
	*top = strlen(*v1 ? host->cpu.point : host->unified.point);
	return !sample_cgroup__directory(*v1 ? &host->cpu : &host->unified, name, path, size);
}

void sample_cgroup__cpu(const struct sample_host *host, const char *text, struct thread_sample *out)
{
	char path[DIRECTORY_BYTES];
	size_t top;
	int dir;
	bool v1;

	if (!find_cpu(host, text, path, sizeof(path), &v1, &top))
		return;
	dir = open_level(path);
	if (dir < 0)
		return;
	out->throttled_ns = out->throttled_count = 0;
	out->cpu_quota = 0;
	for (int level = 0; dir >= 0 && level < LEVELS_MAX; level++) {
		double quota = level_quota(dir, v1);
		char *slash = strrchr(path, '/');

		if (quota > 0 && (out->cpu_quota == 0 || quota < out->cpu_quota))
			out->cpu_quota = quota;
		/* cpu.stat of v2 adds up everything below; above, only who has a quota is asked. */
		if (!level || quota > 0)
			add_throttling(dir, v1, out);
		close(dir);
		if (strlen(path) <= top || !slash)
			return;
		*slash = '\0';
		dir = open_level(path);
	}
	if (dir >= 0)
		close(dir);
}

static double pressure_of(int dir, const char *name)
{
	char text[256];

	return sample_file__read(dir, name, text, sizeof(text)) > 0 ? sample_text__pressure(text)
								    : -1;
}

void sample_cgroup__pressure(const struct sample_host *host, const char *text,
			     struct thread_sample *out)
{
	const struct {
		const char *own, *all;
		double *value;
	} resources[] = {
		{"cpu.pressure", "/proc/pressure/cpu", &out->cpu_pressure},
		{"memory.pressure", "/proc/pressure/memory", &out->memory_pressure},
		{"io.pressure", "/proc/pressure/io", &out->io_pressure},
	};
	char name[4096], path[DIRECTORY_BYTES];
	int dir = -1;

	if (sample_text__cgroup(text, NULL, name, sizeof(name)) &&
	    !sample_cgroup__directory(&host->unified, name, path, sizeof(path)))
		dir = open_level(path);
	for (size_t i = 0; i < ARRAY_LEN(resources); i++) {
		*resources[i].value = dir >= 0 ? pressure_of(dir, resources[i].own) : -1;
		if (*resources[i].value < 0)
			*resources[i].value = pressure_of(AT_FDCWD, resources[i].all);
	}
	if (dir >= 0)
		close(dir);
}
