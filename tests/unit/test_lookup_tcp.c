// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_lookup_tcp.c - DNS messages in pieces of a TCP stream.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dns_samples.h"
#include "lookups.h"

static void tcp_piece(bool received, const uint8_t *data, size_t len)
{
	dns_record(received, true, 8, 1, (int)len, data, len);
}

static void test_truncated_then_tcp(void **state)
{
	const struct told *got;

	(void)state;
	entered("etcd2.lab");
	dns_record(false, false, 7, 1, sizeof(sample_query_a), sample_query_a,
		   sizeof(sample_query_a));
	dns_record(true, false, 7, 1, sizeof(sample_answer_truncated), sample_answer_truncated,
		   sizeof(sample_answer_truncated));
	got = expect_query(DNS_OK, "etcd2.lab", "A", 1, 0);
	assert_true(got->l.truncated);
	assert_false(got->l.tcp);
	assert_int_equal(got->l.answers, LW_UNKNOWN);
	/* glibc: both questions, with their lengths, in one send; each answer in two receives. */
	tcp_piece(false, sample_tcp_queries, sizeof(sample_tcp_queries));
	assert_int_equal(table.active_len, 3);
	now_ms += 1;
	tcp_piece(true, sample_tcp_answer, 2);
	tcp_piece(true, sample_tcp_answer + 2, sizeof(sample_tcp_answer) - 2);
	got = expect_query(DNS_OK, "etcd2.lab", "A", 1, 1);
	assert_true(got->l.tcp);
	assert_int_equal(got->l.answers, 2);
	tcp_piece(true, sample_answer_aaaa, sizeof(sample_answer_aaaa));
	assert_int_equal(expect_query(DNS_OK, "etcd2.lab", "AAAA", 1, 1)->l.answers, 1);
	returned(0);
	expect_resolve(DNS_OK, "etcd2.lab", "", 1);
	expect_no_more();
}

/* glibc: the first truncated answer, and both questions go over TCP; the other is not waited for.
 */
static void test_sibling_was_truncated(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		sent(7 + 2 * i, 1, 100, "etcd2.lab", A);
		sent(7 + 2 * i, 1, 101, "etcd2.lab", AAAA);
		pass(i ? 1500 : 500);
		if (i) {
			expect_query(DNS_IN_FLIGHT, "etcd2.lab", "A", 1, 1500);
			expect_query(DNS_IN_FLIGHT, "etcd2.lab", "AAAA", 1, 1500);
		}
		answered(7 + 2 * i, 1, 100, "etcd2.lab", A, TC, 0);
		expect_query(DNS_OK, "etcd2.lab", "A", 1, i ? 1500 : 500);
		tcp_piece(false, sample_tcp_queries, sizeof(sample_tcp_queries));
		if (i) /* once told, it needs an end */
			expect_query(DNS_TIMEOUT, "etcd2.lab", "AAAA", 1, 1500);
		expect_no_more();
		assert_int_equal(table.active_len, 2);
		tcp_piece(true, sample_answer_a, sizeof(sample_answer_a));
		tcp_piece(true, sample_answer_aaaa, sizeof(sample_answer_aaaa));
		expect_query(DNS_OK, "etcd2.lab", "A", 1, 0);
		expect_query(DNS_OK, "etcd2.lab", "AAAA", 1, 0);
	}
}

