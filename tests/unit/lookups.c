// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lookups.c - records for the lookup table, and what it reports (see lookups.h).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lookups.h"

#define TOLD_MAX (3 * LOOKUPS_MAX)

struct lookup_table table;
static struct told told[TOLD_MAX];
size_t told_len;
static size_t read_len;
uint64_t now_ms;
uint32_t tgid, tid;

static void on_told(void *ctx, const struct lookup *l, uint64_t now_ns)
{
	struct told *to = &told[told_len];

	assert_ptr_equal(ctx, &table);
	assert_true(told_len < TOLD_MAX);
	assert_int_equal(now_ns, now_ms * MS);
	memset(to, 0, sizeof(*to));
	to->l = *l;
	to->duration_ms = lookup__duration_ns(l, now_ns);
	if (to->duration_ms > 0)
		to->duration_ms /= (int64_t)MS;
	to->has_query = l->query;
	if (l->query)
		memcpy(to->query_name, l->query->name, sizeof(to->query_name));
	to->has_message = l->message;
	if (l->message)
		to->message = *l->message;
	told_len++;
}

static const struct lookup_listener listener = {.told = on_told};

int setup(void **state)
{
	(void)state;
	lookup_table__init(&table, &listener, &table, 1000 * MS);
	told_len = read_len = 0;
	now_ms = 1000;
	tgid = TGID;
	tid = TID;
	return 0;
}

int teardown(void **state)
{
	(void)state;
	lookup_table__clear(&table);
	assert_int_equal(table.active_len, 0);
	return 0;
}

/* ---- what happens */

struct lw_event record_header(uint32_t type, uint64_t cookie, size_t size)
{
	return (struct lw_event){
		.ts_ns = now_ms * MS,
		.cookie = cookie,
		.tgid = tgid,
		.tid = tid,
		.type = type,
		.size = (uint32_t)size,
	};
}

void pass(uint64_t ms)
{
	now_ms += ms;
	lookup_table__tick(&table, now_ms * MS);
}

static void resolve(bool done, int result, const char *name)
{
	struct lw_event_resolve e = {.event = record_header(LW_EVENT_RESOLVE, 0, sizeof(e)),
				     .done = done,
				     .result = result};

	memcpy(e.name, name, strnlen(name, sizeof(e.name)));
	lookup_table__event(&table, &e.event);
}

void entered(const char *name)
{
	resolve(false, 0, name);
}

void returned(int result)
{
	resolve(true, result, "");
}

/* The kernel's record ends where its payload ends: a byte more is somebody else's memory. */
void dns_record(bool received, bool tcp, uint64_t cookie, int server, int len, const void *data,
		size_t captured)
{
	struct lw_event_dns *e = calloc(1, sizeof(*e) + captured);

	assert_non_null(e);
	e->event = record_header(LW_EVENT_DNS, cookie, sizeof(*e) + captured);
	if (server) {
		e->server[10] = e->server[11] = 0xff;
		e->server[12] = 10;
		e->server[15] = (uint8_t)server;
	}
	e->port = 53;
	e->received = received;
	e->tcp = tcp;
	e->len = len;
	e->captured = (uint32_t)captured;
	if (captured)
		memcpy(e->payload, data, captured);
	lookup_table__event(&table, &e->event);
	free(e);
}

struct wire message(uint16_t id, unsigned flags, const char *name, uint16_t type, unsigned answers)
{
	struct wire w = {.bytes = {id >> 8, id, flags >> 8, flags, 0, 1, 0, answers}, .len = 12};

	while (*name) {
		size_t n = strcspn(name, ".");

		w.bytes[w.len++] = (uint8_t)n;
		memcpy(w.bytes + w.len, name, n);
		w.len += n;
		name += n + (name[n] == '.');
	}
	w.len++;
	memcpy(w.bytes + w.len, (uint8_t[]){type >> 8, type, 0, 1}, 4);
	w.len += 4;
	for (unsigned i = 0; i < answers; i++) {
		uint8_t rr[] = {0xc0, 12, type >> 8, type, 0, 1, 0, 0, 0, 9, 0, 4, 10, 0, 1, i};

		memcpy(w.bytes + w.len, rr, sizeof(rr));
		w.len += sizeof(rr);
	}
	return w;
}

void sent(uint64_t cookie, int server, uint16_t id, const char *name, uint16_t type)
{
	struct wire w = message(id, 0x0100, name, type, 0);

	dns_record(false, false, cookie, server, (int)w.len, w.bytes, w.len);
}

void answered(uint64_t cookie, int server, uint16_t id, const char *name, uint16_t type,
	      unsigned rcode, unsigned answers)
{
	struct wire w = message(id, 0x8180 | rcode, name, type, answers);

	dns_record(true, false, cookie, server, (int)w.len, w.bytes, w.len);
}

void failed(bool received, uint64_t cookie, int server, int err)
{
	dns_record(received, false, cookie, server, -err, NULL, 0);
}

/* ---- what it reports */

static const struct told *next_told(void)
{
	assert_true(read_len < told_len);
	return &told[read_len++];
}

static const struct told *expect(enum dns_source source, enum dns_outcome outcome, const char *name,
				 int64_t duration_ms)
{
	const struct told *got = next_told();

	assert_int_equal(got->l.source, source);
	assert_string_equal(enum_name(&dns_outcome_names, got->l.outcome),
			    enum_name(&dns_outcome_names, outcome));
	assert_string_equal(got->l.name, name);
	assert_int_equal(got->duration_ms, duration_ms);
	assert_int_equal(got->l.end_ns != 0, outcome != DNS_IN_FLIGHT);
	return got;
}

const struct told *expect_query(enum dns_outcome outcome, const char *name, const char *type,
				int server, int64_t duration_ms)
{
	const struct told *got = expect(DNS_QUERY, outcome, name, duration_ms);
	char want[INET6_ADDRSTRLEN], text[INET6_ADDRSTRLEN];

	assert_string_equal(got->l.type, type);
	if (!server) {
		assert_null(lookup__server_text(&got->l, text));
		return got;
	}
	snprintf(want, sizeof(want), "10.0.0.%d", server);
	assert_non_null(lookup__server_text(&got->l, text));
	assert_string_equal(text, want);
	assert_int_equal(got->l.server.port, 53);
	return got;
}

const struct told *expect_resolve(enum dns_outcome outcome, const char *name, const char *error,
				  int64_t duration_ms)
{
	const struct told *got = expect(DNS_GETADDRINFO, outcome, name, duration_ms);

	assert_string_equal(got->l.error, error);
	assert_string_equal(got->l.type, "");
	assert_false(got->l.server_known);
	return got;
}

void expect_no_more(void)
{
	assert_int_equal(read_len, told_len);
}

const struct lookup *waiting(void)
{
	return lookup_table__waiting(&table, tgid, tid);
}

const struct lookup *failed_since(uint64_t since_ms)
{
	return lookup_table__failed_since(&table, tgid, tid, since_ms * MS);
}
