// SPDX-License-Identifier: GPL-2.0-or-later
/* etcd.c - which call of etcd's JSON gateway is this, and what is its name (see etcd.h). */
#include "leasewatch/units.h"
#include "protocol/etcd.h"

#include <string.h>

#include "protocol/etcd_v2.h"

static const struct {
	const char *name;
	enum etcd_class class;
} rpcs[ETCD_RPC_COUNT] = {
	[ETCD_RPC_UNKNOWN] = {"unknown", ETCD_CLASS_READ},
	[ETCD_RPC_LEASE_KEEPALIVE] = {"lease/keepalive", ETCD_CLASS_KEEPALIVE},
	[ETCD_RPC_LEASE_GRANT] = {"lease/grant", ETCD_CLASS_WRITE},
	[ETCD_RPC_LEASE_REVOKE] = {"lease/revoke", ETCD_CLASS_WRITE},
	[ETCD_RPC_LEASE_OTHER] = {"lease/other", ETCD_CLASS_READ},
	[ETCD_RPC_KV_RANGE] = {"kv/range", ETCD_CLASS_READ},
	[ETCD_RPC_KV_PUT] = {"kv/put", ETCD_CLASS_WRITE},
	[ETCD_RPC_KV_TXN] = {"kv/txn", ETCD_CLASS_WRITE},
	[ETCD_RPC_KV_DELETERANGE] = {"kv/deleterange", ETCD_CLASS_WRITE},
	[ETCD_RPC_KV_COMPACTION] = {"kv/compaction", ETCD_CLASS_WRITE},
	[ETCD_RPC_WATCH] = {"watch", ETCD_CLASS_WATCH},
	[ETCD_RPC_MEMBER_LIST] = {"cluster/member/list", ETCD_CLASS_READ},
	[ETCD_RPC_AUTHENTICATE] = {"auth/authenticate", ETCD_CLASS_WRITE},
	[ETCD_RPC_VERSION] = {"version", ETCD_CLASS_READ},
	[ETCD_RPC_OTHER] = {"other", ETCD_CLASS_READ},
	[ETCD_RPC_V2_PUT_LEADER] = {"v2/put leader", ETCD_CLASS_KEEPALIVE},
	[ETCD_RPC_V2_PUT_MEMBER] = {"v2/put member", ETCD_CLASS_WRITE},
	[ETCD_RPC_V2_PUT] = {"v2/put", ETCD_CLASS_WRITE},
	[ETCD_RPC_V2_GET] = {"v2/get", ETCD_CLASS_READ},
	[ETCD_RPC_V2_WATCH] = {"v2/watch", ETCD_CLASS_WATCH},
	[ETCD_RPC_V2_DELETE] = {"v2/delete", ETCD_CLASS_WRITE},
	[ETCD_RPC_V2_MACHINES] = {"v2/machines", ETCD_CLASS_READ},
	[ETCD_RPC_V2_OTHER] = {"v2/other", ETCD_CLASS_READ},
	[ETCD_RPC_TLS] = {"tls", ETCD_CLASS_TLS},
};

/* Paths below the prefix, from the http options in etcd's rpc.proto. */
static const struct {
	const char *path;
	enum etcd_rpc rpc;
} paths[] = {
	{"lease/keepalive", ETCD_RPC_LEASE_KEEPALIVE},
	{"lease/grant", ETCD_RPC_LEASE_GRANT},
	{"lease/revoke", ETCD_RPC_LEASE_REVOKE},
	{"kv/lease/revoke", ETCD_RPC_LEASE_REVOKE},
	{"lease/timetolive", ETCD_RPC_LEASE_OTHER},
	{"kv/lease/timetolive", ETCD_RPC_LEASE_OTHER},
	{"lease/leases", ETCD_RPC_LEASE_OTHER},
	{"kv/lease/leases", ETCD_RPC_LEASE_OTHER},
	{"kv/range", ETCD_RPC_KV_RANGE},
	{"kv/put", ETCD_RPC_KV_PUT},
	{"kv/txn", ETCD_RPC_KV_TXN},
	{"kv/deleterange", ETCD_RPC_KV_DELETERANGE},
	{"kv/compaction", ETCD_RPC_KV_COMPACTION},
	{"watch", ETCD_RPC_WATCH},
	{"cluster/member/list", ETCD_RPC_MEMBER_LIST},
	{"auth/authenticate", ETCD_RPC_AUTHENTICATE},
};

