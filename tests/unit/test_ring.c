// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_ring.c - the reader of the ring buffer, on memory that is laid out as the kernel's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <linux/bpf.h>

#include <cmocka.h>

#include "findings.h"
#include "kernel/ring.h"

#define DATA_BYTES   ((size_t)sysconf(_SC_PAGESIZE))
#define RECORD_BYTES 200

struct rig {
	int fd;
	uint8_t *memory;
	struct ring *ring;
	unsigned long *consumed, *produced;
	uint8_t *data;
	uint64_t written, read; /* records */
	bool flood;		/* for each that is read one more is written */
};

static bool write_record(struct rig *r, size_t len, uint32_t flags);

/* Each record is its own number, over and over; its length follows from that. */
static size_t length_of(uint64_t n)
{
	return 8 + (n * 37) % (RECORD_BYTES - 8);
}

static uint8_t byte_of(uint64_t n, size_t i)
{
	return (uint8_t)(n * 31 + i);
}

static void on_record(void *ctx, const void *record, size_t size)
{
	struct rig *r = ctx;
	const uint8_t *bytes = record;

	assert_int_equal(size, length_of(r->read));
	for (size_t i = 0; i < size; i++)
		assert_int_equal(bytes[i], byte_of(r->read, i));
	r->read++;
	if (r->flood)
		assert_true(write_record(r, length_of(r->written), 0));
}

static int setup(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	r->fd = memfd_create("ring", MFD_CLOEXEC);
	if (r->fd < 0 || ftruncate(r->fd, (off_t)(2 * page + DATA_BYTES)))
		return -1;
	r->memory = mmap(NULL, 2 * page + DATA_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, 0);
	r->consumed = (unsigned long *)r->memory;
	r->produced = (unsigned long *)(r->memory + page);
	r->data = r->memory + 2 * page;
	*state = r;
	return ring__new(&r->ring, r->fd, DATA_BYTES, RECORD_BYTES, on_record, r);
}

static int teardown(void **state)
{
	struct rig *r = *state;

	ring__free(r->ring);
	munmap(r->memory, 2 * (size_t)sysconf(_SC_PAGESIZE) + DATA_BYTES);
	close(r->fd);
	free(r);
	return 0;
}

/* As bpf_ringbuf_reserve() and what follows it; false: no room. */
static bool write_record(struct rig *r, size_t len, uint32_t flags)
{
	size_t need = (len + BPF_RINGBUF_HDR_SZ + 7) & ~7UL, at = *r->produced;

	if (at + need - *r->consumed > DATA_BYTES - 1)
		return false;
	*(uint32_t *)(r->data + at % DATA_BYTES) = (uint32_t)len | flags;
	for (size_t i = 0; i < len && !flags; i++)
		r->data[(at + BPF_RINGBUF_HDR_SZ + i) % DATA_BYTES] = byte_of(r->written, i);
	*r->produced = at + need;
	r->written += !flags;
	return true;
}

static void test_rounds(void **state)
{
	struct rig *r = *state;
	uint64_t random = 5;

	while (r->written < 20000) {
		uint64_t n = random_next(&random) % 40;

		for (uint64_t i = 0; i < n; i++) {
			uint32_t discard = random_next(&random) % 5 ? 0 : BPF_RINGBUF_DISCARD_BIT;

			if (!write_record(r, length_of(r->written), discard))
				break;
		}
		ring__consume(r->ring);
		assert_int_equal(r->read, r->written);
		assert_int_equal(*r->consumed, *r->produced);
	}
}

static void test_unfinished(void **state)
{
	struct rig *r = *state;
	unsigned long at = *r->produced;

	assert_true(write_record(r, length_of(0), BPF_RINGBUF_BUSY_BIT));
	*r->produced = at; /* the same place again, now with its bytes */
	assert_true(write_record(r, length_of(0), 0));
	*(uint32_t *)(r->data + at) |= BPF_RINGBUF_BUSY_BIT;
	assert_true(write_record(r, length_of(1), 0));
	ring__consume(r->ring);
	assert_int_equal(r->read, 0);
	*(uint32_t *)(r->data + at) &= ~BPF_RINGBUF_BUSY_BIT;
	ring__consume(r->ring);
	assert_int_equal(r->read, 2);
	ring__consume(r->ring);
	assert_int_equal(r->read, 2);
}

/* It comes as fast as it is read: there are other things to do. */
static void test_flood(void **state)
{
	struct rig *r = *state;

	for (int i = 0; i < 3; i++)
		assert_true(write_record(r, length_of(r->written), 0));
	r->flood = true;
	for (uint64_t turn = 1; turn <= 50; turn++) {
		ring__consume(r->ring);
		assert_int_equal(r->read, 3 * turn);
	}
	r->flood = false;
	ring__consume(r->ring);
	assert_int_equal(r->read, r->written);
}

