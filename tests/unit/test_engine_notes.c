// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_engine_notes.c - notes: each is reported when it is true, once, and not
 * otherwise.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "world.h"
#include "leasewatch/units.h"

#define OTHER 43

static const struct world_note *note(const struct world *w, enum note_kind kind)
{
	return &w->notes[kind];
}

/* One renewal, answered by this etcd member of this cluster, in this term. */
static void renew(struct world *w, uint64_t cookie, int cluster, int member, int term)
{
	static char header[128]; /* w->term points here from now on */

	snprintf(header, sizeof(header),
		 "\"cluster_id\":\"%d\",\"member_id\":\"%d\",\"raft_term\":\"%d\"", cluster, member,
		 term);
	w->term = header;
	world__keepalive(w, cookie);
	world__pass(w, 20);
	world__granted(w, cookie);
	world__pass(w, 1000);
}

static void test_election(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	renew(w, 1, 9, 1, 5);
	renew(w, 1, 9, 1, 5);
	assert_int_equal(note(w, NOTE_ELECTION)->count, 0);
	renew(w, 1, 9, 1, 7);
	assert_int_equal(note(w, NOTE_ELECTION)->count, 1);
	assert_contains(note(w, NOTE_ELECTION)->text, "raft term 7, was 5");
	assert_string_equal(note(w, NOTE_ELECTION)->endpoint, "etcd1.lab:2379");
	assert_true(note(w, NOTE_ELECTION)->numbers[0] == 7);
	assert_true(note(w, NOTE_ELECTION)->numbers[1] == 5);
	/* A member that lags behind answers with the old term; then it catches up. */
	renew(w, 1, 9, 1, 6);
	renew(w, 1, 9, 1, 7);
	assert_int_equal(note(w, NOTE_ELECTION)->count, 1);
	renew(w, 1, 9, 1, 8);
	assert_int_equal(note(w, NOTE_ELECTION)->count, 2);
	assert_contains(note(w, NOTE_ELECTION)->text, "raft term 8, was 7");
}

static void test_elections_of_many_clusters(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	for (int cluster = 1; cluster <= 100; cluster++)
		renew(w, 1, cluster, 1, 5);
	assert_int_equal(note(w, NOTE_ELECTION)->count, 0);
	renew(w, 1, 100, 1, 6);
	assert_int_equal(note(w, NOTE_ELECTION)->count, 1);
	renew(w, 1, 60, 1, 6);
	assert_int_equal(note(w, NOTE_ELECTION)->count, 2);
	/* Forgotten, so its term is not a higher one; it is known again. */
	renew(w, 1, 1, 1, 6);
	assert_int_equal(note(w, NOTE_ELECTION)->count, 2);
	renew(w, 1, 1, 1, 7);
	assert_int_equal(note(w, NOTE_ELECTION)->count, 3);
}

/* Two Patronis of one host, through two etcds: it is one election all the same. */
static void test_election_once_per_cluster(void **state)
{
	struct world *w = *state;

	world__add(w, OTHER, "demo", "pg2", ETCD_ROLE_REPLICA);
	world__connect(w, 1);
	w->pid = w->tid = OTHER;
	world__connect(w, 2);
	w->pid = w->tid = PID;
	renew(w, 1, 9, 1, 5);
	w->pid = w->tid = OTHER;
	renew(w, 2, 9, 2, 5);
	renew(w, 2, 9, 2, 6);
	w->pid = w->tid = PID;
	renew(w, 1, 9, 1, 6);
	assert_int_equal(note(w, NOTE_ELECTION)->count, 1);
	/* The other Patroni's etcd is another cluster with a term of its own: nothing is new. */
	w->pid = w->tid = OTHER;
	renew(w, 2, 10, 2, 40);
	w->pid = w->tid = PID;
	renew(w, 1, 9, 1, 6);
	assert_int_equal(note(w, NOTE_ELECTION)->count, 1);
	w->pid = w->tid = OTHER;
	renew(w, 2, 10, 2, 41);
	assert_int_equal(note(w, NOTE_ELECTION)->count, 2);
	assert_contains(note(w, NOTE_ELECTION)->text, "raft term 41, was 40");
}

