// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_engine_stall.c - what is said while a stall lasts: each news once, as bad as it is, and of
 * the leader something else than of a replica.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "world.h"

static void test_refused_in_turn(void **state)
{
	struct world *w = *state;

	for (int n = 1; n <= 3; n++) {
		world__connect(w, n);
		world__range(w, n); /* gives the endpoint its name */
		world__ok(w, n);
		world__closed_by_peer(w, n);
	}
	world__connect(w, 101);
	world__loops(w, 101, 2);
	world__closed_by_peer(w, 101);
	for (int i = 0; i < 9; i++) {
		world__refused(w, 201 + i % 3);
		world__pass(w, 900);
	}
	assert_string_equal(w->history, "begin connect_refused etcd1.lab:2379 warning\n"
					"update connect_refused etcd2.lab:2379 warning\n"
					"update connect_refused etcd3.lab:2379 warning\n");
	assert_string_equal(w->endpoint, "etcd3.lab:2379");
	assert_true(world__evidence(w, "same_elsewhere")->number == 2);
	assert_true(w->stall.remaining_ns > 0);
}

/* Where Patroni has been refused before it is refused here; and what etcd2 says ends that. */
static void test_refused_elsewhere(void **state)
{
	struct world *w = *state;

	world__connect(w, 2);
	world__range(w, 2);
	world__ok(w, 2);
	world__post(w, 2, "/v3/watch", "{}");
	world__connect(w, 1);
	world__loops(w, 1, 2);
	world__closed_by_peer(w, 1);
	world__refused(w, 102);
	/* It gives the watch up: that is no answer. */
	world__state(w, 2, LW_TCP_ESTABLISHED, LW_TCP_FIN_WAIT1, 0, 2379);
	world__refused(w, 101);
	world__pass(w, 900);
	assert_int_equal(w->stall.cause, CAUSE_CONNECT_REFUSED);
	assert_string_equal(w->endpoint, "etcd1.lab:2379");
	assert_true(world__evidence(w, "same_elsewhere")->number == 1);
	world__connect(w, 202);
	world__range(w, 202);
	world__refuse(w, 202, 503, 14, "etcdserver: no leader");
	world__refused(w, 201);
	world__pass(w, 12000); /* until there is something to say again */
	assert_int_equal(w->stall.cause, CAUSE_CONNECT_REFUSED);
	assert_string_equal(w->endpoint, "etcd1.lab:2379");
	assert_null(world__evidence(w, "same_elsewhere"));
	assert_true(w->stall.remaining_ns > 0);
}

/* Each endpoint fails in its own way, and Patroni goes round: each is reported once. */
static void test_different_causes_in_turn(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	world__loops(w, 1, 2);
	world__closed_by_peer(w, 1);
	for (int i = 0; i < 4; i++) {
		world__refused(w, 101);
		world__pass(w, 300);
		world__connecting(w, 2);
		world__pass(w, 1500);
		world__state(w, 2, LW_TCP_SYN_SENT, LW_TCP_CLOSE, 0, 2379);
		world__pass(w, 300);
	}
	assert_string_equal(w->history, "begin connect_refused etcd1.lab:2379 warning\n"
					"update network_loss 127.0.0.2:2379 warning\n");
}

/* It said no after 7 s, and the next try had only 3 s: the answer is still the better reason. */
static void test_a_shorter_try_unsays_nothing(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	world__loops(w, 1, 1);
	world__keepalive(w, 1);
	world__pass_with(w, 7000, 1, 0, 0);
	world__refuse(w, 1, 503, 14, "etcdserver: request timed out");
	world__pass(w, 200);
	world__keepalive(w, 1);
	world__pass_with(w, 3000, 1, 0, 0);
	world__state(w, 1, LW_TCP_ESTABLISHED, LW_TCP_FIN_WAIT1, 0, 2379);
	world__pass(w, 300);
	assert_int_equal(w->request.outcome, REQUEST_TIMEOUT);
	world__pass(w, 10000); /* until there is something to say again */
	assert_string_equal(w->history, "begin endpoint_silent etcd1.lab:2379 warning\n"
					"update endpoint_error etcd1.lab:2379 warning\n"
					"update endpoint_error etcd1.lab:2379 critical\n"
					"update endpoint_error etcd1.lab:2379 expired\n");
	assert_string_equal(world__text(w, "etcd.error.message"), "etcdserver: request timed out");
}

