// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * world.c - the host of the engine's tests: findings kept, time, and what Patroni and etcd send.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sink/evidence.h"
#include "world.h"

/* "etcd1.lab" of a cookie. */
#define ENDPOINT(cookie) ((unsigned int)((cookie) % 100))

static void copy(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from ? from : "");
}

static void add_line(char *to, size_t size, const char *a, const char *b, const char *c,
		     const char *d)
{
	size_t len = strlen(to);

	assert_true(snprintf(to + len, size - len, "%s %s %s%s%s\n", a, b, c, *d ? " " : "", d) <
		    (int)(size - len));
}

/* Whatever the engine brings as evidence has a name for the screen and a meaning in the manual. */
static void check_evidence(const struct evidence *e, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!evidence__row(e[i].key))
			fail_msg("no row in user/sink/evidence.c: %s", e[i].key);
}

static void keep_stall(struct world *w, const struct finding *f)
{
	const struct finding_stall *s = &f->stall;
	bool end = s->phase == STALL_END;

	check_evidence(s->evidence, s->evidence_len);
	w->begins += s->phase == STALL_BEGIN;
	w->updates += s->phase == STALL_UPDATE;
	w->ends += end;
	w->stall = *s;
	copy(w->headline, sizeof(w->headline), s->headline);
	copy(w->hint, sizeof(w->hint), s->hint);
	copy(w->endpoint, sizeof(w->endpoint), f->where.endpoint);
	w->stall.headline = w->headline;
	w->stall.hint = w->hint;
	for (size_t i = 0; i < s->evidence_len; i++) {
		if (!s->evidence[i].text)
			continue;
		copy(w->texts[i], sizeof(w->texts[i]), s->evidence[i].text);
		w->stall.evidence[i].text = w->texts[i];
	}
	add_line(w->history, sizeof(w->history), enum_name(&stall_phase_names, s->phase),
		 enum_name(&cause_names, s->cause), *w->endpoint ? w->endpoint : "-",
		 end ? enum_name(&stall_result_names, s->result)
		     : enum_name(&stall_severity_names, s->severity));
}

static void keep_note(struct world *w, const struct finding *f)
{
	struct world_note *n = &w->notes[f->note.kind];
	const struct evidence *first = &f->note.evidence[0];

	check_evidence(f->note.evidence, f->note.evidence_len);
	n->count++;
	copy(n->text, sizeof(n->text), f->note.text);
	copy(n->endpoint, sizeof(n->endpoint), f->where.endpoint);
	copy(n->value, sizeof(n->value), f->note.evidence_len ? first->text : NULL);
	for (size_t i = 0; i < f->note.evidence_len && i < 2; i++)
		n->numbers[i] = f->note.evidence[i].number;
}

static void keep_lookup(struct world *w, const struct finding *f)
{
	w->dns = f->dns;
	w->dns.name = w->dns.type = w->dns.error = NULL;
	copy(w->server, sizeof(w->server), f->where.address);
	copy(w->dns_endpoint, sizeof(w->dns_endpoint), f->where.endpoint);
	add_line(w->lookups, sizeof(w->lookups), enum_name(&dns_source_names, f->dns.source),
		 f->dns.name ? f->dns.name : "-", enum_name(&dns_outcome_names, f->dns.outcome),
		 "");
}

static void keep_request(struct world *w, const struct finding *f)
{
	w->requests++;
	w->requests_ok += f->request.outcome == REQUEST_OK;
	w->request = f->request;
	w->request.method = w->request.path = NULL;
	copy(w->message, sizeof(w->message), f->request.error_message);
	w->request.error_message = w->message;
	snprintf(w->request_who, sizeof(w->request_who), "%s/%s", f->who.scope ? f->who.scope : "-",
		 f->who.member ? f->who.member : "-");
}

static void on_finding(void *ctx, const struct finding *f)
{
	struct world *w = ctx;

	switch (f->type) {
	case FINDING_STALL:
		keep_stall(w, f);
		break;
	case FINDING_REQUEST:
		keep_request(w, f);
		copy(w->path, sizeof(w->path), f->request.path);
		break;
	case FINDING_CONNECT:
		w->connects_failed += f->connect.outcome != CONNECT_OK;
		w->connect = f->connect;
		copy(w->connect_endpoint, sizeof(w->connect_endpoint), f->where.endpoint);
		copy(w->connect_error, sizeof(w->connect_error), f->connect.tls.error);
		copy(w->connect_name, sizeof(w->connect_name), f->connect.tls.server_name);
		break;
	case FINDING_ENDPOINT:
		w->endpoint_changes++;
		copy(w->changed, sizeof(w->changed), f->where.endpoint);
		w->endpoint_state = f->endpoint.state;
		w->previous_state = f->endpoint.previous;
		memcpy(w->matrix, f->endpoint.matrix, sizeof(w->matrix));
		copy(w->sentence, sizeof(w->sentence), f->endpoint.sentence);
		break;
	case FINDING_PROCESS:
		w->exits += f->process.phase == PROCESS_EXITED;
		copy(w->role, sizeof(w->role), f->who.role);
		if (f->process.note)
			copy(w->process_note, sizeof(w->process_note), f->process.note);
		if (f->process.tls_blind)
			copy(w->tls_blind, sizeof(w->tls_blind), f->process.tls_blind);
		break;
	case FINDING_DNS:
		keep_lookup(w, f);
		break;
	case FINDING_NOTE:
		keep_note(w, f);
		break;
	default:
		break;
	}
}

