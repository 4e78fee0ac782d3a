// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_engine_request.c - what is reported of a request: times, network, outcome, whose it is, on
 * which connection.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "world.h"

/* With what the socket knows of its network. */
static void data(struct world *w, uint32_t type, const char *text, uint32_t srtt_us,
		 uint32_t total_retrans, uint32_t unread_for_us)
{
	union {
		struct lw_event_data e;
		char room[1024];
	} u = {0};
	size_t len = strlen(text);

	u.e.event = (struct lw_event){.ts_ns = w->now,
				      .cookie = 1,
				      .tgid = w->pid,
				      .tid = w->tid,
				      .type = type,
				      .size = (uint32_t)(sizeof(u.e) + len)};
	u.e.len = u.e.captured = (uint32_t)len;
	u.e.srtt_us = srtt_us;
	u.e.total_retrans = total_retrans;
	u.e.since_rx_us = unread_for_us;
	memcpy(u.e.payload, text, len);
	engine__event(w->engine, &u.e.event);
}

static void test_what_a_request_tells(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	world__loops(w, 1, 1);
	assert_int_equal(w->request.srtt_ns, LW_UNKNOWN);
	data(w, LW_EVENT_SEND,
	     "POST /v3/lease/keepalive HTTP/1.1\r\nContent-Length: 12\r\n\r\n{\"ID\": \"77\"}",
	     1200, 3, 0);
	world__pass(w, 400);
	data(w, LW_EVENT_RECV, "HTTP/1.1 200 OK\r\nContent-Length: 33\r\n\r\n", 1300, 5, 250);
	world__pass(w, 100);
	data(w, LW_EVENT_RECV, "{\"result\":{\"ID\":\"77\",\"TTL\":\"30\"}}", 1500, 5, 70);
	assert_int_equal(w->requests_ok, 2);
	assert_int_equal(w->request.duration_ns, MS(500));
	assert_int_equal(w->request.first_byte_ns, MS(400));
	assert_int_equal(w->request.unread_ns, 250000);
	assert_int_equal(w->request.srtt_ns, 1500000);
	assert_int_equal(w->request.retransmits, 2);
	assert_int_equal(w->request.status, 200);
	assert_int_equal(w->request.ttl_s, 30);
}

/* What is no success is an error, whoever says so and however little. */
static void test_a_status_is_enough(void **state)
{
	static const struct {
		int status;
		enum request_outcome outcome;
	} cases[] = {
		{200, REQUEST_OK}, {399, REQUEST_OK}, {400, REQUEST_ERROR}, {503, REQUEST_ERROR}};
	struct world *w = *state;

	world__connect(w, 1);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		world__range(w, 1);
		world__answer(w, 1, cases[i].status, "");
		assert_int_equal(w->requests, i + 1);
		assert_int_equal(w->request.outcome, cases[i].outcome);
		assert_int_equal(w->request.status, cases[i].status);
	}
}

/* One Patroni goes, and its neighbour's request goes on. */
static void test_exit_is_of_one_process(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	world__loops(w, 1, 2);
	world__add(w, PID + 100, "other", "pg9", ETCD_ROLE_LEADER);
	world__keepalive(w, 1);
	world__exit(w, PID + 100);
	assert_int_equal(w->requests, 2);
	world__pass(w, 45);
	world__granted(w, 1);
	assert_int_equal(w->requests, 3);
	assert_int_equal(w->requests_ok, 3);
	world__keepalive(w, 1);
	world__exit(w, PID);
	assert_int_equal(w->requests, 4);
	assert_int_equal(w->request.outcome, REQUEST_UNOBSERVED);
	assert_int_equal(w->request.duration_ns, LW_UNKNOWN);
}

static void give_up(struct world *w)
{
	world__state(w, 1, LW_TCP_ESTABLISHED, LW_TCP_FIN_WAIT1, 0, 2379);
}

