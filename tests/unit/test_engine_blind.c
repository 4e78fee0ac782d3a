// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_engine_blind.c - TLS that nobody can read: requests by their timing, and no pretence.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "world_tls.h"

static void ask_and_answer(struct world *w, uint64_t cookie, int ms)
{
	world_tls__asks(w, cookie);
	world__pass(w, ms);
	world_tls__is_answered(w, cookie);
}

/* Ten seconds each, as a leader's. */
static void loops(struct world *w, uint64_t cookie, int n)
{
	for (int i = 0; i < n; i++) {
		ask_and_answer(w, cookie, 45);
		world__pass(w, 9955);
	}
}

static void explain(struct world *w)
{
	struct engine_wants wants = engine__wants(w->engine, w->now);

	assert_int_equal(wants.tls_pid, w->pid);
	engine__tls_blind(w->engine, wants.tls_pid, "an OpenSSL of its own", w->now);
}

static void test_requests_by_their_timing(void **state)
{
	struct world *w = *state;

	world_tls__connect(w, 1);
	ask_and_answer(w, 1, 45);
	assert_int_equal(w->requests_ok, 1);
	assert_string_equal(w->request.rpc, "tls");
	assert_int_equal(w->request.duration_ns, MS(45));
	assert_int_equal(w->request.status, 0);
	assert_int_equal(w->request.ttl_s, LW_UNKNOWN);
	assert_string_equal(w->connect_endpoint, "etcd1.lab:2379");
	assert_int_equal(w->connect.outcome, CONNECT_OK);
	/* More of the same answer, and data that nobody asked for. */
	world_tls__is_answered(w, 1);
	world__pass(w, 100);
	assert_int_equal(w->requests, 1);
}

static void test_it_says_that_it_is_blind(void **state)
{
	struct world *w = *state;

	world_tls__connect(w, 1);
	ask_and_answer(w, 1, 45);
	assert_int_equal(engine__wants(w->engine, w->now).tls_pid, 0);
	loops(w, 1, 3);
	explain(w);
	assert_string_equal(w->tls_blind, "an OpenSSL of its own");
	assert_contains(w->process_note, "cannot be read: an OpenSSL of its own");
	assert_contains(w->process_note, "timing alone");
	assert_int_equal(engine__wants(w->engine, w->now).tls_pid, 0); /* once */
	assert_int_equal(w->begins, 0);
}

/* A connection more than the kernel side has room for: that is known, and it is the reason. */
static void test_one_too_many(void **state)
{
	struct world *w = *state;

	world_tls__connect(w, 1);
	world_tls__said(w, 1, LW_TLS_UNTIED, 0);
	ask_and_answer(w, 1, 45);
	assert_contains(w->process_note, "cannot be read: too many TLS connections");
	assert_int_equal(engine__wants(w->engine, w->now).tls_pid, 0);
}

/* The first requests of a process may pass before its library is found. */
static void test_when_to_ask_why(void **state)
{
	struct world *w = *state;
	uint64_t first;

	world_tls__connect(w, 1);
	first = w->now;
	ask_and_answer(w, 1, 45);
	ask_and_answer(w, 1, 45);
	assert_int_equal(engine__wants(w->engine, first + SECONDS(5)).tls_pid, 0);
	ask_and_answer(w, 1, 45);
	assert_int_equal(engine__wants(w->engine, first + SECONDS(1)).tls_pid, 0);
	assert_int_equal(engine__wants(w->engine, first + SECONDS(1) + 1).tls_pid, w->pid);
}

