// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_engine.c - histories of kernel records in, findings out: the stall rules at their edges,
 * without root, kernel or clock.
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

#include "model/engine.h"

#define MS(n) ((uint64_t)(n)*NS_PER_MS)
#define PID   42
#define T0    MS(1000000)

struct world {
	struct engine *engine;
	uint64_t now;
	uint32_t tid;
	int endpoint_changes, begins, updates, ends, requests, requests_ok, connects_failed, exits;
	struct finding_stall stall;
	struct finding_request request;
	enum endpoint_state endpoint_state;
	char endpoint[160], message[160], headline[320];
};

static void on_finding(void *ctx, const struct finding *f)
{
	struct world *w = ctx;

	switch (f->type) {
	case FINDING_STALL:
		w->begins += f->stall.phase == STALL_BEGIN;
		w->updates += f->stall.phase == STALL_UPDATE;
		w->ends += f->stall.phase == STALL_END;
		w->stall = f->stall;
		snprintf(w->headline, sizeof(w->headline), "%s", f->stall.headline);
		snprintf(w->endpoint, sizeof(w->endpoint), "%s",
			 f->where.endpoint ? f->where.endpoint : "");
		break;
	case FINDING_REQUEST:
		w->requests++;
		w->requests_ok += f->request.outcome == REQUEST_OK;
		w->request = f->request;
		snprintf(w->message, sizeof(w->message), "%s",
			 f->request.error_message ? f->request.error_message : "");
		break;
	case FINDING_CONNECT:
		w->connects_failed += f->connect.outcome != CONNECT_OK;
		break;
	case FINDING_ENDPOINT:
		w->endpoint_changes++;
		w->endpoint_state = f->endpoint.state;
		break;
	case FINDING_PROCESS:
		w->exits += f->process.phase == PROCESS_EXITED;
		break;
	default:
		break;
	}
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct engine_config config = {
		.stall_after_ns = NS_PER_S, .on_finding = on_finding, .ctx = w};
	struct member_config member = {.member = "pg1", .scope = "demo", .role = ETCD_ROLE_LEADER};

	w->engine = engine__new(&config);
	w->now = T0;
	w->tid = PID;
	assert_int_equal(engine__add_member(w->engine, PID, &member, NULL, w->now), 0);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	engine__free(w->engine);
	free(w);
	return 0;
}

static void header(struct world *w, struct lw_event *e, uint64_t cookie, uint32_t type,
		   uint32_t size)
{
	*e = (struct lw_event){.ts_ns = w->now,
			       .cookie = cookie,
			       .tgid = PID,
			       .tid = w->tid,
			       .type = type,
			       .size = size};
}

/* 127.0.0.<cookie>:port */
static void tcp(struct world *w, uint64_t cookie, int from, int to, int err, uint16_t port)
{
	struct lw_event_sock e = {.oldstate = from, .newstate = to, .err = err, .dport = port};

	header(w, &e.event, cookie, LW_EVENT_STATE, sizeof(e));
	e.daddr[10] = e.daddr[11] = 0xff;
	e.daddr[12] = 127;
	e.daddr[15] = (uint8_t)cookie;
	engine__event(w->engine, &e.event);
}

static void data(struct world *w, uint64_t cookie, uint32_t type, const char *text)
{
	union {
		struct lw_event_data e;
		uint8_t room[sizeof(struct lw_event_data) + 2048];
	} u = {0};

	header(w, &u.e.event, cookie, type, sizeof(u.e) + strlen(text));
	u.e.len = u.e.captured = strlen(text);
	memcpy(u.e.payload, text, strlen(text));
	engine__event(w->engine, &u.e.event);
}

static void data_ends(struct world *w, uint64_t cookie, int len)
{
	struct lw_event_data e = {.len = len};

	header(w, &e.event, cookie, LW_EVENT_RECV, sizeof(e));
	engine__event(w->engine, &e.event);
}

static void snapshot(struct world *w, uint64_t cookie, uint32_t unacked, uint32_t unread)
{
	struct lw_event_tcp e = {.unacked_bytes = unacked, .unread_bytes = unread};

	header(w, &e.event, cookie, LW_EVENT_SNAPSHOT, sizeof(e));
	engine__event(w->engine, &e.event);
}

