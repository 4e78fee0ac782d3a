/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * limits.h - every bound that the kernel side and user space must agree on.
 *
 * The user always sees when a bound was hit: a capture that was cut is marked as cut, a table that
 * was full is counted as a loss.
 */
#ifndef LEASEWATCH_LIMITS_H
#define LEASEWATCH_LIMITS_H

/*
 * Bytes of one send or receive that are copied. Patroni reads answers 8192 bytes at a time, so the
 * framing of a chunked answer is seen whole; a longer single call is cut and marked.
 */
#define LW_CAPTURE_BYTES 8192

/* Bytes of one DNS message that are copied: what UDP carries without EDNS, and what glibc asks for
 * with it; only the question and the first answers matter. */
#define LW_DNS_BYTES 1232

/*
 * Bytes copied from a piece of a TLS handshake: the server name of a ClientHello is near its
 * beginning. From other pieces, only enough for a record's header or a whole alert.
 */
#define LW_TLS_BYTES	   1024
#define LW_TLS_PIECE_BYTES 32

/* TLS connections, of all targets, that are read at once. */
#define LW_TLS_SOCKETS_MAX 4096

/* ... and of one; a Patroni has about ten. */
#define LW_TLS_TARGET_SOCKETS_MAX 64

/* Length of a host name with its final NUL: DNS allows 253 bytes. */
#define LW_HOST_BYTES 256

/* Patroni processes that leasewatch follows at once. */
#define LW_TARGETS_MAX 1024

/* Ring buffer between the kernel and user space. A power of two, and a multiple of the page size.
 */
#define LW_RING_BYTES (4 * 1024 * 1024)

/* The same for programs that begin and end, so that a flood of data never costs one of those. */
#define LW_PROCESS_RING_BYTES (256 * 1024)

/*
 * What one target may put into the ring buffer in a window: half of it, in the longest time between
 * two looks of the reader, so that some is left for the others. That is 40 MiB a second; a Patroni
 * takes a few KiB. What makes sense of the rest, the life of its connections and what we ask for,
 * may take an eighth more.
 */
#define LW_BUDGET_WINDOW_NS  50000000ULL
#define LW_BUDGET_BYTES	     (LW_RING_BYTES / 2)
#define LW_BUDGET_LIFE_BYTES (LW_BUDGET_BYTES + LW_RING_BYTES / 8)

/* The unit of a process's start time in /proc/PID/stat: USER_HZ is 100 on all that we run on. */
#define LW_START_TICK_NS 10000000ULL

/* Length of a task's name in the kernel, with its final NUL (TASK_COMM_LEN). */
#define LW_COMM_BYTES 16

#endif
