/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * thread_sample.h - what a thread was in at one moment, and what its host had done to it: from
 * /proc (user/host/sample.c) to the finding, in one shape.
 *
 * The counters run since the thread or the host began: what counts is how they differ between two
 * samples. LW_UNKNOWN, which is -1, where a kernel or a missing capability does not give one.
 */
#ifndef LEASEWATCH_THREAD_SAMPLE_H
#define LEASEWATCH_THREAD_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

enum wait_kind {
	WAIT_UNKNOWN, /* it runs, or nobody can tell */
	WAIT_STOPPED, /* by a signal, until SIGCONT */
	WAIT_TRACED,  /* stopped by a debugger */
	WAIT_SLEEP,
	WAIT_LOCK,	   /* or to be woken by another thread: futex */
	WAIT_LOCK_TIMEOUT, /* the same with a timeout: how Patroni idles between two loops */
	WAIT_SIGNAL,
	WAIT_CHILD,    /* the end of a child; object: "4711 (pg_rewind)", "" = not known which */
	WAIT_MEMORY,   /* a page that is read from disk */
	WAIT_SYSCALL,  /* another system call; object: its number */
	WAIT_POSTGRES, /* call and object; a socket that leads to PostgreSQL */
	WAIT_NAMESERVER,
	WAIT_OBJECT, /* call and object: another socket, a file, a pipe */
};

/* What it waits for. Valid UTF-8 without control characters; the same for the same wait. */
struct thread_wait {
	enum wait_kind kind;
	char call[20];	 /* "recv from", "open of" */
	char object[84]; /* "127.0.0.1:5432", "/data/postmaster.pid"; "" = not known */
	size_t more;	 /* descriptors that it waits on beside this one */
};

struct thread_sample {
	uint64_t at_ns; /* CLOCK_BOOTTIME; 0 = there is no sample */

	/* Set by whoever compares it with earlier samples; 0 = not known, or not so. */
	uint64_t since_ns;    /* it has waited for the same in every sample since */
	uint64_t starving_ns; /* it could run and has not run since */

	char state;	  /* as in /proc/PID/stat: R S D T t Z ...; 0 = not known */
	char wchan[32];	  /* kernel function that it sleeps in; "" = not known */
	char syscall[24]; /* "recvfrom", "poll", "futex", ...; "" = none, or not known */
	struct thread_wait wait;

	/*
	 * The thread's schedstat: time on a CPU, and time that it could have run and got none.
	 * The kernel books a wait for a CPU when it ends: a thread in state R whose runtime_ns
	 * stands still is waiting for one now.
	 */
	int64_t runtime_ns, run_delay_ns;

	/*
	 * CPU time taken away by the quota of its cgroup and of those above it, summed over levels
	 * and CPUs (so it may outrun the clock), and how often. 0 where no quota was ever met.
	 */
	int64_t throttled_ns, throttled_count;

	/* The smallest quota over it, in CPUs: 0.5 = half of one. 0 = no limit, -1 = not known. */
	double cpu_quota;

	int64_t major_faults; /* of the thread: pages it waited for the disk to bring */

	/*
	 * Share of the last 10 s in which some task waited for it, percent (PSI "some avg10"): of
	 * its cgroup where that has figures of its own, else of the host. -1 = the kernel has none.
	 */
	double cpu_pressure, memory_pressure, io_pressure;

	/* CLOCK_BOOTTIME - CLOCK_MONOTONIC: grows while the host is suspended, else only by
	 * nanoseconds of noise. A virtual machine that is paused from outside may not notice. */
	int64_t suspended_ns;
};

#endif
