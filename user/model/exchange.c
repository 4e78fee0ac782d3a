// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * exchange.c - the pieces of one request and its answer, read by protocol/ and put together.
 */
#include <string.h>

#include "model/exchange.h"

void exchange__begin(struct exchange *x, uint64_t now_ns, uint32_t tid)
{
	x->start_ns = now_ns;
	x->sent_ns = now_ns;
	x->first_byte_ns = 0;
	x->last_byte_ns = 0;
	x->tid = tid;
	x->unread_ns = LW_UNKNOWN;
	x->request_done = false;
	x->incomplete = false;
	x->of_replica = false;
	x->rpc = ETCD_RPC_UNKNOWN;
	memset(&x->request, 0, sizeof(x->request));
	memset(&x->response, 0, sizeof(x->response));
	http1_reset(&x->out, HTTP1_REQUEST);
	http1_reset(&x->in, HTTP1_RESPONSE);
}

static enum exchange_progress request_complete(struct exchange *x)
{
	const struct http1_message *m = &x->out.msg;

	x->request_done = true;
	/* A body that is no JSON names nothing; the call is still known from its path. */
	if (etcd_parse_request(x->rpc, m->target, m->body, m->body_len, m->body_truncated,
			       &x->request))
		x->request.rpc = x->rpc;
	/* A condition of a v2 request is a key's value. */
	if (etcd_rpc_is_v2(x->rpc))
		x->out.msg.target[strcspn(x->out.msg.target, "?")] = '\0';
	return EXCHANGE_REQUESTED;
}

enum exchange_progress exchange__sent(struct exchange *x, uint64_t now_ns, const uint8_t *data,
				      size_t captured, size_t total, size_t *consumed)
{
	enum http1_status status = http1_feed(&x->out, data, captured, total, consumed);

	x->sent_ns = now_ns;
	switch (status) {
	case HTTP1_HEAD:
		x->rpc = etcd_rpc_from_request(x->out.msg.method, x->out.msg.target);
		/* A password and a token: not even kept in memory. */
		x->out.discard_body = x->in.discard_body = x->rpc == ETCD_RPC_AUTHENTICATE;
		x->in.no_body = strcmp(x->out.msg.method, "HEAD") == 0;
		return EXCHANGE_NAMED;
	case HTTP1_DONE:
		return request_complete(x);
	case HTTP1_MORE:
		return EXCHANGE_GOES_ON;
	default:
		x->incomplete = true;
		return EXCHANGE_LOST;
	}
}

static enum exchange_progress answer_complete(struct exchange *x)
{
	const struct http1_message *m = &x->in.msg;

	if (etcd_parse_response(x->rpc, m->status, m->body, m->body_len, m->body_truncated,
				&x->response))
		x->response.truncated = true;
	/* The TTL that was asked for is the one that is given. */
	if (x->rpc == ETCD_RPC_V2_PUT_LEADER || x->rpc == ETCD_RPC_V2_PUT_MEMBER)
		if (!x->response.ttl_s && x->response.succeeded)
			x->response.ttl_s = x->request.ttl_s;
	return EXCHANGE_ANSWERED;
}

enum exchange_progress exchange__received(struct exchange *x, uint64_t now_ns, const uint8_t *data,
					  size_t captured, size_t total)
{
	enum http1_status status;
	size_t consumed;

	if (!x->first_byte_ns && total)
		x->first_byte_ns = now_ns;
	x->last_byte_ns = now_ns;
	status = http1_feed(&x->in, data, captured, total, &consumed);
	if (status == HTTP1_HEAD) {
		/* Nothing is to be learned at the end of the headers alone. */
		size_t skip = consumed < captured ? consumed : captured;

		status = http1_feed(&x->in, data + skip, captured - skip, total - consumed,
				    &consumed);
	}
	switch (status) {
	case HTTP1_DONE:
		return answer_complete(x);
	case HTTP1_HEAD:
	case HTTP1_MORE:
		return EXCHANGE_GOES_ON;
	default:
		x->incomplete = true;
		return EXCHANGE_LOST;
	}
}

enum exchange_progress exchange__peer_closed(struct exchange *x)
{
	return http1_eof(&x->in) == HTTP1_DONE ? answer_complete(x) : EXCHANGE_LOST;
}

bool exchange__is_refresh(const struct exchange *x)
{
	switch (etcd_rpc_renews(x->rpc)) {
	case ETCD_RENEWS_LEASE:
		return true;
	case ETCD_RENEWS_LEADER_KEY:
		/* Of those that race for it, only the winner has it. */
		return x->request_done && (!x->request.leader_race || x->response.succeeded);
	case ETCD_RENEWS_MEMBER_KEY:
		return x->request_done && x->of_replica;
	default:
		return false;
	}
}

bool exchange__lease_is_lost(const struct exchange *x)
{
	const struct etcd_response *r = &x->response;

	if (x->rpc == ETCD_RPC_V2_PUT_LEADER)
		return !x->request.leader_race && (r->error == ETCD_ERROR_KEY_NOT_FOUND ||
						   r->error == ETCD_ERROR_COMPARE_FAILED);
	if (r->error == ETCD_ERROR_LEASE_NOT_FOUND)
		return true;
	return x->rpc == ETCD_RPC_LEASE_KEEPALIVE && x->in.msg.status == 200 && !r->error &&
	       !r->truncated && r->ttl_s == 0;
}

enum request_outcome exchange__verdict(const struct exchange *x)
{
	if (x->in.msg.status >= 400 || x->response.error || exchange__lease_is_lost(x))
		return REQUEST_ERROR;
	return REQUEST_OK;
}