static void connect_to(struct world *w, uint64_t cookie)
{
	tcp(w, cookie, LW_TCP_CLOSE, LW_TCP_SYN_SENT, 0, 2379);
	tcp(w, cookie, LW_TCP_SYN_SENT, LW_TCP_ESTABLISHED, 0, 2379);
}

static void post(struct world *w, uint64_t cookie, const char *path, const char *body)
{
	char head[512];

	snprintf(head, sizeof(head),
		 "POST %s HTTP/1.1\r\nHost: etcd%u.lab:2379\r\nuser-agent: Patroni/3.0.2 "
		 "Python/3.11.2 Linux\r\n"
		 "Authorization: topsecret\r\nContent-Length: %zu\r\n\r\n",
		 path, (unsigned int)cookie, strlen(body));
	data(w, cookie, LW_EVENT_SEND, head);
	data(w, cookie, LW_EVENT_SEND, body);
}

static void answer(struct world *w, uint64_t cookie, int status, const char *body)
{
	char text[1024];

	snprintf(text, sizeof(text), "HTTP/1.1 %d X\r\nContent-Length: %zu\r\n\r\n%s", status,
		 strlen(body), body);
	data(w, cookie, LW_EVENT_RECV, text);
}

static void keepalive(struct world *w, uint64_t cookie)
{
	post(w, cookie, "/v3/lease/keepalive", "{\"ID\": \"77\"}");
}

static void granted(struct world *w, uint64_t cookie)
{
	answer(w, cookie, 200,
	       "{\"result\":{\"header\":{\"raft_term\":\"2\"},\"ID\":\"77\",\"TTL\":\"30\"}}");
}

/* Time passes; every 50 ms the engine is told, and gets the evidence that it asks for. */
static void pass(struct world *w, uint64_t ms, uint64_t cookie, uint32_t unacked, uint32_t unread)
{
	uint64_t end = w->now + MS(ms);

	while (w->now < end) {
		w->now += end - w->now < MS(50) ? end - w->now : MS(50);
		if (cookie && engine__wants(w->engine, w->now).snapshot)
			snapshot(w, cookie, unacked, unread);
		engine__tick(w->engine, w->now);
	}
}

static void healthy_loops(struct world *w, uint64_t cookie, int loops)
{
	for (int i = 0; i < loops; i++) {
		keepalive(w, cookie);
		pass(w, 45, 0, 0, 0);
		granted(w, cookie);
		pass(w, 9955, 0, 0, 0);
	}
}

static void test_healthy(void **state)
{
	struct world *w = *state;

	connect_to(w, 1);
	healthy_loops(w, 1, 8);
	assert_int_equal(w->begins, 0);
	assert_int_equal(w->requests_ok, 8);
	assert_int_equal(w->request.ttl_s, 30);
	assert_int_equal(w->request.lease_id, 77);
	assert_int_equal(w->request.duration_ns, MS(45));
	assert_int_equal(w->endpoint_state, ENDPOINT_HEALTHY);
}

static void test_silent_begins_after_a_second(void **state)
{
	struct world *w = *state;

	connect_to(w, 1);
	healthy_loops(w, 1, 2);
	keepalive(w, 1);
	pass(w, 1000, 1, 0, 0);
	assert_int_equal(w->begins, 0);
	pass(w, 50, 1, 0, 0);
	assert_int_equal(w->begins, 1);
	assert_int_equal(w->stall.cause, CAUSE_ENDPOINT_SILENT);
	assert_string_equal(w->endpoint, "etcd1.lab:2379");
	assert_int_equal(w->stall.ttl_s, 30);
	/* 30 s from the send of the last good one, which was 10 s before this one */
	assert_int_equal(w->stall.remaining_ns, 30 * NS_PER_S - MS(11050));
	assert_int_equal(w->stall.in_flight_ns, MS(1050));
	granted(w, 1);
	assert_int_equal(w->ends, 1);
	assert_int_equal(w->stall.result, STALL_RECOVERED);
	healthy_loops(w, 1, 3);
	assert_int_equal(w->begins, 1);
}

static void test_unacknowledged_is_network_loss(void **state)
{
	struct world *w = *state;

	connect_to(w, 1);
	healthy_loops(w, 1, 1);
	keepalive(w, 1);
	pass(w, 1100, 1, 300, 0);
	assert_int_equal(w->stall.cause, CAUSE_NETWORK_LOSS);
}

