// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * engine_conn.c - what connections and exchanges say about members and their leases.
 */
#include <stdio.h>
#include <string.h>

#include "model/cause_lookup.h"
#include "model/engine_state.h"
#include "model/finding_fill.h"

static enum matrix_cell cell_of_request(const struct exchange *x, enum request_outcome outcome,
					int64_t duration_ns)
{
	/* An etcd that ends a watch in good order may have to, and Patroni watches again. */
	if (etcd_rpc_is_watch(x->rpc) && outcome == REQUEST_CLOSED && x->first_byte_ns)
		return CELL_UNKNOWN;
	/* That a lease is gone is a good answer. */
	if (outcome == REQUEST_ERROR && exchange__lease_is_lost(x))
		outcome = REQUEST_OK;
	switch (outcome) {
	case REQUEST_OK:
		return duration_ns > ENDPOINT_SLOW_NS ? CELL_SLOW : CELL_OK;
	case REQUEST_ERROR:
		return CELL_ERROR;
	case REQUEST_TIMEOUT:
		return CELL_TIMEOUT;
	case REQUEST_RESET:
		return CELL_RESET;
	case REQUEST_CLOSED:
		return CELL_CLOSED;
	default:
		return CELL_UNKNOWN;
	}
}

static struct member *owner_of(void *ctx, uint32_t tgid, struct conn_list **busy)
{
	struct engine *e = ctx;
	struct member *m = member__find(e->members, tgid);

	if (m)
		*busy = &m->busy;
	return m;
}

static bool is_refused_by_tls(const struct conn *c, enum request_outcome outcome)
{
	return c->tls.trouble > TLS_LEFT && (outcome == REQUEST_CLOSED || outcome == REQUEST_RESET);
}

static void on_connect_failed(void *ctx, struct conn *c, enum connect_outcome outcome,
			      uint64_t now_ns)
{
	struct engine *e = ctx;
	struct member *m = c->member;
	struct diagnosis d;

	if (!engine__is_etcd(e, c))
		return;
	cause__of_connect(c, outcome, now_ns, &d);
	cause__blame_lookup(m, c, outcome == CONNECT_TIMEOUT, now_ns, &d);
	engine__tell_connect(e, c, outcome, now_ns, now_ns);
	engine__fail_attempt(e, m, &d, now_ns);
}

static void on_named(void *ctx, struct conn *c, uint64_t now_ns)
{
	struct engine *e = ctx;

	engine__note_named(e, c, now_ns);
	if (c->exchange->rpc == ETCD_RPC_UNKNOWN)
		return;
	/* Only now is it known to have been a connect to an etcd, and to which. */
	endpoint_table__name(&e->endpoints, c->address, c->exchange->out.msg.host);
	if (c->requests == 1 && c->connect_done_ns)
		engine__tell_connect(e, c, CONNECT_OK, c->connect_done_ns, now_ns);
}

static void tell_learned(struct engine *e, struct member *m, enum etcd_role before, uint64_t now_ns)
{
	struct finding f = {0};

	finding_fill__process(&f, m, PROCESS_UPDATED, NULL);
	if (before != m->role)
		f.process.previous_role = member__role_name(before);
	engine__tell_process(e, m, &f, now_ns);
}

static void on_requested(void *ctx, struct conn *c, uint64_t now_ns)
{
	struct engine *e = ctx;
	struct exchange *x = c->exchange;
	struct member *m = c->member;
	enum etcd_role role;

	/* It is connected: what could not be reached elsewhere no longer matters. */
	if (m->has_failure && m->failure.connecting)
		m->has_failure = false;
	lookup_table__moved_on(&e->lookups, m->pid, x->tid, now_ns);
	role = m->role;
	if (member__learn(m, &x->request, x->out.msg.agent))
		tell_learned(e, m, role, now_ns);
	if (x->rpc == ETCD_RPC_TLS)
		engine__blind_requested(e, c, now_ns);
	else if (c->tls.on)
		engine__tls_read(e, c, now_ns);
	x->of_replica = m->role != ETCD_ROLE_LEADER;
	m->v2 = etcd_rpc_is_v2(x->rpc);
	if (exchange__is_refresh(x)) {
		m->refresh_tid = x->tid;
		m->refresh_address = c->address;
		if (!m->lease.id)
			m->lease.id = x->request.lease_id;
		lease__sent(&m->lease, x->start_ns);
	}
}

static void on_refreshed(struct engine *e, const struct conn *c, uint64_t now_ns)
{
	const struct exchange *x = c->exchange;
	struct member *m = c->member;
	int64_t remaining = lease__remaining_ns(&m->lease, now_ns);
	bool replaced =
		lease__granted(&m->lease, x->start_ns, x->response.lease_id, x->response.ttl_s);

	member__refreshed(m);
	engine__note_refreshed(e, c, now_ns);
	m->good_address = c->address;
	engine__end_stall(e, m, stall__result(&m->stall, remaining, replaced, false), now_ns);
}

