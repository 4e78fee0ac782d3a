// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * etcd_v2.c - see etcd_v2.h.
 *
 * What Patroni does there (dcs/etcd.py, 3.0.2 and 4.1):
 *  - update_leader: PUT .../leader with value, ttl and prevValue: the holder of the key renews it.
 *    It is the lease, and only the leader does this.
 *  - take_leader: the same without a condition, after a bootstrap. Proof, too.
 *  - attempt_to_acquire_leader: with prevExist=false: the race that every healthy replica enters.
 *  - touch_member: PUT .../members/<name> with value and ttl, in every loop of every member.
 */
#include "protocol/etcd_v2.h"

#include <errno.h>
#include <string.h>

#include "protocol/etcd_message.h"
#include "protocol/json.h"
#include "protocol/patroni.h"
#include "protocol/text.h"

enum { V2_KEY_NOT_FOUND = 100, V2_COMPARE_FAILED = 101, V2_RAFT_INTERNAL = 300 };

/* Of one member's value, or one message. */
#define VALUE_BYTES 3072

static const char keys_prefix[] = "/v2/keys/";

static bool is_path(const char *path, size_t len, const char *word)
{
	return len == strlen(word) && !memcmp(path, word, len);
}

/* Is there a parameter `name` with the value "true" behind the path's '?'? */
static bool asks_for(const char *path, const char *name)
{
	const char *at = path + strcspn(path, "?");
	size_t len = strlen(name);

	while (*at) {
		at++;
		if (!strncmp(at, name, len) && at[len] == '=' &&
		    !strncmp(at + len + 1, "true", 4) && (!at[len + 5] || at[len + 5] == '&'))
			return true;
		at += strcspn(at, "&");
	}
	return false;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		return (c | 0x20) - 'a' + 10;
	return -1;
}

/* Percent-decode, in a form also '+'. Returns the length; *whole says that all of it had room. */
static size_t decode(char *dst, size_t size, const char *src, size_t len, bool form, bool *whole)
{
	size_t n = 0, i = 0;

	while (i < len && n < size) {
		int high = src[i] == '%' && i + 2 < len ? hex(src[i + 1]) : -1;
		int low = high >= 0 ? hex(src[i + 2]) : -1;

		if (low >= 0) {
			dst[n++] = (char)(high << 4 | low);
			i += 3;
		} else {
			dst[n++] = form && src[i] == '+' ? ' ' : src[i];
			i++;
		}
	}
	*whole = i == len;
	return n;
}

static void read_v2_key(const char *path, struct patroni_key *key)
{
	const char *from = path + sizeof(keys_prefix) - 2; /* the last slash begins the key */
	bool tree = asks_for(path, "recursive"), whole;
	char text[PATRONI_KEY_BYTES];
	size_t len = decode(text, sizeof(text) - 1, from, strcspn(from, "?#"), false, &whole);

	/* A directory may be named with or without its slash. */
	if (tree && len && text[len - 1] != '/')
		text[len++] = '/';
	patroni_key_parse(text, whole ? len : 0, tree, key);
}

static enum etcd_rpc rpc_of_put(const char *path)
{
	struct patroni_key key;

	read_v2_key(path, &key);
	switch (key.kind) {
	case ETCD_KEY_LEADER:
		return ETCD_RPC_V2_PUT_LEADER;
	case ETCD_KEY_MEMBER:
		return ETCD_RPC_V2_PUT_MEMBER;
	default:
		return ETCD_RPC_V2_PUT;
	}
}

enum etcd_rpc etcd_v2_rpc(const char *method, const char *path)
{
	size_t len = strcspn(path, "?#");

	if (strncmp(path, "/v2/", 4) != 0)
		return ETCD_RPC_UNKNOWN;
	if (is_path(path, len, "/v2/machines"))
		return ETCD_RPC_V2_MACHINES;
	if (strncmp(path, keys_prefix, sizeof(keys_prefix) - 1) != 0)
		return !strncmp(path, "/v2/members", 11) || !strncmp(path, "/v2/stats/", 10) ||
				       !strncmp(path, "/v2/auth/", 9)
			       ? ETCD_RPC_V2_OTHER
			       : ETCD_RPC_UNKNOWN;
	if (!strcmp(method, "GET"))
		return asks_for(path, "wait") ? ETCD_RPC_V2_WATCH : ETCD_RPC_V2_GET;
	if (!strcmp(method, "PUT"))
		return rpc_of_put(path);
	if (!strcmp(method, "DELETE"))
		return ETCD_RPC_V2_DELETE;
	return !strcmp(method, "POST") ? ETCD_RPC_V2_PUT : ETCD_RPC_V2_OTHER;
}

/* A field of the form; NULL when it is not there. One that the cut fell into is not either. */
static const char *field(const char *body, size_t len, bool truncated, const char *name,
			 size_t *value_len)
{
	size_t name_len = strlen(name), i = 0;

	while (i < len) {
		const char *end = memchr(body + i, '&', len - i);
		size_t n = end ? (size_t)(end - body) - i : len - i;

		if (n > name_len && body[i + name_len] == '=' &&
		    !memcmp(body + i, name, name_len) && (end || !truncated)) {
			*value_len = n - name_len - 1;
			return body + i + name_len + 1;
		}
		i += n + 1;
	}
	return NULL;
}

static void read_ttl(const char *body, size_t len, bool truncated, struct etcd_request *r)
{
	size_t n;
	const char *ttl = field(body, len, truncated, "ttl", &n);
	uint64_t seconds;

	if (ttl && text_u64(ttl, n, &seconds) && seconds <= INT32_MAX)
		r->ttl_s = (int64_t)seconds;
}

