// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_engine_lease.c - whose lease it is: what a Patroni that is started again takes over from the
 * one before it, and what not.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "world.h"

#define NEXT 77
/* base64 of /service/demo/leader */
#define LEADER_KEY "L3NlcnZpY2UvZGVtby9sZWFkZXI="

/* Four seconds after the last renewal. */
static struct world *renewing(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	world__loops(w, 1, 2);
	world__keepalive(w, 1);
	world__granted(w, 1);
	world__pass(w, 4000);
	return w;
}

static void start(struct world *w, uint32_t pid, const char *scope, const char *name)
{
	world__add(w, pid, scope, name, ETCD_ROLE_UNKNOWN);
	w->pid = w->tid = pid;
}

/* Of the only member. */
static struct member_status *status(struct world *w)
{
	static struct status s;

	engine__status(w->engine, w->now, &s);
	assert_int_equal(s.members_len, 1);
	return &s.members[0];
}

static void assert_inherited(struct world *w, int64_t remaining_ns)
{
	assert_int_equal(status(w)->remaining_ns, remaining_ns);
	assert_int_equal(status(w)->lease_id, 77);
	assert_int_equal(status(w)->ttl_s, 30);
}

static void assert_nothing_inherited(struct world *w)
{
	assert_int_equal(status(w)->remaining_ns, LW_UNKNOWN_REMAINING);
	assert_int_equal(status(w)->lease_id, 0);
	assert_int_equal(status(w)->ttl_s, LW_UNKNOWN);
}

static void test_killed_leader(void **state)
{
	struct world *w = renewing(state);

	world__exit(w, PID);
	assert_int_equal(w->exits, 1);
	world__pass(w, 3000);
	/* Its PostgreSQL has gone on as a primary meanwhile. */
	world__add(w, NEXT, "demo", "pg1", ETCD_ROLE_LEADER);
	w->pid = w->tid = NEXT;
	assert_inherited(w, SECONDS(23));
	/* It does not renew in time: the countdown is that of the lease in etcd. */
	world__pass(w, 12950);
	assert_string_equal(w->history, "");
	world__pass(w, 100);
	assert_string_equal(w->history, "begin not_attempted - critical\n");
	assert_contains(w->headline, "; lease expires in");
	assert_int_equal(w->stall.remaining_ns, SECONDS(10) - MS(50));
	/* It takes a new lease, and with that the old one no longer counts. */
	world__connect(w, 2);
	world__post(w, 2, "/v3/lease/grant", "{\"TTL\": 30}");
	world__answer(w, 2, 200, "{\"header\":{},\"ID\":\"78\",\"TTL\":\"30\"}");
	assert_int_equal(w->ends, 1);
	assert_int_equal(status(w)->remaining_ns, SECONDS(30));
	assert_int_equal(status(w)->lease_id, 78);
}

/* systemd starts it, it dies again, and is started once more. */
static void test_killed_twice(void **state)
{
	struct world *w = renewing(state);

	world__exit(w, PID);
	world__pass(w, 1000);
	start(w, NEXT, "demo", "pg1");
	world__pass(w, 1000);
	world__exit(w, NEXT);
	world__pass(w, 1000);
	start(w, NEXT + 1, "demo", "pg1");
	assert_inherited(w, SECONDS(23));
}

/* An orderly stop: the leader key is deleted, nobody waits for the lease. */
static void test_released(void **state)
{
	struct world *w = renewing(state);

	world__post(w, 1, "/v3/kv/deleterange", "{\"key\": \"" LEADER_KEY "\"}");
	world__answer(w, 1, 200, "{\"header\":{},\"deleted\":\"1\"}");
	world__pass(w, 100);
	world__exit(w, PID);
	start(w, NEXT, "demo", "pg1");
	assert_nothing_inherited(w);
}

/* Newer Patronis compare before they delete. */
static void test_released_by_txn(void **state)
{
	struct world *w = renewing(state);

	world__post(w, 1, "/v3/kv/txn",
		    "{\"compare\":[{\"key\":\"" LEADER_KEY
		    "\",\"target\":\"VALUE\",\"value\":\"cGcx\"}],"
		    "\"success\":[{\"request_delete_range\":{\"key\":\"" LEADER_KEY "\"}}]}");
	world__answer(w, 1, 200, "{\"header\":{},\"succeeded\":true}");
	world__exit(w, PID);
	start(w, NEXT, "demo", "pg1");
	assert_nothing_inherited(w);
}

