// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * engine.c - where records, members, connections, endpoints and stalls meet.
 *
 * Records change the model at once; what follows from them, and from time, is looked at in
 * engine__tick and after everything that ends an attempt.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/engine_private.h"
#include "model/tell.h"

/* Do without the socket's word when nobody brings it. */
#define EVIDENCE_PATIENCE_NS (150 * NS_PER_MS)

static void say(struct engine *e, struct finding *f, uint64_t now_ns)
{
	f->ts_ns = engine__wall_ns(e, now_ns);
	e->config.on_finding(e->config.ctx, f);
}

/* ---- endpoints */

static enum matrix_cell cell_of_request(enum request_outcome outcome, int64_t duration_ns)
{
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

static enum matrix_cell cell_of_connect(enum connect_outcome outcome)
{
	static const enum matrix_cell cells[CONNECT_OUTCOMES] = {
		[CONNECT_OK] = CELL_OK,		  [CONNECT_REFUSED] = CELL_REFUSED,
		[CONNECT_TIMEOUT] = CELL_TIMEOUT, [CONNECT_UNREACHABLE] = CELL_UNREACHABLE,
		[CONNECT_RESET] = CELL_RESET,	  [CONNECT_ABANDONED] = CELL_UNKNOWN,
	};

	return cells[outcome];
}

static void note_outcome(struct engine *e, struct address *a, enum matrix_column column,
			 enum matrix_cell cell, uint64_t start_ns, uint64_t now_ns)
{
	struct endpoint *endpoint = a->endpoint;
	enum endpoint_state previous = endpoint->state;
	struct finding f = {0};

	if (cell == CELL_UNKNOWN)
		return;
	endpoint__outcome(endpoint, column, cell, start_ns, now_ns);
	endpoint->state = endpoint__assess(endpoint);
	if (endpoint->state == previous)
		return;
	tell__endpoint(&f, endpoint, a, previous);
	say(e, &f, now_ns);
}

/* ---- stalls */

static void begin_or_update(struct engine *e, struct member *m, enum stall_news news,
			    const struct conn *flight, uint64_t now_ns)
{
	struct finding f = {0};
	struct words w;

	if (news == STALL_NEWS_BEGIN)
		m->stall.id = ++e->stalls;
	tell__stall(&f, &w, m, news == STALL_NEWS_BEGIN ? STALL_BEGIN : STALL_UPDATE, flight,
		    now_ns);
	say(e, &f, now_ns);
}

static bool evidence_is_settled(const struct engine *e, const struct conn *c, uint64_t now_ns)
{
	int64_t age = now_ns - conn__attempt_start(c);

	return c->state == CONN_CONNECTING || c->tcp.at_ns ||
	       age > e->config.stall_after_ns + EVIDENCE_PATIENCE_NS;
}

static void evaluate(struct engine *e, struct member *m, uint64_t now_ns)
{
	struct conn *c = member__attempt(m, now_ns);
	struct diagnosis flight;
	struct stall_inputs in = {
		.now_ns = now_ns,
		.stall_after_ns = e->config.stall_after_ns,
		.failure = m->has_failure ? &m->failure : NULL,
		.thread = m->thread.at_ns ? &m->thread : NULL,
	};
	enum stall_news news;

	if (c) {
		cause__of_flight(c, now_ns, &flight);
		in.flight = &flight;
		in.flight_is_settled = evidence_is_settled(e, c, now_ns);
	}
	news = stall__evaluate(&m->stall, &m->lease, &in);
	if (news != STALL_NO_NEWS)
		begin_or_update(e, m, news, c, now_ns);
}

static void end_stall(struct engine *e, struct member *m, enum stall_result result, uint64_t now_ns)
{
	struct finding f = {0};
	struct words w;

	if (!m->stall.active)
		return;
	tell__stall_end(&f, &w, m, result, now_ns);
	say(e, &f, now_ns);
	m->stall.active = false;
	m->thread.at_ns = 0;
}

static void fail_attempt(struct engine *e, struct member *m, const struct diagnosis *d,
			 uint64_t now_ns)
{
	if (d->cause == CAUSE_UNKNOWN)
		return;
	m->failure = *d;
	m->has_failure = true;
	evaluate(e, m, now_ns);
}

/* ---- what the connections tell */

static struct member *on_member(void *ctx, uint32_t tgid)
{
	struct engine *e = ctx;
	struct member *m;

