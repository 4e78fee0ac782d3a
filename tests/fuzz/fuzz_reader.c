// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fuzz_reader.c - any bytes as an answer of the reader. The first byte says which kind the answer
 * is cut or filled to, so that not only answers of the wrong length are tried; 0 leaves it as it
 * is.
 */
#include <ctype.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "host/patroni_private.h"
#include "host/reader_message.h"

static struct reader_reply reply;

static void is_shown_safely(const char *text, size_t size)
{
	size_t len = strnlen(text, size);

	CHECK(len < size && patroni_text__printable(text, len));
}

static void check_config(const struct reader_config *c)
{
	const struct patroni_config *config = &c->config;

	is_shown_safely(config->path, sizeof(config->path));
	is_shown_safely(config->scope, sizeof(config->scope));
	is_shown_safely(config->member, sizeof(config->member));
	is_shown_safely(config->namespace, sizeof(config->namespace));
	CHECK(config->endpoints_len <= PATRONI_ENDPOINTS_MAX);
	for (size_t i = 0; i < config->endpoints_len; i++)
		is_shown_safely(config->endpoints[i], sizeof(config->endpoints[i]));
	CHECK(c->addresses_len <= READER_ADDRESSES_MAX);
	for (uint32_t i = 0; i < c->addresses_len; i++)
		CHECK(c->addresses[i].endpoint < config->endpoints_len);
	CHECK(config->ttl_s >= 0 && config->loop_wait_s >= 0 && config->retry_timeout_s >= 0);
}

static void check_sample(const struct thread_sample *s)
{
	is_shown_safely(s->wchan, sizeof(s->wchan));
	is_shown_safely(s->syscall, sizeof(s->syscall));
	is_shown_safely(s->wait.call, sizeof(s->wait.call));
	is_shown_safely(s->wait.object, sizeof(s->wait.object));
	CHECK(!s->state || isalpha((unsigned char)s->state));
	CHECK(isfinite(s->cpu_quota) && isfinite(s->cpu_pressure));
}

static void check_library(const struct library_copies *l)
{
	CHECK(l->len <= LIBRARY_COPIES_MAX && reader_message__fds(&reply) <= l->len);
	is_shown_safely(l->own, sizeof(l->own));
	for (uint32_t i = 0; i < l->len; i++)
		is_shown_safely(l->copies[i].name, sizeof(l->copies[i].name));
}

static void check_accepted(void)
{
	switch (reply.what) {
	case READER_IDENTIFY:
		is_shown_safely(reply.identity.process.comm, sizeof(reply.identity.process.comm));
		break;
	case READER_CONFIG:
		check_config(&reply.config);
		break;
	case READER_SAMPLE:
		check_sample(&reply.sample);
		break;
	default:
		check_library(&reply.library);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t len;

	if (!size)
		return 0;
	memset(&reply, 0, sizeof(reply));
	len = size - 1 < sizeof(reply) ? size - 1 : sizeof(reply);
	memcpy(&reply, data + 1, len);
	if (data[0]) {
		reply.what = data[0] % READER_WHATS;
		reply.err = 0;
		len = reader_message__bytes(reply.what);
	}
	if (reader_message__check(&reply, len))
		return 0;
	CHECK(len >= READER_REPLY_HEADER);
	if (!reply.err)
		check_accepted();
	return 0;
}