static void test_several_members(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	renew(w, 1, 9, 11, 5);
	renew(w, 1, 9, 12, 5);
	renew(w, 1, 9, 12, 5);
	assert_int_equal(note(w, NOTE_SEVERAL)->count, 0); /* it may have been replaced */
	renew(w, 1, 9, 11, 5);
	assert_int_equal(note(w, NOTE_SEVERAL)->count, 1);
	assert_contains(note(w, NOTE_SEVERAL)->text, "as etcd1.lab:2379");
	assert_string_equal(note(w, NOTE_SEVERAL)->value, "11");
	renew(w, 1, 9, 12, 5);
	renew(w, 1, 9, 11, 5);
	assert_int_equal(note(w, NOTE_SEVERAL)->count, 1);
}

/* Each endpoint has its member: nothing is shared. */
static void test_one_member_each(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	world__connect(w, 2);
	for (int i = 0; i < 3; i++) {
		renew(w, 1, 9, 11, 5);
		renew(w, 2, 9, 12, 5);
	}
	assert_int_equal(note(w, NOTE_SEVERAL)->count, 0);
}

static void test_switch(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	world__connect(w, 2);
	world__loops(w, 1, 2);
	world__range(w, 2); /* a read elsewhere is none */
	world__ok(w, 2);
	world__connect(w, 101);
	world__loops(w, 101, 1); /* nor is another connection */
	assert_int_equal(note(w, NOTE_SWITCH)->count, 0);
	world__loops(w, 2, 1);
	assert_int_equal(note(w, NOTE_SWITCH)->count, 1);
	assert_string_equal(note(w, NOTE_SWITCH)->endpoint, "etcd2.lab:2379");
	assert_string_equal(note(w, NOTE_SWITCH)->value, "etcd1.lab:2379");
	assert_contains(note(w, NOTE_SWITCH)->text,
			"now renews through etcd2.lab:2379 instead of etcd1.lab:2379");
	world__loops(w, 2, 2);
	assert_int_equal(note(w, NOTE_SWITCH)->count, 1);
	world__loops(w, 1, 1);
	assert_int_equal(note(w, NOTE_SWITCH)->count, 2);
}

/* A keepalive in two sends, 20 us apart, answered so long after the first of them. */
static void slow_renewal(struct world *w, uint64_t cookie, uint64_t ms)
{
	static const char body[] = "{\"ID\": \"77\"}";
	uint64_t begin = w->now;
	char head[256];

	snprintf(head, sizeof(head),
		 "POST /v3/lease/keepalive HTTP/1.1\r\nHost: etcd1.lab:2379\r\n"
		 "Content-Length: %zu\r\n\r\n",
		 strlen(body));
	world__data(w, cookie, LW_EVENT_SEND, head);
	w->now += 20 * NS_PER_US;
	world__data(w, cookie, LW_EVENT_SEND, body);
	w->now = begin + MS(ms);
	world__granted(w, cookie);
	world__pass(w, 1000);
}

static void test_nagle(void **state)
{
	static const uint64_t took[] = {39, 41, 44, 51, 60};
	struct world *w = *state;

	world__connect(w, 1);
	slow_renewal(w, 1, 45); /* the first of a connection is not delayed by it */
	for (int i = 0; i < 5; i++) {
		assert_int_equal(note(w, NOTE_NAGLE)->count, 0);
		slow_renewal(w, 1, took[i]);
	}
	assert_int_equal(note(w, NOTE_NAGLE)->count, 1);
	assert_contains(note(w, NOTE_NAGLE)->text, "TCP_NODELAY");
	for (int i = 0; i < 10; i++)
		slow_renewal(w, 1, 41);
	assert_int_equal(note(w, NOTE_NAGLE)->count, 1);
	assert_string_equal(w->history, "");
	/* Another process says it for itself. */
	world__add(w, OTHER, "demo", "pg2", ETCD_ROLE_REPLICA);
	w->pid = w->tid = OTHER;
	world__connect(w, 2);
	for (int i = 0; i < 6; i++)
		slow_renewal(w, 2, 41);
	assert_int_equal(note(w, NOTE_NAGLE)->count, 2);
}