/* It wanted to, and etcd did not do it: the key is still there. */
static void test_release_refused(void **state)
{
	struct world *w = renewing(state);

	world__post(w, 1, "/v3/kv/deleterange", "{\"key\": \"" LEADER_KEY "\"}");
	world__refuse(w, 1, 503, 14, "etcdserver: request timed out");
	world__exit(w, PID);
	start(w, NEXT, "demo", "pg1");
	assert_inherited(w, SECONDS(26));
}

/* What was left by a death long ago is not brought out again after an orderly stop. */
static void test_released_after_a_death(void **state)
{
	struct world *w = renewing(state);

	world__exit(w, PID);
	start(w, NEXT, "demo", "pg1");
	world__connect(w, 2);
	world__keepalive(w, 2);
	world__granted(w, 2);
	world__post(w, 2, "/v3/kv/deleterange", "{\"key\": \"" LEADER_KEY "\"}");
	world__answer(w, 2, 200, "{\"header\":{},\"deleted\":\"1\"}");
	world__exit(w, NEXT);
	start(w, NEXT + 1, "demo", "pg1");
	assert_nothing_inherited(w);
}

static void test_run_out(void **state)
{
	struct world *w = renewing(state);

	world__exit(w, PID);
	world__pass(w, 26000);
	start(w, NEXT, "demo", "pg1");
	assert_nothing_inherited(w);
}

static void test_just_not_run_out(void **state)
{
	struct world *w = renewing(state);

	world__exit(w, PID);
	world__pass(w, 25999);
	start(w, NEXT, "demo", "pg1");
	assert_inherited(w, MS(1));
}

static void test_another_name(void **state)
{
	struct world *w = renewing(state);

	world__exit(w, PID);
	start(w, NEXT, "demo", "pg2");
	assert_nothing_inherited(w);
	world__exit(w, NEXT);
	start(w, NEXT + 1, "other", "pg1");
	assert_nothing_inherited(w);
	world__exit(w, NEXT + 1);
	start(w, NEXT + 2, "", ""); /* who it is is not known yet */
	assert_nothing_inherited(w);
	world__exit(w, NEXT + 2);
	start(w, NEXT + 3, "demo", "pg1");
	assert_inherited(w, SECONDS(26));
}

/* A replica's lease keeps only its own member key alive. */
static void test_replica(void **state)
{
	struct world *w = renewing(state);

	world__exit(w, PID);
	start(w, NEXT, "demo", "pg2");
	assert_nothing_inherited(w);
}

/* After that it is no leader: neither by name nor by what is said of its stalls. */
static void test_release_changes_the_role(void **state)
{
	struct world *w = renewing(state);

	world__post(w, 1, "/v3/kv/deleterange", "{\"key\": \"" LEADER_KEY "\"}");
	world__answer(w, 1, 200, "{\"header\":{},\"deleted\":\"1\"}");
	assert_string_equal(w->role, "replica");
}

static void test_twice_the_same_process(void **state)
{
	struct world *w = *state;
	struct member_config config = {0};

	assert_int_equal(engine__add_member(w->engine, PID, &config, NULL, w->now), -EEXIST);
	assert_int_equal(engine__members(w->engine), 1);
}

int main(void)
{
#define CASE(f)	   cmocka_unit_test_setup_teardown(f, world__setup, world__teardown)
#define REPLICA(f) cmocka_unit_test_setup_teardown(f, world__setup_replica, world__teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_killed_leader),
		CASE(test_killed_twice),
		CASE(test_released),
		CASE(test_released_by_txn),
		CASE(test_release_refused),
		CASE(test_released_after_a_death),
		CASE(test_run_out),
		CASE(test_just_not_run_out),
		CASE(test_another_name),
		REPLICA(test_replica),
		CASE(test_release_changes_the_role),
		CASE(test_twice_the_same_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