static void test_unread_is_local_delay(void **state)
{
	struct world *w = *state;

	connect_to(w, 1);
	healthy_loops(w, 1, 1);
	keepalive(w, 1);
	pass(w, 1100, 1, 0, 200);
	assert_int_equal(w->stall.cause, CAUSE_LOCAL_DELAY);
}

/* The incident: silence, then a clear no, then silence again at the next try. The cause sharpens
 * once. */
static void test_incident_sharpens_and_does_not_flap(void **state)
{
	struct world *w = *state;

	connect_to(w, 1);
	healthy_loops(w, 1, 1);
	post(w, 1, "/v3/kv/range", "{\"key\": \"L3NlcnZpY2UvZGVtby8=\"}");
	answer(w, 1, 200, "{\"header\":{\"raft_term\":\"2\"}}");
	healthy_loops(w, 1, 1);
	keepalive(w, 1);
	pass(w, 7000, 1, 0, 0);
	answer(w, 1, 503,
	       "{\"error\":\"etcdserver: request timed out\",\"message\":\"etcdserver: request "
	       "timed "
	       "out\",\"code\":14}");
	pass(w, 200, 0, 0, 0);
	assert_int_equal(w->stall.cause, CAUSE_ENDPOINT_ERROR);
	assert_non_null(strstr(w->headline, "etcdserver: request timed out"));
	assert_non_null(strstr(w->message, "timed out"));
	keepalive(w, 1);
	pass(w, 7000, 1, 0, 0);
	assert_int_equal(w->begins, 1);
	assert_int_equal(w->stall.cause, CAUSE_ENDPOINT_ERROR);
	/* healthy, silent, and from the clear no on half healthy: no flapping while it hangs again
	 */
	assert_int_equal(w->endpoint_changes, 3);
	assert_int_equal(w->endpoint_state, ENDPOINT_HALF_HEALTHY);
	/* 1/3 of the TTL was passed on the way */
	assert_int_equal(w->stall.severity, STALL_CRITICAL);
	pass(w, 12000, 1, 0, 0);
	assert_int_equal(w->stall.severity, STALL_EXPIRED);
	assert_true(w->stall.remaining_ns <= 0);
	assert_int_equal(w->ends, 0);
}

static void test_quick_switch_is_no_stall(void **state)
{
	struct world *w = *state;

	connect_to(w, 1);
	healthy_loops(w, 1, 2);
	tcp(w, 1, LW_TCP_ESTABLISHED, LW_TCP_CLOSE_WAIT, 0, 2379);
	tcp(w, 1, LW_TCP_CLOSE_WAIT, LW_TCP_LAST_ACK, 0, 2379);
	tcp(w, 3, LW_TCP_CLOSE, LW_TCP_SYN_SENT, 0, 2379);
	tcp(w, 3, LW_TCP_SYN_SENT, LW_TCP_CLOSE, ECONNREFUSED, 2379);
	connect_to(w, 2);
	keepalive(w, 2);
	pass(w, 100, 0, 0, 0);
	granted(w, 2);
	pass(w, 2000, 0, 0, 0);
	assert_int_equal(w->connects_failed, 1);
	assert_int_equal(w->begins, 0);
}

static void test_refused_everywhere(void **state)
{
	struct world *w = *state;

	connect_to(w, 1);
	healthy_loops(w, 1, 2);
	tcp(w, 1, LW_TCP_ESTABLISHED, LW_TCP_CLOSE_WAIT, 0, 2379);
	tcp(w, 1, LW_TCP_CLOSE_WAIT, LW_TCP_LAST_ACK, 0, 2379);
	for (int cookie = 2; cookie < 5; cookie++) {
		tcp(w, cookie, LW_TCP_CLOSE, LW_TCP_SYN_SENT, 0, 2379);
		tcp(w, cookie, LW_TCP_SYN_SENT, LW_TCP_CLOSE, ECONNREFUSED, 2379);
	}
	pass(w, 400, 0, 0, 0);
	assert_int_equal(w->begins, 1);
	assert_int_equal(w->stall.cause, CAUSE_CONNECT_REFUSED);
	/* The next tries, seconds apart, change nothing: it is refused, not "not attempted". */
	pass(w, 12000, 0, 0, 0);
	assert_int_equal(w->stall.cause, CAUSE_CONNECT_REFUSED);
	assert_int_equal(w->begins, 1);
}

