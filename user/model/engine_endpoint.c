// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * engine_endpoint.c - how the endpoints stand: what is learned of them, reported and forgotten.
 */
#include <string.h>

#include "model/engine_state.h"
#include "model/finding_fill.h"

static enum matrix_cell cell_of_connect(enum connect_outcome outcome)
{
	static const enum matrix_cell cells[CONNECT_OUTCOMES] = {
		[CONNECT_OK] = CELL_OK,		  [CONNECT_REFUSED] = CELL_REFUSED,
		[CONNECT_TIMEOUT] = CELL_TIMEOUT, [CONNECT_UNREACHABLE] = CELL_UNREACHABLE,
		[CONNECT_RESET] = CELL_RESET,	  [CONNECT_ABANDONED] = CELL_UNKNOWN,
		[CONNECT_TLS] = CELL_ERROR,
	};

	return cells[outcome];
}

void engine__note_outcome(struct engine *e, struct address *a, enum matrix_column column,
			  enum matrix_cell cell, uint64_t start_ns, uint64_t at_ns, uint64_t now_ns)
{
	struct endpoint *endpoint = a->endpoint;

	if (cell == CELL_UNKNOWN)
		return;
	endpoint__outcome(endpoint, column, cell, start_ns, at_ns);
	endpoint->state = endpoint__assess(endpoint);
	endpoint->last_address = a;
	engine__tell_endpoint(e, endpoint, now_ns);
}

static void say_endpoint(struct engine *e, struct endpoint *endpoint, uint64_t now_ns)
{
	enum endpoint_state previous = endpoint->told_state;
	struct finding f = {0};

	finding_fill__endpoint(&f, endpoint, endpoint->last_address, previous);
	endpoint->told_state = endpoint->state;
	endpoint->told_ns = now_ns;
	memcpy(endpoint->told_matrix, f.endpoint.matrix, sizeof(endpoint->told_matrix));
	reporter__report(&e->reporter, &f, now_ns);
}

void engine__tell_endpoint(struct engine *e, struct endpoint *endpoint, uint64_t now_ns)
{
	if (endpoint->state == endpoint->told_state ||
	    (endpoint->told_ns && now_ns - endpoint->told_ns < ENDPOINT_TELL_EVERY_NS))
		return;
	say_endpoint(e, endpoint, now_ns);
}

/* Not as it was told: another state, or other trouble in the same. */
static bool is_news(const struct endpoint *endpoint)
{
	if (endpoint->state != endpoint->told_state)
		return true;
	for (int c = 0; c < MATRIX_COLUMNS; c++)
		if (endpoint->matrix[c].cell != endpoint->told_matrix[c])
			return endpoint->state > ENDPOINT_HEALTHY;
	return false;
}

void engine__tell_endpoints(struct engine *e, uint64_t now_ns)
{
	struct endpoint *endpoint, *next;

	HASH_ITER(hh, e->endpoints.endpoints, endpoint, next) {
		if (is_news(endpoint))
			say_endpoint(e, endpoint, now_ns);
	}
}

void engine__note_connect(struct engine *e, struct conn *c, enum matrix_cell cell, uint64_t now_ns)
{
	engine__note_outcome(e, c->address, MATRIX_CONNECT, cell, c->connect_start_ns, now_ns,
			     now_ns);
}

/*
 * A server that does not like the client's certificate says so after the handshake: so over TLS a
 * connect has come to something with the first answer. A watch has none to wait for.
 */
bool engine__waits_for_answer(const struct conn *c)
{
	return c->tls.on && c->exchange && !etcd_rpc_is_watch(c->exchange->rpc);
}

void engine__tell_connect(struct engine *e, struct conn *c, enum connect_outcome outcome,
			  uint64_t end_ns, uint64_t now_ns)
{
	char error[128] = "";
	struct finding f = {0};

	finding_fill__connect(&f, c, outcome, end_ns);
	if (outcome == CONNECT_TLS) {
		message__tls_error(error, sizeof(error), c->tls.trouble, c->tls.code, c->tls.end);
		f.connect.tls.error = error;
		if (!c->tls.done_ns)
			f.connect.tls.duration_ns =
				(int64_t)(now_ns - c->tls.start_ns) / NS_PER_US * NS_PER_US;
	}
	reporter__report(&e->reporter, &f, now_ns);
	if (outcome != CONNECT_OK || !engine__waits_for_answer(c))
		engine__note_connect(e, c, cell_of_connect(outcome), now_ns);
}

/* Somebody waits there for an answer, or for the lease. */
static bool is_waited_for(const struct engine *e, const struct endpoint *endpoint)
{
	struct member *m, *next;
	struct conn *c;

	HASH_ITER(hh, e->members, m, next) {
		if (m->stall.active && m->refresh_address &&
		    m->refresh_address->endpoint == endpoint)
			return true;
		TAILQ_FOREACH(c, &m->busy, busy_link) {
			bool watches = c->exchange && etcd_rpc_is_watch(c->exchange->rpc);

			if (c->address->endpoint == endpoint && !watches)
				return true;
		}
	}
	return false;
}

void engine__forget_trouble(struct engine *e, uint64_t now_ns)
{
	struct endpoint *endpoint, *next;

	HASH_ITER(hh, e->endpoints.endpoints, endpoint, next) {
		if (endpoint->state != ENDPOINT_UNKNOWN && !is_waited_for(e, endpoint) &&
		    endpoint__forget(endpoint, now_ns))
			endpoint->state = endpoint__assess(endpoint);
	}
}

void engine__note_hanging(struct engine *e, const struct member *m, uint64_t now_ns)
{
	struct conn *c;

	TAILQ_FOREACH(c, &m->busy, busy_link) {
		const struct exchange *x = c->exchange;
		enum matrix_column column;

		if (!x || x->rpc == ETCD_RPC_UNKNOWN || etcd_rpc_is_watch(x->rpc) ||
		    (int64_t)(now_ns - x->start_ns) < e->stall_after_ns)
			continue;
		column = matrix_column_of(etcd_rpc_class(x->rpc));
		if (!endpoint__expects(c->address->endpoint, column, x->start_ns, now_ns))
			engine__note_outcome(e, c->address, column, CELL_HANGING, x->start_ns,
					     now_ns, now_ns);
	}
}
