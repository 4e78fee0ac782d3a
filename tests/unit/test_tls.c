// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_tls.c - what a TLS connection says in the clear, cut anywhere; and OpenSSL's errors.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "guard.h"
#include "leasewatch/units.h"
#include "protocol/tls.h"
#include "tls_samples.h"

#define HEADER	  TLS_HEADER_BYTES
#define UNTOUCHED "untouched"

static struct guard guard;

static int name_in(const uint8_t *hello, size_t len, char *name)
{
	strcpy(name, UNTOUCHED);
	return tls_client_hello_name(guard__put(&guard, hello + HEADER, len - HEADER), len - HEADER,
				     name);
}

static void test_names(void **state)
{
	char name[TLS_NAME_BYTES];

	(void)state;
	assert_int_equal(name_in(sample_hello, sizeof(sample_hello), name), 0);
	assert_string_equal(name, "etcd1.lab");
	assert_int_equal(name_in(sample_hello_12, sizeof(sample_hello_12), name), 0);
	assert_string_equal(name, "");
}

/* What is cut off is never guessed: the name, or that there is more to come. */
static void test_names_cut_anywhere(void **state)
{
	const char *at = memmem(sample_hello, sizeof(sample_hello), "etcd1.lab", 9);
	size_t seen = (size_t)((const uint8_t *)at - sample_hello) + 9;
	char name[TLS_NAME_BYTES];

	(void)state;
	for (size_t len = HEADER; len < sizeof(sample_hello); len++) {
		int ret = name_in(sample_hello, len, name);

		assert_int_equal(ret, len < seen ? -EAGAIN : 0);
		assert_string_equal(name, len < seen ? UNTOUCHED : "etcd1.lab");
	}
	for (size_t len = HEADER; len < sizeof(sample_hello_12); len++)
		assert_int_equal(name_in(sample_hello_12, len, name), -EAGAIN);
}

static void test_hostile_hellos(void **state)
{
	uint8_t hello[sizeof(sample_hello)];
	char name[TLS_NAME_BYTES];
	size_t at;

	(void)state;
	memcpy(hello, sample_hello, sizeof(hello));
	hello[HEADER] = 2;
	assert_int_equal(name_in(hello, sizeof(hello), name), -EBADMSG);
	hello[HEADER] = TLS_CLIENT_HELLO;
	at = (size_t)((uint8_t *)memmem(hello, sizeof(hello), "etcd1.lab", 9) - hello);
	hello[at - 3] = 1; /* not a host name */
	assert_int_equal(name_in(hello, sizeof(hello), name), -EBADMSG);
	hello[at - 3] = 0;
	hello[at - 2] = 0xff; /* longer than all */
	assert_int_equal(name_in(hello, sizeof(hello), name), -EAGAIN);
	assert_string_equal(name, UNTOUCHED);
	hello[at - 2] = 0;
	memcpy(hello + at, "a\x1b[2J\n\"<", 8);
	assert_int_equal(name_in(hello, sizeof(hello), name), 0);
	assert_string_equal(name, "a?[2J?\"<b");
}

/* A hello with these extensions, which it says are `says` bytes long. */
static int name_behind(const char *extensions, size_t len, size_t says, char *name)
{
	uint8_t hello[HEADER + 1024] = {[HEADER] = TLS_CLIENT_HELLO};
	size_t fixed = 1 + 3 + 2 + 32 + 1 + 2 + 2 + 1 + 1;
	uint8_t *at = hello + HEADER + fixed;

	hello[HEADER + 2] = (uint8_t)((fixed - 4 + 2 + len) >> 8);
	hello[HEADER + 3] = (uint8_t)(fixed - 4 + 2 + len);
	at[-5] = 2; /* one cipher suite */
	at[-2] = 1; /* no compression */
	at[0] = (uint8_t)(says >> 8);
	at[1] = (uint8_t)says;
	memcpy(at + 2, extensions, len);
	return name_in(hello, HEADER + fixed + 2 + len, name);
}

