// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_engine_v2.c - etcd's v2 API: the leader key is the lease of the leader, its own key that of
 * each other member.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "world.h"

#define LEADER	"/v2/keys/service/demo/leader"
#define NODE	"{\"action\":\"set\",\"node\":{\"key\":\"x\",\"value\":\"secret\",\"ttl\":30}}"
#define RENEWAL "value=pg1&ttl=30&prevValue=pg1"
#define RACE	"value=pg1&ttl=30&prevExist=false"

static void ask(struct world *w, uint64_t cookie, const char *method, const char *target,
		const char *body)
{
	char text[1024];

	snprintf(text, sizeof(text),
		 "%s %s HTTP/1.1\r\nHost: etcd%u.lab:2379\r\nContent-Length: %zu\r\n\r\n%s", method,
		 target, (unsigned int)(cookie % 100), strlen(body), body);
	world__data(w, cookie, LW_EVENT_SEND, text);
}

static void renew(struct world *w, uint64_t cookie)
{
	ask(w, cookie, "PUT", LEADER, RENEWAL);
}

static void touch_member(struct world *w, uint64_t cookie, const char *name, const char *role)
{
	char target[128], body[128];

	snprintf(target, sizeof(target), "/v2/keys/service/demo/members/%s", name);
	snprintf(body, sizeof(body), "value=%%7B%%22role%%22%%3A%%22%s%%22%%7D&ttl=30", role);
	ask(w, cookie, "PUT", target, body);
	world__pass(w, 2);
	world__answer(w, cookie, 200, NODE);
}

/* As Patroni does it, every ten seconds. */
static void loops(struct world *w, uint64_t cookie, int n)
{
	for (int i = 0; i < n; i++) {
		ask(w, cookie, "GET", "/v2/keys/service/demo/?recursive=true", "");
		world__answer(w, cookie, 200, NODE);
		renew(w, cookie);
		world__pass(w, 2);
		world__answer(w, cookie, 200, NODE);
		touch_member(w, cookie, "pg1", "master");
		world__pass(w, 9996);
	}
}

static void test_a_leader(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	loops(w, 1, 4);
	assert_int_equal(w->requests, 12);
	assert_int_equal(w->requests_ok, 12);
	assert_int_equal(w->begins, 0);
	renew(w, 1);
	world__answer(w, 1, 200, NODE);
	assert_string_equal(w->request.rpc, "v2/put leader");
	assert_int_equal(w->request.ttl_s, 30);
	assert_int_equal(w->request.lease_id, 0);
	assert_string_equal(w->role, "leader");
}

static void answer_in(struct world *w, const char *cluster, int term)
{
	char text[256];

	renew(w, 1);
	snprintf(text, sizeof(text),
		 "HTTP/1.1 200 OK\r\nX-Etcd-Cluster-Id: %s\r\nX-Raft-Term: %d\r\n"
		 "Content-Length: 2\r\n\r\n{}",
		 cluster, term);
	world__data(w, 1, LW_EVENT_RECV, text);
}

/* Several clusters may be watched at a time. */
static void test_election(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	answer_in(w, "cdf818194e3a8c32", 2);
	answer_in(w, "1", 7);
	answer_in(w, "cdf818194e3a8c32", 2);
	assert_int_equal(w->notes[NOTE_ELECTION].count, 0);
	answer_in(w, "cdf818194e3a8c32", 3);
	assert_int_equal(w->notes[NOTE_ELECTION].count, 1);
	assert_contains(w->notes[NOTE_ELECTION].text, "raft term 3, was 2");
}

static void test_a_renewal_hangs(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	loops(w, 1, 2);
	renew(w, 1);
	world__pass_with(w, 1300, 1, 0, 0);
	assert_string_equal(w->history, "begin endpoint_silent etcd1.lab:2379 warning\n");
	assert_contains(w->headline, "has not answered the renewal of the leader key for");
	assert_contains(w->headline, "lease expires in 1");
	world__answer(w, 1, 200, NODE);
	assert_int_equal(w->ends, 1);
}