static void test_severity_of_a_leader(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	world__loops(w, 1, 1);
	world__keepalive(w, 1);
	world__pass_with(w, 9950, 1, 0, 0);
	assert_int_equal(w->stall.severity, STALL_WARNING);
	world__pass_with(w, 50, 1, 0, 0); /* 10 s of 30 are left */
	assert_int_equal(w->stall.severity, STALL_CRITICAL);
	assert_int_equal(w->stall.remaining_ns, SECONDS(10));
	world__pass_with(w, 9950, 1, 0, 0);
	assert_int_equal(w->stall.severity, STALL_CRITICAL);
	world__pass_with(w, 50, 1, 0, 0);
	assert_int_equal(w->stall.severity, STALL_EXPIRED);
	assert_true(w->stall.remaining_ns <= 0);
	world__pass_with(w, 3000, 1, 0, 0);
	world__granted(w, 1);
	/* The same lease: etcd had not dropped it. */
	assert_string_equal(w->history, "begin endpoint_silent etcd1.lab:2379 warning\n"
					"update endpoint_silent etcd1.lab:2379 critical\n"
					"update endpoint_silent etcd1.lab:2379 expired\n"
					"end endpoint_silent etcd1.lab:2379 recovered\n");
	assert_string_equal(w->role, "leader");
}

static void test_severity_of_a_replica(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	world__loops(w, 1, 1);
	world__keepalive(w, 1);
	world__pass_with(w, 2000, 1, 0, 0);
	assert_string_equal(w->role, "replica");
	assert_int_equal(w->stall.remaining_ns, MS(18950));
	world__pass_with(w, 17950, 1, 0, 0);
	assert_string_equal(w->history, "begin endpoint_silent etcd1.lab:2379 warning\n");
	world__pass_with(w, 100, 1, 0, 0);
	assert_string_equal(w->history, "begin endpoint_silent etcd1.lab:2379 warning\n"
					"update endpoint_silent etcd1.lab:2379 expired\n");
	assert_string_equal(w->role, "replica");
	assert_true(w->stall.remaining_ns <= 0);
}

static void test_a_replica_becomes_leader(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	world__loops(w, 1, 1);
	/* a put to /service/demo/status: only a leader writes that */
	world__post(w, 1, "/v3/kv/put",
		    "{\"key\": \"L3NlcnZpY2UvZGVtby9zdGF0dXM=\", \"value\": \"e30=\"}");
	world__ok(w, 1);
	assert_string_equal(w->role, "leader");
	world__keepalive(w, 1);
	world__pass_with(w, 10050, 1, 0, 0);
	assert_int_equal(w->stall.severity, STALL_CRITICAL);
	assert_string_equal(w->role, "leader");
}

/* Patroni before 3.3.7 and 4.0.6: a replica renews at every second loop, not quite on time. */
static void every_second_loop(struct world *w, int times)
{
	for (int i = 0; i < times; i++) {
		world__keepalive(w, 1);
		world__pass(w, 45);
		world__granted(w, 1);
		world__pass(w, i % 2 ? 19955 : 20055);
	}
}

static void test_cadence_of_a_replica(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	every_second_loop(w, 10);
	assert_string_equal(w->history, "");
}

/* A switchover: the leader gives its key up, and is a replica from then on. */
static void test_leader_becomes_replica(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	world__loops(w, 1, 8);
	world__keepalive(w, 1);
	world__granted(w, 1);
	world__post(w, 1, "/v3/kv/deleterange", "{\"key\": \"L3NlcnZpY2UvZGVtby9sZWFkZXI=\"}");
	world__answer(w, 1, 200, "{\"header\":{},\"deleted\":\"1\"}");
	assert_string_equal(w->role, "replica");
	world__pass(w, 10000);
	every_second_loop(w, 10);
	assert_string_equal(w->history, "");
}

static void test_lease_lost(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	world__loops(w, 1, 1);
	world__keepalive(w, 1);
	world__refuse(w, 1, 404, 5, "etcdserver: requested lease not found");
	assert_int_equal(w->begins, 1);
	assert_int_equal(w->stall.cause, CAUSE_LEASE_LOST);
	assert_string_equal(w->endpoint, "etcd1.lab:2379");
	assert_string_equal(w->role, "leader");
	/* By its TTL it would have held for 20 s more. */
	assert_int_equal(w->stall.severity, STALL_EXPIRED);
	assert_int_equal(w->stall.remaining_ns, 0);
	world__pass(w, 25000);
	/* Nothing else is said of it: that no new one is sent is a consequence. */
	assert_int_equal(w->stall.cause, CAUSE_LEASE_LOST);
	assert_int_equal(w->stall.severity, STALL_EXPIRED);
	world__post(w, 1, "/v3/lease/grant", "{\"TTL\": 30}");
	world__answer(w, 1, 200, "{\"header\":{},\"ID\":\"78\",\"TTL\":\"30\"}");
	assert_int_equal(w->stall.result, STALL_RESULT_EXPIRED);
	assert_contains(w->headline, "the lease was lost; Patroni holds a new one through "
				     "etcd1.lab:2379");
}

static void test_lease_lost_on_a_replica(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	world__loops(w, 1, 1);
	world__keepalive(w, 1);
	world__answer(w, 1, 200, "{\"result\":{\"header\":{},\"ID\":\"77\"}}");
	assert_int_equal(w->stall.cause, CAUSE_LEASE_LOST);
	assert_string_equal(w->role, "replica");
}