static void test_tcp_pieces(void **state)
{
	uint8_t id_like_length[sizeof(sample_query_a)];
	const struct told *got;

	(void)state;
	/* dnspython: the length alone, then the message. */
	tcp_piece(false, sample_tcp_queries, 2);
	assert_int_equal(table.active_len, 0);
	tcp_piece(false, sample_query_a, sizeof(sample_query_a));
	assert_int_equal(table.active_len, 1);
	/* The answer with its length, in one piece. */
	tcp_piece(true, sample_tcp_answer, sizeof(sample_tcp_answer));
	expect_query(DNS_OK, "etcd2.lab", "A", 1, 0);
	/* Its beginning, with and without the length: an answer, of how much is not known. */
	for (size_t skip = 0; skip <= 2; skip += 2) {
		tcp_piece(false, sample_query_a, sizeof(sample_query_a));
		tcp_piece(true, sample_tcp_answer + skip, 50 - skip);
		got = expect_query(DNS_OK, "etcd2.lab", "A", 1, 0);
		assert_int_equal(got->l.answers, LW_UNKNOWN);
		tcp_piece(true, sample_tcp_answer + 50, sizeof(sample_tcp_answer) - 50);
	}
	/* A message whose id looks like its length. */
	memcpy(id_like_length, sample_query_a, sizeof(id_like_length));
	id_like_length[0] = 0;
	id_like_length[1] = sizeof(id_like_length) - 2;
	tcp_piece(false, id_like_length, sizeof(id_like_length));
	assert_int_equal(waiting()->id, sizeof(id_like_length) - 2);
	expect_no_more();
	/* The capture of a piece ends early. */
	dns_record(false, true, 9, 1, sizeof(sample_tcp_queries), sample_tcp_queries, 41);
	assert_int_equal(table.active_len, 1); /* asked again at once, and the second not seen */
	assert_int_equal(waiting()->cookie, 9);
	dns_record(false, true, 10, 1, sizeof(sample_tcp_queries), sample_tcp_queries, 70);
	assert_int_equal(table.active_len, 2); /* the second one's question was seen */
	assert_string_equal(waiting()->type, "AAAA");
	expect_no_more();
}

static size_t framed(uint8_t *to, const uint8_t *data, size_t len)
{
	to[0] = (uint8_t)(len >> 8);
	to[1] = (uint8_t)len;
	memcpy(to + 2, data, len);
	return len + 2;
}

/* Both answers in one receive; and the second cut short by the capture. */
static void test_two_answers_in_one_piece(void **state)
{
	uint8_t both[512];
	size_t first = framed(both, sample_answer_a, sizeof(sample_answer_a));
	size_t len = first + framed(both + first, sample_answer_aaaa, sizeof(sample_answer_aaaa));

	(void)state;
	tcp_piece(false, sample_tcp_queries, sizeof(sample_tcp_queries));
	assert_int_equal(table.active_len, 2);
	tcp_piece(true, both, len);
	assert_int_equal(expect_query(DNS_OK, "etcd2.lab", "A", 1, 0)->l.answers, 2);
	assert_int_equal(expect_query(DNS_OK, "etcd2.lab", "AAAA", 1, 0)->l.answers, 1);
	expect_no_more();
	assert_int_equal(table.active_len, 0);
	/* Its length and what is captured of it are two things. */
	tcp_piece(false, sample_tcp_queries, sizeof(sample_tcp_queries));
	dns_record(true, true, 8, 1, (int)len, both, len - 4);
	assert_int_equal(expect_query(DNS_OK, "etcd2.lab", "A", 1, 0)->l.answers, 2);
	expect_query(DNS_OK, "etcd2.lab", "AAAA", 1, 0);
	expect_no_more();
}

static void test_tcp_closed(void **state)
{
	const struct told *got;

	(void)state;
	tcp_piece(false, sample_query_a, sizeof(sample_query_a));
	dns_record(true, true, 8, 1, 0, NULL, 0);
	got = expect_query(DNS_ERROR, "etcd2.lab", "A", 1, 0);
	assert_string_equal(got->l.error, "connection closed");
	tcp_piece(false, sample_query_a, sizeof(sample_query_a));
	dns_record(true, true, 8, 1, -ECONNRESET, NULL, 0);
	got = expect_query(DNS_ERROR, "etcd2.lab", "A", 1, 0);
	assert_string_equal(got->l.error, "ECONNRESET");
	expect_no_more();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_truncated_then_tcp), TEST(test_sibling_was_truncated),
		TEST(test_tcp_pieces),	       TEST(test_two_answers_in_one_piece),
		TEST(test_tcp_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
