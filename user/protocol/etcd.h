/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * etcd.h - what a request to etcd's JSON gateway or to its v2 API asks for, and what its answer
 * says.
 *
 * Shapes: etcd 3.4, 3.5 and 3.6, prefixes /v3, /v3beta and /v3alpha; /v2, see etcd_v2.h. Bodies may
 * be cut short or hostile. Field values are read only where they are needed; a password, a token or
 * the value of a key is never stored in an out-parameter (the role inside Patroni's member value
 * is, as one word of a closed set).
 */
#ifndef LEASEWATCH_ETCD_H
#define LEASEWATCH_ETCD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ETCD_SCOPE_BYTES   64
#define ETCD_MEMBER_BYTES  64
#define ETCD_MESSAGE_BYTES 160

enum etcd_rpc {
	ETCD_RPC_UNKNOWN, /* not etcd's API: do not follow */
	ETCD_RPC_LEASE_KEEPALIVE,
	ETCD_RPC_LEASE_GRANT,
	ETCD_RPC_LEASE_REVOKE,
	ETCD_RPC_LEASE_OTHER, /* timetolive, leases */
	ETCD_RPC_KV_RANGE,
	ETCD_RPC_KV_PUT,
	ETCD_RPC_KV_TXN,
	ETCD_RPC_KV_DELETERANGE,
	ETCD_RPC_KV_COMPACTION,
	ETCD_RPC_WATCH,
	ETCD_RPC_MEMBER_LIST,
	ETCD_RPC_AUTHENTICATE,
	ETCD_RPC_VERSION, /* GET /version */
	ETCD_RPC_OTHER,	  /* under etcd's prefix, but none of these */
	ETCD_RPC_V2_PUT_LEADER,
	ETCD_RPC_V2_PUT_MEMBER,
	ETCD_RPC_V2_PUT, /* of another key */
	ETCD_RPC_V2_GET,
	ETCD_RPC_V2_WATCH,
	ETCD_RPC_V2_DELETE,
	ETCD_RPC_V2_MACHINES,
	ETCD_RPC_V2_OTHER,
	ETCD_RPC_TLS, /* inside TLS and not readable: may be any of them */
	ETCD_RPC_COUNT,
};

/*
 * The columns of an endpoint's matrix. WRITE is what must pass through raft (including grant,
 * revoke and authenticate), READ is the rest; KEEPALIVE is what etcd forwards to its leader outside
 * raft.
 */
enum etcd_class {
	ETCD_CLASS_READ,
	ETCD_CLASS_WRITE,
	ETCD_CLASS_KEEPALIVE,
	ETCD_CLASS_WATCH,
	ETCD_CLASS_TLS, /* not known */
	ETCD_CLASS_COUNT
};

/* What the first key of a request names below /<namespace>/<scope>/ (Patroni's layout). */
enum etcd_key {
	ETCD_KEY_UNKNOWN,
	ETCD_KEY_SCOPE,	 /* the whole tree of a scope */
	ETCD_KEY_MEMBER, /* members/<name> */
	ETCD_KEY_LEADER,
	ETCD_KEY_STATUS, /* status or optime/leader: only a leader writes it */
	ETCD_KEY_CONFIG,
	ETCD_KEY_OTHER,
};

enum etcd_role { ETCD_ROLE_UNKNOWN, ETCD_ROLE_LEADER, ETCD_ROLE_REPLICA };

struct etcd_request {
	enum etcd_rpc rpc;
	uint64_t lease_id; /* keepalive, put, txn, grant with an ID; 0 = none seen */
	int64_t ttl_s;	   /* grant, v2 puts of leader and member; 0 = none seen */
	enum etcd_key key;
	enum etcd_role role; /* member's value says so, or only a leader does this; else unknown */
	bool standby;	     /* with ETCD_ROLE_LEADER: of a standby cluster ("standby_leader") */
	/*
	 * Creates the leader key if there is none: an attempt that a replica makes. Only an answer
	 * with `succeeded` proves that it is the leader now; role is unknown until then.
	 */
	bool leader_race;
	bool leader_release; /* deletes the leader key: releases the lock, if it succeeds */
	char scope[ETCD_SCOPE_BYTES];	/* "" = not named */
	char member[ETCD_MEMBER_BYTES]; /* "" = not named */
};

