// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * reader_message.c - see reader_message.h. Whoever made a worker say what it likes must gain
 * nothing by it here.
 */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <string.h>

#include "host/patroni_private.h"
#include "host/reader_message.h"
#include "leasewatch/units.h"

static bool is_text_field(const char *s, size_t size)
{
	size_t len = strnlen(s, size);

	return len < size && patroni_text__printable(s, len);
}

static bool is_name(const char *s, size_t size)
{
	return is_text_field(s, size) && !strpbrk(s, "\n");
}

static bool are_endpoints(const struct patroni_config *c)
{
	if (c->endpoints_len > PATRONI_ENDPOINTS_MAX)
		return false;
	for (size_t i = 0; i < c->endpoints_len; i++)
		if (!is_name(c->endpoints[i], sizeof(c->endpoints[i])) ||
		    !strchr(c->endpoints[i], ':'))
			return false;
	return true;
}

/* A bool is a byte, and any other value than 0 and 1 in one is undefined. */
static bool are_bools(const struct patroni_config *c)
{
	const unsigned char *const flags[] = {
		(const unsigned char *)&c->tls,
		(const unsigned char *)&c->srv,
		(const unsigned char *)&c->endpoints_cut,
	};

	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		if (*flags[i] > 1)
			return false;
	return true;
}

static bool is_config(const struct patroni_config *c)
{
	return is_text_field(c->path, sizeof(c->path)) && is_name(c->scope, sizeof(c->scope)) &&
	       is_name(c->member, sizeof(c->member)) &&
	       is_name(c->namespace, sizeof(c->namespace)) &&
	       is_text_field(c->layers.data_dir, sizeof(c->layers.data_dir)) &&
	       (unsigned int)c->dcs <= PATRONI_DCS_OTHER && c->ttl_s >= 0 && c->loop_wait_s >= 0 &&
	       c->retry_timeout_s >= 0 && are_bools(c) && are_endpoints(c);
}

static bool is_identity(const struct reader_identity *i)
{
	return i->is <= 1 && *(const unsigned char *)&i->process.container <= 1 &&
	       is_name(i->process.comm, sizeof(i->process.comm));
}

static bool is_configuration(const struct reader_config *c)
{
	if (c->err > 0 || c->primary > 1 || c->given > 1 || c->addresses_len > READER_ADDRESSES_MAX)
		return false;
	for (uint32_t i = 0; i < c->addresses_len; i++)
		if (c->addresses[i].endpoint >= c->config.endpoints_len)
			return false;
	return is_config(&c->config);
}

static bool is_sample(const struct thread_sample *s)
{
	return is_name(s->wchan, sizeof(s->wchan)) && is_name(s->syscall, sizeof(s->syscall)) &&
	       is_name(s->wait.call, sizeof(s->wait.call)) &&
	       is_name(s->wait.object, sizeof(s->wait.object)) &&
	       (unsigned int)s->wait.kind <= WAIT_OBJECT && (!s->state || isalpha(s->state)) &&
	       s->runtime_ns >= -1 && s->run_delay_ns >= -1 && s->throttled_ns >= -1 &&
	       s->throttled_count >= -1 && s->major_faults >= -1 && isfinite(s->cpu_quota) &&
	       isfinite(s->cpu_pressure) && isfinite(s->memory_pressure) &&
	       isfinite(s->io_pressure) && !s->since_ns && !s->starving_ns;
}

static bool are_copies(const struct library_copies *l)
{
	if (l->err > 0 || l->len > LIBRARY_COPIES_MAX || !is_name(l->own, sizeof(l->own)))
		return false;
	for (uint32_t i = 0; i < l->len; i++)
		if (l->copies[i].err > 0 || !is_name(l->copies[i].name, sizeof(l->copies[i].name)))
			return false;
	return true;
}

size_t reader_message__fds(const struct reader_reply *reply)
{
	size_t n = 0;

	if (reply->err || reply->what != READER_LIBRARY)
		return 0;
	for (uint32_t i = 0; i < reply->library.len; i++)
		n += !reply->library.copies[i].err;
	return n;
}

size_t reader_message__bytes(uint32_t what)
{
	static const size_t bytes[READER_WHATS] = {
		[READER_IDENTIFY] = sizeof(struct reader_identity),
		[READER_CONFIG] = sizeof(struct reader_config),
		[READER_SAMPLE] = sizeof(struct thread_sample),
		[READER_LIBRARY] = sizeof(struct library_copies),
	};

	return what < READER_WHATS ? READER_REPLY_HEADER + bytes[what] : 0;
}

int reader_message__check(const struct reader_reply *reply, size_t len)
{
	if (len < READER_REPLY_HEADER || reply->err > 0 || reply->what >= READER_WHATS)
		return -EBADMSG;
	if (reply->err)
		return len == READER_REPLY_HEADER ? 0 : -EBADMSG;
	if (len != reader_message__bytes(reply->what))
		return -EBADMSG;
	switch (reply->what) {
	case READER_IDENTIFY:
		return is_identity(&reply->identity) ? 0 : -EBADMSG;
	case READER_CONFIG:
		return is_configuration(&reply->config) ? 0 : -EBADMSG;
	case READER_LIBRARY:
		return are_copies(&reply->library) ? 0 : -EBADMSG;
	default:
		return is_sample(&reply->sample) ? 0 : -EBADMSG;
	}
}
