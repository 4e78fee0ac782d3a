// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fuzz_tls.c - any bytes at all, as one direction of a TLS connection.
 *
 * What must hold: nothing is read out of bounds; every byte is used up once; however the bytes are
 * cut into pieces, the records are the same; a name that is found in a part of a ClientHello is the
 * one of the whole, and may be shown; a failure leaves the result untouched.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "protocol/tls.h"

#define FILL	    0xa5
#define RECORDS_MAX 64

struct seen {
	size_t n;
	struct {
		uint8_t type;
		uint16_t len;
	} records[RECORDS_MAX];
	bool lost;
};

/* The bytes are copied to where their end is the end of an allocation. */
static void feed(struct tls_framer *f, const uint8_t *data, size_t len, size_t captured,
		 struct seen *seen)
{
	uint8_t *copy = malloc(captured ? captured : 1);
	const uint8_t *at = copy;
	struct tls_piece p;
	size_t used;

	CHECK(copy);
	memcpy(copy, data, captured);
	while (len) {
		enum tls_status status = tls_feed(f, at, captured, len, &used, &p);

		CHECK(used && used <= len);
		seen->lost = seen->lost || status == TLS_LOST;
		if (status == TLS_PIECE) {
			CHECK(p.total <= used && p.captured <= p.total && p.captured <= captured);
			CHECK(p.at + p.total <= p.len && (p.bytes != NULL) == (p.captured > 0));
			CHECK(p.type >= TLS_CONTENT_CHANGE_CIPHER_SPEC &&
			      p.type <= TLS_CONTENT_DATA);
			if (p.at + p.total == p.len && seen->n < RECORDS_MAX) {
				seen->records[seen->n].type = p.type;
				seen->records[seen->n++].len = p.len;
			}
		}
		len -= used;
		used = used < captured ? used : captured;
		captured -= used;
		at += used;
	}
	free(copy);
}

static void fuzz_records(const uint8_t *data, size_t len, uint64_t hash)
{
	struct seen whole, parts, some;
	struct tls_framer f;
	size_t step = hash % 40 + 1;

	memset(&whole, 0, sizeof(whole));
	memset(&parts, 0, sizeof(parts));
	memset(&some, 0, sizeof(some));
	memset(&f, 0, sizeof(f));
	feed(&f, data, len, len, &whole);
	memset(&f, 0, sizeof(f));
	for (size_t i = 0; i < len; i += step)
		feed(&f, data + i, step < len - i ? step : len - i, step < len - i ? step : len - i,
		     &parts);
	/* What is lost may be found again at the beginning of a piece. */
	if (!whole.lost) {
		CHECK(!parts.lost && parts.n == whole.n);
		CHECK(!memcmp(parts.records, whole.records, sizeof(whole.records)));
	}
	memset(&f, 0, sizeof(f));
	feed(&f, data, len, hash % (len + 1), &some);
	CHECK(some.n <= whole.n || whole.lost);
}

static int name_in(const uint8_t *data, size_t len, char name[TLS_NAME_BYTES])
{
	uint8_t *copy = malloc(len ? len : 1);
	int ret;

	CHECK(copy);
	memcpy(copy, data, len);
	memset(name, FILL, TLS_NAME_BYTES);
	ret = tls_client_hello_name(copy, len, name);
	free(copy);
	CHECK(ret == 0 || ret == -EAGAIN || ret == -EBADMSG);
	if (ret) {
		for (size_t i = 0; i < TLS_NAME_BYTES; i++)
			CHECK((uint8_t)name[i] == FILL);
		return ret;
	}
	CHECK(strnlen(name, TLS_NAME_BYTES) < TLS_NAME_BYTES);
	for (const char *c = name; *c; c++)
		CHECK((uint8_t)*c >= 0x20 && (uint8_t)*c < 0x7f);
	return 0;
}

static void fuzz_name(const uint8_t *data, size_t len, uint64_t hash)
{
	char whole[TLS_NAME_BYTES], part[TLS_NAME_BYTES];
	int ret = name_in(data, len, whole);

	if (name_in(data, hash % (len + 1), part) == 0 && part[0])
		CHECK(!ret && !strcmp(whole, part));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint64_t hash = 0x9e3779b97f4a7c15;
	unsigned int code = 0;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ data[i]) * 0x100000001b3;
	fuzz_records(data, len, hash);
	fuzz_name(data, len, hash);
	if (len > TLS_HEADER_BYTES)
		fuzz_name(data + TLS_HEADER_BYTES, len - TLS_HEADER_BYTES, hash);
	if (len >= sizeof(hash)) {
		memcpy(&hash, data, sizeof(hash));
		(void)tls_openssl_error(hash, &code);
		(void)tls_openssl_reason_text(code);
		(void)tls_verify_text(code);
		(void)tls_alert_text(data[0]);
	}
	return 0;
}