/* What an error says, whatever its shape and wording: rules go by this, never by the text. */
enum etcd_error {
	ETCD_ERROR_NONE,
	ETCD_ERROR_OTHER, /* an error that none of these names */
	ETCD_ERROR_TIMEOUT,
	ETCD_ERROR_NO_LEADER,
	ETCD_ERROR_LEADER_CHANGED,
	ETCD_ERROR_NOT_PRIMARY_LESSOR, /* asked to renew, and not or no longer the leader */
	ETCD_ERROR_FULL,	       /* NOSPACE alarm: the database has reached its quota */
	ETCD_ERROR_LEARNER,
	ETCD_ERROR_LEASE_NOT_FOUND,
	ETCD_ERROR_KEY_NOT_FOUND,
	ETCD_ERROR_COMPARE_FAILED, /* v2: the key has another value than was expected */
	ETCD_ERROR_LOGIN,	   /* no login, or one that etcd refuses */
	ETCD_ERROR_PERMISSION,	   /* logged in, without the right */
	ETCD_ERROR_TOO_MANY_REQUESTS,
	ETCD_ERRORS,
};

struct etcd_response {
	uint64_t member_id, cluster_id, raft_term, revision; /* header; 0 = none seen */
	uint64_t lease_id;				     /* keepalive, grant */
	int64_t ttl_s;	/* keepalive, grant, v2 puts: > 0; 0 = the answer has none (expired, see
			   below) */
	bool truncated; /* the object was not seen to its end: an absent field proves nothing */
	bool succeeded; /* v2: there is a node; txn: it did what was asked, or its nested fallback
			   did */
	enum etcd_error error;
	int error_code; /* gRPC code, or v2's own; 0 with an error = not given */
	/* "etcdserver: ...", or what a proxy says; one line, printable ASCII, secrets as "***" */
	char error_message[ETCD_MESSAGE_BYTES];
	/* range: Patroni's dynamic configuration, from the key .../config; 0 = not seen */
	int64_t conf_ttl_s, conf_loop_wait_s;
	/* range: the lease under the key .../leader: who renews it is the leader; 0 = not seen */
	uint64_t leader_lease_id;
};

const char *etcd_rpc_name(enum etcd_rpc rpc);	    /* "lease/keepalive", "kv/range", ... */
enum etcd_rpc etcd_rpc_from_name(const char *name); /* the inverse; ETCD_RPC_UNKNOWN if none */
enum etcd_class etcd_rpc_class(enum etcd_rpc rpc);
bool etcd_rpc_is_watch(enum etcd_rpc rpc); /* never ends */
/*
 * What a call renews, if it succeeds. With the v2 API there is no lease: what has a TTL is the
 * leader key, which the leader puts, and each member's own, on which a replica depends.
 */
enum etcd_renewal {
	ETCD_RENEWS_NOTHING,
	ETCD_RENEWS_LEASE, /* a keepalive, or the grant that replaces it */
	ETCD_RENEWS_LEADER_KEY,
	ETCD_RENEWS_MEMBER_KEY,
};
enum etcd_renewal etcd_rpc_renews(enum etcd_rpc rpc);
bool etcd_rpc_is_v2(enum etcd_rpc rpc);

/* Through a proxy the target is a whole URL: its path. NULL = it has none. */
const char *etcd_path(const char *target);

/* Which call is this? From the request line alone. `target` as sent, query and prefix included. */
enum etcd_rpc etcd_rpc_from_request(const char *method, const char *target);

/*
 * `target` as above; it matters for v2 alone. Reads the first `len` bytes of a request's body;
 * `truncated` says that there were more. Fills *out (zeroed first) with what it can read: 0, or
 * -EBADMSG when it is not a JSON object (then *out is untouched). A cut body is no error. A body
 * without anything we need (authenticate, version, ...) is not read.
 */
int etcd_parse_request(enum etcd_rpc rpc, const char *target, const void *body, size_t len,
		       bool truncated, struct etcd_request *out);

/*
 * Which error is it? `message` as in struct etcd_response, also "". Decides by etcd's own texts
 * (3.4 to 3.6), and where there is none by the gRPC code (0 = none given) and the HTTP status.
 * Never ETCD_ERROR_NONE. For the v2 API: by its own codes first, see etcd_v2.c.
 */
enum etcd_error etcd_error_of(int status, int code, const char *message);

/*
 * The same for an answer. An expired lease is HTTP 200 with an ID and no TTL (proto3 drops a zero):
 * ttl_s == 0 && lease_id && !truncated. For a watch, whose answer never ends, read the first
 * object: an etcd that refuses it says so there ("canceled"), with HTTP 200. With status >= 400 the
 * answer is always 0 with an error, whatever the body is (such as a proxy's plain text or HTML).
 */
int etcd_parse_response(enum etcd_rpc rpc, int status, const void *body, size_t len, bool truncated,
			struct etcd_response *out);

#endif
