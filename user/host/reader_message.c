// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * reader_message.c - see reader_message.h. Whoever made a worker say what it likes must gain
 * nothing by it here.
 */
#include <errno.h>
#include <string.h>

#include "host/patroni_private.h"
#include "host/reader_message.h"
#include "leasewatch/units.h"

static bool is_text(const char *s, size_t size)
{
	size_t len = strnlen(s, size);

	return len < size && patroni_text__printable(s, len);
}

static bool is_name(const char *s, size_t size)
{
	return is_text(s, size) && !strpbrk(s, "\n");
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
	return is_text(c->path, sizeof(c->path)) && is_name(c->scope, sizeof(c->scope)) &&
	       is_name(c->member, sizeof(c->member)) &&
	       is_name(c->namespace, sizeof(c->namespace)) &&
	       is_text(c->layers.data_dir, sizeof(c->layers.data_dir)) &&
	       (unsigned int)c->dcs <= PATRONI_DCS_OTHER && c->ttl_s >= 0 && c->loop_wait_s >= 0 &&
	       c->retry_timeout_s >= 0 && are_bools(c) && are_endpoints(c);
}

static bool is_patroni(const struct reader_patroni *p)
{
	if (p->is > 1 || p->primary > 1 || p->config_err > 0 ||
	    p->addresses_len > READER_ADDRESSES_MAX)
		return false;
	for (uint32_t i = 0; i < p->addresses_len; i++)
		if (p->addresses[i].endpoint >= p->config.endpoints_len)
			return false;
	return *(const unsigned char *)&p->process.container <= 1 &&
	       is_name(p->process.comm, sizeof(p->process.comm)) && is_config(&p->config);
}

int reader_message__check(const struct reader_reply *reply, size_t len)
{
	if (len < READER_REPLY_HEADER || reply->err > 0 || reply->what >= READER_WHATS)
		return -EBADMSG;
	if (reply->err)
		return len == READER_REPLY_HEADER ? 0 : -EBADMSG;
	if (len != READER_REPLY_HEADER + sizeof(reply->patroni))
		return -EBADMSG;
	return is_patroni(&reply->patroni) ? 0 : -EBADMSG;
}
