// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * finding_fill.c - fill in findings. What is not known is left unknown here, once and for all
 * sinks.
 */
#include <string.h>

#include "model/finding_fill.h"

static const char *known(const char *s)
{
	return *s ? s : NULL;
}

/* Durations are whole microseconds, as the log carries them. */
static int64_t duration(uint64_t from_ns, uint64_t to_ns)
{
	if (!from_ns || to_ns < from_ns)
		return LW_UNKNOWN;
	return (int64_t)(to_ns - from_ns) / NS_PER_US * NS_PER_US;
}

struct finding_who finding_fill__who(const struct member *m)
{
	return (struct finding_who){
		.pid = m->pid,
		.scope = known(m->scope),
		.member = known(m->name),
		.role = member__role_name(m->role),
		.version = known(m->version),
	};
}

struct finding_where finding_fill__where(const struct address *a, const struct endpoint *e)
{
	if (!a)
		return (struct finding_where){.endpoint = e ? e->name : NULL};
	return (struct finding_where){
		.endpoint = e ? e->name : a->endpoint->name,
		.address = a->text,
		.port = a->key.port,
	};
}

void finding_fill__process(struct finding *f, const struct member *m, enum process_phase phase,
			   const char *note)
{
	f->type = FINDING_PROCESS;
	f->who = finding_fill__who(m);
	f->process = (struct finding_process){
		.phase = phase,
		.uid = m->config.uid,
		.tls_blind = known(m->blind_reason),
		.note = note,
	};
}

void finding_fill__connect(struct finding *f, const struct conn *c, enum connect_outcome outcome,
			   uint64_t end_ns)
{
	f->type = FINDING_CONNECT;
	f->who = finding_fill__who(c->member);
	f->where = finding_fill__where(c->address, NULL);
	f->connect = (struct finding_connect){
		.outcome = outcome,
		.duration_ns = c->adopted ? LW_UNKNOWN : duration(c->connect_start_ns, end_ns),
		.tls =
			{
				.on = c->tls.on,
				.server_name = known(c->tls.name),
				.duration_ns = duration(c->tls.start_ns, c->tls.done_ns),
			},
	};
}

void finding_fill__request(struct finding *f, const struct conn *c, enum request_outcome outcome,
			   uint64_t now_ns)
{
	const struct exchange *x = c->exchange;
	const struct etcd_response *r = &x->response;
	bool answered = outcome == REQUEST_OK || outcome == REQUEST_ERROR;
	struct finding_request *q = &f->request;

	f->type = FINDING_REQUEST;
	f->who = finding_fill__who(c->member);
	f->where = finding_fill__where(c->address, NULL);
	memset(q, 0, sizeof(*q));
	q->method = known(x->out.msg.method);
	q->path = known(x->out.msg.target);
	q->rpc = etcd_rpc_name(x->rpc);
	q->outcome = outcome;
	q->status = x->in.msg.status;
	q->error_code = r->error_code;
	q->error_message = known(r->error_message);
	q->duration_ns = outcome == REQUEST_UNOBSERVED ? LW_UNKNOWN : duration(x->start_ns, now_ns);
	q->first_byte_ns = x->first_byte_ns ? duration(x->start_ns, x->first_byte_ns) : LW_UNKNOWN;
	q->unread_ns = x->unread_ns;
	q->srtt_ns = c->srtt_us ? c->srtt_us * NS_PER_US : LW_UNKNOWN;
	q->retransmits = conn__retransmits(c);
	q->member_id = r->member_id;
	q->raft_term = r->raft_term ? r->raft_term : x->in.msg.raft_term;
	q->lease_id = r->lease_id ? r->lease_id : x->request.lease_id;
	q->ttl_s = answered && exchange__is_refresh(x) && r->ttl_s > 0 ? r->ttl_s : LW_UNKNOWN;
}

void finding_fill__lookup(struct finding *f, const struct member *m, const struct lookup *l,
			  const struct endpoint *endpoint, const char *server, uint64_t now_ns)
{
	int64_t took = lookup__duration_ns(l, now_ns);

	f->type = FINDING_DNS;
	f->who = finding_fill__who(m);
	f->where = (struct finding_where){
		.endpoint = endpoint ? endpoint->name : NULL,
		.address = server,
		.port = server ? l->server.port : 0,
	};
	f->dns = (struct finding_dns){
		.source = l->source,
		.outcome = l->outcome,
		.name = known(l->name),
		.type = known(l->type),
		.transport = l->source != DNS_QUERY ? NULL
			     : l->tcp		    ? "tcp"
						    : "udp",
		.error = known(l->error),
		.duration_ns = took == LW_UNKNOWN ? took : took / NS_PER_US * NS_PER_US,
		.answers = l->answers,
	};
}

static int64_t in_flight(const struct diagnosis *d, const struct conn *flight, uint64_t now_ns)
{
	if (d->lookup.known && !d->end_ns)
		return duration(d->start_ns, now_ns);
	return flight ? duration(conn__attempt_start(flight), now_ns) : LW_UNKNOWN;
}

void finding_fill__stall(struct finding *f, struct message *w, const struct member *m,
			 enum stall_phase phase, const struct conn *flight, uint64_t now_ns)
{
	const struct stall *s = &m->stall;
	const struct lease *l = &m->lease;

	f->type = FINDING_STALL;
	f->who = finding_fill__who(m);
	f->where = finding_fill__where(s->diagnosis.address, s->diagnosis.endpoint);
	f->stall = (struct finding_stall){
		.phase = phase,
		.cause = s->diagnosis.cause,
		.severity = s->severity,
		.stall_id = s->id,
		.lease_id = l->id,
		.ttl_s = l->ttl_s ? l->ttl_s : LW_UNKNOWN,
		.remaining_ns = lease__remaining_ns(l, now_ns),
		.since_last_ok_ns = duration(l->last_ok_sent, now_ns),
		.in_flight_ns = in_flight(&s->diagnosis, flight, now_ns),
		.duration_ns = phase == STALL_END ? duration(s->begin_ns, now_ns) : LW_UNKNOWN,
	};
	if (f->stall.remaining_ns != LW_UNKNOWN_REMAINING)
		f->stall.remaining_ns = f->stall.remaining_ns / NS_PER_US * NS_PER_US;
	message__stall(w, m, now_ns, &f->stall);
}

void finding_fill__stall_end(struct finding *f, struct message *w, const struct member *m,
			     enum stall_result result, uint64_t now_ns)
{
	finding_fill__stall(f, w, m, STALL_END, NULL, now_ns);
	f->stall.result = result;
	message__stall_end(w, m, result, now_ns, &f->stall);
}

void finding_fill__endpoint(struct finding *f, const struct endpoint *e, const struct address *a,
			    enum endpoint_state previous)
{
	f->type = FINDING_ENDPOINT;
	f->where = finding_fill__where(a, e);
	f->endpoint.state = e->state;
	f->endpoint.previous = previous;
	f->endpoint.sentence = message__endpoint(e);
	for (int c = 0; c < MATRIX_COLUMNS; c++)
		f->endpoint.matrix[c] = e->matrix[c].cell;
}