static const char *const prefixes[] = {"/v3/", "/v3beta/", "/v3alpha/"};
/* Other APIs use /v3 as well; only these services below it are etcd's. */
static const char *const services[] = {
	"kv/", "lease/", "cluster/", "auth/", "maintenance/", "election/", "lock/",
};

const char *etcd_rpc_name(enum etcd_rpc rpc)
{
	return (unsigned)rpc < ETCD_RPC_COUNT ? rpcs[rpc].name : rpcs[ETCD_RPC_UNKNOWN].name;
}

enum etcd_rpc etcd_rpc_from_name(const char *name)
{
	for (unsigned i = 0; i < ETCD_RPC_COUNT; i++) {
		if (!strcmp(rpcs[i].name, name))
			return (enum etcd_rpc)i;
	}
	return ETCD_RPC_UNKNOWN;
}

enum etcd_class etcd_rpc_class(enum etcd_rpc rpc)
{
	return (unsigned)rpc < ETCD_RPC_COUNT ? rpcs[rpc].class : ETCD_CLASS_READ;
}

bool etcd_rpc_is_watch(enum etcd_rpc rpc)
{
	return rpc == ETCD_RPC_WATCH || rpc == ETCD_RPC_V2_WATCH;
}

enum etcd_renewal etcd_rpc_renews(enum etcd_rpc rpc)
{
	switch (rpc) {
	case ETCD_RPC_LEASE_KEEPALIVE:
	case ETCD_RPC_LEASE_GRANT:
		return ETCD_RENEWS_LEASE;
	case ETCD_RPC_V2_PUT_LEADER:
		return ETCD_RENEWS_LEADER_KEY;
	case ETCD_RPC_V2_PUT_MEMBER:
		return ETCD_RENEWS_MEMBER_KEY;
	default:
		return ETCD_RENEWS_NOTHING;
	}
}

bool etcd_rpc_is_v2(enum etcd_rpc rpc)
{
	return rpc >= ETCD_RPC_V2_PUT_LEADER && rpc <= ETCD_RPC_V2_OTHER;
}

static bool path_starts_with(const char *text, const char *prefix)
{
	return !strncmp(text, prefix, strlen(prefix));
}

const char *etcd_path(const char *target)
{
	if (path_starts_with(target, "http://"))
		return strchr(target + strlen("http://"), '/');
	if (path_starts_with(target, "https://"))
		return strchr(target + strlen("https://"), '/');
	return target;
}

enum etcd_rpc etcd_rpc_from_request(const char *method, const char *target)
{
	const char *path = etcd_path(target);
	const char *rest = NULL;
	size_t len;

	if (!path)
		return ETCD_RPC_UNKNOWN;
	len = strcspn(path, "?#");
	if (!strcmp(method, "GET") && len == strlen("/version") &&
	    path_starts_with(path, "/version"))
		return ETCD_RPC_VERSION;
	if (path_starts_with(path, "/v2/"))
		return etcd_v2_rpc(method, path);
	/* Every call of the gateway is a POST. */
	if (strcmp(method, "POST") != 0)
		return ETCD_RPC_UNKNOWN;
	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
		if (path_starts_with(path, prefixes[i]))
			rest = path + strlen(prefixes[i]);
	}
	if (!rest)
		return ETCD_RPC_UNKNOWN;
	len -= (size_t)(rest - path);
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		if (strlen(paths[i].path) == len && !memcmp(paths[i].path, rest, len))
			return paths[i].rpc;
	}
	for (size_t i = 0; i < ARRAY_LEN(services); i++) {
		if (path_starts_with(rest, services[i]))
			return ETCD_RPC_OTHER;
	}
	return ETCD_RPC_UNKNOWN;
}