/* etcd full: writes are refused, renewals pass. No stall, and the endpoint is no healthy one. */
static void test_nospace(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	world__loops(w, 1, 2);
	world__post(w, 1, "/v3/kv/put",
		    "{\"key\": \"L3NlcnZpY2UvZGVtby9zdGF0dXM=\", \"value\": \"e30=\"}");
	world__refuse(w, 1, 429, 8, "etcdserver: mvcc: database space exceeded");
	assert_int_equal(w->request.outcome, REQUEST_ERROR);
	assert_int_equal(w->request.error_code, 8);
	assert_int_equal(w->endpoint_state, ENDPOINT_HALF_HEALTHY);
	assert_contains(w->sentence, "refuses writes: etcd is full (NOSPACE alarm)");
	assert_contains(w->sentence, "etcdctl alarm disarm");
	world__pass(w, 400); /* the renewal is a little late */
	world__loops(w, 1, 2);
	assert_int_equal(w->endpoint_state, ENDPOINT_HALF_HEALTHY);
	assert_string_equal(w->history, "");
	world__post(w, 1, "/v3/kv/put",
		    "{\"key\": \"L3NlcnZpY2UvZGVtby9zdGF0dXM=\", \"value\": \"e30=\"}");
	world__ok(w, 1);
	assert_int_equal(w->endpoint_state, ENDPOINT_HEALTHY);
	assert_string_equal(w->sentence, "");
}

/* ... but when Patroni needs a new lease, it gets none. */
static void test_nospace_and_a_grant(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	world__loops(w, 1, 1);
	world__post(w, 1, "/v3/lease/grant", "{\"TTL\": 30}");
	world__refuse(w, 1, 429, 8, "etcdserver: mvcc: database space exceeded");
	world__pass(w, 200);
	assert_string_equal(w->history, "begin endpoint_error etcd1.lab:2379 warning\n");
	assert_true(world__evidence(w, "http.response.status_code")->number == 429);
	assert_true(world__evidence(w, "etcd.error.code")->number == 8);
	assert_string_equal(world__text(w, "etcd.error.message"),
			    "etcdserver: mvcc: database space exceeded");
}

static void test_learner(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	world__range(w, 1);
	world__ok(w, 1);
	world__loops(w, 1, 1);
	world__keepalive(w, 1);
	world__refuse(w, 1, 503, 14, "etcdserver: rpc not supported for learner");
	assert_int_equal(w->endpoint_state, ENDPOINT_HALF_HEALTHY);
	assert_contains(w->sentence, "is a learner");
	world__pass(w, 200);
	assert_string_equal(w->history, "begin endpoint_error etcd1.lab:2379 warning\n");
	assert_string_equal(world__text(w, "etcd.error.message"),
			    "etcdserver: rpc not supported for learner");
}

static void test_no_leader(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	world__range(w, 1);
	world__ok(w, 1);
	world__loops(w, 1, 1);
	world__keepalive(w, 1);
	world__refuse(w, 1, 503, 14, "etcdserver: no leader");
	world__pass(w, 200);
	assert_int_equal(w->stall.cause, CAUSE_ENDPOINT_ERROR);
	assert_string_equal(world__text(w, "etcd.error.message"), "etcdserver: no leader");
	assert_contains(w->sentence, "majority");
}

/* Another request of the renewing thread hangs, and the renewal behind it is due. */
static void test_another_request_stands_in_the_way(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	world__loops(w, 1, 2);
	world__range(w, 1);
	world__pass_with(w, 1050, 1, 0, 0);
	assert_string_equal(w->history, "begin endpoint_silent etcd1.lab:2379 warning\n");
	assert_int_equal(w->stall.in_flight_ns, MS(1050));
	assert_string_equal(world__text(w, "waiting_for"), "kv/range");
}

int main(void)
{
#define CASE(f)	   cmocka_unit_test_setup_teardown(f, world__setup, world__teardown)
#define REPLICA(f) cmocka_unit_test_setup_teardown(f, world__setup_replica, world__teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_refused_in_turn),
		CASE(test_refused_elsewhere),
		CASE(test_different_causes_in_turn),
		CASE(test_a_shorter_try_unsays_nothing),
		CASE(test_severity_of_a_leader),
		REPLICA(test_severity_of_a_replica),
		REPLICA(test_a_replica_becomes_leader),
		REPLICA(test_cadence_of_a_replica),
		CASE(test_leader_becomes_replica),
		CASE(test_lease_lost),
		REPLICA(test_lease_lost_on_a_replica),
		CASE(test_nospace),
		CASE(test_nospace_and_a_grant),
		CASE(test_learner),
		CASE(test_no_leader),
		CASE(test_another_request_stands_in_the_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
