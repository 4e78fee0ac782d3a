// SPDX-License-Identifier: GPL-2.0-or-later
/* test_http1.c - the framing of observed HTTP/1, whole, in pieces, and with holes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "guard.h"
#include "http1_samples.h"
#include "leasewatch/units.h"
#include "protocol/http1.h"

struct result {
	enum http1_status status;
	size_t consumed;
	unsigned heads;
};

static bool is_final(enum http1_status status)
{
	return status != HTTP1_MORE && status != HTTP1_HEAD;
}

/* Feed one piece to its end, as a caller has to: again after HTTP1_HEAD, with the rest. */
static void feed(struct http1_parser *p, const uint8_t *data, size_t captured, size_t total,
		 struct result *r)
{
	size_t at = 0, n;

	if (is_final(r->status))
		return;
	do {
		r->status = http1_feed(p, data + at, captured - at, total - at, &n);
		assert_true(n <= total - at);
		at += n;
		r->heads += r->status == HTTP1_HEAD;
	} while (r->status == HTTP1_HEAD);
	if (r->status == HTTP1_MORE)
		assert_int_equal(at, total);
	r->consumed += at;
}

static void begin(struct http1_parser *p, const struct sample *s)
{
	memset(p, 0xa5, sizeof(*p)); /* reset must not depend on what was there */
	http1_reset(p, s->kind);
	p->no_body = s->no_body;
}

static void end(struct http1_parser *p, const struct sample *s, struct result *r)
{
	if (s->eof && !is_final(r->status))
		r->status = http1_eof(p);
}

static void assert_same_message(const struct http1_message *a, const struct http1_message *b)
{
	assert_string_equal(a->method, b->method);
	assert_string_equal(a->target, b->target);
	assert_string_equal(a->host, b->host);
	assert_string_equal(a->agent, b->agent);
	assert_int_equal(a->status, b->status);
	assert_int_equal(a->raft_term, b->raft_term);
	assert_int_equal(a->cluster_id, b->cluster_id);
	assert_int_equal(a->close, b->close);
	assert_int_equal(a->head_done, b->head_done);
	assert_int_equal(a->body_truncated, b->body_truncated);
	assert_int_equal(a->body_total, b->body_total);
	assert_int_equal(a->body_len, b->body_len);
	assert_memory_equal(a->body, b->body, a->body_len);
}

static void test_samples(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
		const struct sample *s = &samples[i];
		size_t body_len = s->body ? strlen(s->body) : 0, len = s->len;
		struct result r = {0};
		struct http1_parser p;

		begin(&p, s);
		feed(&p, (const uint8_t *)s->text, len, len, &r);
		end(&p, s, &r);
		if (r.status != s->end || p.msg.status != s->status)
			print_error("sample: %s\n", s->name);
		assert_int_equal(r.status, s->end);
		assert_int_equal(p.msg.status, s->status);
		assert_int_equal(p.msg.body_len, body_len);
		assert_int_equal(p.msg.body_total, body_len);
		assert_memory_equal(p.msg.body, s->body ? s->body : "", body_len);
		assert_false(p.msg.body_truncated);
		if (r.status != HTTP1_DONE)
			continue;
		assert_int_equal(r.consumed, len - s->rest);
		assert_int_equal(r.heads, 1);
		assert_true(p.msg.head_done);
		assert_int_equal(p.msg.close, s->close);
		assert_int_equal(p.msg.raft_term, s->raft_term);
		assert_int_equal(p.msg.cluster_id, s->cluster_id);
	}
}

/* Byte by byte, and cut in two at every byte: the same as all at once. */
static void test_pieces(void **state)
{
	struct guard g = guard__new(4096);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
		const struct sample *s = &samples[i];
		size_t len = s->len;
		struct result whole = {0};
		struct http1_parser p, q;

		begin(&p, s);
		feed(&p, guard__put(&g, s->text, len), len, len, &whole);
		end(&p, s, &whole);
		for (size_t cut = 0; cut <= len; cut++) {
			struct result r = {0};
			/* The last round is the one that goes byte by byte. */
			size_t step = cut == len ? 1 : cut;

			begin(&q, s);
			feed(&q, guard__put(&g, "", 0), 0, 0, &r);
			for (size_t at = 0; at < len; at += step, step = cut == len ? 1 : len) {
				size_t n = step < len - at ? step : len - at;

				feed(&q, guard__put(&g, s->text + at, n), n, n, &r);
			}
			end(&q, s, &r);
			assert_int_equal(r.status, whole.status);
			if (whole.status == HTTP1_DONE)
				assert_int_equal(r.consumed, whole.consumed);
			assert_int_equal(r.heads, whole.heads);
			assert_same_message(&p.msg, &q.msg);
		}
	}
	guard__free(&g);
}

