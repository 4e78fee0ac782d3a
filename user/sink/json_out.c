// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * json_out.c - how each kind of value is spelled in JSON.
 *
 * Ids of 64 bits (lease.id, etcd.member_id) are decimal strings, as etcd's own gateway spells them:
 * as numbers they would lose their last digits in every reader that thinks in doubles.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/address.h"
#include "leasewatch/units.h"
#include "sink/json_out.h"
#include "base/utf8.h"

void json_out__set(struct json_out *o, const char *key, json_t *value)
{
	char clean[JSON_STRING_BYTES];

	utf8__clean(key, clean, sizeof(clean));
	/* A NULL value is refused as well: that is how a failed json_string() is noticed. */
	if (json_object_set_new(o->json, clean, value))
		o->err = -ENOMEM;
}

void json_out__child(struct json_out *o, const char *key, struct json_out *child)
{
	if (child->err)
		o->err = child->err;
	json_out__set(o, key, child->json);
}

void json_out__string(struct json_out *o, const char *key, const char *value)
{
	char clean[JSON_STRING_BYTES];

	if (!value)
		return;
	utf8__clean(value, clean, sizeof(clean));
	json_out__set(o, key, json_string(clean));
}

void json_out__int(struct json_out *o, const char *key, int64_t value)
{
	json_out__set(o, key, json_integer(value));
}

void json_out__id(struct json_out *o, const char *key, uint64_t id)
{
	char text[24];

	if (!id)
		return;
	snprintf(text, sizeof(text), "%" PRIu64, id);
	json_out__set(o, key, json_string(text));
}

/* As seconds. Two doubles' rounding errors are far below the six places that are written. */
void json_out__seconds(struct json_out *o, const char *key, int64_t ns)
{
	int64_t us = finding_round_us(ns) / 1000;

	json_out__set(o, key, json_real((double)us / 1e6));
}

void json_out__duration(struct json_out *o, const char *key, int64_t ns)
{
	if (ns >= 0)
		json_out__seconds(o, key, ns);
}

void json_out__time(struct json_out *o, uint64_t ts_ns)
{
	time_t seconds = (time_t)(ts_ns / NS_PER_S);
	char date[32], text[48];
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) || !strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm)) {
		o->err = -EINVAL;
		return;
	}
	snprintf(text, sizeof(text), "%s.%06uZ", date, (unsigned int)(ts_ns % NS_PER_S / 1000));
	json_out__set(o, "ts", json_string(text));
}

void json_out__who(struct json_out *o, const struct finding_who *who)
{
	if (who->pid)
		json_out__int(o, "process.pid", who->pid);
	json_out__string(o, "patroni.scope", who->scope);
	json_out__string(o, "patroni.member", who->member);
	json_out__string(o, "patroni.role", who->role);
}

void json_out__peer(struct json_out *o, const struct finding_where *where)
{
	json_out__string(o, "network.peer.address", where->address);
	if (where->port)
		json_out__int(o, "network.peer.port", where->port);
}

void json_out__server(struct json_out *o, const char *endpoint)
{
	char host[JSON_STRING_BYTES];
	unsigned long port;
	size_t len;

	if (!endpoint)
		return;
	port = address__port(endpoint, &len);
	if (len >= 2 && endpoint[0] == '[' && endpoint[len - 1] == ']') {
		endpoint++;
		len -= 2;
	}
	snprintf(host, sizeof(host), "%.*s", (int)(len < sizeof(host) ? len : sizeof(host) - 1),
		 endpoint);
	json_out__string(o, "server.address", host);
	if (port)
		json_out__int(o, "server.port", (int64_t)port);
}

/* Whole numbers without a unit of time are counts; a duration is a real, even when it is whole. */
void json_out__evidence(struct json_out *o, const struct evidence *e)
{
	size_t len = strlen(e->key);
	bool seconds = len > 2 && !strcmp(e->key + len - 2, "_s");
	int64_t micro;

	if (e->text) {
		json_out__string(o, e->key, e->text);
		return;
	}
	if (!(e->number >= -9e12 && e->number <= 9e12))
		return; /* NaN, or no number that anybody measured */
	/* As it will be written, with six places: what reads as a whole number is one. */
	micro = (int64_t)(e->number * 1e6 + (e->number < 0 ? -0.5 : 0.5));
	if (!seconds && micro % 1000000 == 0)
		json_out__int(o, e->key, micro / 1000000);
	else
		json_out__set(o, e->key, json_real(e->number));
}