/* Half an answer is none, but for a watch, which Patroni ends when it likes. */
static void test_given_up_in_the_middle(void **state)
{
	static const char half[] =
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n";
	struct world *w = *state;

	world__connect(w, 1);
	world__keepalive(w, 1);
	world__data(w, 1, LW_EVENT_RECV, half);
	give_up(w);
	assert_int_equal(w->request.outcome, REQUEST_TIMEOUT);
	world__connect(w, 1);
	world__post(w, 1, "/v3/watch", "{}");
	world__data(w, 1, LW_EVENT_RECV, half);
	give_up(w);
	assert_int_equal(w->request.outcome, REQUEST_OK);
	world__connect(w, 1);
	world__post(w, 1, "/v3/watch", "{}");
	give_up(w);
	assert_int_equal(w->request.outcome, REQUEST_TIMEOUT);
	assert_int_equal(w->requests, 3);
}

/* A proxy may speak HTTP/1.0: its answer ends with the connection. */
static void test_an_answer_until_the_end(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	world__keepalive(w, 1);
	world__data(w, 1, LW_EVENT_RECV,
		    "HTTP/1.0 200 OK\r\n\r\n{\"result\":{\"ID\":\"77\",\"TTL\":\"30\"}}");
	assert_int_equal(w->requests, 0);
	world__receive(w, 1, 0);
	assert_int_equal(w->requests_ok, 1);
	assert_int_equal(w->request.ttl_s, 30);
	world__connect(w, 101);
	world__keepalive(w, 101);
	world__data(w, 101, LW_EVENT_RECV, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{");
	world__receive(w, 101, 0);
	assert_int_equal(w->requests, 2);
	assert_int_equal(w->request.outcome, REQUEST_CLOSED);
}

/* Connected before we came: its requests count from now on, and it is told once. */
static void test_on_a_connection_that_was_there(void **state)
{
	struct world *w = *state;

	world__adopt(w, 1, LW_TCP_ESTABLISHED);
	world__keepalive(w, 1);
	world__pass(w, 45);
	world__adopt(w, 1, LW_TCP_SYN_SENT);
	world__granted(w, 1);
	assert_int_equal(w->requests, 1);
	assert_int_equal(w->requests_ok, 1);
	assert_int_equal(w->request.duration_ns, MS(45));
	world__pass(w, 100);
	assert_int_equal(w->endpoint_state, ENDPOINT_HEALTHY);
	assert_int_equal(w->begins, 0);
}

/* It tried to connect when we came, and still does. */
static void test_a_connect_that_was_going_on(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	world__loops(w, 1, 2);
	world__closed_by_peer(w, 1);
	world__adopt(w, 102, LW_TCP_SYN_SENT);
	world__pass(w, 1000);
	assert_int_equal(w->begins, 0);
	world__pass(w, 100);
	assert_string_equal(w->history, "begin network_loss 127.0.0.2:2379 warning\n");
	world__state(w, 102, LW_TCP_SYN_SENT, LW_TCP_ESTABLISHED, 0, 2379);
	world__keepalive(w, 102);
	world__granted(w, 102);
	assert_int_equal(w->ends, 1);
	assert_int_equal(w->stall.result, STALL_RECOVERED);
}

/* That the lease is gone is a good answer: it says nothing against the endpoint. */
static void test_a_lost_lease_is_not_the_endpoints(void **state)
{
	struct world *w = *state;
	int changes;

	world__connect(w, 1);
	world__loops(w, 1, 2);
	changes = w->endpoint_changes;
	world__keepalive(w, 1);
	world__refuse(w, 1, 404, 5, "etcdserver: requested lease not found");
	world__pass(w, 1000);
	assert_int_equal(w->request.outcome, REQUEST_ERROR);
	assert_int_equal(w->stall.cause, CAUSE_LEASE_LOST);
	assert_int_equal(w->endpoint_state, ENDPOINT_HEALTHY);
	assert_int_equal(w->endpoint_changes, changes);
	world__keepalive(w, 1);
	world__refuse(w, 1, 500, 13, "etcdserver: internal error");
	world__pass(w, 1000);
	assert_int_equal(w->endpoint_changes, changes + 1);
	assert_int_equal(w->matrix[MATRIX_KEEPALIVE], CELL_ERROR);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, world__setup, world__teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_what_a_request_tells),
		CASE(test_a_status_is_enough),
		CASE(test_exit_is_of_one_process),
		CASE(test_given_up_in_the_middle),
		CASE(test_an_answer_until_the_end),
		CASE(test_on_a_connection_that_was_there),
		CASE(test_a_connect_that_was_going_on),
		CASE(test_a_lost_lease_is_not_the_endpoints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