static void test_nagle_in_a_row(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	for (int i = 0; i < 12; i++)
		slow_renewal(w, 1, i % 4 == 3 ? 5 : 41);
	for (int i = 0; i < 6; i++)
		slow_renewal(w, 1, 38);
	for (int i = 0; i < 6; i++)
		slow_renewal(w, 1, 61);
	assert_int_equal(note(w, NOTE_NAGLE)->count, 0);
}

static void test_nagle_not_first_of_connection(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 8; i++) {
		world__connect(w, 1 + i * 100);
		slow_renewal(w, 1 + i * 100, 41);
	}
	assert_int_equal(note(w, NOTE_NAGLE)->count, 0);
}

/* All in one send: what takes 41 ms is etcd. */
static void test_nagle_not_single_send(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	for (int i = 0; i < 8; i++) {
		world__data(w, 1, LW_EVENT_SEND,
			    "POST /v3/lease/keepalive HTTP/1.1\r\nHost: etcd1.lab:2379\r\n"
			    "Content-Length: 12\r\n\r\n{\"ID\": \"77\"}");
		world__pass(w, 41);
		world__granted(w, 1);
		world__pass(w, 1000);
	}
	assert_int_equal(w->requests_ok, 8);
	assert_int_equal(note(w, NOTE_NAGLE)->count, 0);
}

/* The incident with this version of Patroni, for three attempts. */
static void refused(struct world *w, uint64_t cookie, const char *version, const char *message)
{
	w->version = version;
	world__connect(w, cookie);
	world__loops(w, cookie, 1);
	for (int i = 0; i < 3; i++) {
		world__keepalive(w, cookie);
		world__pass_with(w, 7000, cookie, 0, 0);
		world__refuse(w, cookie, 503, 14, message);
		world__pass(w, 200);
	}
	assert_int_equal(w->stall.cause, CAUSE_ENDPOINT_ERROR);
}

static void code_14(struct world *w, uint64_t cookie, const char *version)
{
	refused(w, cookie, version, "etcdserver: request timed out");
}

/* No other etcd could have answered: to upgrade Patroni would not have helped. */
static void test_no_leader_is_no_fault_of_patroni(void **state)
{
	struct world *w = *state;

	refused(w, 1, "3.0.2", "etcdserver: no leader");
	assert_int_equal(note(w, NOTE_KNOWN_FAULT)->count, 0);
	assert_contains(w->hint, "etcd has no leader");
}

static void test_known_fault(void **state)
{
	struct world *w = *state;

	code_14(w, 1, "3.0.2");
	assert_int_equal(note(w, NOTE_KNOWN_FAULT)->count, 1);
	assert_contains(note(w, NOTE_KNOWN_FAULT)->text, "Patroni 3.0.2 keeps asking");
	assert_string_equal(note(w, NOTE_KNOWN_FAULT)->value, "3.0.2");
	assert_string_equal(note(w, NOTE_KNOWN_FAULT)->endpoint, "etcd1.lab:2379");
	assert_contains(w->hint, "Patroni 3.0.2 will not leave it by itself");
	world__keepalive(w, 1);
	world__granted(w, 1);
	world__loops(w, 1, 2);
	code_14(w, 101, "3.0.2");
	assert_int_equal(w->begins, 2);
	assert_int_equal(note(w, NOTE_KNOWN_FAULT)->count, 1);
}

static void test_mended_versions(void **state)
{
	static const char *const mended[] = {"3.3.7", "4.0.6", "4.1.4"};

	world__teardown(state);
	for (size_t i = 0; i < ARRAY_LEN(mended); i++) {
		struct world *w;

		world__setup(state);
		w = *state;
		code_14(w, 1, mended[i]);
		assert_int_equal(note(w, NOTE_KNOWN_FAULT)->count, 0);
		assert_not_said(w->hint, "will not leave it by itself");
		world__teardown(state);
	}
	world__setup(state);
}