/* `more` bytes are yet to come. */
static int name_without_extensions(size_t more, char *name)
{
	uint8_t hello[HEADER + 1 + 3 + 2 + 32 + 1 + 2 + 2 + 1 + 1] = {[HEADER] = TLS_CLIENT_HELLO};

	hello[HEADER + 3] = (uint8_t)(sizeof(hello) - HEADER - 4 + more);
	hello[sizeof(hello) - 5] = 2;
	hello[sizeof(hello) - 2] = 1;
	return name_in(hello, sizeof(hello), name);
}

#define NAME_BEHIND(extensions, name)                                                              \
	name_behind(extensions, sizeof(extensions) - 1, sizeof(extensions) - 1, name)

static void test_extensions(void **state)
{
	static const char named[] = "\0\x17\0\0\0\0\0\x08\0\x06\0\0\3a.b";
	char name[TLS_NAME_BYTES], longest[9 + TLS_NAME_BYTES] = {0};

	(void)state;
	assert_int_equal(NAME_BEHIND("\0\x17\0\0", name), 0);
	assert_string_equal(name, "");
	assert_int_equal(NAME_BEHIND(named, name), 0);
	assert_string_equal(name, "a.b");
	assert_int_equal(NAME_BEHIND("\0\x17\0\1x\0\x10\0\2xx", name), 0);
	assert_string_equal(name, "");
	/* none at all, as before TLS 1.3; and cut just there */
	assert_int_equal(name_without_extensions(0, name), 0);
	assert_string_equal(name, "");
	assert_int_equal(name_without_extensions(1, name), -EAGAIN);
	assert_string_equal(name, UNTOUCHED);
	/* one that is longer than all of them, and something that is too short to be one */
	assert_int_equal(NAME_BEHIND("\0\x17\0\1", name), -EBADMSG);
	assert_int_equal(name_behind("\0\x17\0\2xx", 6, 5, name), -EBADMSG);
	assert_int_equal(NAME_BEHIND("\0\x17\0\0\0\x17\0", name), -EBADMSG);
	/* an empty name, and the longest that is kept */
	assert_int_equal(NAME_BEHIND("\0\0\0\5\0\3\0\0\0", name), -EBADMSG);
	for (size_t n = TLS_NAME_BYTES - 1; n <= TLS_NAME_BYTES; n++) {
		longest[2] = (char)((n + 5) >> 8);
		longest[3] = (char)(n + 5);
		longest[4] = (char)((n + 3) >> 8);
		longest[5] = (char)(n + 3);
		longest[7] = (char)(n >> 8);
		longest[8] = (char)n;
		memset(longest + 9, 'x', n);
		assert_int_equal(name_behind(longest, 9 + n, 9 + n, name),
				 n < TLS_NAME_BYTES ? 0 : -EBADMSG);
	}
	assert_string_equal(name, UNTOUCHED);
}

/* Feed `data` in pieces of `step` bytes; what is found, as "type.len" words. */
static const char *records(const uint8_t *data, size_t len, size_t step)
{
	static char found[512];
	struct tls_framer f = {0};
	struct tls_piece p;
	size_t used, bodies = 0;

	found[0] = '\0';
	for (size_t i = 0; i < len; i += step) {
		size_t left = step < len - i ? step : len - i;
		const uint8_t *at = guard__put(&guard, data + i, left);

		while (left) {
			enum tls_status status = tls_feed(&f, at, left, left, &used, &p);

			assert_true(used && used <= left);
			assert_int_not_equal(status, TLS_LOST);
			if (status == TLS_PIECE) {
				assert_int_equal(p.captured, p.total);
				assert_true(p.at + p.total <= p.len);
				if (p.at + p.total == p.len)
					snprintf(found + strlen(found),
						 sizeof(found) - strlen(found), "%u.%u ", p.type,
						 p.len);
				bodies += p.total;
			}
			at += used;
			left -= used;
		}
	}
	snprintf(found + strlen(found), sizeof(found) - strlen(found), "= %zu", bodies);
	return found;
}

