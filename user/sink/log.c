// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * log.c - which file the JSON lines go to, and what happens when they cannot.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/place.h"
#include "leasewatch/units.h"
#include "sink/log.h"
#include "sink/sink.h"

/* What could not be opened, or is not read, is tried again this much later. */
#define RETRY_NS NS_PER_S
/*
 * A disk that was full is written to again when so much is free: between that and nothing, a short
 * line might get through here and there, and each would be reported as the end of the trouble.
 */
#define FREE_BYTES 65536

struct log {
	char path[PATH_MAX];
	int fd; /* -1: not open */
	struct sink *sink;
	bool broken, full;
	uint64_t lost, lost_said; /* lines */
	uint64_t failed_ns;	  /* when; the wall clock of a finding */
	int failed;		  /* the last try, and why; 0 = it did not */
};

static bool is_file(const struct log *l)
{
	return l->path[0] && strcmp(l->path, "-") != 0;
}

/* A writer was killed in the middle of a line: the next one begins on a line of its own. */
static int end_last_line(int fd)
{
	struct stat st;
	char last;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || !st.st_size)
		return 0;
	if (pread(fd, &last, 1, st.st_size - 1) != 1 || last == '\n')
		return 0;
	return write(fd, "\n", 1) == 1 ? 0 : -errno;
}

/* Its group may read it, whatever the umask. */
static int open_place(const char *path)
{
	struct place place;
	int fd = place__find(&place, path);

	if (fd)
		return fd;
	fd = place.kind == PLACE_FOREIGN ? -EXDEV : place__append(&place, 0640);
	place__close(&place);
	return fd;
}

static int open_file(const char *path)
{
	int fd = open_place(path), err;

	if (fd < 0)
		return fd;
	err = flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK ? -EBUSY : end_last_line(fd);
	if (!err)
		return fd;
	close(fd);
	return err;
}

/*
 * A reader of stdout that stops reading must not stop us. (A terminal is left as it is: its mode is
 * the shell's, too.)
 */
static int open_stdout(void)
{
	struct stat st;
	int flags = fcntl(STDOUT_FILENO, F_GETFL);

	if (flags < 0 || fstat(STDOUT_FILENO, &st))
		return -errno;
	if (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode))
		fcntl(STDOUT_FILENO, F_SETFL, flags | O_NONBLOCK);
	return STDOUT_FILENO;
}

static int open_log(struct log *l)
{
	int fd = -1;

	if (!l->path[0])
		return 0;
	fd = is_file(l) ? open_file(l->path) : open_stdout();
	if (fd < 0)
		return fd;
	l->sink = sink_json__new(fd);
	if (!l->sink) {
		if (is_file(l))
			close(fd);
		return -ENOMEM;
	}
	l->fd = fd;
	return 0;
}

static void close_log(struct log *l)
{
	sink__free(l->sink);
	l->sink = NULL;
	if (l->fd >= 0 && l->fd != STDOUT_FILENO)
		close(l->fd);
	l->fd = -1;
}

static const char *reason(int err)
{
	if (err == -EBUSY)
		return "another daemon writes to it";
	if (err == -EAGAIN)
		return "its reader does not read";
	return place__reason(err);
}

/* Say it when it begins to fail, and when that is over. */
static void note_result(struct log *l, int err)
{
	const char *name = is_file(l) ? l->path : "stdout";

	if (err && !l->broken)
		fprintf(stderr, "leasewatch: cannot write the log '%s': %s; lines are being lost\n",
			name, reason(err));
	else if (!err && l->broken)
		fprintf(stderr, "leasewatch: writing the log '%s' works again\n", name);
	l->broken = err != 0;
}

int log__open(struct log **out, const char *path, char *why, size_t why_size)
{
	struct log *l = calloc(1, sizeof(*l));
	int err;

	if (!l)
		return -ENOMEM;
	l->fd = -1;
	snprintf(l->path, sizeof(l->path), "%s", path);
	err = open_log(l);
	if (err == -ENOSPC || err == -EDQUOT) {
		note_result(l, err); /* as later, when the disk fills up: tried again */
	} else if (err) {
		snprintf(why, why_size, "cannot write the log '%s': %s", l->path, reason(err));
		free(l);
		return err;
	}
	*out = l;
	return 0;
}

void log__free(struct log *l)
{
	if (!l)
		return;
	close_log(l);
	free(l);
}

void log__reopen(struct log *l, const char *path)
{
	int err;

	close_log(l);
	snprintf(l->path, sizeof(l->path), "%s", path);
	err = open_log(l);
	if (err || l->broken)
		note_result(l, err);
	l->failed = 0;
}

/* Is it as full as it was? What cannot be asked is tried. */
static bool is_still_full(const struct log *l)
{
	struct statvfs fs;

	return l->full && !fstatvfs(l->fd, &fs) && (uint64_t)fs.f_bfree * fs.f_frsize < FREE_BYTES;
}

static int write_finding(struct log *l, const struct finding *f)
{
	int err = 0;

	/* Unsigned: the clock may have been set back since. */
	if (l->failed && f->ts_ns - l->failed_ns < RETRY_NS)
		return l->failed;
	if (l->fd < 0)
		err = open_log(l);
	if (!err && l->sink)
		err = is_still_full(l) ? -ENOSPC : sink__finding(l->sink, f);
	l->full = err == -ENOSPC;
	/* What takes time to fail is not tried for each line. */
	l->failed = l->fd < 0 || err == -EAGAIN ? err : 0;
	l->failed_ns = f->ts_ns;
	return err;
}

void log__finding(struct log *l, const struct finding *f)
{
	struct finding lost = {.type = FINDING_LOST, .ts_ns = f->ts_ns};
	int err = 0;

	if (!l->path[0])
		return;
	if (l->lost > l->lost_said) {
		lost.lost = (struct finding_lost){"log", l->lost - l->lost_said};
		err = write_finding(l, &lost);
		if (!err)
			l->lost_said = l->lost;
	}
	if (!err)
		err = write_finding(l, f);
	note_result(l, err);
	l->lost += err != 0;
}

uint64_t log__lost(const struct log *l)
{
	return l->lost;
}

bool log__works(const struct log *l)
{
	return !l->broken;
}