static void read_role(const char *body, size_t len, bool truncated, struct etcd_request *r)
{
	char text[VALUE_BYTES];
	bool whole;
	size_t n;
	const char *value = field(body, len, truncated, "value", &n);

	if (!value)
		return;
	n = decode(text, sizeof(text), value, n, true, &whole);
	r->role = patroni_role(text, n, &r->standby);
}

static void read_put_leader(const char *body, size_t len, bool truncated, struct etcd_request *r)
{
	size_t n;
	const char *exist = field(body, len, truncated, "prevExist", &n);

	if (exist && n == 5 && !memcmp(exist, "false", 5))
		r->leader_race = true;
	else if (!truncated || field(body, len, truncated, "prevValue", &n))
		r->role = ETCD_ROLE_LEADER;
}

int etcd_v2_parse_request(enum etcd_rpc rpc, const char *path, const void *body, size_t len,
			  bool truncated, struct etcd_request *out)
{
	struct etcd_request r = {.rpc = rpc};
	struct patroni_key key;

	memset(&key, 0, sizeof(key));
	if (path && !strncmp(path, keys_prefix, sizeof(keys_prefix) - 1)) {
		read_v2_key(path, &key);
		r.key = key.kind;
		memcpy(r.scope, key.scope, sizeof(r.scope));
		memcpy(r.member, key.member, sizeof(r.member));
	}
	switch (rpc) {
	case ETCD_RPC_V2_PUT_LEADER:
		read_ttl(body, len, truncated, &r);
		read_put_leader(body, len, truncated, &r);
		break;
	case ETCD_RPC_V2_PUT_MEMBER:
		read_ttl(body, len, truncated, &r);
		read_role(body, len, truncated, &r);
		break;
	case ETCD_RPC_V2_PUT:
		if (key.leader_writes)
			r.role = ETCD_ROLE_LEADER;
		break;
	case ETCD_RPC_V2_DELETE:
		r.leader_release = r.key == ETCD_KEY_LEADER;
		break;
	default:
		break;
	}
	*out = r;
	return 0;
}

/* Patroni's configuration among the nodes of a directory. */
static void read_nodes(const struct json *j, int nodes, struct etcd_response *r)
{
	char text[VALUE_BYTES];
	struct patroni_key key;

	for (int node = json__next(j, nodes, JSON_NONE); node != JSON_NONE;
	     node = json__next(j, nodes, node)) {
		int len = json__string(j, json__get(j, node, "key"), text, sizeof(text));

		patroni_key_parse(text, len > 0 ? (size_t)len : 0, false, &key);
		if (key.kind != ETCD_KEY_CONFIG)
			continue;
		len = json__string(j, json__get(j, node, "value"), text, sizeof(text));
		if (len > 0)
			patroni_settings(text, (size_t)len, &r->conf_ttl_s, &r->conf_loop_wait_s);
	}
}

/*
 * The cause is etcd's own words only where raft failed; elsewhere it quotes a key or its value.
 */
static void read_v2_error(const struct json *j, uint64_t code, struct etcd_response *r)
{
	const char *name = code == V2_RAFT_INTERNAL ? "cause" : "message";
	char text[VALUE_BYTES];
	int len = json__string(j, json__get(j, JSON_ROOT, name), text, sizeof(text));

	r->error = ETCD_ERROR_OTHER;
	r->error_code = (int)code;
	if (len > 0)
		etcd_message_clean(r->error_message, sizeof(r->error_message), text, (size_t)len);
}

static void read_answer(enum etcd_rpc rpc, const struct json *j, struct etcd_response *r)
{
	int node = json__get(j, JSON_ROOT, "node");
	uint64_t value;

	r->succeeded = json__is_object(j, node);
	if (json__u64(j, json__get(j, node, "ttl"), &value) && value <= INT32_MAX)
		r->ttl_s = (int64_t)value;
	if (rpc == ETCD_RPC_V2_GET)
		read_nodes(j, json__get(j, node, "nodes"), r);
	if (json__u64(j, json__get(j, JSON_ROOT, "errorCode"), &value) && value <= INT32_MAX)
		read_v2_error(j, value, r);
}

static enum etcd_error v2_error_of(int status, const struct etcd_response *r)
{
	switch (r->error_code) {
	case V2_KEY_NOT_FOUND:
		return ETCD_ERROR_KEY_NOT_FOUND;
	case V2_COMPARE_FAILED:
		return ETCD_ERROR_COMPARE_FAILED;
	default: /* the codes are others than gRPC's */
		return etcd_error_of(status, 0, r->error_message);
	}
}

int etcd_v2_parse_response(enum etcd_rpc rpc, int status, const void *body, size_t len,
			   bool truncated, struct etcd_response *out)
{
	struct etcd_response r = {.truncated = truncated};
	struct json j;
	int ret = rpc == ETCD_RPC_V2_MACHINES ? -EBADMSG : json__parse(&j, body, len);

	if (!ret && !j.len && !truncated)
		ret = -EBADMSG;
	if (!ret) {
		r.truncated = j.cut;
		read_answer(rpc, &j, &r);
	}
	/* Also what a proxy says, or etcd where it is no JSON. */
	if (status >= 400 && !r.error) {
		r.error = ETCD_ERROR_OTHER;
		if (ret)
			etcd_message_clean(r.error_message, sizeof(r.error_message), body, len);
	} else if (ret && rpc != ETCD_RPC_V2_MACHINES) {
		return ret;
	}
	if (r.error)
		r.error = v2_error_of(status, &r);
	*out = r;
	return 0;
}
