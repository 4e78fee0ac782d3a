/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * patroni.h - how Patroni lays out its keys in etcd, and the few words it writes there that we
 *need.
 *
 * Layout (Patroni's dcs/__init__.py, AbstractDCS.client_path, the same in 3.0 and 4.1):
 *	/<namespace>/<scope>[/<citus group>]/<leaf>
 * The namespace may have any number of segments, so a key is read from its end.
 */
#ifndef LEASEWATCH_PATRONI_H
#define LEASEWATCH_PATRONI_H

#include "protocol/etcd.h"
#include "protocol/json.h"

/* A longer key is not Patroni's. */
#define PATRONI_KEY_BYTES 512

struct patroni_key {
	enum etcd_key kind;
	bool leader_writes; /* only the holder of the leader key writes it */
	char scope[ETCD_SCOPE_BYTES];
	char member[ETCD_MEMBER_BYTES];
};

/*
 * What does the key name? `tree`: the request covers all that is below it (it has a range_end).
 * Fills *out always; kind is ETCD_KEY_UNKNOWN and the names are empty when it is not Patroni's
 * layout.
 */
void patroni_key_parse(const char *key, size_t len, bool tree, struct patroni_key *out);

/* The role in a member's value, base64 JSON; *standby: the leader of a standby cluster. */
enum etcd_role patroni_member_role(const struct json *j, int value, bool *standby);

/* The same, in the clear. */
enum etcd_role patroni_role(const char *value, size_t len, bool *standby);

/* ttl and loop_wait out of the dynamic configuration, base64 JSON; untouched where it has none. */
void patroni_config(const struct json *j, int value, int64_t *ttl_s, int64_t *loop_wait_s);
/* The same, in the clear. */
void patroni_settings(const char *value, size_t len, int64_t *ttl_s, int64_t *loop_wait_s);

#endif