/* Another error with a version that has the fault: not what the fault is about. */
static void test_other_errors(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	world__loops(w, 1, 1);
	world__keepalive(w, 1);
	world__refuse(w, 1, 500, 2, "context deadline exceeded");
	world__pass(w, 200);
	assert_int_equal(w->stall.cause, CAUSE_ENDPOINT_ERROR);
	assert_int_equal(note(w, NOTE_KNOWN_FAULT)->count, 0);
}

static void ask_failsafe(struct world *w, uint64_t cookie)
{
	world__state(w, cookie, LW_TCP_CLOSE, LW_TCP_SYN_SENT, 0, 8008);
	world__state(w, cookie, LW_TCP_SYN_SENT, LW_TCP_ESTABLISHED, 0, 8008);
	world__data(w, cookie, LW_EVENT_SEND,
		    "POST /failsafe HTTP/1.1\r\nHost: 10.0.0.2:8008\r\nContent-Length: 2\r\n\r\n");
	world__data(w, cookie, LW_EVENT_SEND, "{}");
	world__data(w, cookie, LW_EVENT_RECV,
		    "HTTP/1.0 200 OK\r\nContent-Length: 8\r\n\r\nAccepted");
	world__state(w, cookie, LW_TCP_ESTABLISHED, LW_TCP_FIN_WAIT1, 0, 8008);
}

static void test_failsafe(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	world__loops(w, 1, 1);
	ask_failsafe(w, 20);
	assert_int_equal(note(w, NOTE_FAILSAFE)->count, 1);
	assert_contains(note(w, NOTE_FAILSAFE)->text, "failsafe mode");
	assert_string_equal(note(w, NOTE_FAILSAFE)->value, "10.0.0.2:8008");
	/* It is neither a request to etcd nor an endpoint. */
	assert_int_equal(w->requests, 1);
	for (int i = 0; i < 5; i++) {
		world__loops(w, 1, 1);
		ask_failsafe(w, 21 + i);
	}
	assert_int_equal(note(w, NOTE_FAILSAFE)->count, 1);
	world__loops(w, 1, 2); /* a minute later it is said again */
	ask_failsafe(w, 30);
	assert_int_equal(note(w, NOTE_FAILSAFE)->count, 2);
	assert_string_equal(w->history, "");
}

/* Patroni's REST API has other paths; and a GET of this one is only a question. */
static void test_not_failsafe(void **state)
{
	struct world *w = *state;

	world__state(w, 20, LW_TCP_CLOSE, LW_TCP_SYN_SENT, 0, 8008);
	world__state(w, 20, LW_TCP_SYN_SENT, LW_TCP_ESTABLISHED, 0, 8008);
	world__data(w, 20, LW_EVENT_SEND, "GET /failsafe HTTP/1.1\r\nHost: 10.0.0.2:8008\r\n\r\n");
	world__data(w, 20, LW_EVENT_RECV, "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}");
	world__data(w, 20, LW_EVENT_SEND, "GET /patroni HTTP/1.1\r\nHost: 10.0.0.2:8008\r\n\r\n");
	assert_int_equal(note(w, NOTE_FAILSAFE)->count, 0);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, world__setup, world__teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_election),
		CASE(test_elections_of_many_clusters),
		CASE(test_election_once_per_cluster),
		CASE(test_several_members),
		CASE(test_one_member_each),
		CASE(test_switch),
		CASE(test_nagle),
		CASE(test_nagle_in_a_row),
		CASE(test_nagle_not_first_of_connection),
		CASE(test_nagle_not_single_send),
		CASE(test_known_fault),
		CASE(test_no_leader_is_no_fault_of_patroni),
		CASE(test_mended_versions),
		CASE(test_other_errors),
		CASE(test_failsafe),
		CASE(test_not_failsafe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
