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

/* Pass on all records that are there now. Those that arrive meanwhile wait for the next call. */
void ring__consume(struct ring *r);

#endif
