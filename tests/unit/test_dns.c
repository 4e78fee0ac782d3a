// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_dns.c - what DNS messages mean: real ones, cut at every byte, and hostile ones.
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
#include "guard.h"
#include "leasewatch/units.h"
#include "protocol/dns.h"

#define SAMPLE(s) s, sizeof(s)

static struct guard guard;

static int parse(const void *data, size_t captured, size_t len, struct dns_message *m)
{
	return dns_parse(guard__put(&guard, data, captured), captured, len, m);
}

static struct dns_message parsed(const void *data, size_t len)
{
	struct dns_message m;

	assert_int_equal(parse(data, len, len, &m), 0);
	return m;
}

static void test_queries(void **state)
{
	static const struct {
		const uint8_t *data;
		size_t len;
		const char *name;
		uint16_t type, id;
	} cases[] = {
		{SAMPLE(sample_query_a), "etcd2.lab", DNS_TYPE_A, 0x1234},
		{SAMPLE(sample_query_aaaa), "etcd2.lab", DNS_TYPE_AAAA, 0x5678},
		{SAMPLE(sample_query_srv), "_etcd-client._tcp.lab", DNS_TYPE_SRV, 0x0bad},
		{SAMPLE(sample_query_type65), "etcd1.lab", 65, 7},
		{SAMPLE(sample_query_odd), "a\\032b\\007.c\\.d.\\255", DNS_TYPE_TXT, 9},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct dns_message m = parsed(cases[i].data, cases[i].len);

		assert_string_equal(m.name, cases[i].name);
		assert_int_equal(m.type, cases[i].type);
		assert_int_equal(m.id, cases[i].id);
		assert_false(m.is_response || m.truncated || m.partial || m.malformed);
		assert_int_equal(m.opcode, 0);
		assert_int_equal(m.answers, 0);
	}
}