/*
 * Bytes of every sample, between every two places, are missing: the parser may say that it is lost,
 * but it may not place the end of the message anywhere else than where it is.
 */
static void test_holes(void **state)
{
	struct guard g = guard__new(4096);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
		const struct sample *s = &samples[i];
		size_t len = s->len;
		struct result whole = {0};
		struct http1_parser p, q;

		begin(&p, s);
		feed(&p, guard__put(&g, s->text, len), len, len, &whole);
		end(&p, s, &whole);
		if (whole.status != HTTP1_DONE)
			continue;
		for (size_t from = 0; from < len; from++) {
			for (size_t to = from + 1; to <= len; to++) {
				struct result r = {0};

				begin(&q, s);
				feed(&q, guard__put(&g, s->text, from), from, to, &r);
				feed(&q, guard__put(&g, s->text + to, len - to), len - to, len - to,
				     &r);
				end(&q, s, &r);
				if (r.status == HTTP1_LOST)
					continue;
				assert_int_equal(r.status, HTTP1_DONE);
				assert_int_equal(r.consumed, whole.consumed);
				assert_int_equal(q.msg.body_total, p.msg.body_total);
				assert_int_equal(q.msg.status, p.msg.status);
				assert_true(q.msg.body_len == p.msg.body_len ||
					    q.msg.body_truncated);
				assert_memory_equal(q.msg.body, p.msg.body, q.msg.body_len);
			}
		}
	}
	guard__free(&g);
}

static enum http1_status feed_text(struct http1_parser *p, const char *text)
{
	struct result r = {0};

	feed(p, (const uint8_t *)text, strlen(text), strlen(text), &r);
	return r.status;
}

static enum http1_status feed_hole(struct http1_parser *p, size_t len)
{
	struct result r = {0};

	feed(p, (const uint8_t *)"", 0, len, &r);
	return r.status;
}

static void test_request_head(void **state)
{
	struct http1_parser p;

	(void)state;
	http1_reset(&p, HTTP1_REQUEST);
	assert_int_equal(feed_text(&p,
				   "POST /v3/kv/range?x=1 HTTP/1.1\r\nHOST: \t etcd1.lab:2379 \r\n"
				   "User-Agent: Patroni/4.1.4 Python/3.11\r\n"
				   "Authorization: Basic 0123456789-0123456789-secret\r\n"
				   "Cookie: a=0123456789-0123456789-secret\r\n"
				   "X-Raft-Term: 4\r\nContent-Length: 0\r\n\r\n"),
			 HTTP1_DONE);
	assert_string_equal(p.msg.method, "POST");
	assert_string_equal(p.msg.target, "/v3/kv/range?x=1");
	assert_string_equal(p.msg.host, "etcd1.lab:2379");
	assert_string_equal(p.msg.agent, "Patroni/4.1.4 Python/3.11");
	assert_int_equal(p.msg.raft_term, 0); /* means nothing in a request */
	/* Nothing else of the head is left anywhere. */
	assert_null(memmem(&p.msg, offsetof(struct http1_message, body), "secret", 6));
	assert_null(memmem(p.line, sizeof(p.line), "secret", 6));

	/* The next message inherits nothing. */
	http1_reset(&p, HTTP1_REQUEST);
	assert_int_equal(feed_text(&p, "GET / HTTP/1.1\r\n\r\n"), HTTP1_DONE);
	assert_string_equal(p.msg.host, "");
	assert_string_equal(p.msg.agent, "");
}