/* Longer than any of ours, and in two pieces: there is no place to put it together. */
static void test_too_long(void **state)
{
	struct rig *r = *state;

	*r->produced = *r->consumed = DATA_BYTES - 64;
	assert_true(write_record(r, RECORD_BYTES + 1, 0));
	r->written = 0;
	assert_true(write_record(r, length_of(0), 0));
	ring__consume(r->ring);
	assert_int_equal(r->read, 1);
	assert_int_equal(*r->consumed, *r->produced);
}

/* ---- two buffers, merged by time */

struct pair {
	struct rig *rigs[2]; /* data, processes */
	uint64_t seen[16];
	size_t len;
	unsigned int slow;
};

static struct pair *pair; /* on_time gets only what ring__new was given */

static void on_time(void *ctx, const void *record, size_t size)
{
	uint64_t ts_ns;

	(void)ctx;
	assert_int_equal(size, sizeof(ts_ns));
	memcpy(&ts_ns, record, sizeof(ts_ns));
	pair->seen[pair->len++] = ts_ns;
}

static int setup_pair(void **state)
{
	pair = calloc(1, sizeof(*pair));
	for (int i = 0; i < 2; i++) {
		void *rig;

		if (setup(&rig))
			return -1;
		pair->rigs[i] = rig;
		ring__free(pair->rigs[i]->ring);
		if (ring__new(&pair->rigs[i]->ring, pair->rigs[i]->fd, DATA_BYTES, RECORD_BYTES,
			      on_time, NULL))
			return -1;
	}
	*state = pair;
	return 0;
}

static int teardown_pair(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		void *rig = pair->rigs[i];

		teardown(&rig);
	}
	free(pair);
	return 0;
}

/* Returns the place of its header. */
static uint32_t *write_time(struct rig *r, uint64_t ts_ns, uint32_t flags)
{
	uint32_t *header = (uint32_t *)(r->data + *r->produced % DATA_BYTES);

	assert_true(write_record(r, sizeof(ts_ns), flags));
	memcpy(header + 2, &ts_ns, sizeof(ts_ns));
	return header;
}

static void expect_times(const uint64_t *times, size_t n)
{
	ring__consume_merged(pair->rigs[0]->ring, pair->rigs[1]->ring, &pair->slow);
	assert_int_equal(pair->len, n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(pair->seen[i], times[i]);
	pair->len = 0;
}

static void test_merged_by_time(void **state)
{
	const uint64_t both[] = {1, 2, 3, 4, 5, 6}, late[] = {7};

	(void)state;
	write_time(pair->rigs[0], 1, 0);
	write_time(pair->rigs[0], 3, 0);
	write_time(pair->rigs[0], 9, BPF_RINGBUF_DISCARD_BIT);
	write_time(pair->rigs[0], 4, 0);
	write_time(pair->rigs[1], 2, 0);
	write_time(pair->rigs[1], 5, 0);
	write_time(pair->rigs[1], 6, 0);
	expect_times(both, 6);
	write_time(pair->rigs[1], 7, 0);
	expect_times(late, 1);
	expect_times(NULL, 0);
}

/* What ended waits for what it did, which is still being written: for one call, not for ever. */
static void test_merged_blocked(void **state)
{
	const uint64_t first[] = {1}, rest[] = {2, 3}, end[] = {5}, last[] = {4};
	uint32_t *header;

	(void)state;
	write_time(pair->rigs[0], 1, 0);
	header = write_time(pair->rigs[0], 2, 0);
	*header |= BPF_RINGBUF_BUSY_BIT;
	write_time(pair->rigs[1], 3, 0);
	expect_times(first, 1);
	*header &= ~BPF_RINGBUF_BUSY_BIT;
	expect_times(rest, 2);
	header = write_time(pair->rigs[0], 4, 0);
	*header |= BPF_RINGBUF_BUSY_BIT;
	write_time(pair->rigs[1], 5, 0);
	expect_times(NULL, 0);
	expect_times(end, 1);
	*header &= ~BPF_RINGBUF_BUSY_BIT;
	expect_times(last, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_rounds, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unfinished, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_long, setup, teardown),
		cmocka_unit_test_setup_teardown(test_flood, setup, teardown),
		cmocka_unit_test_setup_teardown(test_merged_by_time, setup_pair, teardown_pair),
		cmocka_unit_test_setup_teardown(test_merged_blocked, setup_pair, teardown_pair),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
