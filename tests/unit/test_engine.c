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
#include <string.h>

#include <cmocka.h>

#include "world.h"

static void test_healthy(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	world__loops(w, 1, 8);
	assert_int_equal(w->begins, 0);
	assert_int_equal(w->requests_ok, 8);
	assert_int_equal(w->request.ttl_s, 30);
	assert_int_equal(w->request.lease_id, 77);
	assert_string_equal(w->request_who, "demo/pg1");
	assert_int_equal(w->request.duration_ns, MS(45));
	assert_int_equal(w->endpoint_state, ENDPOINT_HEALTHY);
	assert_string_equal(w->changed, "etcd1.lab:2379");
}

static void test_silent_begins_after_a_second(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	world__loops(w, 1, 2);
	world__keepalive(w, 1);
	world__pass_with(w, 1000, 1, 0, 0);
	assert_int_equal(w->begins, 0);
	world__pass_with(w, 50, 1, 0, 0);
	assert_int_equal(w->begins, 1);
	assert_int_equal(w->stall.cause, CAUSE_ENDPOINT_SILENT);
	assert_string_equal(w->endpoint, "etcd1.lab:2379");
	assert_int_equal(w->stall.ttl_s, 30);
	/* 30 s from the send of the last good one, which was 10 s before this one */
	assert_int_equal(w->stall.remaining_ns, 30 * NS_PER_S - MS(11050));
	assert_int_equal(w->stall.in_flight_ns, MS(1050));
	world__granted(w, 1);
	assert_int_equal(w->ends, 1);
	assert_int_equal(w->stall.result, STALL_RECOVERED);
	world__loops(w, 1, 3);
	assert_int_equal(w->begins, 1);
}

/* We came when it hung already: its request says which lease it is. */
static void test_the_first_renewal_hangs(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	world__keepalive(w, 1);
	world__pass_with(w, 1050, 1, 0, 0);
	assert_int_equal(w->begins, 1);
	assert_int_equal(w->stall.lease_id, 77);
	assert_int_equal(w->stall.remaining_ns, LW_UNKNOWN_REMAINING);
}

static void test_unacknowledged_is_network_loss(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	world__loops(w, 1, 1);
	world__keepalive(w, 1);
	world__pass_with(w, 1100, 1, 300, 0);
	assert_int_equal(w->stall.cause, CAUSE_NETWORK_LOSS);
}

static void test_unread_is_local_delay(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	world__loops(w, 1, 1);
	world__keepalive(w, 1);
	world__pass_with(w, 1100, 1, 0, 200);
	assert_int_equal(w->stall.cause, CAUSE_LOCAL_DELAY);
}

/* A failure of what hung changes no state; at the end it is still reported, once. */
static void test_what_the_end_tells(void **state)
{
	struct world *w = *state;
	int changes;

	world__connect(w, 1);
	world__loops(w, 1, 1);
	world__keepalive(w, 1);
	world__pass(w, 500);
	w->tid = PID + 1;
	world__connect(w, 101);
	world__range(w, 101);
	world__ok(w, 101);
	world__pass(w, 3000);
	assert_int_equal(w->endpoint_state, ENDPOINT_HALF_HEALTHY);
	assert_int_equal(w->matrix[MATRIX_KEEPALIVE], CELL_HANGING);
	world__state(w, 1, LW_TCP_ESTABLISHED, LW_TCP_FIN_WAIT1, 0, 2379);
	assert_int_equal(w->request.outcome, REQUEST_TIMEOUT);
	world__pass(w, 5000);
	assert_int_equal(w->matrix[MATRIX_KEEPALIVE], CELL_HANGING);
	changes = w->endpoint_changes;
	engine__conclude(w->engine, w->now);
	assert_int_equal(w->endpoint_changes, changes + 1);
	assert_int_equal(w->previous_state, ENDPOINT_HALF_HEALTHY);
	assert_int_equal(w->endpoint_state, ENDPOINT_HALF_HEALTHY);
	assert_int_equal(w->matrix[MATRIX_KEEPALIVE], CELL_TIMEOUT);
	engine__conclude(w->engine, w->now);
	assert_int_equal(w->endpoint_changes, changes + 1);
}

/* Another state by the same cells: how it was told last was a moment too early. */
static void test_the_end_tells_a_state(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	world__loops(w, 1, 1);
	world__connect(w, 101);
	w->tid = PID + 1;
	world__range(w, 101);
	world__ok(w, 101);
	w->tid = PID;
	world__keepalive(w, 1);
	world__pass(w, 1100);
	assert_int_equal(w->endpoint_state, ENDPOINT_SILENT);
	w->tid = PID + 1;
	world__range(w, 101);
	world__ok(w, 101);
	world__pass(w, 50);
	assert_int_equal(w->endpoint_state, ENDPOINT_SILENT);
	engine__conclude(w->engine, w->now);
	assert_int_equal(w->endpoint_state, ENDPOINT_HALF_HEALTHY);
	assert_int_equal(w->previous_state, ENDPOINT_SILENT);
}