/* The watch thread finds out first, and the main thread waits for it: nobody even tries to renew.
 */
static void test_refused_on_another_thread(void **state)
{
	struct world *w = *state;

	connect_to(w, 1);
	healthy_loops(w, 1, 2);
	keepalive(w, 1);
	granted(w, 1);
	pass(w, 2000, 0, 0, 0);
	w->tid = PID + 1;
	tcp(w, 2, LW_TCP_CLOSE, LW_TCP_SYN_SENT, 0, 2379);
	tcp(w, 2, LW_TCP_SYN_SENT, LW_TCP_CLOSE, ECONNREFUSED, 2379);
	pass(w, 8000, 0, 0, 0);
	assert_int_equal(w->begins, 0); /* the next renewal is only due now */
	pass(w, 500, 0, 0, 0);
	assert_int_equal(w->begins, 1);
	assert_int_equal(w->stall.cause, CAUSE_CONNECT_REFUSED);
}

/* It finds another etcd, and its endless watch there says no more: the renewals go on. */
static void test_watch_moves_elsewhere(void **state)
{
	struct world *w = *state;

	connect_to(w, 1);
	healthy_loops(w, 1, 2);
	w->tid = PID + 1;
	tcp(w, 2, LW_TCP_CLOSE, LW_TCP_SYN_SENT, 0, 2379);
	tcp(w, 2, LW_TCP_SYN_SENT, LW_TCP_CLOSE, ECONNREFUSED, 2379);
	connect_to(w, 3);
	post(w, 3, "/v3/watch", "{\"create_request\": {\"key\": \"L3NlcnZpY2UvZGVtby8=\"}}");
	w->tid = PID;
	healthy_loops(w, 1, 3);
	assert_int_equal(w->begins, 0);
}

static void test_syn_unanswered(void **state)
{
	struct world *w = *state;

	connect_to(w, 1);
	healthy_loops(w, 1, 2);
	tcp(w, 2, LW_TCP_CLOSE, LW_TCP_SYN_SENT, 0, 2379);
	pass(w, 1050, 0, 0, 0);
	assert_int_equal(w->begins, 1);
	assert_int_equal(w->stall.cause, CAUSE_NETWORK_LOSS);
	assert_string_equal(w->endpoint, "127.0.0.2:2379"); /* nobody has named it */
}

/* PostgreSQL is connected to by the same thread, and is none of our business. */
static void test_other_ports_do_not_matter(void **state)
{
	struct world *w = *state;

	connect_to(w, 1);
	healthy_loops(w, 1, 2);
	tcp(w, 2, LW_TCP_CLOSE, LW_TCP_SYN_SENT, 0, 5432);
	pass(w, 1500, 0, 0, 0);
	tcp(w, 2, LW_TCP_SYN_SENT, LW_TCP_CLOSE, ECONNREFUSED, 5432);
	pass(w, 500, 0, 0, 0);
	assert_int_equal(w->begins, 0);
	assert_int_equal(w->connects_failed, 0);
}

static void test_reset_and_closed(void **state)
{
	struct world *w = *state;

	connect_to(w, 1);
	healthy_loops(w, 1, 2);
	keepalive(w, 1);
	data_ends(w, 1, -ECONNRESET);
	assert_int_equal(w->request.outcome, REQUEST_RESET);
	pass(w, 200, 0, 0, 0);
	assert_int_equal(w->begins, 1);
	assert_int_equal(w->stall.cause, CAUSE_CONNECTION_RESET);
	connect_to(w, 2);
	keepalive(w, 2);
	tcp(w, 2, LW_TCP_ESTABLISHED, LW_TCP_CLOSE_WAIT, 0, 2379);
	data_ends(w, 2, 0);
	assert_int_equal(w->request.outcome, REQUEST_CLOSED);
}