void world__add(struct world *w, uint32_t pid, const char *scope, const char *name,
		enum etcd_role role)
{
	struct member_config member = {.role = role};

	copy(member.scope, sizeof(member.scope), scope);
	copy(member.member, sizeof(member.member), name);
	assert_int_equal(engine__add_member(w->engine, pid, &member, NULL, w->now), 0);
}

static int setup_as(void **state, const char *name, enum etcd_role role)
{
	struct world *w = calloc(1, sizeof(*w));
	struct engine_config config = {
		.stall_after_ns = NS_PER_S, .on_finding = on_finding, .ctx = w};

	assert_non_null(w);
	w->engine = engine__new(&config);
	assert_non_null(w->engine);
	w->now = T0;
	w->pid = w->tid = PID;
	w->version = "3.0.2";
	w->term = "\"raft_term\":\"2\"";
	w->thread = (struct thread_sample){
		.runtime_ns = LW_UNKNOWN,
		.run_delay_ns = LW_UNKNOWN,
		.throttled_ns = LW_UNKNOWN,
		.suspended_ns = LW_UNKNOWN,
		.cpu_pressure = -1,
		.memory_pressure = -1,
		.io_pressure = -1,
	};
	world__add(w, PID, "demo", name, role);
	*state = w;
	return 0;
}

int world__setup(void **state)
{
	return setup_as(state, "pg1", ETCD_ROLE_LEADER);
}

int world__setup_replica(void **state)
{
	return setup_as(state, "pg2", ETCD_ROLE_REPLICA);
}

int world__teardown(void **state)
{
	struct world *w = *state;

	engine__free(w->engine);
	free(w);
	return 0;
}

void world__post(struct world *w, uint64_t cookie, const char *path, const char *body)
{
	char head[512];

	snprintf(head, sizeof(head),
		 "POST %s HTTP/1.1\r\nHost: etcd%u.lab:2379\r\nuser-agent: Patroni/%s "
		 "Python/3.11.2 Linux\r\n"
		 "Authorization: topsecret\r\nContent-Length: %zu\r\n\r\n",
		 path, ENDPOINT(cookie), w->version, strlen(body));
	world__data(w, cookie, LW_EVENT_SEND, head);
	world__data(w, cookie, LW_EVENT_SEND, body);
}

void world__answer(struct world *w, uint64_t cookie, int status, const char *body)
{
	char text[1024];

	snprintf(text, sizeof(text), "HTTP/1.1 %d X\r\nContent-Length: %zu\r\n\r\n%s", status,
		 strlen(body), body);
	world__data(w, cookie, LW_EVENT_RECV, text);
}

void world__refuse(struct world *w, uint64_t cookie, int status, int code, const char *message)
{
	char body[512];

	snprintf(body, sizeof(body), "{\"error\":\"%s\",\"message\":\"%s\",\"code\":%d}", message,
		 message, code);
	world__answer(w, cookie, status, body);
}

void world__keepalive(struct world *w, uint64_t cookie)
{
	world__post(w, cookie, "/v3/lease/keepalive", "{\"ID\": \"77\"}");
}

void world__granted(struct world *w, uint64_t cookie)
{
	char body[256];

	snprintf(body, sizeof(body), "{\"result\":{\"header\":{%s},\"ID\":\"77\",\"TTL\":\"30\"}}",
		 w->term);
	world__answer(w, cookie, 200, body);
}

void world__range(struct world *w, uint64_t cookie)
{
	/* /service/demo/ */
	world__post(w, cookie, "/v3/kv/range", "{\"key\": \"L3NlcnZpY2UvZGVtby8=\"}");
}

void world__ok(struct world *w, uint64_t cookie)
{
	char body[256];

	snprintf(body, sizeof(body), "{\"header\":{%s}}", w->term);
	world__answer(w, cookie, 200, body);
}

static void bring_thread(struct world *w, uint32_t pid, uint32_t tid)
{
	w->asked_tid = tid;
	if (!w->thread.state)
		return;
	w->thread.at_ns = w->now + w->thread_late_ns;
	engine__thread(w->engine, pid, &w->thread);
}

void world__pass_with(struct world *w, uint64_t ms, uint64_t cookie, uint32_t unacked,
		      uint32_t unread)
{
	uint64_t end = w->now + MS(ms);

	while (w->now < end) {
		struct engine_wants wants;

		w->now += end - w->now < MS(50) ? end - w->now : MS(50);
		wants = engine__wants(w->engine, w->now);
		if (cookie && wants.sockets_len)
			world__snapshot(w, cookie, unacked, unread);
		for (size_t i = 0; i < wants.threads_len; i++)
			bring_thread(w, wants.threads[i].pid, wants.threads[i].tid);
		engine__tick(w->engine, w->now);
	}
}

void world__pass(struct world *w, uint64_t ms)
{
	world__pass_with(w, ms, 0, 0, 0);
}

void world__loops(struct world *w, uint64_t cookie, int loops)
{
	for (int i = 0; i < loops; i++) {
		world__keepalive(w, cookie);
		world__pass(w, 45);
		world__granted(w, cookie);
		world__pass(w, 9955);
	}
}

const struct evidence *world__evidence(const struct world *w, const char *key)
{
	for (size_t i = 0; i < w->stall.evidence_len; i++)
		if (!strcmp(w->stall.evidence[i].key, key))
			return &w->stall.evidence[i];
	return NULL;
}

const char *world__text(const struct world *w, const char *key)
{
	const struct evidence *e = world__evidence(w, key);

	return e && e->text ? e->text : "";
}
