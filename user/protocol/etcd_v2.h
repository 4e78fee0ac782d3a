/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * etcd_v2.h - requests to etcd's v2 API, and their answers: for etcd.c, which decides which of the
 * two APIs a request is for.
 *
 * The key is in the path; a write's value, TTL and conditions are in the body, as a form. Error
 * codes are the v2 API's own (100 "Key not found", 101 "Compare failed", 105 "Key already exists",
 * 300 "Raft Internal Error", ...). No value leaves the parser, except the role in Patroni's member
 * value.
 */
#ifndef LEASEWATCH_ETCD_V2_H
#define LEASEWATCH_ETCD_V2_H

#include <stdbool.h>
#include <stddef.h>

#include "protocol/etcd.h"

/* `path` begins with a slash, and goes on to the end of the target. ETCD_RPC_UNKNOWN: another API.
 */
enum etcd_rpc etcd_v2_rpc(const char *method, const char *path);

/* As etcd_parse_request(), with the same path. A form is never malformed: always 0. */
int etcd_v2_parse_request(enum etcd_rpc rpc, const char *path, const void *body, size_t len,
			  bool truncated, struct etcd_request *out);

/* As etcd_parse_response(). */
int etcd_v2_parse_response(enum etcd_rpc rpc, int status, const void *body, size_t len,
			   bool truncated, struct etcd_response *out);

#endif