static void test_targets(void **state)
{
	static const char *const cases[][2] = {
		{"http://root:pass@etcd:2379/v3/watch", "http://etcd:2379/v3/watch"},
		{"http://a@b:c@etcd", "http://etcd"},
		{"http://etcd/v3/x@y", "http://etcd/v3/x@y"},
		{"/v3?u=http://a:b@c/", "/v3?u=http://a:b@c/"},
		{"/a b", "/a b"},
		{"/\x80\xff", "/??"},
	};
	struct http1_parser p;
	char text[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\n\r\n", cases[i][0]);
		http1_reset(&p, HTTP1_REQUEST);
		assert_int_equal(feed_text(&p, text), HTTP1_DONE);
		assert_string_equal(p.msg.target, cases[i][1]);
	}
}

/* A line longer than the buffer is cut; that is fatal only where it decides on the framing. */
static void test_long_lines(void **state)
{
	static char pad[3 * HTTP1_LINE_BYTES];
	static char text[sizeof(pad) + 512];
	static const struct {
		const char *format;
		enum http1_kind kind;
		enum http1_status end;
	} cases[] = {
		{"HTTP/1.1 200 %s\r\nContent-Length: 0\r\n\r\n", R, HTTP1_DONE},
		{"HTTP/1.1 200 OK\r\nX-Long: %s\r\nContent-Length: 0\r\n\r\n", R, HTTP1_DONE},
		{"HTTP/1.1 200 OK\r\nX-Long: a\r\n %s\r\n b\r\nContent-Length: 0\r\n\r\n", R,
		 HTTP1_DONE},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0;%s\r\n%s\r\n\r\n", R,
		 HTTP1_DONE},
		{"GET /%s HTTP/1.1\r\n\r\n", Q, HTTP1_DONE},
		{"GET / HTTP/1.1\r\nHost: %s\r\n\r\n", Q, HTTP1_DONE},
		{"HTTP/1.1 200 OK\r\nContent-Length: %s\r\n\r\n", R, HTTP1_BAD},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: %s\r\n\r\n", R, HTTP1_BAD},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0%s\r\n\r\n", R, HTTP1_BAD},
	};
	struct http1_parser p;

	(void)state;
	memset(pad, '0', sizeof(pad) - 1);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		snprintf(text, sizeof(text), cases[i].format, pad, "");
		http1_reset(&p, cases[i].kind);
		assert_int_equal(feed_text(&p, text), cases[i].end);
	}
	http1_reset(&p, HTTP1_REQUEST);
	snprintf(text, sizeof(text), "GET /%s HTTP/1.1\r\nHost: %s\r\nUser-Agent: %s\r\n\r\n", pad,
		 "h", "u");
	assert_int_equal(feed_text(&p, text), HTTP1_DONE);
	assert_int_equal(strlen(p.msg.target), HTTP1_TARGET_BYTES - 1);
	assert_string_equal(p.msg.host, "h");
}

/* The first bytes of a long body are kept, the rest is counted; a watch goes on and on. */
static void test_endless_watch(void **state)
{
	static const char message[] = "{\"result\":{\"header\":{}}}\n";
	char chunk[64];
	struct http1_parser p;

	(void)state;
	http1_reset(&p, HTTP1_RESPONSE);
	assert_int_equal(feed_text(&p, OK "Transfer-Encoding: chunked\r\n\r\n"), HTTP1_MORE);
	snprintf(chunk, sizeof(chunk), "%zx\r\n%s\r\n", sizeof(message) - 1, message);
	for (uint64_t i = 1; i <= 1000; i++) {
		assert_int_equal(feed_text(&p, chunk), HTTP1_MORE);
		assert_int_equal(p.msg.body_total, i * (sizeof(message) - 1));
		assert_int_equal(p.msg.body_truncated, p.msg.body_total > HTTP1_BODY_BYTES);
	}
	assert_int_equal(p.msg.body_len, HTTP1_BODY_BYTES);
	assert_memory_equal(p.msg.body, message, sizeof(message) - 1);
	assert_int_equal(http1_eof(&p), HTTP1_BAD);
}