static void test_nothing_is_sent(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	loops(w, 1, 2);
	world__pass(w, 12000);
	assert_string_equal(w->history, "begin not_attempted - critical\n");
	assert_contains(w->headline, "has sent no renewal for");
}

/* The key is gone, or another's: the renewal says so. */
static void test_the_lock_is_lost(void **state)
{
	static const char *const answers[] = {
		"{\"errorCode\":100,\"message\":\"Key not found\",\"cause\":\"/x\",\"index\":8}",
		"{\"errorCode\":101,\"message\":\"Compare failed\",\"cause\":\"[pg1 != pg2]\"}",
	};
	struct world *w = *state;

	world__connect(w, 1);
	loops(w, 1, 2);
	for (int i = 0; i < 2; i++) {
		renew(w, 1);
		world__answer(w, 1, i ? 412 : 404, answers[i]);
		assert_int_equal(w->begins, i + 1);
		assert_int_equal(w->stall.cause, CAUSE_LEASE_LOST);
		assert_contains(w->headline, "says that the leader key no longer exists");
		/* It wins it back. */
		ask(w, 1, "PUT", LEADER, RACE);
		world__answer(w, 1, 201, NODE);
		assert_int_equal(w->ends, i + 1);
		world__pass(w, 5000);
	}
}

static void test_a_race_that_is_lost(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	touch_member(w, 1, "pg2", "replica");
	assert_string_equal(w->role, "replica");
	ask(w, 1, "PUT", LEADER, RACE);
	world__answer(w, 1, 412, "{\"errorCode\":105,\"message\":\"Key already exists\"}");
	assert_int_equal(w->request.outcome, REQUEST_ERROR);
	world__pass(w, 500);
	assert_int_equal(w->begins, 0);
	assert_string_equal(w->role, "replica");
	ask(w, 1, "PUT", LEADER, RACE);
	world__answer(w, 1, 201, NODE);
	assert_string_equal(w->role, "leader");
}

/* A replica's own key is what it keeps alive; its watch is no request that hangs. */
static void test_a_replica(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	for (int i = 0; i < 4; i++) {
		touch_member(w, 1, "pg2", "replica");
		assert_int_equal(w->request.ttl_s, 30);
		ask(w, 1, "GET", LEADER "?waitIndex=9&wait=true", "");
		world__data(w, 1, LW_EVENT_RECV,
			    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
		world__pass(w, 10000);
		world__state(w, 1, LW_TCP_ESTABLISHED, LW_TCP_FIN_WAIT1, 0, 2379);
		assert_string_equal(w->request.rpc, "v2/watch");
		assert_int_equal(w->request.outcome, REQUEST_OK);
		world__connect(w, 1);
	}
	assert_int_equal(w->begins, 0);
	world__pass(w, 16000);
	assert_int_equal(w->begins, 1);
	assert_contains(w->headline, "its member key expires");
}

static void test_no_value_is_shown(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	ask(w, 1, "DELETE", LEADER "?prevValue=pg1", "");
	world__answer(w, 1, 200, NODE);
	assert_string_equal(w->request.rpc, "v2/delete");
	assert_string_equal(w->path, LEADER);
	assert_string_equal(w->role, "replica");
}

int main(void)
{
#define TEST(name)    cmocka_unit_test_setup_teardown(name, world__setup, world__teardown)
#define REPLICA(name) cmocka_unit_test_setup_teardown(name, world__setup_replica, world__teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_a_leader),	     TEST(test_election),
		TEST(test_a_renewal_hangs),  TEST(test_nothing_is_sent),
		TEST(test_the_lock_is_lost), REPLICA(test_a_race_that_is_lost),
		REPLICA(test_a_replica),     TEST(test_no_value_is_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
