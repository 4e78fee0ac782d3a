/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * thread.h - what one thread of a Patroni process is in at this moment, from /proc.
 */
#ifndef LEASEWATCH_THREAD_H
#define LEASEWATCH_THREAD_H

#include <sys/types.h>

/*
 * State as in /proc/PID/stat, the kernel function that it sleeps in, and "recv from 127.0.0.1:5432"
 * when it waits on a socket. What cannot be read is left empty. 0, or -ESRCH.
 */
int thread__read(pid_t pid, pid_t tid, char *state, char *wchan, size_t wchan_size, char *waits_for,
		 size_t waits_for_size);

#endif
