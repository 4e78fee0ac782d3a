// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ring.c - see ring.h. The map has three areas: a page with the position up to which we have read
 * (we write it), a page with the position up to which the kernel has written, and the data.
 * Positions only grow; the data is found at the position modulo its size.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <linux/bpf.h>

#include "kernel/ring.h"

struct ring {
	unsigned long *consumed;
	const unsigned long *produced;
	const uint8_t *data;
	size_t bytes, page_bytes;
	uint8_t *whole; /* a record that goes on at the beginning */
	size_t record_bytes;
	ring_record_fn on_record;
	void *ctx;
};

static int map_areas(struct ring *r, int fd)
{
	void *area = mmap(NULL, r->page_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (area == MAP_FAILED)
		return -errno;
	r->consumed = area;
	area = mmap(NULL, r->page_bytes + r->bytes, PROT_READ, MAP_SHARED, fd,
		    (off_t)r->page_bytes);
	if (area == MAP_FAILED)
		return -errno;
	r->produced = area;
	r->data = (const uint8_t *)area + r->page_bytes;
	return 0;
}

int ring__new(struct ring **out, int fd, size_t bytes, size_t record_bytes,
	      ring_record_fn on_record, void *ctx)
{
	struct ring *r = calloc(1, sizeof(*r));
	int err = -ENOMEM;

	if (!r)
		return err;
	*r = (struct ring){
		.bytes = bytes,
		.page_bytes = (size_t)sysconf(_SC_PAGESIZE),
		.whole = malloc(record_bytes),
		.record_bytes = record_bytes,
		.on_record = on_record,
		.ctx = ctx,
	};
	if (r->whole)
		err = map_areas(r, fd);
	if (err) {
		ring__free(r);
		return err;
	}
	*out = r;
	return 0;
}

void ring__free(struct ring *r)
{
	if (!r)
		return;
	if (r->consumed)
		munmap(r->consumed, r->page_bytes);
	if (r->produced)
		munmap((void *)(uintptr_t)r->produced, r->page_bytes + r->bytes);
	free(r->whole);
	free(r);
}

static void hand_over_record(struct ring *r, size_t at, size_t len)
{
	size_t first = r->bytes - at;

	if (len <= first) {
		r->on_record(r->ctx, r->data + at, len);
		return;
	}
	if (len > r->record_bytes)
		return;
	memcpy(r->whole, r->data + at, first);
	memcpy(r->whole + first, r->data, len - first);
	r->on_record(r->ctx, r->whole, len);
}

unsigned long ring__end(const struct ring *r)
{
	return __atomic_load_n(r->produced, __ATOMIC_ACQUIRE);
}

static uint32_t front_word(const struct ring *r, unsigned long at)
{
	return __atomic_load_n((const uint32_t *)(r->data + (at & (r->bytes - 1))),
			       __ATOMIC_ACQUIRE);
}

static void step_over(struct ring *r, size_t len)
{
	unsigned long at = *r->consumed; /* nobody else writes it */

	at += (len + BPF_RINGBUF_HDR_SZ + 7) & ~7UL;
	__atomic_store_n(r->consumed, at, __ATOMIC_RELEASE);
}

const void *ring__peek(struct ring *r, unsigned long end)
{
	while (*r->consumed < end) {
		uint32_t word = front_word(r, *r->consumed);

		if (word & BPF_RINGBUF_BUSY_BIT)
			return NULL;
		if (!(word & BPF_RINGBUF_DISCARD_BIT))
			return r->data + ((*r->consumed + BPF_RINGBUF_HDR_SZ) & (r->bytes - 1));
		step_over(r, word & ~BPF_RINGBUF_DISCARD_BIT);
	}
	return NULL;
}

bool ring__is_blocked(const struct ring *r, unsigned long end)
{
	return *r->consumed < end;
}

void ring__pop(struct ring *r)
{
	unsigned long at = *r->consumed;
	size_t len = front_word(r, at);

	hand_over_record(r, (at + BPF_RINGBUF_HDR_SZ) & (r->bytes - 1), len);
	step_over(r, len);
}

void ring__consume(struct ring *r)
{
	unsigned long end = ring__end(r);

	while (ring__peek(r, end))
		ring__pop(r);
}

static uint64_t time_of(const void *record)
{
	uint64_t ts_ns;

	memcpy(&ts_ns, record, sizeof(ts_ns));
	return ts_ns;
}

void ring__consume_merged(struct ring *data, struct ring *processes, unsigned int *slow)
{
	unsigned long processes_end = ring__end(processes), data_end = ring__end(data);
	const void *d, *p;

	while ((d = ring__peek(data, data_end))) {
		while ((p = ring__peek(processes, processes_end)) && time_of(p) < time_of(d))
			ring__pop(processes);
		ring__pop(data);
	}
	*slow = ring__is_blocked(data, data_end) ? *slow + 1 : 0;
	if (*slow == 1)
		return;
	while (ring__peek(processes, processes_end))
		ring__pop(processes);
}