static void test_lease_lost(void **state)
{
	struct world *w = *state;

	connect_to(w, 1);
	healthy_loops(w, 1, 1);
	keepalive(w, 1);
	answer(w, 1, 200, "{\"result\":{\"header\":{\"raft_term\":\"2\"},\"ID\":\"77\"}}");
	assert_int_equal(w->begins, 1);
	assert_int_equal(w->stall.cause, CAUSE_LEASE_LOST);
	assert_int_equal(w->request.outcome, REQUEST_ERROR);
	post(w, 1, "/v3/lease/grant", "{\"TTL\": 30}");
	answer(w, 1, 200, "{\"header\":{\"raft_term\":\"2\"},\"ID\":\"78\",\"TTL\":\"30\"}");
	assert_int_equal(w->ends, 1);
	assert_int_equal(w->stall.result, STALL_RECOVERED);
	assert_int_equal(w->stall.lease_id, 78);
}

static void test_not_attempted(void **state)
{
	struct world *w = *state;

	connect_to(w, 1);
	healthy_loops(w, 1, 1); /* 10 s have passed since the send */
	pass(w, 10000, 0, 0, 0);
	assert_int_equal(w->begins, 0); /* exactly cadence + (ttl - cadence) / 2 */
	pass(w, 50, 0, 0, 0);
	assert_int_equal(w->begins, 1);
	assert_int_equal(w->stall.cause, CAUSE_NOT_ATTEMPTED);
}

static void test_patroni_gives_up(void **state)
{
	struct world *w = *state;

	connect_to(w, 1);
	healthy_loops(w, 1, 1);
	keepalive(w, 1);
	pass(w, 3340, 1, 0, 0);
	tcp(w, 1, LW_TCP_ESTABLISHED, LW_TCP_FIN_WAIT1, 0, 2379);
	assert_int_equal(w->request.outcome, REQUEST_TIMEOUT);
	assert_int_equal(w->request.duration_ns, MS(3340));
	assert_int_equal(w->stall.cause, CAUSE_ENDPOINT_SILENT);
}

static void test_exit_ends_the_stall(void **state)
{
	struct world *w = *state;
	struct lw_event_process e = {0};

	connect_to(w, 1);
	healthy_loops(w, 1, 1);
	keepalive(w, 1);
	pass(w, 1100, 1, 0, 0);
	header(w, &e.event, 0, LW_EVENT_EXIT, sizeof(e));
	engine__event(w->engine, &e.event);
	assert_int_equal(w->ends, 1);
	assert_int_equal(w->stall.result, STALL_EXITED);
	assert_int_equal(w->exits, 1);
	assert_int_equal(w->request.outcome, REQUEST_UNOBSERVED);
	assert_int_equal(engine__members(w->engine), 0);
	/* What its sockets say after that concerns nobody. */
	tcp(w, 1, LW_TCP_ESTABLISHED, LW_TCP_FIN_WAIT1, 0, 2379);
	connect_to(w, 5);
	pass(w, 60000, 0, 0, 0);
	assert_int_equal(w->begins, 1);
}

/* A watch is answered once and then never ends. */
static void test_watch_never_times_out(void **state)
{
	struct world *w = *state;

	connect_to(w, 1);
	connect_to(w, 2);
	post(w, 2, "/v3/watch", "{\"create_request\": {\"key\": \"L3NlcnZpY2UvZGVtby8=\"}}");
	data(w, 2, LW_EVENT_RECV, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
	healthy_loops(w, 1, 5);
	assert_int_equal(w->begins, 0);
	tcp(w, 2, LW_TCP_ESTABLISHED, LW_TCP_FIN_WAIT1, 0, 2379);
	assert_int_equal(w->request.outcome, REQUEST_OK);
	assert_int_equal(w->begins, 0);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_healthy),
		CASE(test_silent_begins_after_a_second),
		CASE(test_unacknowledged_is_network_loss),
		CASE(test_unread_is_local_delay),
		CASE(test_incident_sharpens_and_does_not_flap),
		CASE(test_quick_switch_is_no_stall),
		CASE(test_refused_everywhere),
		CASE(test_refused_on_another_thread),
		CASE(test_watch_moves_elsewhere),
		CASE(test_syn_unanswered),
		CASE(test_other_ports_do_not_matter),
		CASE(test_reset_and_closed),
		CASE(test_lease_lost),
		CASE(test_not_attempted),
		CASE(test_patroni_gives_up),
		CASE(test_exit_ends_the_stall),
		CASE(test_watch_never_times_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
