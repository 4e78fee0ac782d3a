// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * uprobes_job.c - see uprobes_private.h. The kernel may let a hook wait for seconds; the loop does
 * not.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/uprobes_private.h"

static bool is_known(const struct job *job, const struct library_copy *library)
{
	for (size_t i = 0; i < job->known; i++)
		if (job->copies[i].dev == library->dev && job->copies[i].ino == library->ino)
			return true;
	return false;
}

static bool is_hooked(const struct job *job)
{
	for (size_t i = 0; i < job->copies_len; i++)
		if (job->copies[i].hooked & 1U << job->set->essential)
			return true;
	return false;
}

static void say_unusable(struct job *job, const struct library_copy *library)
{
	if (library->err == -EREMOTE)
		snprintf(job->trouble, sizeof(job->trouble),
			 "cannot hook %s: it is on a FUSE or network file system, which may not "
			 "answer",
			 library->name);
	else
		snprintf(job->trouble, sizeof(job->trouble), "cannot read %s: %s", library->name,
			 strerror(-library->err));
}

static void add_found(struct job *job, const struct library_copy *library, int fd)
{
	int own = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	if (own < 0) {
		snprintf(job->trouble, sizeof(job->trouble), "cannot hook %s: %s", library->name,
			 strerror(errno));
		return;
	}
	job->fds[job->libraries_len] = own;
	job->libraries[job->libraries_len++] = *library;
}

struct job *job__new(const struct uprobe_set *set, pid_t tgid, const struct copy *copies, size_t n,
		     const struct library_copies *found, const int *fds)
{
	struct job *job = calloc(1, sizeof(*job));

	if (!job)
		return NULL;
	job->set = set;
	job->tgid = tgid;
	job->known = job->copies_len = n;
	memcpy(job->copies, copies, n * sizeof(*copies));
	if (found->err)
		snprintf(job->trouble, sizeof(job->trouble), "cannot hook %s: %s", set->what,
			 strerror(-found->err));
	for (uint32_t i = 0; i < found->len; i++) {
		const struct library_copy *library = &found->copies[i];
		int fd = library->err ? -1 : *fds++;

		if (fd < 0)
			say_unusable(job, library);
		else if (!is_known(job, library) &&
			 job->known + job->libraries_len < UPROBE_COPIES_MAX)
			add_found(job, library, fd);
	}
	job->found = is_hooked(job) || (found->len && job->trouble[0]);
	return job;
}

/* All that is hooked needs a return: without it, nothing is. */
static bool is_refused(struct job *job)
{
	job->refused = !copy__may_return(job->set, job->tgid);
	if (job->refused)
		snprintf(job->trouble, sizeof(job->trouble),
			 "cannot hook %s: the process has a seccomp filter, and on this kernel a "
			 "return probe kills such a process",
			 job->set->what);
	return job->refused;
}

static void *run_attach(void *arg)
{
	struct job *job = arg;
	bool refused = is_refused(job);

	for (size_t i = 0; i < job->libraries_len && !refused; i++) {
		struct copy *c = &job->copies[job->copies_len];

		copy__hook(c, job->set, job->tgid, &job->libraries[i], job->fds[i], job->trouble);
		job->copies_len += c->hooked != 0;
	}
	job->found = is_hooked(job) || job->trouble[0];
	atomic_store(&job->done, true);
	return NULL;
}

/* Signals are for the thread that runs the program. */
int job__start(struct job *job)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&job->thread, NULL, run_attach, job);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return err;
}

bool job__is_done(const struct job *job)
{
	return atomic_load(&job->done);
}

int job__join(struct job *job, const struct timespec *until)
{
	return pthread_timedjoin_np(job->thread, NULL, until);
}

void job__free(struct job *job)
{
	for (size_t i = 0; i < job->libraries_len; i++)
		close(job->fds[i]);
	free(job);
}