	HASH_FIND(hh, e->members, &tgid, sizeof(tgid), m);
	return m;
}

static void tell_connect(struct engine *e, struct conn *c, enum connect_outcome outcome,
			 uint64_t end_ns, uint64_t now_ns)
{
	struct finding f = {0};

	tell__connect(&f, c, outcome, end_ns);
	say(e, &f, now_ns);
	note_outcome(e, c->address, MATRIX_CONNECT, cell_of_connect(outcome), c->connect_start_ns,
		     now_ns);
}

static void on_connect_failed(void *ctx, struct conn *c, enum connect_outcome outcome,
			      uint64_t now_ns)
{
	struct engine *e = ctx;
	struct member *m = c->member;
	struct diagnosis d;

	if (!c->address->endpoint->named && !member__is_etcd_port(m, c->address->key.port))
		return;
	cause__of_connect(c, outcome, now_ns, &d);
	tell_connect(e, c, outcome, now_ns, now_ns);
	fail_attempt(e, m, &d, now_ns);
}

static void on_named(void *ctx, struct conn *c, uint64_t now_ns)
{
	struct engine *e = ctx;

	if (c->exchange->rpc == ETCD_RPC_UNKNOWN)
		return;
	/* Only now is it known to have been a connect to an etcd, and to which. */
	endpoint_table__name(&e->endpoints, c->address, c->exchange->out.msg.host);
	if (c->requests == 1 && c->connect_done_ns)
		tell_connect(e, c, CONNECT_OK, c->connect_done_ns, now_ns);
}

static void on_requested(void *ctx, struct conn *c, uint64_t now_ns)
{
	struct engine *e = ctx;
	struct exchange *x = c->exchange;
	struct member *m = c->member;
	struct finding f = {0};

	/* It is connected: what could not be reached elsewhere no longer matters. */
	if (m->has_failure && m->failure.connecting)
		m->has_failure = false;
	if (member__learn(m, &x->request, x->out.msg.agent)) {
		tell__process(&f, m, PROCESS_UPDATED, NULL);
		say(e, &f, now_ns);
	}
	if (exchange__is_refresh(x)) {
		m->refresh_tid = x->tid;
		m->refresh_address = c->address;
		if (!m->lease.id)
			m->lease.id = x->request.lease_id;
		lease__sent(&m->lease, x->start_ns);
	}
}

static void on_refreshed(struct engine *e, struct member *m, const struct exchange *x,
			 uint64_t now_ns)
{
	int64_t remaining = lease__remaining_ns(&m->lease, now_ns);
	bool replaced =
		lease__granted(&m->lease, x->start_ns, x->response.lease_id, x->response.ttl_s);

	m->has_failure = false;
	end_stall(e, m, stall__result(&m->stall, remaining, replaced, false), now_ns);
}

static void learn_answer(struct engine *e, struct member *m, const struct exchange *x,
			 uint64_t now_ns)
{
	struct finding f = {0};

	if (x->response.conf_ttl_s)
		m->lease.conf_ttl_s = x->response.conf_ttl_s;
	if (x->response.conf_loop_wait_s)
		m->lease.conf_loop_wait_s = x->response.conf_loop_wait_s;
	if (!member__learn_answer(m, x))
		return;
	tell__process(&f, m, PROCESS_UPDATED, NULL);
	say(e, &f, now_ns);
}

/* What the end of an exchange means for the lease. */
static void judge(struct engine *e, struct conn *c, enum request_outcome outcome, uint64_t now_ns)
{
	const struct exchange *x = c->exchange;
	struct member *m = c->member;
	bool refresh = exchange__is_refresh(x);
	bool on_thread = x->tid == m->refresh_tid && x->rpc != ETCD_RPC_WATCH;
	struct diagnosis d;

	if (outcome == REQUEST_UNOBSERVED)
		return;
	if (outcome == REQUEST_OK) {
		learn_answer(e, m, x, now_ns);
		if (refresh && x->response.ttl_s > 0)
			on_refreshed(e, m, x, now_ns);
		else if (m->has_failure && !stall__concerns_refresh(&m->failure))
			m->has_failure = false; /* Patroni has moved on */
		return;
	}
	if (refresh)
		lease__failed(&m->lease);
	else if (!on_thread || outcome == REQUEST_ERROR)
		return; /* e.g. a compare that failed: an answer, and not about the lease */
	cause__of_exchange(c, outcome, now_ns, &d);
	fail_attempt(e, m, &d, now_ns);
}

static void on_finished(void *ctx, struct conn *c, enum request_outcome outcome, uint64_t now_ns)
{
	struct engine *e = ctx;
	struct exchange *x = c->exchange;
	struct finding f = {0};
	enum matrix_column column = matrix_column_of(etcd_rpc_class(x->rpc));
	int64_t duration = x->rpc == ETCD_RPC_WATCH ? 0 : (int64_t)(now_ns - x->start_ns);

	tell__request(&f, c, outcome, now_ns);
	say(e, &f, now_ns);
	note_outcome(e, c->address, column, cell_of_request(outcome, duration), x->start_ns,
		     now_ns);
	judge(e, c, outcome, now_ns);
}

/* ---- the outside */

static const struct conn_listener listener = {
	.member = on_member,
	.connect_failed = on_connect_failed,
	.named = on_named,
	.requested = on_requested,
	.finished = on_finished,
};

struct engine *engine__new(const struct engine_config *config)
{
	struct engine *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->config = *config;
	e->conns.endpoints = &e->endpoints;
	e->conns.listener = &listener;
	e->conns.ctx = e;
	return e;
}

void engine__free(struct engine *e)
{
	struct member *m, *next;

	if (!e)
		return;
	conn_table__clear(&e->conns);
	endpoint_table__clear(&e->endpoints);
	HASH_ITER(hh, e->members, m, next) {
		HASH_DEL(e->members, m);
		free(m);
	}
	free(e);
}

int engine__add_member(struct engine *e, uint32_t pid, const struct member_config *config,
		       const char *note, uint64_t now_ns)
{
	struct member *m = on_member(e, pid);
	struct finding f = {0};

	if (m)
		return -EEXIST;
	m = calloc(1, sizeof(*m));
	if (!m)
		return -ENOMEM;
	m->pid = pid;
	m->config = *config;
	memcpy(m->scope, config->scope, sizeof(m->scope));
	memcpy(m->name, config->member, sizeof(m->name));
	m->role = config->role;
	m->refresh_tid = pid;
	m->lease.watched_since = now_ns;
	m->lease.leader = m->role == ETCD_ROLE_LEADER;
	m->lease.conf_ttl_s = config->ttl_s;
	m->lease.conf_loop_wait_s = config->loop_wait_s;
	TAILQ_INIT(&m->busy);
	HASH_ADD(hh, e->members, pid, sizeof(m->pid), m);
	tell__process(&f, m, PROCESS_FOUND, note);
	say(e, &f, now_ns);
	return 0;
}

void engine__name(struct engine *e, const uint8_t addr[16], uint16_t port, const char *name)
{
	struct address *a = endpoint_table__address(&e->endpoints, addr, port);

	if (a && !a->endpoint->named)
		endpoint_table__name(&e->endpoints, a, name);
}

static void member_gone(struct engine *e, uint32_t pid, uint64_t now_ns)
{
	struct member *m = on_member(e, pid);
	struct finding f = {0};

	if (!m)
		return;
	conn_table__drop_member(&e->conns, m, now_ns);
	end_stall(e, m, STALL_EXITED, now_ns);
	tell__process(&f, m, PROCESS_EXITED, NULL);
	say(e, &f, now_ns);
	HASH_DEL(e->members, m);
	free(m);
}

void engine__event(struct engine *e, const struct lw_event *event)
{
	if (event->type == LW_EVENT_EXIT)
		member_gone(e, event->tgid, event->ts_ns);
	else
		conn_table__event(&e->conns, event);
}

/* What hangs is shown in its endpoint's matrix while it hangs. */
static void note_hanging(struct engine *e, const struct member *m, uint64_t now_ns)
{
	struct conn *c;

	TAILQ_FOREACH(c, &m->busy, busy_link) {
		const struct exchange *x = c->exchange;
		enum matrix_column column;

		if (!x || x->rpc == ETCD_RPC_UNKNOWN || x->rpc == ETCD_RPC_WATCH ||
		    (int64_t)(now_ns - x->start_ns) < e->config.stall_after_ns)
			continue;
		column = matrix_column_of(etcd_rpc_class(x->rpc));
		if (!endpoint__expects(c->address->endpoint, column, x->start_ns, now_ns))
			note_outcome(e, c->address, column, CELL_HANGING, x->start_ns, now_ns);
	}
}

void engine__tick(struct engine *e, uint64_t now_ns)
{
	struct member *m, *next;

	HASH_ITER(hh, e->members, m, next) {
		note_hanging(e, m, now_ns);
		evaluate(e, m, now_ns);
	}
}

void engine__thread(struct engine *e, uint32_t pid, const struct thread_evidence *evidence)
{
	struct member *m = on_member(e, pid);

	if (m)
		m->thread = *evidence;
}

void engine__lost(struct engine *e, const char *reason, uint64_t count, uint64_t now_ns)
{
	struct finding f = {.type = FINDING_LOST, .lost = {.reason = reason, .count = count}};

	if (count)
		say(e, &f, now_ns);
}