static void test_records_in_any_pieces(void **state)
{
	uint8_t flight[sizeof(sample_hello) + sizeof(sample_change_cipher) + sizeof(sample_alert)];
	size_t len = 0;

	(void)state;
	memcpy(flight, sample_hello, sizeof(sample_hello));
	len += sizeof(sample_hello);
	memcpy(flight + len, sample_change_cipher, sizeof(sample_change_cipher));
	len += sizeof(sample_change_cipher);
	memcpy(flight + len, sample_alert, sizeof(sample_alert));
	len += sizeof(sample_alert);
	for (size_t step = 1; step <= len; step++)
		assert_string_equal(records(flight, len, step), "22.512 20.1 21.2 = 515");
}

/* As libssl reads: the header, then the body; of which little is captured. */
static void test_what_is_not_captured(void **state)
{
	struct tls_framer f = {0};
	struct tls_piece p;
	size_t used;

	(void)state;
	assert_int_equal(tls_feed(&f, sample_data_header, 5, 5, &used, &p), TLS_PIECE);
	assert_true(p.type == TLS_CONTENT_DATA && p.len == 256 && p.total == 0 && used == 5);
	assert_int_equal(tls_feed(&f, sample_hello, 32, 256, &used, &p), TLS_PIECE);
	assert_true(p.at == 0 && p.total == 256 && p.captured == 32 && used == 256);
	/* A record and the next, whose header was not captured: lost, until one begins a piece. */
	assert_int_equal(tls_feed(&f, sample_hello, 32, 5 + 512 + 100, &used, &p), TLS_PIECE);
	assert_int_equal(used, 5 + 512);
	assert_int_equal(tls_feed(&f, NULL, 0, 100, &used, &p), TLS_LOST);
	assert_int_equal(used, 100);
	assert_int_equal(tls_feed(&f, (const uint8_t *)"junk and so on", 14, 99, &used, &p),
			 TLS_LOST);
	assert_int_equal(used, 99);
	assert_int_equal(tls_feed(&f, sample_alert, 7, 7, &used, &p), TLS_PIECE);
	assert_true(p.type == TLS_CONTENT_ALERT && p.captured == 2 && p.bytes[1] == 42);
}

/* Part of a header, and a hole: the next header is read from its beginning. */
static void test_half_a_header(void **state)
{
	struct tls_framer f = {0};
	struct tls_piece p;
	size_t used;

	(void)state;
	assert_int_equal(tls_feed(&f, sample_hello, 3, 3, &used, &p), TLS_MORE);
	assert_int_equal(tls_feed(&f, NULL, 0, 10, &used, &p), TLS_LOST);
	assert_int_equal(tls_feed(&f, sample_alert, 7, 7, &used, &p), TLS_PIECE);
	assert_true(p.type == TLS_CONTENT_ALERT && p.len == 2 && p.captured == 2);
}

static void test_longest_record(void **state)
{
	struct tls_framer f = {0};
	struct tls_piece p;
	size_t used;

	(void)state;
	assert_int_equal(tls_feed(&f, "\x17\x03\x03\x48\x00", 5, 5, &used, &p), TLS_PIECE);
	assert_int_equal(p.len, 16384 + 2048);
	memset(&f, 0, sizeof(f));
	assert_int_equal(tls_feed(&f, "\x17\x03\x03\x48\x01", 5, 5, &used, &p), TLS_LOST);
}

static void test_no_tls(void **state)
{
	static const char *const texts[] = {
		"HTTP/1.0 400 Bad Request\r\n",
		"\x16\x02\x01\x00\x05hello",
		"\x17\x03\x03\x00\x00",
		"\x16\x03\x01\xff\xff",
	};
	struct tls_piece p;
	size_t used;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct tls_framer f = {0};

		assert_int_equal(tls_feed(&f, texts[i], 5, 5, &used, &p), TLS_LOST);
		assert_int_equal(used, 5);
	}
}

