// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * etcd_request.c - what a request's body says about who sends it (see etcd.h).
 *
 * Who is the leader? Read from Patroni's dcs/etcd3.py and dcs/__init__.py, 3.0.2 and 4.1:
 *  - .../status, .../optime/leader and .../failsafe are put at the end of
 * AbstractDCS.update_leader, after the lease was renewed; nothing else writes them. Proof.
 *  - .../leader by a plain put: take_leader after a bootstrap, and 3.x's _update_leader, which
 * binds a key that it holds to a new lease. Proof.
 *  - .../leader by a txn that compares VALUE with its own name: 4.x's _update_leader. A txn that
 *    compares MOD or VERSION with something above 0 demands a key that is there, too. Proof.
 *  - .../leader by a txn that compares CREATE with 0 (attempt_to_acquire_leader): the race that
 * every healthy replica enters. No proof before the answer says "succeeded".
 *  - .../leader deleted (_delete_leader): was the leader, and is none from now on.
 *  - .../members/<name>: the value's "role".
 */
#include "protocol/etcd.h"

#include <errno.h>
#include <string.h>

#include "protocol/etcd_v2.h"
#include "protocol/json.h"
#include "protocol/patroni.h"
#include "protocol/text.h"

/* The key and, of what lies below it, whether all is meant. */
static void read_key(const struct json *j, int object, struct patroni_key *key)
{
	uint8_t bytes[PATRONI_KEY_BYTES];
	bool whole;
	size_t len = json__base64(j, json__get(j, object, "key"), bytes, sizeof(bytes), &whole);
	bool tree = json__get(j, object, "range_end") != JSON_NONE;

	/* Half a key names something else. */
	patroni_key_parse((const char *)bytes, whole ? len : 0, tree, key);
}

static void take_key(const struct patroni_key *key, struct etcd_request *r)
{
	r->key = key->kind;
	memcpy(r->scope, key->scope, sizeof(r->scope));
	memcpy(r->member, key->member, sizeof(r->member));
}

static void read_put(const struct json *j, int put, struct etcd_request *r)
{
	struct patroni_key key;

	read_key(j, put, &key);
	take_key(&key, r);
	json__u64(j, json__get(j, put, "lease"), &r->lease_id);
	if (key.kind == ETCD_KEY_MEMBER)
		r->role = patroni_member_role(j, json__get(j, put, "value"), &r->standby);
	else if (key.leader_writes)
		r->role = ETCD_ROLE_LEADER;
}

static void read_range(const struct json *j, int range, struct etcd_request *r)
{
	struct patroni_key key;

	read_key(j, range, &key);
	take_key(&key, r);
}

/* Does the comparison hold only for a key that is there? proto3 drops zeros: no target is VERSION.
 */
static bool demands_key(const struct json *j, int compare)
{
	int target = json__get(j, compare, "target");
	uint64_t least = 0;

	if (json__is(j, target, "VALUE"))
		return true;
	if (json__is(j, target, "MOD"))
		json__u64(j, json__get(j, compare, "mod_revision"), &least);
	else if (target == JSON_NONE || json__is(j, target, "VERSION"))
		json__u64(j, json__get(j, compare, "version"), &least);
	return least > 0;
}

static void read_txn(const struct json *j, struct etcd_request *r)
{
	int compares = json__get(j, JSON_ROOT, "compare");
	int compare = json__next(j, compares, JSON_NONE);
	int success = json__next(j, json__get(j, JSON_ROOT, "success"), JSON_NONE);
	int put = json__get(j, success, "request_put");
	int del = json__get(j, success, "request_delete_range");

	if (json__is_object(j, put))
		read_put(j, put, r);
	else if (json__is_object(j, del))
		read_range(j, del, r);
	else
		read_range(j, compare, r); /* the rest was cut off, or it only reads */
	if (r->key != ETCD_KEY_LEADER)
		return;
	if (json__is_object(j, del)) {
		r->leader_release = true;
	} else if (json__is_object(j, put) && json__is_complete(j, compares)) {
		if (compare == JSON_NONE || demands_key(j, compare))
			r->role = ETCD_ROLE_LEADER;
		else
			r->leader_race = true;
	}
}

static void read_grant(const struct json *j, struct etcd_request *r)
{
	uint64_t ttl;

	json__u64(j, json__get(j, JSON_ROOT, "ID"), &r->lease_id);
	if (json__u64(j, json__get(j, JSON_ROOT, "TTL"), &ttl) && ttl <= INT32_MAX)
		r->ttl_s = (int64_t)ttl;
}

static void read_request(const struct json *j, struct etcd_request *r)
{
	switch (r->rpc) {
	case ETCD_RPC_LEASE_KEEPALIVE:
	case ETCD_RPC_LEASE_REVOKE:
		json__u64(j, json__get(j, JSON_ROOT, "ID"), &r->lease_id);
		break;
	case ETCD_RPC_LEASE_GRANT:
		read_grant(j, r);
		break;
	case ETCD_RPC_KV_PUT:
		read_put(j, JSON_ROOT, r);
		if (r->key == ETCD_KEY_LEADER)
			r->role = ETCD_ROLE_LEADER;
		break;
	case ETCD_RPC_KV_RANGE:
		read_range(j, JSON_ROOT, r);
		break;
	case ETCD_RPC_KV_DELETERANGE:
		read_range(j, JSON_ROOT, r);
		r->leader_release = r->key == ETCD_KEY_LEADER;
		break;
	case ETCD_RPC_KV_TXN:
		read_txn(j, r);
		break;
	case ETCD_RPC_WATCH:
		read_range(j, json__get(j, JSON_ROOT, "create_request"), r);
		break;
	default:
		break;
	}
}

/* The calls whose bodies are opened. An authenticate, which holds a password, is never among them.
 */
static bool is_read(enum etcd_rpc rpc)
{
	switch (rpc) {
	case ETCD_RPC_LEASE_KEEPALIVE:
	case ETCD_RPC_LEASE_REVOKE:
	case ETCD_RPC_LEASE_GRANT:
	case ETCD_RPC_KV_PUT:
	case ETCD_RPC_KV_RANGE:
	case ETCD_RPC_KV_DELETERANGE:
	case ETCD_RPC_KV_TXN:
	case ETCD_RPC_WATCH:
		return true;
	default:
		return false;
	}
}

int etcd_parse_request(enum etcd_rpc rpc, const char *target, const void *body, size_t len,
		       bool truncated, struct etcd_request *out)
{
	struct etcd_request r = {.rpc = rpc};

	if (etcd_rpc_is_v2(rpc))
		return etcd_v2_parse_request(rpc, etcd_path(target), body, len, truncated, out);
	if (is_read(rpc)) {
		struct json j;
		int ret = json__parse(&j, body, len);

		if (!ret && !j.len && !truncated)
			ret = -EBADMSG;
		if (ret)
			return ret;
		read_request(&j, &r);
	}
	*out = r;
	return 0;
}