static void test_rcodes(void **state)
{
	static const struct {
		const uint8_t *data;
		size_t len;
		int rcode, answers;
	} cases[] = {
		{SAMPLE(sample_answer_a), DNS_RCODE_NOERROR, 2},
		{SAMPLE(sample_answer_aaaa), DNS_RCODE_NOERROR, 1},
		{SAMPLE(sample_answer_nodata), DNS_RCODE_NOERROR, 0},
		{SAMPLE(sample_answer_nxdomain), DNS_RCODE_NXDOMAIN, 0},
		{SAMPLE(sample_answer_servfail), DNS_RCODE_SERVFAIL, 0},
		{SAMPLE(sample_answer_refused), DNS_RCODE_REFUSED, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct dns_message m = parsed(cases[i].data, cases[i].len);

		assert_true(m.is_response);
		assert_string_equal(m.name, "etcd2.lab");
		assert_int_equal(m.rcode, cases[i].rcode);
		assert_int_equal(m.answers, cases[i].answers);
		assert_int_equal(m.addresses_len, cases[i].answers);
		assert_false(m.truncated || m.partial || m.malformed);
	}
}

static void test_addresses(void **state)
{
	static const uint8_t a[2][16] = {{[10] = 0xff, 0xff, 10, 1, 2, 3},
					 {[10] = 0xff, 0xff, 127, 0, 0, 12}};
	static const uint8_t aaaa[16] = {0xfd, [13] = 2, [15] = 0x12};
	struct dns_message m = parsed(SAMPLE(sample_answer_a));

	(void)state;
	assert_memory_equal(m.addresses, a, sizeof(a));
	m = parsed(SAMPLE(sample_answer_aaaa));
	assert_memory_equal(m.addresses[0], aaaa, sizeof(aaaa));
}

static void test_srv(void **state)
{
	static const struct dns_target want[] = {
		{"etcd1.lab", 2379}, {"etcd2.lab", 2379}, {"etcd3.lab", 12379}};
	struct dns_message m = parsed(SAMPLE(sample_answer_srv));
	size_t found = 0;

	(void)state;
	assert_int_equal(m.answers, 3);
	assert_int_equal(m.targets_len, 3);
	assert_int_equal(m.addresses_len, 0);
	for (size_t i = 0; i < 3; i++) {
		for (size_t k = 0; k < m.targets_len; k++)
			found += strcmp(m.targets[k].name, want[i].name) == 0 &&
				 m.targets[k].port == want[i].port;
	}
	assert_int_equal(found, 3);
}

/* The names on the way are not what was asked for. */
static void test_cname_chain(void **state)
{
	struct dns_message m = parsed(SAMPLE(sample_answer_cname));

	(void)state;
	assert_string_equal(m.name, "etcd.lab");
	assert_int_equal(m.answers, 1);
	assert_int_equal(m.addresses_len, 1);
	assert_int_equal(m.addresses[0][15], 11);
}

static void test_truncated(void **state)
{
	struct dns_message m = parsed(SAMPLE(sample_answer_truncated));

	(void)state;
	assert_true(m.truncated && m.partial);
	assert_false(m.malformed);
	assert_int_equal(m.rcode, DNS_RCODE_NOERROR);
}

/* Cut anywhere: what is said is true of the whole; without a question, nothing is said. */
static void cut_everywhere(const uint8_t *data, size_t len)
{
	struct dns_message whole = parsed(data, len), m, before;
	size_t question = 12 + strlen(whole.name) + 2 + 4;

	for (size_t n = 0; n < len; n++) {
		int ret;

		memset(&m, 0xa5, sizeof(m));
		before = m;
		ret = parse(data, n, len, &m);
		assert_int_equal(ret, n < question ? -EAGAIN : 0);
		if (ret) {
			assert_memory_equal(&m, &before, sizeof(m));
			/* As a whole message, it is none. */
			assert_int_equal(parse(data, n, n, &m), -EBADMSG);
			continue;
		}
		assert_string_equal(m.name, whole.name);
		assert_int_equal(m.type, whole.type);
		assert_int_equal(m.rcode, whole.rcode);
		assert_false(m.malformed);
		assert_true(m.answers <= whole.answers && m.addresses_len <= whole.addresses_len);
		assert_true(m.partial || m.answers == whole.answers);
		assert_memory_equal(m.addresses, whole.addresses, 16 * m.addresses_len);
	}
}

static void test_cut(void **state)
{
	(void)state;
	cut_everywhere(SAMPLE(sample_query_a));
	cut_everywhere(SAMPLE(sample_answer_a));
	cut_everywhere(SAMPLE(sample_answer_srv));
	cut_everywhere(SAMPLE(sample_answer_cname));
	cut_everywhere(SAMPLE(sample_answer_nxdomain));
}

/* Whole, but its answers are not: that is the nameserver's fault, not the capture's. */
static void test_malformed_answers(void **state)
{
	struct dns_message m;

	(void)state;
	/* The second address lacks its last byte. */
	assert_int_equal(parse(sample_answer_a, 58, 58, &m), 0);
	assert_true(m.malformed && m.partial);
	assert_int_equal(m.answers, 1);
	assert_string_equal(m.name, "etcd2.lab");
}

static size_t header(uint8_t *p, unsigned flags, unsigned questions, unsigned answers)
{
	const uint8_t bytes[] = {0,	  1, flags >> 8, flags, 0, questions, answers >> 8,
				 answers, 0, 0,		 0,	0};

	memcpy(p, bytes, sizeof(bytes));
	return sizeof(bytes);
}

static size_t put(uint8_t *p, size_t at, const char *bytes, size_t len)
{
	memcpy(p + at, bytes, len);
	return at + len;
}
#define PUT(p, at, literal) put(p, at, literal, sizeof(literal) - 1)

static void test_compression_loops(void **state)
{
	uint8_t p[128];
	struct dns_message m;
	size_t n;

	(void)state;
	/* The question's name points at itself. */
	n = PUT(p, header(p, 0x0100, 1, 0), "\xc0\x0c\0\1\0\1");
	assert_int_equal(parse(p, n, n, &m), -EBADMSG);
	/* Forward, and out of the message. */
	n = PUT(p, header(p, 0x0100, 1, 0), "\xff\xff\0\1\0\1");
	assert_int_equal(parse(p, n, n, &m), -EBADMSG);
	/* Two names of answers that point at each other: the question stands. */
	n = PUT(p, header(p, 0x8180, 1, 2), "\1a\0\0\1\0\1");
	n = PUT(p, n, "\xc0\x23\0\1\0\1\0\0\0\1\0\4\1\2\3\4");
	assert_int_equal(n, 0x23);
	n = PUT(p, n, "\xc0\x13\0\1\0\1\0\0\0\1\0\4\1\2\3\4");
	m = parsed(p, n);
	assert_string_equal(m.name, "a");
	assert_true(m.malformed);
	assert_int_equal(m.answers, 0);
	/* A target of SRV that points at itself is left out; the record is there. */
	n = PUT(p, header(p, 0x8180, 1, 1), "\1a\0\0\x21\0\1");
	n = PUT(p, n, "\xc0\x0c\0\x21\0\1\0\0\0\1\0\x08\0\0\0\0\x09\x4b\xc0\x25");
	assert_int_equal(n, 0x27);
	m = parsed(p, n);
	assert_int_equal(m.answers, 1);
	assert_int_equal(m.targets_len, 0);
}

static void test_no_message(void **state)
{
	static const uint8_t zeros[12];
	uint8_t p[600];
	struct dns_message m;
	size_t n;

	(void)state;
	assert_int_equal(parse(zeros, 12, 12, &m), -EBADMSG);	  /* a query without question */
	assert_int_equal(parse(zeros, 0, 0, &m), -EBADMSG);	  /* empty */
	assert_int_equal(parse(zeros, 11, 11, &m), -EBADMSG);	  /* less than a header */
	assert_int_equal(parse(zeros, 0, 12, &m), -EAGAIN);	  /* nothing captured */
	assert_int_equal(parse(zeros, 12, 100000, &m), -EBADMSG); /* longer than any */
	n = PUT(p, header(p, 0x0100, 2, 0), "\1a\0\0\1\0\1\1b\0\0\1\0\1");
	assert_int_equal(parse(p, n, n, &m), -EBADMSG); /* two questions */
	n = PUT(p, header(p, 0x0100, 1, 0), "\101a\0\0\1\0\1");
	assert_int_equal(parse(p, n, n, &m), -EBADMSG); /* a label of no known type */
	/* A name whose escapes make it longer than any name that may be shown. */
	n = header(p, 0x0100, 1, 0);
	for (int i = 0; i < 2; i++) {
		p[n++] = 63;
		memset(p + n, 0xff, 63);
		n += 63;
	}
	n = PUT(p, n, "\0\0\1\0\1");
	assert_int_equal(parse(p, n, n, &m), -EBADMSG);
}

/* A server that knows no EDNS may send back a header alone. */
static void test_answer_without_question(void **state)
{
	struct dns_message m;
	uint8_t p[12];

	(void)state;
	header(p, 0x8181, 0, 0);
	m = parsed(p, sizeof(p));
	assert_true(m.is_response);
	assert_string_equal(m.name, "");
	assert_int_equal(m.type, 0);
	assert_int_equal(m.rcode, 1);
}

static void test_root(void **state)
{
	struct dns_message m;
	uint8_t p[32];
	size_t n;

	(void)state;
	n = PUT(p, header(p, 0x0100, 1, 0), "\0\0\2\0\1");
	m = parsed(p, n);
	assert_string_equal(m.name, ".");
	assert_int_equal(m.type, DNS_TYPE_NS);
}

/* More answers than are kept, counted all the same; more than is copied, said to be a part. */
static void test_many_answers(void **state)
{
	static uint8_t p[40000];
	struct dns_message m;
	size_t n;

	(void)state;
	for (unsigned count = 9; count <= 2000; count += 1991) {
		n = PUT(p, header(p, 0x8180, 1, count), "\1a\0\0\1\0\1");
		for (unsigned i = 0; i < count; i++)
			n = PUT(p, n, "\xc0\x0c\0\1\0\1\0\0\0\1\0\4\1\2\3\4");
		assert_int_equal(dns_parse(p, n, n, &m), 0);
		assert_int_equal(m.addresses_len, DNS_KEPT_MAX);
		assert_true(count == 9 ? m.answers == 9 && !m.partial
				       : m.answers > 100 && m.answers < count && m.partial);
		assert_false(m.malformed);
	}
}

/* Counted, but an address of the wrong length is no address, and half a target no target. */
static void test_odd_records(void **state)
{
	struct dns_message m;
	uint8_t p[128];
	size_t n;

	(void)state;
	n = PUT(p, header(p, 0x8180, 1, 2), "\1a\0\0\1\0\1");
	n = PUT(p, n, "\xc0\x0c\0\1\0\1\0\0\0\1\0\3\1\2\3");
	n = PUT(p, n, "\xc0\x0c\0\1\0\1\0\0\0\1\0\0");
	m = parsed(p, n);
	assert_int_equal(m.answers, 2);
	assert_int_equal(m.addresses_len, 0);
	n = PUT(p, header(p, 0x8180, 1, 1), "\1a\0\0\x21\0\1");
	n = PUT(p, n, "\xc0\x0c\0\x21\0\1\0\0\0\1\0\6\0\0\0\0\x09\x4b");
	m = parsed(p, n);
	assert_int_equal(m.answers, 1);
	assert_int_equal(m.targets_len, 0);
}

static void test_names(void **state)
{
	char buf[DNS_TYPE_BYTES], name[DNS_NAME_BYTES], longest[400];

	(void)state;
	assert_string_equal(dns_type_name(1, buf), "A");
	assert_string_equal(dns_type_name(28, buf), "AAAA");
	assert_string_equal(dns_type_name(33, buf), "SRV");
	assert_string_equal(dns_type_name(65, buf), "TYPE65");
	assert_string_equal(dns_type_name(65535, buf), "TYPE65535");
	assert_string_equal(dns_rcode_name(2), "SERVFAIL");
	assert_string_equal(dns_rcode_name(4), "NOTIMP");
	assert_null(dns_rcode_name(15));
	dns_name_normal(name, "ETCD1.LAZ.", 10);
	assert_string_equal(name, "etcd1.laz");
	dns_name_normal(name, "\x1b[31m\xc3\xa9", 7);
	assert_string_equal(name, "?[31m??");
	memset(longest, 'x', sizeof(longest));
	dns_name_normal(name, longest, sizeof(longest));
	assert_int_equal(strlen(name), DNS_NAME_BYTES - 1);
	dns_name_normal(name, "", 0);
	assert_string_equal(name, "");
}

/* Whatever one byte of a message becomes: no crash, and nothing that may not be shown. */
static void test_every_byte_wrong(void **state)
{
	uint8_t p[sizeof(sample_answer_srv)];

	(void)state;
	for (size_t i = 0; i < sizeof(p); i++) {
		for (int value = 0; value < 256; value++) {
			struct dns_message m = {.name = ""};

			memcpy(p, sample_answer_srv, sizeof(p));
			p[i] = (uint8_t)value;
			parse(p, sizeof(p), sizeof(p), &m);
			for (const char *c = m.name; *c; c++)
				assert_in_range(*c, 0x21, 0x7e);
			for (size_t k = 0; k < m.targets_len; k++)
				for (const char *c = m.targets[k].name; *c; c++)
					assert_in_range(*c, 0x21, 0x7e);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_queries),
		cmocka_unit_test(test_rcodes),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_srv),
		cmocka_unit_test(test_cname_chain),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_malformed_answers),
		cmocka_unit_test(test_compression_loops),
		cmocka_unit_test(test_no_message),
		cmocka_unit_test(test_answer_without_question),
		cmocka_unit_test(test_root),
		cmocka_unit_test(test_many_answers),
		cmocka_unit_test(test_odd_records),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_every_byte_wrong),
	};
	int ret;

	guard = guard__new(4096);
	ret = cmocka_run_group_tests(tests, NULL, NULL);
	guard__free(&guard);
	return ret;
}