static void learn_answer(struct engine *e, struct member *m, const struct exchange *x,
			 uint64_t now_ns)
{
	enum etcd_role role = m->role;

	if (x->response.conf_ttl_s)
		m->lease.conf_ttl_s = x->response.conf_ttl_s;
	if (x->response.conf_loop_wait_s)
		m->lease.conf_loop_wait_s = x->response.conf_loop_wait_s;
	if (member__learn_answer(m, x))
		tell_learned(e, m, role, now_ns);
}

/* What the end of an exchange means for the lease. */
static void judge(struct engine *e, struct conn *c, enum request_outcome outcome, uint64_t now_ns)
{
	const struct exchange *x = c->exchange;
	struct member *m = c->member;
	bool refresh = exchange__is_refresh(x);
	bool lost = exchange__lease_is_lost(x) && x->request.lease_id == m->lease.id;
	bool on_thread = x->tid == m->refresh_tid && !etcd_rpc_is_watch(x->rpc);
	struct diagnosis d;

	if (outcome == REQUEST_UNOBSERVED)
		return;
	/* Patroni ends a watch that nobody answers any more, too. */
	if (!etcd_rpc_is_watch(x->rpc) && (outcome == REQUEST_OK || outcome == REQUEST_ERROR))
		failures__answered(&m->failures, c->address->endpoint);
	if (outcome == REQUEST_OK) {
		learn_answer(e, m, x, now_ns);
		if (refresh && x->response.ttl_s > 0)
			on_refreshed(e, c, now_ns);
		else if (x->rpc == ETCD_RPC_TLS)
			engine__blind_answered(e, c, now_ns);
		else if (m->has_failure && !stall__concerns_refresh(&m->failure))
			m->has_failure = false; /* Patroni has moved on */
		return;
	}
	if (refresh || lost)
		lease__failed(&m->lease);
	else if (!is_refused_by_tls(c, outcome) && (!on_thread || outcome == REQUEST_ERROR))
		return; /* e.g. a compare that failed: an answer, and not about the lease */
	cause__of_exchange(c, outcome, now_ns, &d);
	cause__blame_lookup(m, c, outcome == REQUEST_TIMEOUT, now_ns, &d);
	if (d.cause == CAUSE_LEASE_LOST)
		lease__lost(&m->lease, now_ns);
	engine__fail_attempt(e, m, &d, now_ns);
}

/* Where an answer's error would stand. */
static void say_refusal(struct conn *c)
{
	struct etcd_response *r = &c->exchange->response;

	snprintf(r->error_message, sizeof(r->error_message), "TLS: ");
	message__tls_error(r->error_message, sizeof(r->error_message), c->tls.trouble, c->tls.code,
			   c->tls.end);
}

/* That a watch ends proves nothing: the last that was heard on it did. */
static uint64_t passed_at(const struct exchange *x, enum request_outcome outcome, uint64_t now_ns)
{
	return etcd_rpc_is_watch(x->rpc) && outcome == REQUEST_OK && x->last_byte_ns
		       ? x->last_byte_ns
		       : now_ns;
}

static void on_finished(void *ctx, struct conn *c, enum request_outcome outcome, uint64_t now_ns)
{
	struct engine *e = ctx;
	struct exchange *x = c->exchange;
	struct finding f = {0};
	enum matrix_column column = matrix_column_of(etcd_rpc_class(x->rpc));
	int64_t duration = etcd_rpc_is_watch(x->rpc) ? 0 : (int64_t)(now_ns - x->start_ns);
	struct endpoint *endpoint = c->address->endpoint;

	if (is_refused_by_tls(c, outcome))
		say_refusal(c);
	finding_fill__request(&f, c, outcome, now_ns);
	reporter__report(&e->reporter, &f, now_ns);
	if (!etcd_rpc_is_watch(x->rpc))
		endpoint__count(endpoint, outcome, duration);
	if (outcome == REQUEST_ERROR && x->response.error)
		endpoint->refusal = x->response.error;
	engine__note_finished(e, c, outcome, now_ns);
	if (is_refused_by_tls(c, outcome)) {
		engine__note_connect(e, c, CELL_ERROR, now_ns);
	} else {
		if (c->requests == 1 && c->connect_done_ns && engine__waits_for_answer(c) &&
		    x->first_byte_ns)
			engine__note_connect(e, c, CELL_OK, now_ns);
		engine__note_outcome(e, c->address, column, cell_of_request(x, outcome, duration),
				     x->start_ns, passed_at(x, outcome, now_ns), now_ns);
	}
	judge(e, c, outcome, now_ns);
}

const struct conn_listener engine__conn_listener = {
	.owner = owner_of,
	.connect_failed = on_connect_failed,
	.is_etcd = engine__is_etcd,
	.greeted = engine__greeted,
	.handshake_failed = engine__handshake_failed,
	.named = on_named,
	.requested = on_requested,
	.finished = on_finished,
};
