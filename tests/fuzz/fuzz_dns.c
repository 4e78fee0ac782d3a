// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fuzz_dns.c - any bytes at all, as a DNS message or as a history of lookups.
 *
 * Input: 'm' and a message; or 'h' and steps. A step is four bytes and a payload: what happens
 * (enum step), who and where (bits: tid 2, tgid 1, socket 2, TCP 1, server 2), how much later (50
 * ms each), length of the payload. What must hold: nothing is read out of bounds; a failure leaves
 * the result untouched; every text ends and may be shown; what a part of a message says, the whole
 * says as well; what is reported as in flight is reported once, every end has its beginning, and
 * the table's own counts are right.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "model/lookup.h"
#include "protocol/dns.h"

#define FILL 0xa5

enum step { SENT, RECEIVED, ENTERED, RETURNED, TICK, DROP, MOVED_ON, FAILED, STEPS };

struct run {
	struct lookup_table table;
	uint64_t now_ns, begun, in_flight, ended;
};

static void check_shown(const char *text, size_t size)
{
	size_t len = strnlen(text, size);

	CHECK(len < size);
	for (size_t i = 0; i < len; i++)
		CHECK(text[i] >= 0x20 && text[i] < 0x7f);
}

/* ---- a message */

/* The message is copied to where its end is the end of an allocation. */
static int parse(const uint8_t *data, size_t captured, size_t len, struct dns_message *m)
{
	uint8_t *copy = malloc(captured ? captured : 1);
	char type[DNS_TYPE_BYTES];
	int ret;

	CHECK(copy);
	memcpy(copy, data, captured);
	memset(m, FILL, sizeof(*m));
	ret = dns_parse(copy, captured, len, m);
	free(copy);
	CHECK(ret == 0 || ret == -EBADMSG || (ret == -EAGAIN && captured < len));
	if (ret) {
		for (size_t i = 0; i < sizeof(*m); i++)
			CHECK(((const uint8_t *)m)[i] == FILL);
		return ret;
	}
	check_shown(m->name, sizeof(m->name));
	check_shown(dns_type_name(m->type, type), sizeof(type));
	CHECK(m->addresses_len <= DNS_KEPT_MAX && m->targets_len <= DNS_KEPT_MAX);
	CHECK(m->addresses_len + m->targets_len <= m->answers);
	CHECK(*m->name || (m->is_response && !m->type && !m->answers));
	CHECK(m->partial || !(m->truncated || m->malformed));
	for (size_t i = 0; i < m->targets_len; i++)
		check_shown(m->targets[i].name, sizeof(m->targets[i].name));
	return 0;
}

static void fuzz_message(const uint8_t *data, size_t len)
{
	struct dns_message whole, part;
	size_t cut = len ? (size_t)(data[len - 1] << 8 | data[len / 2]) % len : 0;

	if (parse(data, len, len, &whole) || parse(data, cut, len, &part))
		return;
	CHECK(part.id == whole.id && part.type == whole.type && part.rcode == whole.rcode);
	CHECK(part.is_response == whole.is_response && part.opcode == whole.opcode);
	CHECK(strcmp(part.name, whole.name) == 0);
	CHECK(part.partial || part.answers == whole.answers);
}

/* ---- a history */

static void told(void *ctx, const struct lookup *l, uint64_t now_ns)
{
	struct run *r = ctx;

	CHECK(now_ns == r->now_ns);
	check_shown(l->name, sizeof(l->name));
	check_shown(l->type, sizeof(l->type));
	check_shown(l->error, sizeof(l->error));
	CHECK(l->outcome < DNS_OUTCOMES && l->source < DNS_SOURCES && !l->quiet);
	CHECK((l->outcome == DNS_IN_FLIGHT) == !l->end_ns);
	CHECK(lookup__duration_ns(l, now_ns) >= LW_UNKNOWN);
	CHECK(!l->message || (l->end_ns && l->source == DNS_QUERY));
	CHECK(!l->query || (!l->end_ns && l->source == DNS_GETADDRINFO));
	CHECK(!l->query || (l->query->source == DNS_QUERY && l->query->tid == l->tid));
	CHECK(!l->error[0] || l->outcome != DNS_OK);
	CHECK(l->source == DNS_QUERY || (!l->server_known && !l->type[0]));
	if (l->end_ns) {
		r->ended++;
		r->in_flight -= l->told;
	} else {
		CHECK(l->told);
		r->in_flight++;
	}
}

