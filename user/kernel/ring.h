/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ring.h - the reader of a BPF ring buffer (BPF_MAP_TYPE_RINGBUF; the kernel's
 * Documentation/bpf/ringbuf.rst, layout in kernel/bpf/ringbuf.c).
 *
 * libbpf's reader maps the data twice in a row, so that no record is ever split. All of those pages
 * count as resident: 4 MiB of data take another 4 MiB, to save copying one record per round.
 */
#ifndef LEASEWATCH_RING_H
#define LEASEWATCH_RING_H

#include <stdbool.h>
#include <stddef.h>

struct ring;

/* A record, whose bytes are valid until the function returns. */
typedef void (*ring_record_fn)(void *ctx, const void *record, size_t size);

/*
 * `fd` is the map's and stays the caller's; `bytes` is the size of its data, a power of two; a
 * record has at most `record_bytes`, else it is skipped. 0 or -errno.
 */
int ring__new(struct ring **out, int fd, size_t bytes, size_t record_bytes,
	      ring_record_fn on_record, void *ctx);
void ring__free(struct ring *r); /* NULL is fine */

/* Up to where the kernel has written: what lies before is there now, or is being written. */
unsigned long ring__end(const struct ring *r);

/*
 * The first 8 bytes of the record at the front, if it lies before `end`; NULL: there is none, or it
 * is still being written (ring__is_blocked) and those behind it wait.
 */
const void *ring__peek(struct ring *r, unsigned long end);
bool ring__is_blocked(const struct ring *r, unsigned long end);

/* Pass on the record at the front, which ring__peek() has found. */
void ring__pop(struct ring *r);

/* Pass on all records that are there now. Those that arrive meanwhile wait for the next call. */
void ring__consume(struct ring *r);

/*
 * The same for two buffers whose records begin with their time (struct lw_event), merged by it;
 * `slow` counts the calls in a row at which `data` was blocked.
 *
 * What ended is never passed on before what it did: all that a process wrote into `data` before its
 * EXIT was there when the end of `processes` was read, so `data` is read to its end first. And no
 * record before one of those has a later time than the EXIT, because the kernel side takes the time
 * before the place in the buffer. If `data` is blocked, `processes` waits, but for one call only:
 * somebody else's thread may be stopped in the middle of a record.
 */
void ring__consume_merged(struct ring *data, struct ring *processes, unsigned int *slow);

#endif