static void test_openssl_errors(void **state)
{
	static const struct {
		uint64_t packed;
		enum tls_openssl_kind kind;
		unsigned int code;
	} cases[] = {
		{0x0a000086, TLS_OPENSSL_CERTIFICATE, 0}, /* 3: certificate verify failed */
		{0x1416f086, TLS_OPENSSL_CERTIFICATE, 0}, /* 1.1: the same */
		{0x0a000412, TLS_OPENSSL_ALERT, 42},	  /* sslv3 alert bad certificate */
		{0x14094412, TLS_OPENSSL_ALERT, 42},
		{0x0a000418, TLS_OPENSSL_ALERT, 48},	 /* tlsv1 alert unknown ca */
		{0x0a00045c, TLS_OPENSSL_ALERT, 116},	 /* tlsv13 alert certificate required */
		{0x0a00010b, TLS_OPENSSL_PROTOCOL, 267}, /* wrong version number */
		{0x1408f10b, TLS_OPENSSL_PROTOCOL, 267},
		{0x0a0003e7, TLS_OPENSSL_PROTOCOL, 999}, /* just no alert */
		{0x0a0003e8, TLS_OPENSSL_ALERT, 0},
		{0x0a0004e7, TLS_OPENSSL_ALERT, 255},
		{0x0a0004e8, TLS_OPENSSL_PROTOCOL, 1256},
		{0x10a000086, TLS_OPENSSL_NOTHING, 0},
		{0x0a000126, TLS_OPENSSL_NOTHING, 0}, /* unexpected eof while reading */
		{0x0a0000cf, TLS_OPENSSL_NOTHING, 0}, /* protocol is shutdown */
		{0x80000068, TLS_OPENSSL_NOTHING, 0}, /* an errno: ECONNRESET */
		{0x02001068, TLS_OPENSSL_NOTHING, 0}, /* 1.1: the same */
		{0x05800074, TLS_OPENSSL_NOTHING, 0}, /* X509: key values mismatch */
		{0, TLS_OPENSSL_NOTHING, 0},
		{UINT64_MAX, TLS_OPENSSL_NOTHING, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		unsigned int code = 0;

		if (tls_openssl_error(cases[i].packed, &code) != cases[i].kind)
			print_error("case %zu\n", i);
		assert_int_equal(tls_openssl_error(cases[i].packed, &code), cases[i].kind);
		assert_int_equal(code, cases[i].code);
	}
}

/* What a wrong certificate, a wrong name or a wrong version leads to; RFC 8446 6.2. */
static void test_alerts(void **state)
{
	static const struct {
		uint8_t description;
		const char *text;
	} cases[] = {
		{40, "handshake failure"},
		{42, "bad certificate"},
		{43, "unsupported certificate"},
		{44, "certificate revoked"},
		{45, "certificate expired"},
		{46, "certificate unknown"},
		{48, "unknown CA"},
		{49, "access denied"},
		{51, "decrypt error"},
		{70, "protocol version"},
		{80, "internal error"},
		{112, "unrecognized name"},
		{116, "certificate required"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_string_equal(tls_alert_text(cases[i].description), cases[i].text);
	assert_null(tls_alert_text(255));
}

/* X509_V_ERR_*, SSL_R_* */
static void test_texts(void **state)
{
	static const unsigned int verify[] = {2,  7,  9,  10, 18, 19, 20, 21,
					      23, 26, 28, 62, 64, 66, 67, 68};
	static const unsigned int reasons[] = {156, 193, 258, 267, 394, 397, 398, 399};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(verify); i++)
		assert_non_null(tls_verify_text(verify[i]));
	assert_string_equal(tls_verify_text(10), "it has expired");
	assert_null(tls_verify_text(0));
	for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
		assert_non_null(tls_openssl_reason_text(reasons[i]));
	assert_null(tls_openssl_reason_text(1));
}

static int setup(void **state)
{
	(void)state;
	guard = guard__new(1024);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	guard__free(&guard);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_names_cut_anywhere),
		cmocka_unit_test(test_hostile_hellos),
		cmocka_unit_test(test_extensions),
		cmocka_unit_test(test_records_in_any_pieces),
		cmocka_unit_test(test_what_is_not_captured),
		cmocka_unit_test(test_half_a_header),
		cmocka_unit_test(test_longest_record),
		cmocka_unit_test(test_no_tls),
		cmocka_unit_test(test_openssl_errors),
		cmocka_unit_test(test_alerts),
		cmocka_unit_test(test_texts),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
