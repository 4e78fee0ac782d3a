// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * world_tls.c - see world_tls.h.
 */
#include <string.h>

#include "world_tls.h"

static void raw(struct world *w, uint64_t cookie, uint32_t type, const uint8_t *bytes, size_t len)
{
	union {
		struct lw_event_data e;
		uint8_t room[sizeof(struct lw_event_data) + 1024];
	} u = {0};

	u.e.event = (struct lw_event){.ts_ns = w->now,
				      .cookie = cookie,
				      .tgid = w->pid,
				      .tid = w->tid,
				      .type = type,
				      .size = (uint32_t)(sizeof(u.e) + len)};
	u.e.len = (int32_t)len;
	u.e.captured = (uint32_t)len;
	memcpy(u.e.payload, bytes, len);
	engine__event(w->engine, &u.e.event);
}

void world_tls__sent(struct world *w, uint64_t cookie, const uint8_t *bytes, size_t len)
{
	raw(w, cookie, LW_EVENT_TLS_SEND, bytes, len);
}

void world_tls__received(struct world *w, uint64_t cookie, const uint8_t *bytes, size_t len)
{
	raw(w, cookie, LW_EVENT_TLS_RECV, bytes, len);
}

void world_tls__said(struct world *w, uint64_t cookie, uint32_t what, uint64_t code)
{
	struct lw_event_tls e = {.event = {.ts_ns = w->now,
					   .cookie = cookie,
					   .tgid = w->pid,
					   .tid = w->tid,
					   .type = LW_EVENT_TLS,
					   .size = sizeof(e)},
				 .what = what,
				 .code = code};

	engine__event(w->engine, &e.event);
}

/* A record of ciphertext: its header and its body, apart or together. */
static size_t ciphertext(uint8_t *to)
{
	memset(to, 0x5a, sizeof(sample_data_header) + 256);
	memcpy(to, sample_data_header, sizeof(sample_data_header));
	return sizeof(sample_data_header) + 256;
}

void world_tls__connect(struct world *w, uint64_t cookie)
{
	uint8_t bytes[512];

	world__connect(w, cookie);
	world_tls__sent(w, cookie, sample_hello, sizeof(sample_hello));
	w->now += MS(2);
	world_tls__received(w, cookie, sample_server_header, sizeof(sample_server_header));
	memset(bytes, 0x33, 122);
	world_tls__received(w, cookie, bytes, 122);
	world_tls__received(w, cookie, sample_data_header, sizeof(sample_data_header));
	memset(bytes, 0x44, 256);
	world_tls__received(w, cookie, bytes, 256);
	w->now += MS(1);
	world_tls__sent(w, cookie, bytes, ciphertext(bytes)); /* Finished */
}

void world_tls__asks(struct world *w, uint64_t cookie)
{
	uint8_t bytes[512];

	world_tls__sent(w, cookie, bytes, ciphertext(bytes));
}

void world_tls__is_answered(struct world *w, uint64_t cookie)
{
	uint8_t bytes[512];
	size_t len = ciphertext(bytes);

	world_tls__received(w, cookie, bytes, 5);
	world_tls__received(w, cookie, bytes + 5, len - 5);
}
