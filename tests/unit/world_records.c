// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * world_records.c - the records themselves, as the BPF programs write them.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/dns.h"
#include "world.h"

#define PAYLOAD_BYTES 2048
#define ETCD_PORT     2379

static void header(struct world *w, struct lw_event *e, uint64_t cookie, uint32_t type, size_t size)
{
	*e = (struct lw_event){.ts_ns = w->now,
			       .cookie = cookie,
			       .tgid = w->pid,
			       .tid = w->tid,
			       .type = type,
			       .size = (uint32_t)size};
}

static void loopback(uint8_t addr[16], unsigned int last)
{
	addr[10] = addr[11] = 0xff;
	addr[12] = 127;
	addr[15] = (uint8_t)last;
}

void world__exit(struct world *w, uint32_t pid)
{
	struct lw_event_process e = {0};

	header(w, &e.event, 0, LW_EVENT_EXIT, sizeof(e));
	e.event.tgid = pid;
	engine__event(w->engine, &e.event);
}

void world__state(struct world *w, uint64_t cookie, int from, int to, int err, uint16_t port)
{
	struct lw_event_sock e = {.oldstate = from, .newstate = to, .err = err, .dport = port};

	header(w, &e.event, cookie, LW_EVENT_STATE, sizeof(e));
	loopback(e.daddr, cookie % 100);
	engine__event(w->engine, &e.event);
}

void world__adopt(struct world *w, uint64_t cookie, int state)
{
	struct lw_event_sock e = {.oldstate = state, .newstate = state, .dport = ETCD_PORT};

	header(w, &e.event, cookie, LW_EVENT_SEED, sizeof(e));
	loopback(e.daddr, cookie % 100);
	engine__event(w->engine, &e.event);
}

void world__connecting(struct world *w, uint64_t cookie)
{
	world__state(w, cookie, LW_TCP_CLOSE, LW_TCP_SYN_SENT, 0, ETCD_PORT);
}

void world__connect(struct world *w, uint64_t cookie)
{
	world__connecting(w, cookie);
	world__state(w, cookie, LW_TCP_SYN_SENT, LW_TCP_ESTABLISHED, 0, ETCD_PORT);
}

void world__refused(struct world *w, uint64_t cookie)
{
	world__connecting(w, cookie);
	world__state(w, cookie, LW_TCP_SYN_SENT, LW_TCP_CLOSE, ECONNREFUSED, ETCD_PORT);
}

void world__closed_by_peer(struct world *w, uint64_t cookie)
{
	world__state(w, cookie, LW_TCP_ESTABLISHED, LW_TCP_CLOSE_WAIT, 0, ETCD_PORT);
	world__state(w, cookie, LW_TCP_CLOSE_WAIT, LW_TCP_LAST_ACK, 0, ETCD_PORT);
}

void world__data(struct world *w, uint64_t cookie, uint32_t type, const char *text)
{
	union {
		struct lw_event_data e;
		uint8_t room[sizeof(struct lw_event_data) + PAYLOAD_BYTES];
	} u = {0};
	size_t len = strlen(text);

	assert_true(len <= PAYLOAD_BYTES);
	header(w, &u.e.event, cookie, type, sizeof(u.e) + len);
	u.e.len = u.e.captured = len;
	memcpy(u.e.payload, text, len);
	engine__event(w->engine, &u.e.event);
}

void world__receive(struct world *w, uint64_t cookie, int len)
{
	struct lw_event_data e = {.len = len};

	header(w, &e.event, cookie, LW_EVENT_RECV, sizeof(e));
	engine__event(w->engine, &e.event);
}

void world__snapshot(struct world *w, uint64_t cookie, uint32_t unacked, uint32_t unread)
{
	struct lw_event_tcp e = {
		.unacked_bytes = unacked, .unread_bytes = unread, .since_rx_us = w->since_rx_us};

	header(w, &e.event, cookie, LW_EVENT_SNAPSHOT, sizeof(e));
	engine__event(w->engine, &e.event);
}

static void resolve(struct world *w, bool done, int result, const char *name)
{
	struct lw_event_resolve e = {.done = done, .result = result};

	header(w, &e.event, 0, LW_EVENT_RESOLVE, sizeof(e));
	snprintf(e.name, sizeof(e.name), "%s", name);
	engine__event(w->engine, &e.event);
}

void world__resolve(struct world *w, const char *name)
{
	resolve(w, false, 0, name);
}

void world__resolved(struct world *w, int result)
{
	resolve(w, true, result, "");
}

/*
 * A question of type A (RFC 1035, 4.1); flags as they stand in the header. With an answer, that is
 * one address under the question's name.
 */
static size_t write_message(uint8_t *to, uint16_t id, uint16_t flags, const char *name, bool answer)
{
	static const uint8_t address[] = {0xc0, 12, 0, DNS_TYPE_A, 0,	1, 0, 0,
					  0,	60, 0, 4,	   127, 0, 0, 1};
	const uint8_t head[] = {id >> 8, id & 0xff, flags >> 8, flags & 0xff, 0, 1, 0, answer, 0,
				0,	 0,	    0};
	const uint8_t tail[] = {0, 0, DNS_TYPE_A, 0, 1};
	size_t at = sizeof(head);

	memcpy(to, head, sizeof(head));
	while (*name) {
		size_t len = strcspn(name, ".");

		to[at++] = (uint8_t)len;
		memcpy(to + at, name, len);
		at += len;
		name += len + (name[len] == '.');
	}
	memcpy(to + at, tail, sizeof(tail));
	at += sizeof(tail);
	memcpy(to + at, address, answer ? sizeof(address) : 0);
	return at + (answer ? sizeof(address) : 0);
}

static void dns(struct world *w, bool received, int server, uint16_t id, uint16_t flags,
		const char *name)
{
	union {
		struct lw_event_dns e;
		uint8_t room[sizeof(struct lw_event_dns) + PAYLOAD_BYTES];
	} u = {0};
	size_t len = write_message(u.e.payload, id, flags, name, received && !(flags & 0xf));

	header(w, &u.e.event, 1000000 + server, LW_EVENT_DNS, sizeof(u.e) + len);
	loopback(u.e.server, server);
	u.e.port = 53;
	u.e.received = received;
	u.e.len = u.e.captured = len;
	engine__event(w->engine, &u.e.event);
}

void world__ask(struct world *w, int server, uint16_t id, const char *name)
{
	dns(w, false, server, id, 0x0100, name);
}

void world__reply(struct world *w, int server, uint16_t id, const char *name, int rcode)
{
	dns(w, true, server, id, 0x8180 | rcode, name);
}
