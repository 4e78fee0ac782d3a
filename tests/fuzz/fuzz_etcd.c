// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fuzz_etcd.c - any bytes at all, as the body of a request to etcd or of its answer.
 *
 * Input: a letter whose place in the alphabet is the call's enum etcd_rpc (a: keepalive, b: grant,
 * ...; a small one for a request, a capital for an answer), a digit for the status (its first
 * one, 2..5), then the body. What must hold: nothing is read out of bounds; a failure leaves the
 * result untouched; every text ends, and may be shown; what a part of a body says, the whole says
 * as well.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "protocol/etcd.h"

#define FILL 0xa5

static void check_shown(const char *text, size_t size, bool ascii)
{
	size_t len = strnlen(text, size);

	CHECK(len < size);
	for (size_t i = 0; i < len; i++) {
		CHECK((uint8_t)text[i] >= 0x20 && text[i] != 0x7f);
		CHECK(!ascii || (uint8_t)text[i] < 0x7f);
	}
}

static void check_untouched(const void *out, size_t size)
{
	for (size_t i = 0; i < size; i++)
		CHECK(((const uint8_t *)out)[i] == FILL);
}

/* The body is copied to where its end is the end of an allocation. */
static int parse_request(enum etcd_rpc rpc, const uint8_t *data, size_t len, bool cut,
			 struct etcd_request *out)
{
	uint8_t *copy = malloc(len ? len : 1);
	int ret;

	CHECK(copy);
	memcpy(copy, data, len);
	memset(out, FILL, sizeof(*out));
	ret = etcd_parse_request(rpc,
				 rpc == ETCD_RPC_V2_PUT_MEMBER ? "/v2/keys/service/demo/members/pg1"
							       : "/v2/keys/service/demo/leader",
				 copy, len, cut, out);
	free(copy);
	CHECK(ret == 0 || ret == -EBADMSG);
	if (ret) {
		check_untouched(out, sizeof(*out));
		return ret;
	}
	CHECK(out->rpc == rpc && out->ttl_s >= 0);
	check_shown(out->scope, sizeof(out->scope), false);
	check_shown(out->member, sizeof(out->member), false);
	CHECK((out->key != ETCD_KEY_UNKNOWN) == (out->scope[0] != '\0'));
	CHECK((out->key == ETCD_KEY_MEMBER) == (out->member[0] != '\0'));
	CHECK(!out->standby || out->role == ETCD_ROLE_LEADER);
	CHECK(!out->leader_race || (out->role == ETCD_ROLE_UNKNOWN && !out->leader_release));
	return 0;
}

static void fuzz_request(enum etcd_rpc rpc, const uint8_t *data, size_t len, size_t cut)
{
	struct etcd_request whole, part;

	if (parse_request(rpc, data, len, false, &whole) ||
	    parse_request(rpc, data, cut, true, &part))
		return;
	CHECK(!part.lease_id || part.lease_id == whole.lease_id);
	CHECK(!part.ttl_s || part.ttl_s == whole.ttl_s);
	CHECK(part.leader_race <= whole.leader_race);
	/* A value that turns out to be no JSON behind the cut says nothing as a whole. */
	CHECK(!part.role || !whole.role || part.role == whole.role);
	CHECK(!part.role || !whole.role || part.standby == whole.standby);
}

static int parse_response(enum etcd_rpc rpc, int status, const uint8_t *data, size_t len, bool cut,
			  struct etcd_response *out)
{
	uint8_t *copy = malloc(len ? len : 1);
	int ret;

	CHECK(copy);
	memcpy(copy, data, len);
	memset(out, FILL, sizeof(*out));
	ret = etcd_parse_response(rpc, status, copy, len, cut, out);
	free(copy);
	CHECK(ret == 0 || ret == -EBADMSG);
	if (ret) {
		CHECK(status < 400);
		check_untouched(out, sizeof(*out));
		return ret;
	}
	CHECK(out->error || status < 400);
	CHECK(out->error || (!out->error_code && !out->error_message[0]));
	check_shown(out->error_message, sizeof(out->error_message), true);
	CHECK(out->ttl_s >= 0 && out->conf_ttl_s >= 0 && out->conf_loop_wait_s >= 0);
	CHECK(out->error_code >= 0);
	return 0;
}

static bool is_part(uint64_t part, uint64_t whole)
{
	return !part || part == whole;
}

static void fuzz_response(enum etcd_rpc rpc, int status, const uint8_t *data, size_t len,
			  size_t cut)
{
	struct etcd_response whole, part;

	if (parse_response(rpc, status, data, len, false, &whole) ||
	    parse_response(rpc, status, data, cut, true, &part))
		return;
	/* A proxy's text is JSON as long as nothing else was seen. */
	if (status >= 400)
		return;
	/* etcd's answer is bare or wrapped; if it looks like both, only the whole shows which. */
	if (memmem(data, len, "result", 6) && !memmem(data, cut, "result", 6))
		return;
	CHECK(is_part(part.member_id, whole.member_id));
	CHECK(is_part(part.cluster_id, whole.cluster_id));
	CHECK(is_part(part.raft_term, whole.raft_term));
	CHECK(is_part(part.revision, whole.revision));
	CHECK(is_part(part.lease_id, whole.lease_id));
	CHECK(is_part((uint64_t)part.ttl_s, (uint64_t)whole.ttl_s));
	CHECK(is_part(part.leader_lease_id, whole.leader_lease_id));
	CHECK(part.succeeded <= whole.succeeded && (!part.error || whole.error));
	/* Seen to its end, it says the same as the whole. */
	CHECK(part.truncated || part.ttl_s == whole.ttl_s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint64_t hash = 0x9e3779b97f4a7c15;
	size_t cut;
	int status;

	if (len < 2)
		return 0;
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ data[i]) * 0x100000001b3;
	status = (data[1] >= '1' && data[1] <= '5' ? data[1] - '0' : 2) * 100;
	cut = (hash >> 20) % (len - 1);
	if (data[0] & 0x20)
		fuzz_request((data[0] & 0x1f) % ETCD_RPC_COUNT, data + 2, len - 2, cut);
	else
		fuzz_response((data[0] & 0x1f) % ETCD_RPC_COUNT, status, data + 2, len - 2, cut);
	return 0;
}
