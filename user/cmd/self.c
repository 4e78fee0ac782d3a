// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * self.c - see self.h.
 */
#include <dirent.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "cmd/self.h"

static uint64_t open_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	uint64_t n = 0;

	if (!dir)
		return 0;
	while (readdir(dir))
		n++;
	closedir(dir);
	return n > 3 ? n - 3 : 0; /* without ".", "..", and that of the directory itself */
}

static uint64_t resident_bytes(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	unsigned long pages = 0;

	if (!f)
		return 0;
	if (fscanf(f, "%*u %lu", &pages) != 1)
		pages = 0;
	fclose(f);
	return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

void self__measure(struct metrics_self *self)
{
	struct timespec cpu;

	self->cpu_s = 0;
	if (!clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu))
		self->cpu_s = (double)cpu.tv_sec + (double)cpu.tv_nsec / 1e9;
	self->resident_bytes = resident_bytes();
	self->open_files = open_files();
}
