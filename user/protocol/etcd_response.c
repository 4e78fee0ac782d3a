// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * etcd_response.c - what an answer says: its header, its lease, its error (see etcd.h).
 *
 * Error shapes:
 *	3.4, 3.5   {"error": s, "message": s, "code": n}      streams {"error": {"grpc_code",
 *"message"}} 3.6        {"message": s, "code": n}                  streams {"error": {"code",
 *"message"}} a watch    {"result": {"canceled": true, "cancel_reason": s}}, with HTTP 200 a proxy
 *anything
 */
#include "protocol/etcd.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "protocol/etcd_message.h"
#include "protocol/etcd_v2.h"
#include "protocol/json.h"
#include "protocol/patroni.h"

/* A message that is longer is cut before it is cleaned. */
#define RAW_MESSAGE_BYTES 512

static void read_header(const struct json *j, int object, struct etcd_response *r)
{
	int header = json__get(j, object, "header");

	json__u64(j, json__get(j, header, "cluster_id"), &r->cluster_id);
	json__u64(j, json__get(j, header, "member_id"), &r->member_id);
	json__u64(j, json__get(j, header, "raft_term"), &r->raft_term);
	json__u64(j, json__get(j, header, "revision"), &r->revision);
}

static void read_lease(const struct json *j, int object, struct etcd_response *r)
{
	uint64_t ttl;

	json__u64(j, json__get(j, object, "ID"), &r->lease_id);
	if (json__u64(j, json__get(j, object, "TTL"), &ttl) && ttl <= INT32_MAX)
		r->ttl_s = (int64_t)ttl;
}

/* One key of a range's answer. Its value is read only if it is Patroni's configuration. */
static void read_kv(const struct json *j, int kv, struct etcd_response *r)
{
	uint8_t bytes[PATRONI_KEY_BYTES];
	struct patroni_key key;
	bool whole;
	size_t len = json__base64(j, json__get(j, kv, "key"), bytes, sizeof(bytes), &whole);

	patroni_key_parse((const char *)bytes, whole ? len : 0, false, &key);
	if (key.kind == ETCD_KEY_CONFIG && !r->conf_ttl_s && !r->conf_loop_wait_s)
		patroni_config(j, json__get(j, kv, "value"), &r->conf_ttl_s, &r->conf_loop_wait_s);
	else if (key.kind == ETCD_KEY_LEADER && !r->leader_lease_id)
		json__u64(j, json__get(j, kv, "lease"), &r->leader_lease_id);
}

static void read_txn_answer(const struct json *j, struct etcd_response *r)
{
	int first = json__next(j, json__get(j, JSON_ROOT, "responses"), JSON_NONE);
	int nested = json__get(j, first, "response_txn");

	r->succeeded = json__true(j, json__get(j, JSON_ROOT, "succeeded")) ||
		       json__true(j, json__get(j, nested, "succeeded"));
}

static void read_result(enum etcd_rpc rpc, const struct json *j, struct etcd_response *r)
{
	int result = json__get(j, JSON_ROOT, "result");
	int object = result != JSON_NONE ? result : JSON_ROOT; /* a stream wraps its messages */
	int kvs;

	read_header(j, object, r);
	switch (rpc) {
	case ETCD_RPC_LEASE_KEEPALIVE:
	case ETCD_RPC_LEASE_GRANT:
		read_lease(j, object, r);
		break;
	case ETCD_RPC_KV_RANGE:
		kvs = json__get(j, JSON_ROOT, "kvs");
		for (int kv = json__next(j, kvs, JSON_NONE); kv != JSON_NONE;
		     kv = json__next(j, kvs, kv))
			read_kv(j, kv, r);
		break;
	case ETCD_RPC_KV_TXN:
		read_txn_answer(j, r);
		break;
	default:
		break;
	}
}

static int first_of(const struct json *j, int object, const char *name, const char *other)
{
	int value = json__get(j, object, name);

	return value != JSON_NONE ? value : json__get(j, object, other);
}

/* Somebody between us and etcd may quote the request: of an authenticate, only etcd is believed. */
static void set_message(enum etcd_rpc rpc, const char *src, size_t len, struct etcd_response *r)
{
	static const char etcd[] = "etcdserver: ";

	if (rpc == ETCD_RPC_AUTHENTICATE &&
	    (len < sizeof(etcd) - 1 || memcmp(src, etcd, sizeof(etcd) - 1) != 0))
		return;
	etcd_message_clean(r->error_message, sizeof(r->error_message), src, len);
}

static void read_message(enum etcd_rpc rpc, const struct json *j, int value,
			 struct etcd_response *r)
{
	char text[RAW_MESSAGE_BYTES];
	int len = json__string(j, value, text, sizeof(text));

	if (len > 0)
		set_message(rpc, text, (size_t)len, r);
}

static void read_code(const struct json *j, int value, struct etcd_response *r)
{
	uint64_t code;

	if (json__u64(j, value, &code) && code <= INT_MAX)
		r->error_code = (int)code;
}

static void read_refusal(enum etcd_rpc rpc, int status, const struct json *j,
			 struct etcd_response *r)
{
	int error = first_of(j, JSON_ROOT, "error", "Error"); /* 3.3 wrote it with a capital */
	int result = json__get(j, JSON_ROOT, "result");
	char text[RAW_MESSAGE_BYTES];

	if (json__is_object(j, error)) {
		r->error = ETCD_ERROR_OTHER;
		read_code(j, first_of(j, error, "grpc_code", "code"), r);
		read_message(rpc, j, json__get(j, error, "message"), r);
	} else if (status >= 400 || json__string(j, error, text, sizeof(text)) > 0) {
		int message = json__get(j, JSON_ROOT, "message");

		r->error = ETCD_ERROR_OTHER;
		read_code(j, first_of(j, JSON_ROOT, "code", "Code"), r);
		read_message(rpc, j, message != JSON_NONE ? message : error, r);
	} else if (rpc == ETCD_RPC_WATCH && json__true(j, json__get(j, result, "canceled"))) {
		r->error = ETCD_ERROR_OTHER;
		read_message(rpc, j, json__get(j, result, "cancel_reason"), r);
	}
}

int etcd_parse_response(enum etcd_rpc rpc, int status, const void *body, size_t len, bool truncated,
			struct etcd_response *out)
{
	struct etcd_response r = {.truncated = truncated};
	struct json j;
	int ret;

	if (etcd_rpc_is_v2(rpc))
		return etcd_v2_parse_response(rpc, status, body, len, truncated, out);
	ret = json__parse(&j, body, len);
	if (!ret && !j.len && !truncated)
		ret = -EBADMSG;
	if (!ret) {
		r.truncated = j.cut;
		read_result(rpc, &j, &r);
		read_refusal(rpc, status, &j, &r);
	} else if (status >= 400) {
		r.error = ETCD_ERROR_OTHER;
		set_message(rpc, body, len, &r);
	} else {
		return ret;
	}
	if (r.error)
		r.error = etcd_error_of(status, r.error_code, r.error_message);
	*out = r;
	return 0;
}