static void test_a_frozen_member(void **state)
{
	struct world *w = *state;

	world_tls__connect(w, 1);
	loops(w, 1, 3);
	world_tls__asks(w, 1);
	world__pass_with(w, 1300, 1, 0, 0);
	assert_string_equal(w->history, "begin endpoint_silent etcd1.lab:2379 warning\n");
	assert_contains(w->headline, "has not answered the request for");
	assert_contains(w->headline, "time left unknown: renewals inside TLS cannot be read");
	assert_int_equal(w->stall.remaining_ns, LW_UNKNOWN_REMAINING);
	world__pass(w, 2000);
	world__state(w, 1, LW_TCP_ESTABLISHED, LW_TCP_FIN_WAIT1, 0, 2379);
	assert_int_equal(w->request.outcome, REQUEST_TIMEOUT);
	world_tls__connect(w, 2);
	ask_and_answer(w, 2, 45);
	assert_int_equal(w->ends, 1);
	assert_int_equal(w->stall.result, STALL_RECOVERED);
}

/* What another thread is told quickly is no renewal. */
static void test_anothers_answer_ends_nothing(void **state)
{
	struct world *w = *state;

	world_tls__connect(w, 1);
	loops(w, 1, 3);
	world_tls__asks(w, 1);
	world__pass_with(w, 1300, 1, 0, 0);
	assert_int_equal(w->begins, 1);
	w->tid = PID + 1;
	world_tls__connect(w, 102);
	ask_and_answer(w, 102, 45);
	assert_int_equal(w->ends, 0);
}

/* The incident's member answers after 7 s, with a refusal that nobody can read. */
static void test_a_late_answer_ends_nothing(void **state)
{
	struct world *w = *state;

	world_tls__connect(w, 1);
	loops(w, 1, 3);
	for (int i = 0; i < 3; i++) {
		ask_and_answer(w, 1, 7000);
		world__pass(w, 100);
	}
	assert_string_equal(w->history, "begin endpoint_silent etcd1.lab:2379 warning\n");
	ask_and_answer(w, 1, 45);
	assert_int_equal(w->ends, 1);
}

/* A watch belongs to another thread, and waits forever. */
static void test_another_thread_waits(void **state)
{
	struct world *w = *state;

	world_tls__connect(w, 1);
	w->tid = PID + 1;
	world_tls__connect(w, 101);
	world_tls__asks(w, 101);
	w->tid = PID;
	loops(w, 1, 3);
	assert_int_equal(w->begins, 0);
}

static void test_nothing_is_sent(void **state)
{
	struct world *w = *state;

	world_tls__connect(w, 1);
	loops(w, 1, 3);
	world__pass(w, 12000);
	assert_string_equal(w->history, "begin not_attempted - warning\n");
	assert_contains(w->headline, "has sent no request for");
}

static void test_it_can_be_read_after_all(void **state)
{
	struct world *w = *state;

	world_tls__connect(w, 1);
	loops(w, 1, 3);
	explain(w);
	world_tls__asks(w,
			1); /* its plaintext is reported while the raw bytes pass for a request */
	world__keepalive(w, 1);
	world__pass(w, 45);
	world__granted(w, 1);
	assert_string_equal(w->process_note, "its TLS can be read now");
	assert_int_equal(w->request.ttl_s, 30);
	assert_int_equal(w->requests, w->requests_ok);
	world__pass(w, 9955);
	world__loops(w, 1, 2);
	assert_int_equal(w->begins, 0);
	assert_int_equal(engine__wants(w->engine, w->now).tls_pid, 0);
}

/* An alert is as short as no answer is: the connection ends. */
static void test_an_alert_is_no_answer(void **state)
{
	struct world *w = *state;

	world_tls__connect(w, 1);
	loops(w, 1, 3);
	world_tls__asks(w, 1);
	world_tls__received(w, 1, sample_hidden_alert, sizeof(sample_hidden_alert));
	world__receive(w, 1, 0);
	assert_int_equal(w->request.outcome, REQUEST_CLOSED);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world__setup, world__teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_requests_by_their_timing),
		TEST(test_it_says_that_it_is_blind),
		TEST(test_one_too_many),
		TEST(test_when_to_ask_why),
		TEST(test_anothers_answer_ends_nothing),
		TEST(test_a_frozen_member),
		TEST(test_a_late_answer_ends_nothing),
		TEST(test_another_thread_waits),
		TEST(test_nothing_is_sent),
		TEST(test_it_can_be_read_after_all),
		TEST(test_an_alert_is_no_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