/* The incident: silence, then a clear no, then silence again at the next try. The cause sharpens
 * once. */
static void test_incident_sharpens_and_does_not_flap(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	world__loops(w, 1, 1);
	world__range(w, 1);
	world__ok(w, 1);
	world__loops(w, 1, 1);
	world__keepalive(w, 1);
	world__pass_with(w, 7000, 1, 0, 0);
	world__refuse(w, 1, 503, 14, "etcdserver: request timed out");
	world__pass(w, 200);
	assert_int_equal(w->stall.cause, CAUSE_ENDPOINT_ERROR);
	assert_string_equal(world__text(w, "etcd.error.message"), "etcdserver: request timed out");
	assert_string_equal(w->message, "etcdserver: request timed out");
	world__keepalive(w, 1);
	world__pass_with(w, 7000, 1, 0, 0);
	assert_int_equal(w->begins, 1);
	assert_int_equal(w->stall.cause, CAUSE_ENDPOINT_ERROR);
	/* healthy, silent, and from the clear no on half healthy: no flapping while it hangs again
	 */
	assert_int_equal(w->endpoint_changes, 3);
	assert_int_equal(w->endpoint_state, ENDPOINT_HALF_HEALTHY);
	/* 1/3 of the TTL was passed on the way */
	assert_int_equal(w->stall.severity, STALL_CRITICAL);
	world__pass_with(w, 12000, 1, 0, 0);
	assert_int_equal(w->stall.severity, STALL_EXPIRED);
	assert_true(w->stall.remaining_ns <= 0);
	assert_int_equal(w->ends, 0);
}

static void test_quick_switch_is_no_stall(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	world__loops(w, 1, 2);
	world__closed_by_peer(w, 1);
	world__refused(w, 3);
	world__connect(w, 2);
	world__keepalive(w, 2);
	world__pass(w, 100);
	world__granted(w, 2);
	world__pass(w, 2000);
	assert_int_equal(w->connects_failed, 1);
	assert_int_equal(w->begins, 0);
}

static void test_refused_everywhere(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	world__loops(w, 1, 2);
	world__closed_by_peer(w, 1);
	for (int cookie = 2; cookie < 5; cookie++) {
		world__refused(w, cookie);
	}
	world__pass(w, 400);
	assert_int_equal(w->begins, 1);
	assert_int_equal(w->stall.cause, CAUSE_CONNECT_REFUSED);
	/* The next tries, seconds apart, change nothing: it is refused, not "not attempted". */
	world__pass(w, 12000);
	assert_int_equal(w->stall.cause, CAUSE_CONNECT_REFUSED);
	assert_int_equal(w->begins, 1);
}

/* The watch thread finds out first, and the main thread waits for it: nobody even tries to renew.
 */
static void test_refused_on_another_thread(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	world__loops(w, 1, 2);
	world__keepalive(w, 1);
	world__granted(w, 1);
	world__pass(w, 2000);
	w->tid = PID + 1;
	world__refused(w, 2);
	world__pass(w, 8000);
	assert_int_equal(w->begins, 0); /* the next renewal is only due now */
	world__pass(w, 500);
	assert_int_equal(w->begins, 1);
	assert_int_equal(w->stall.cause, CAUSE_CONNECT_REFUSED);
}

/* It finds another etcd, and its endless watch there says no more: the renewals go on. */
static void test_watch_moves_elsewhere(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	world__loops(w, 1, 2);
	w->tid = PID + 1;
	world__refused(w, 2);
	world__connect(w, 3);
	world__post(w, 3, "/v3/watch", "{\"create_request\": {\"key\": \"L3NlcnZpY2UvZGVtby8=\"}}");
	w->tid = PID;
	world__loops(w, 1, 3);
	assert_int_equal(w->begins, 0);
}

static void test_syn_unanswered(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	world__loops(w, 1, 2);
	world__connecting(w, 2);
	world__pass(w, 1050);
	assert_int_equal(w->begins, 1);
	assert_int_equal(w->stall.cause, CAUSE_NETWORK_LOSS);
	assert_string_equal(w->endpoint, "127.0.0.2:2379"); /* nobody has named it */
}

