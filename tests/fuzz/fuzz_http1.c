// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fuzz_http1.c - any bytes at all, as one direction of a connection.
 *
 * Input: one byte that says what it is (q: requests, r: answers, h: answers to HEAD), then the
 * bytes. What must hold: nothing is read or written out of bounds; how the bytes are cut into
 * pieces makes no difference; bytes that were not captured may lose a message, but never move its
 * end.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "protocol/http1.h"

struct run {
	struct http1_parser parser;
	enum http1_status status;
	size_t consumed;
	unsigned heads;
};

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void check_text(const char *text, size_t size)
{
	size_t len = strnlen(text, size);

	CHECK(len < size);
	for (size_t i = 0; i < len; i++)
		CHECK(text[i] >= 0x20 && text[i] < 0x7f);
}

static void check_message(const struct http1_message *msg)
{
	check_text(msg->method, sizeof(msg->method));
	check_text(msg->target, sizeof(msg->target));
	check_text(msg->host, sizeof(msg->host));
	check_text(msg->agent, sizeof(msg->agent));
	CHECK(msg->status == 0 || (msg->status >= 100 && msg->status <= 999));
	CHECK(msg->body_len <= sizeof(msg->body) && msg->body_len <= msg->body_total);
	CHECK(msg->body_truncated == (msg->body_len < msg->body_total));
}

static void begin(struct run *r, uint8_t what)
{
	memset(&r->parser, 0xa5, sizeof(r->parser));
	http1_reset(&r->parser, what == 'q' ? HTTP1_REQUEST : HTTP1_RESPONSE);
	r->parser.no_body = what == 'h';
	r->status = HTTP1_MORE;
	r->consumed = 0;
	r->heads = 0;
}

static bool is_final(enum http1_status status)
{
	return status != HTTP1_MORE && status != HTTP1_HEAD;
}

/* The piece is copied to where its end is the end of an allocation. */
static void feed(struct run *r, const uint8_t *data, size_t captured, size_t total)
{
	uint8_t *copy = malloc(captured ? captured : 1);
	size_t at = 0, n;

	CHECK(copy);
	memcpy(copy, data, captured);
	while (!is_final(r->status)) {
		r->status = http1_feed(&r->parser, copy + at, captured > at ? captured - at : 0,
				       total - at, &n);
		CHECK(n <= total - at);
		at += n;
		check_message(&r->parser.msg);
		if (r->status != HTTP1_HEAD)
			break;
		CHECK(r->parser.msg.head_done);
		r->heads++;
	}
	CHECK(r->status != HTTP1_MORE || at == total);
	CHECK(r->heads <= 1);
	r->consumed += at;
	free(copy);
}

static void check_same(const struct run *a, const struct run *b)
{
	const struct http1_message *m = &a->parser.msg, *n = &b->parser.msg;

	CHECK(a->status == b->status && a->heads == b->heads);
	CHECK(a->status != HTTP1_DONE || a->consumed == b->consumed);
	CHECK(!strcmp(m->method, n->method) && !strcmp(m->target, n->target));
	CHECK(!strcmp(m->host, n->host) && !strcmp(m->agent, n->agent));
	CHECK(m->status == n->status && m->raft_term == n->raft_term && m->close == n->close);
	CHECK(m->head_done == n->head_done && m->body_truncated == n->body_truncated);
	CHECK(m->body_total == n->body_total && m->body_len == n->body_len);
	CHECK(!memcmp(m->body, n->body, m->body_len));
}

/* Some bytes of each piece are not captured. It ends where the whole one ends, or is lost. */
static void run_with_holes(struct run *r, const struct run *whole, const uint8_t *data, size_t len,
			   uint64_t seed)
{
	for (size_t at = 0; at < len && !is_final(r->status);) {
		size_t total = 1 + next_random(&seed) % (len - at);
		size_t hole = next_random(&seed) % 4 ? 0 : next_random(&seed) % (total + 1);

		feed(r, data + at, total - hole, total);
		at += total;
	}
	if (r->status == HTTP1_LOST)
		return;
	CHECK(r->status == whole->status);
	CHECK(r->status != HTTP1_DONE || r->consumed == whole->consumed);
	CHECK(r->parser.msg.body_total == whole->parser.msg.body_total);
	CHECK(r->parser.msg.status == whole->parser.msg.status);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct run whole, other;
	uint64_t seed = 0x9e3779b97f4a7c15;
	uint8_t what;

	if (!len)
		return 0;
	what = *data++;
	len--;
	for (size_t i = 0; i < len; i++)
		seed = (seed ^ data[i]) * 0x100000001b3;
	seed |= 1;

	begin(&whole, what);
	feed(&whole, data, len, len);

	begin(&other, what);
	for (size_t i = 0; i < len; i++)
		feed(&other, data + i, 1, 1);
	check_same(&whole, &other);

	begin(&other, what);
	for (size_t at = 0, n; at < len; at += n) {
		n = 1 + next_random(&seed) % (len - at);
		feed(&other, data + at, n, n);
	}
	check_same(&whole, &other);

	begin(&other, what);
	run_with_holes(&other, &whole, data, len, seed | 1);

	/* What the end of the connection says is final, too. */
	if (!is_final(whole.status)) {
		whole.status = http1_eof(&whole.parser);
		CHECK(whole.status == HTTP1_DONE || whole.status == HTTP1_BAD);
		CHECK(http1_eof(&whole.parser) == whole.status);
	}
	return 0;
}