static void check_table(struct run *r, uint32_t tgid, uint32_t tid)
{
	struct lookup_table *t = &r->table;
	const struct lookup *l;
	size_t n = 0, in_flight = 0;

	TAILQ_FOREACH(l, &t->active, link) {
		n++;
		in_flight += l->told;
		CHECK(l->outcome == DNS_IN_FLIGHT && !l->end_ns);
	}
	CHECK(n == t->active_len && n <= LOOKUPS_MAX);
	CHECK(in_flight <= r->in_flight && r->in_flight - in_flight <= t->dropped);
	CHECK(t->stats[DNS_QUERY].ended + t->stats[DNS_GETADDRINFO].ended == r->ended);
	CHECK(r->ended + t->dropped + n <= r->begun);
	l = lookup_table__waiting(t, tgid, tid);
	CHECK(!l || (l->tgid == tgid && l->tid == tid && !l->end_ns));
	l = lookup_table__failed_since(t, tgid, tid, r->now_ns);
	CHECK(!l || (l->tgid == tgid && l->tid == tid && l->end_ns == r->now_ns &&
		     l->outcome != DNS_OK && l->outcome != DNS_IN_FLIGHT));
	CHECK(!!lookup_table__oldest(t) <= n);
}

static struct lw_event header(const struct run *r, uint32_t type, uint8_t who, size_t size)
{
	return (struct lw_event){
		.ts_ns = r->now_ns,
		.cookie = who >> 3 & 3,
		.tgid = 1 + (who >> 2 & 1),
		.tid = 1 + (who & 3),
		.type = type,
		.size = (uint32_t)size,
	};
}

static void dns_record(struct run *r, enum step step, uint8_t who, const uint8_t *data, size_t len)
{
	size_t captured = step == FAILED ? 0 : len;
	struct lw_event_dns *e = calloc(1, sizeof(*e) + captured);

	CHECK(e);
	e->event = header(r, LW_EVENT_DNS, who, sizeof(*e) + captured);
	e->server[15] = who >> 6;
	e->port = 53;
	e->tcp = who >> 5 & 1;
	e->len = (int32_t)len;
	e->received = step != SENT;
	if (step == FAILED) {
		e->len = len ? -(int32_t)data[0] : INT32_MIN;
		e->received = len > 1;
	}
	e->captured = (uint32_t)captured;
	memcpy(e->payload, data, captured);
	r->begun += len / 12 + 1; /* a piece of TCP may hold several */
	lookup_table__event(&r->table, &e->event);
	free(e);
}

static void resolve_record(struct run *r, enum step step, uint8_t who, const uint8_t *data,
			   size_t len)
{
	struct lw_event_resolve e = {.event = header(r, LW_EVENT_RESOLVE, who, sizeof(e)),
				     .done = step == RETURNED};

	if (e.done)
		e.result = len ? (int8_t)data[0] : INT32_MIN;
	else
		memcpy(e.name, data, len);
	r->begun++;
	lookup_table__event(&r->table, &e.event);
}

static void take(struct run *r, enum step step, uint8_t who, const uint8_t *data, size_t len)
{
	uint32_t tgid = 1 + (who >> 2 & 1), tid = 1 + (who & 3);

	switch (step) {
	case SENT:
	case RECEIVED:
	case FAILED:
		dns_record(r, step, who, data, len);
		break;
	case ENTERED:
	case RETURNED:
		resolve_record(r, step, who, data, len);
		break;
	case DROP:
		lookup_table__drop_process(&r->table, tgid, r->now_ns);
		break;
	case MOVED_ON:
		lookup_table__moved_on(&r->table, tgid, tid, r->now_ns);
		break;
	default:
		lookup_table__tick(&r->table, r->now_ns);
	}
	check_table(r, tgid, tid);
}

static void fuzz_history(const uint8_t *data, size_t len)
{
	static const struct lookup_listener listener = {.told = told};
	struct run r = {.now_ns = 1};

	lookup_table__init(&r.table, &listener, &r, 1000000000);
	for (size_t at = 0; at + 4 <= len;) {
		size_t n = data[at + 3];

		if (n > len - at - 4)
			n = len - at - 4;
		r.now_ns += data[at + 2] * UINT64_C(50000000);
		take(&r, data[at] % STEPS, data[at + 1], data + at + 4, n);
		at += 4 + n;
	}
	lookup_table__clear(&r.table);
	CHECK(r.table.active_len == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len && data[0] == 'm')
		fuzz_message(data + 1, len - 1);
	else if (len && data[0] == 'h')
		fuzz_history(data + 1, len - 1);
	return 0;
}