/* PostgreSQL is connected to by the same thread, and is none of our business. */
static void test_other_ports_do_not_matter(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	world__loops(w, 1, 2);
	world__state(w, 2, LW_TCP_CLOSE, LW_TCP_SYN_SENT, 0, 5432);
	world__pass(w, 1500);
	world__state(w, 2, LW_TCP_SYN_SENT, LW_TCP_CLOSE, ECONNREFUSED, 5432);
	world__pass(w, 500);
	assert_int_equal(w->begins, 0);
	assert_int_equal(w->connects_failed, 0);
}

static void test_reset_and_closed(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	world__loops(w, 1, 2);
	world__keepalive(w, 1);
	world__receive(w, 1, -ECONNRESET);
	assert_int_equal(w->request.outcome, REQUEST_RESET);
	world__pass(w, 200);
	assert_int_equal(w->begins, 1);
	assert_int_equal(w->stall.cause, CAUSE_CONNECTION_RESET);
	world__connect(w, 2);
	world__keepalive(w, 2);
	world__state(w, 2, LW_TCP_ESTABLISHED, LW_TCP_CLOSE_WAIT, 0, 2379);
	world__receive(w, 2, 0);
	assert_int_equal(w->request.outcome, REQUEST_CLOSED);
}

static void test_lease_lost(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	world__loops(w, 1, 1);
	world__keepalive(w, 1);
	world__answer(w, 1, 200, "{\"result\":{\"header\":{\"raft_term\":\"2\"},\"ID\":\"77\"}}");
	assert_int_equal(w->begins, 1);
	assert_int_equal(w->stall.cause, CAUSE_LEASE_LOST);
	assert_int_equal(w->request.outcome, REQUEST_ERROR);
	world__post(w, 1, "/v3/lease/grant", "{\"TTL\": 30}");
	world__answer(w, 1, 200, "{\"header\":{\"raft_term\":\"2\"},\"ID\":\"78\",\"TTL\":\"30\"}");
	assert_int_equal(w->ends, 1);
	assert_int_equal(w->stall.result, STALL_RESULT_EXPIRED);
	assert_int_equal(w->stall.lease_id, 78);
}

static void test_not_attempted(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	world__loops(w, 1, 1); /* 10 s have passed since the send */
	world__pass(w, 10000);
	assert_int_equal(w->begins, 0); /* exactly cadence + (ttl - cadence) / 2 */
	world__pass(w, 50);
	assert_int_equal(w->begins, 1);
	assert_int_equal(w->stall.cause, CAUSE_NOT_ATTEMPTED);
}

static void test_patroni_gives_up(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	world__loops(w, 1, 1);
	world__keepalive(w, 1);
	world__pass_with(w, 3340, 1, 0, 0);
	world__state(w, 1, LW_TCP_ESTABLISHED, LW_TCP_FIN_WAIT1, 0, 2379);
	assert_int_equal(w->request.outcome, REQUEST_TIMEOUT);
	assert_int_equal(w->request.duration_ns, MS(3340));
	assert_int_equal(w->stall.cause, CAUSE_ENDPOINT_SILENT);
}

static void test_exit_ends_the_stall(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	world__loops(w, 1, 1);
	world__keepalive(w, 1);
	world__pass_with(w, 1100, 1, 0, 0);
	world__exit(w, PID);
	assert_int_equal(w->ends, 1);
	assert_int_equal(w->stall.result, STALL_EXITED);
	assert_int_equal(w->exits, 1);
	assert_int_equal(w->request.outcome, REQUEST_UNOBSERVED);
	assert_int_equal(engine__members(w->engine), 0);
	/* What its sockets say after that concerns nobody. */
	world__state(w, 1, LW_TCP_ESTABLISHED, LW_TCP_FIN_WAIT1, 0, 2379);
	world__connect(w, 5);
	world__pass(w, 60000);
	assert_int_equal(w->begins, 1);
}

/* A watch is answered once and then never ends. */
static void test_watch_never_times_out(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	world__connect(w, 2);
	world__post(w, 2, "/v3/watch", "{\"create_request\": {\"key\": \"L3NlcnZpY2UvZGVtby8=\"}}");
	world__data(w, 2, LW_EVENT_RECV, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
	world__loops(w, 1, 5);
	assert_int_equal(w->begins, 0);
	world__state(w, 2, LW_TCP_ESTABLISHED, LW_TCP_FIN_WAIT1, 0, 2379);
	assert_int_equal(w->request.outcome, REQUEST_OK);
	assert_int_equal(w->begins, 0);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, world__setup, world__teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_healthy),
		CASE(test_silent_begins_after_a_second),
		CASE(test_the_first_renewal_hangs),
		CASE(test_unacknowledged_is_network_loss),
		CASE(test_unread_is_local_delay),
		CASE(test_what_the_end_tells),
		CASE(test_the_end_tells_a_state),
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