static void test_missing_body_bytes(void **state)
{
	struct http1_parser p;
	size_t n;

	(void)state;
	/* Inside a known length: counted, and nothing is kept behind the hole. */
	http1_reset(&p, HTTP1_RESPONSE);
	assert_int_equal(feed_text(&p, OK "Content-Length: 10\r\n\r\nab"), HTTP1_MORE);
	assert_int_equal(feed_hole(&p, 5), HTTP1_MORE);
	assert_int_equal(feed_text(&p, "xyz"), HTTP1_DONE);
	assert_int_equal(p.msg.body_len, 2);
	assert_int_equal(p.msg.body_total, 10);
	assert_true(p.msg.body_truncated);

	/* The hole reaches into the next message: that one is lost, this one is not. */
	http1_reset(&p, HTTP1_RESPONSE);
	assert_int_equal(feed_text(&p, OK "Content-Length: 10\r\n\r\nab"), HTTP1_MORE);
	assert_int_equal(http1_feed(&p, NULL, 0, 20, &n), HTTP1_DONE);
	assert_int_equal(n, 8);
	http1_reset(&p, HTTP1_RESPONSE);
	assert_int_equal(http1_feed(&p, NULL, 0, 12, &n), HTTP1_LOST);
	assert_int_equal(http1_feed(&p, OK, 5, 5, &n), HTTP1_LOST);
	assert_int_equal(http1_eof(&p), HTTP1_LOST);

	/* Of a chunk up to its last byte, but not one more. */
	http1_reset(&p, HTTP1_RESPONSE);
	assert_int_equal(feed_text(&p, OK "Transfer-Encoding: chunked\r\n\r\n5\r\na"), HTTP1_MORE);
	assert_int_equal(feed_hole(&p, 4), HTTP1_MORE);
	assert_int_equal(feed_text(&p, "\r\n0\r\n\r\n"), HTTP1_DONE);
	assert_int_equal(p.msg.body_total, 5);
	http1_reset(&p, HTTP1_RESPONSE);
	assert_int_equal(feed_text(&p, OK "Transfer-Encoding: chunked\r\n\r\n5\r\na"), HTTP1_MORE);
	assert_int_equal(feed_hole(&p, 5), HTTP1_LOST);

	/* Until the end of the connection: whatever it was. */
	http1_reset(&p, HTTP1_RESPONSE);
	assert_int_equal(feed_text(&p, OK "\r\na"), HTTP1_MORE);
	assert_int_equal(feed_hole(&p, 1000), HTTP1_MORE);
	assert_int_equal(http1_eof(&p), HTTP1_DONE);
	assert_int_equal(p.msg.body_total, 1001);
}

/* The caller learns what is asked before the body comes, and may refuse to hold a password. */
static void test_discard_body(void **state)
{
	static const char head[] =
		"POST /v3/auth/authenticate HTTP/1.1\r\nContent-Length: 8\r\n\r\n";
	struct http1_parser p;
	size_t n;

	(void)state;
	memset(&p, 0, sizeof(p));
	http1_reset(&p, HTTP1_REQUEST);
	assert_int_equal(http1_feed(&p, head, sizeof(head) - 1, sizeof(head) - 1, &n), HTTP1_HEAD);
	assert_string_equal(p.msg.target, "/v3/auth/authenticate");
	p.discard_body = true;
	assert_int_equal(http1_feed(&p, "password", 8, 8, &n), HTTP1_DONE);
	assert_int_equal(p.msg.body_total, 8);
	assert_int_equal(p.msg.body_len, 0);
	assert_null(memmem(&p, sizeof(p), "password", 8));
}

static void test_final_states_stay(void **state)
{
	struct http1_parser p;
	size_t n;

	(void)state;
	http1_reset(&p, HTTP1_REQUEST);
	assert_int_equal(feed_text(&p, "GET / HTTP/1.1\r\n\r\n"), HTTP1_DONE);
	assert_int_equal(http1_feed(&p, "GET", 3, 3, &n), HTTP1_DONE);
	assert_int_equal(n, 0);
	assert_int_equal(http1_eof(&p), HTTP1_DONE);

	http1_reset(&p, HTTP1_REQUEST);
	assert_int_equal(feed_text(&p, "nonsense"), HTTP1_BAD);
	assert_int_equal(http1_feed(&p, "GET", 3, 3, &n), HTTP1_BAD);
	assert_int_equal(n, 3);
	assert_int_equal(http1_eof(&p), HTTP1_BAD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_samples),	      cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_holes),	      cmocka_unit_test(test_request_head),
		cmocka_unit_test(test_targets),	      cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_endless_watch), cmocka_unit_test(test_missing_body_bytes),
		cmocka_unit_test(test_discard_body),  cmocka_unit_test(test_final_states_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
