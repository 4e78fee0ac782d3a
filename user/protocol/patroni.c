// SPDX-License-Identifier: GPL-2.0-or-later
/* patroni.c - Patroni's keys, roles and dynamic configuration (see patroni.h). */
#include "leasewatch/units.h"
#include "protocol/patroni.h"

#include <string.h>

#include "protocol/text.h"

/* Namespaces deeper than this are treated as somebody else's keys. */
#define SEGMENTS_MAX 16

/* Of one member's value or of the dynamic configuration: the part that is looked at. */
#define VALUE_BYTES 3072

struct segment {
	const char *text;
	size_t len;
};

static const struct {
	const char *name;
	enum etcd_key kind;
	bool leader_writes;
} leaves[] = {
	{"leader", ETCD_KEY_LEADER, false},
	/* Written at the end of AbstractDCS.update_leader, after the lease was renewed, only. */
	{"status", ETCD_KEY_STATUS, true},
	{"failsafe", ETCD_KEY_OTHER, true},
	{"config", ETCD_KEY_CONFIG, false},
	{"initialize", ETCD_KEY_OTHER, false},
	{"history", ETCD_KEY_OTHER, false},
	{"sync", ETCD_KEY_OTHER, false},
	{"failover", ETCD_KEY_OTHER, false},
};

/* Returns how many, 0 when it is no path of the expected shape. A tree's last slash is dropped. */
static size_t split(const char *key, size_t len, bool *slash, struct segment segments[SEGMENTS_MAX])
{
	size_t n = 0, begin = 1;

	*slash = false;
	if (!len || key[0] != '/' || memchr(key, '\0', len))
		return 0;
	for (size_t i = 1; i <= len; i++) {
		if (i < len && key[i] != '/')
			continue;
		if (i == begin) { /* Patroni never writes an empty segment but the last */
			*slash = i == len && n;
			return *slash ? n : 0;
		}
		if (n == SEGMENTS_MAX)
			return 0;
		segments[n++] = (struct segment){key + begin, i - begin};
		begin = i + 1;
	}
	return n;
}

static bool is(const struct segment *s, const char *word)
{
	return s->len == strlen(word) && !memcmp(s->text, word, s->len);
}

static bool is_number(const struct segment *s)
{
	uint64_t group;

	return text_u64(s->text, s->len, &group) && (s->len == 1 || s->text[0] != '0');
}

/* How many of the segments lie before the leaf; 0 when it is no leaf of Patroni's. */
static size_t parse_leaf(const struct segment *s, size_t n, struct patroni_key *out)
{
	if (n >= 3 && is(&s[n - 2], "members")) {
		out->kind = ETCD_KEY_MEMBER;
		text_copy_utf8(out->member, sizeof(out->member), s[n - 1].text, s[n - 1].len);
		return n - 2;
	}
	if (n >= 3 && is(&s[n - 2], "optime") && is(&s[n - 1], "leader")) {
		out->kind = ETCD_KEY_STATUS;
		out->leader_writes = true;
		return n - 2;
	}
	for (size_t i = 0; n >= 2 && i < ARRAY_LEN(leaves); i++) {
		if (!is(&s[n - 1], leaves[i].name))
			continue;
		out->kind = leaves[i].kind;
		out->leader_writes = leaves[i].leader_writes;
		return n - 1;
	}
	return 0;
}

void patroni_key_parse(const char *key, size_t len, bool tree, struct patroni_key *out)
{
	struct segment s[SEGMENTS_MAX];
	bool slash;
	size_t n = split(key, len, &slash, s);

	memset(out, 0, sizeof(*out));
	if (slash && tree)
		out->kind = ETCD_KEY_SCOPE;
	else
		n = slash ? 0 : parse_leaf(s, n, out);
	if (!n)
		return;
	/*
	 * A Citus cluster has its group's number between scope and leaf. A scope that is itself a
	 * number needs a namespace of two segments to be mistaken for one.
	 */
	if (n >= 3 && is_number(&s[n - 1]))
		n--;
	text_copy_utf8(out->scope, sizeof(out->scope), s[n - 1].text, s[n - 1].len);
}

enum etcd_role patroni_role(const char *value, size_t len, bool *standby)
{
	/* "promoted": it has the lock, and PostgreSQL is on its way out of recovery. */
	static const char *const leads[] = {"master", "primary", "promoted"};
	static const char *const follows[] = {"replica", "demoted", "uninitialized"};
	struct json j;
	int role;

	if (!len || json__parse(&j, value, len))
		return ETCD_ROLE_UNKNOWN;
	role = json__get(&j, JSON_ROOT, "role");
	if (json__is(&j, role, "standby_leader")) {
		*standby = true;
		return ETCD_ROLE_LEADER;
	}
	for (size_t i = 0; i < ARRAY_LEN(leads); i++) {
		if (json__is(&j, role, leads[i]))
			return ETCD_ROLE_LEADER;
	}
	for (size_t i = 0; i < ARRAY_LEN(follows); i++) {
		if (json__is(&j, role, follows[i]))
			return ETCD_ROLE_REPLICA;
	}
	return ETCD_ROLE_UNKNOWN;
}

enum etcd_role patroni_member_role(const struct json *j, int value, bool *standby)
{
	uint8_t text[VALUE_BYTES];
	bool whole;
	size_t len = json__base64(j, value, text, sizeof(text), &whole);

	return patroni_role((const char *)text, len, standby);
}

static void get_seconds(const struct json *j, const char *name, int64_t *out)
{
	uint64_t seconds;

	if (json__u64(j, json__get(j, JSON_ROOT, name), &seconds) && seconds <= INT32_MAX)
		*out = (int64_t)seconds;
}

void patroni_settings(const char *value, size_t len, int64_t *ttl_s, int64_t *loop_wait_s)
{
	struct json j;

	if (!len || json__parse(&j, value, len))
		return;
	get_seconds(&j, "ttl", ttl_s);
	get_seconds(&j, "loop_wait", loop_wait_s);
}

void patroni_config(const struct json *j, int value, int64_t *ttl_s, int64_t *loop_wait_s)
{
	uint8_t text[VALUE_BYTES];
	bool whole;
	size_t len = json__base64(j, value, text, sizeof(text), &whole);

	patroni_settings((const char *)text, len, ttl_s, loop_wait_s);
}
