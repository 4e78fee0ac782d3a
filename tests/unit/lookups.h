/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lookups.h - records for a lookup table, and what it reports.
 *
 * Times are milliseconds. Thread TID of process TGID asks, unless said otherwise; server 1 is
 * 10.0.0.1, server 0 is not known; a name is put on the wire as it stands.
 */
#ifndef LEASEWATCH_TEST_LOOKUPS_H
#define LEASEWATCH_TEST_LOOKUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/lookup.h"

#define MS	  UINT64_C(1000000)
#define TGID	  1
#define TID	  2
#define NXDOMAIN  3
#define SERVFAIL  2
#define TC	  0x0200
#define A	  DNS_TYPE_A
#define AAAA	  DNS_TYPE_AAAA
#define EAI_AGAIN (-3)

/* One call of the listener. */
struct told {
	struct lookup l; /* its pointers are not valid any more */
	int64_t duration_ms;
	bool has_query, has_message;
	char query_name[DNS_NAME_BYTES];
	struct dns_message message;
};

struct wire {
	size_t len;
	uint8_t bytes[512];
};

extern struct lookup_table table;
extern size_t told_len;	   /* calls so far */
extern uint64_t now_ms;	   /* begins at 1000; told when it took longer than 1000 */
extern uint32_t tgid, tid; /* who does what comes next */

int setup(void **state);
int teardown(void **state);
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* What happens. */
void pass(uint64_t ms); /* and a tick */
void entered(const char *name);
void returned(int result);
struct lw_event record_header(uint32_t type, uint64_t cookie, size_t size);
void dns_record(bool received, bool tcp, uint64_t cookie, int server, int len, const void *data,
		size_t captured);
struct wire message(uint16_t id, unsigned flags, const char *name, uint16_t type, unsigned answers);
void sent(uint64_t cookie, int server, uint16_t id, const char *name, uint16_t type);
/* rcode may have other flags of the header as well. */
void answered(uint64_t cookie, int server, uint16_t id, const char *name, uint16_t type,
	      unsigned rcode, unsigned answers);
void failed(bool received, uint64_t cookie, int server, int err);

/* The next report: a call, or none. */
const struct told *expect_query(enum dns_outcome outcome, const char *name, const char *type,
				int server, int64_t duration_ms);
const struct told *expect_resolve(enum dns_outcome outcome, const char *name, const char *error,
				  int64_t duration_ms);
void expect_no_more(void);
const struct lookup *waiting(void);
const struct lookup *failed_since(uint64_t since_ms);

#endif
