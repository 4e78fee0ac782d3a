// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_engine_local.c - the fault is on this host: what the renewing thread is in, and what the
 * host does to it, becomes sentence, hint and evidence.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "world.h"

/* Renewals go on, and the thread sleeps in between; the next one is due now. */
static struct world *renewing(void **state)
{
	struct world *w = *state;

	w->thread.state = 'S';
	world__connect(w, 1);
	world__loops(w, 1, 2);
	assert_int_equal(w->asked_tid, PID);
	return w;
}

static const struct thread_wait nothing = {.kind = WAIT_UNKNOWN}, asleep = {.kind = WAIT_SLEEP},
				polling = {.kind = WAIT_OBJECT, .call = "poll on"},
				on_postgres = {.kind = WAIT_POSTGRES,
					       .call = "recv from",
					       .object = "127.0.0.1:5432"},
				on_a_file = {.kind = WAIT_OBJECT,
					     .call = "open of",
					     .object = "/data/postmaster.pid"};

static void set_wait(struct world *w, char state, const struct thread_wait *wait)
{
	w->thread.state = state;
	w->thread.wait = *wait;
}

static double number(const struct world *w, const char *key)
{
	const struct evidence *e = world__evidence(w, key);

	assert_non_null(e);
	assert_null(e->text);
	return e->number;
}

static void assert_near(double value, double expected, double tolerance)
{
	if (value < expected - tolerance || value > expected + tolerance)
		fail_msg("%f is not %f", value, expected);
}

/* Ten seconds in steps; each adds so much to the counter. */
static void grow(struct world *w, int64_t *counter, int64_t each_second_ns)
{
	for (int i = 0; i < 10; i++) {
		*counter += each_second_ns;
		world__pass(w, 1000);
	}
	world__pass(w, 50);
}

static void test_stopped(void **state)
{
	struct world *w = renewing(state);

	set_wait(w, 'T', &nothing);
	world__pass(w, 10050);
	assert_string_equal(w->history, "begin not_attempted - critical\n");
	assert_int_equal(w->stall.remaining_ns, MS(9950));
	assert_string_equal(world__text(w, "thread.state"), "T");
}

static void test_throttled(void **state)
{
	struct world *w = renewing(state);

	w->thread.throttled_ns = 0;
	world__loops(w, 1, 1);
	grow(w, &w->thread.throttled_ns, MS(800));
	assert_int_equal(w->stall.cause, CAUSE_NOT_ATTEMPTED);
	assert_near(number(w, "host.throttled_s"), 8, 0.001);
}

static void test_a_little_throttled(void **state)
{
	struct world *w = renewing(state);

	w->thread.throttled_ns = 0;
	world__loops(w, 1, 1);
	grow(w, &w->thread.throttled_ns, MS(100));
	assert_int_equal(w->stall.cause, CAUSE_NOT_ATTEMPTED);
	assert_near(number(w, "host.throttled_s"), 1, 0.001);
}

/* The kernel has booked the waits: they were many, and each is over. */
static void test_run_delay(void **state)
{
	struct world *w = renewing(state);

	w->thread.run_delay_ns = SECONDS(100);
	world__loops(w, 1, 1);
	grow(w, &w->thread.run_delay_ns, MS(700));
	assert_near(number(w, "host.run_delay_s"), 7, 0.001);
}

/* One wait that is not over: nothing is booked, it is runnable, and its runtime stands still. */
static void test_starving(void **state)
{
	struct world *w = renewing(state);

	w->thread.run_delay_ns = SECONDS(100);
	w->thread.runtime_ns = SECONDS(5);
	world__loops(w, 1, 1);
	world__pass(w, 2000);
	set_wait(w, 'R', &nothing);
	world__pass(w, 8050);
	assert_int_equal(w->stall.cause, CAUSE_NOT_ATTEMPTED);
	assert_near(number(w, "host.run_delay_s"), 8, 2.1); /* looked at every 2 s */
}

/* Runnable in every sample, but it runs. */
static void test_busy_is_not_starving(void **state)
{
	struct world *w = renewing(state);

	w->thread.run_delay_ns = SECONDS(100);
	w->thread.runtime_ns = SECONDS(5);
	set_wait(w, 'R', &nothing);
	world__loops(w, 1, 1);
	for (int i = 0; i < 201; i++) {
		w->thread.runtime_ns += MS(50);
		world__pass(w, 50);
	}
	assert_int_equal(w->stall.cause, CAUSE_NOT_ATTEMPTED);
	assert_near(number(w, "host.run_delay_s"), 0, 0.001);
}

static void test_suspended(void **state)
{
	struct world *w = renewing(state);

	w->thread.suspended_ns = 0;
	world__loops(w, 1, 1);
	w->thread.suspended_ns = SECONDS(15);
	w->now += SECONDS(15);
	world__pass(w, 50);
	assert_string_equal(w->history, "begin not_attempted - critical\n");
	assert_near(number(w, "host.suspended_s"), 15, 0.001);
}

static void test_waits_for_postgres(void **state)
{
	struct world *w = renewing(state);

	set_wait(w, 'S', &asleep);
	world__pass(w, 2000);
	set_wait(w, 'S', &on_postgres);
	snprintf(w->thread.wchan, sizeof(w->thread.wchan), "wait_woken");
	world__pass(w, 8050);
	assert_string_equal(world__text(w, "thread.waits_for"),
			    "recv from PostgreSQL 127.0.0.1:5432");
	assert_string_equal(world__text(w, "thread.wchan"), "wait_woken");
	assert_near(number(w, "thread.waits_s"), 8, 2.1);
}

/* How long is counted from when it began to wait for this, not for something else. */
static void test_since(void **state)
{
	struct world *w = renewing(state);

	set_wait(w, 'S', &asleep);
	world__pass(w, 10050); /* the stall has begun: samples come five times a second now */
	set_wait(w, 'S', &on_postgres);
	world__pass(w, 5000);
	set_wait(w, 'D', &on_postgres);
	world__pass(w, 4950); /* the lease expires at the end of this */
	assert_int_equal(w->stall.severity, STALL_EXPIRED);
	assert_near(number(w, "thread.waits_s"), 4.9, 0.5);
}

/* What it waits for is read a little after the moment that is reported. */
static void test_read_late(void **state)
{
	struct world *w = renewing(state);

	w->thread_late_ns = 81000;
	world__pass(w, 5000);
	for (int i = 0; i < 200 && !*w->history; i++) {
		set_wait(w, 'S', i % 2 ? &asleep : &polling);
		world__pass(w, 50);
	}
	assert_string_equal(w->history, "begin not_attempted - critical\n");
	assert_string_not_equal(world__text(w, "thread.waits_for"), "");
	assert_near(number(w, "thread.waits_s"), 0, 0.000001);
}

static void test_disk(void **state)
{
	struct world *w = renewing(state);

	set_wait(w, 'D', &on_a_file);
	world__pass(w, 10050);
	assert_string_equal(world__text(w, "thread.waits_for"),
			    "open of /data/postmaster.pid, uninterruptible");
	assert_string_equal(world__text(w, "thread.state"), "D");
}

static void test_memory_pressure(void **state)
{
	struct world *w = renewing(state);

	w->thread.memory_pressure = 37.5;
	world__pass(w, 10050);
	assert_near(number(w, "host.memory_pressure_percent"), 37.5, 0);
	assert_null(world__evidence(w, "host.cpu_pressure_percent"));
}

static void test_nothing_known(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	world__loops(w, 1, 2);
	world__pass(w, 10050);
	assert_int_equal(w->stall.cause, CAUSE_NOT_ATTEMPTED);
	assert_null(world__evidence(w, "thread.state"));
	assert_null(world__evidence(w, "host.window_s"));
}

static void test_counters_not_known(void **state)
{
	struct world *w = renewing(state);

	world__pass(w, 10050);
	assert_string_equal(world__text(w, "thread.state"), "S");
	assert_null(world__evidence(w, "host.throttled_s"));
	assert_null(world__evidence(w, "host.run_delay_s"));
	assert_null(world__evidence(w, "host.suspended_s"));
}

/* What happened before the last good renewal kept nobody from anything. */
static void test_the_past_does_not_count(void **state)
{
	struct world *w = renewing(state);

	w->thread.throttled_ns = 0;
	world__pass(w, 3000);
	w->thread.throttled_ns = SECONDS(500);
	world__loops(w, 1, 2);
	world__pass(w, 13050);
	assert_int_equal(w->stall.cause, CAUSE_NOT_ATTEMPTED);
	assert_near(number(w, "host.throttled_s"), 0, 0.001);
}

/* The answer is in the socket, and Patroni does not fetch it. */
static void test_local_delay(void **state)
{
	struct world *w = renewing(state);

	world__keepalive(w, 1);
	set_wait(w, 'T', &nothing);
	w->since_rx_us = 940000;
	world__pass_with(w, 1050, 1, 0, 180);
	assert_string_equal(w->history, "begin local_delay etcd1.lab:2379 warning\n");
	assert_string_equal(world__text(w, "thread.state"), "T");
	assert_near(number(w, "tcp.unread_bytes"), 180, 0);
	assert_near(number(w, "unread_s"), 0.94, 0);
}

/* A stopped Patroni is looked at, and not blamed, while etcd is the one that does not answer. */
static void test_silent_endpoint_is_not_local(void **state)
{
	struct world *w = renewing(state);

	world__keepalive(w, 1);
	set_wait(w, 'T', &nothing);
	world__pass_with(w, 1050, 1, 0, 0);
	assert_string_equal(w->history, "begin endpoint_silent etcd1.lab:2379 warning\n");
	assert_null(world__evidence(w, "thread.state"));
}

/* Which thread renews is learned from the renewals. */
static void test_thread_that_renews(void **state)
{
	struct world *w = renewing(state);
	struct thread_sample stranger = w->thread;

	w->tid = PID + 3;
	world__loops(w, 1, 1);
	assert_int_equal(w->asked_tid, PID + 3);
	engine__thread(w->engine, PID + 1000, &stranger); /* it went away meanwhile */
	world__pass(w, 10050);
	assert_int_equal(w->begins, 1);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, world__setup, world__teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_stopped),
		CASE(test_throttled),
		CASE(test_a_little_throttled),
		CASE(test_run_delay),
		CASE(test_starving),
		CASE(test_busy_is_not_starving),
		CASE(test_suspended),
		CASE(test_waits_for_postgres),
		CASE(test_since),
		CASE(test_read_late),
		CASE(test_disk),
		CASE(test_memory_pressure),
		CASE(test_nothing_known),
		CASE(test_counters_not_known),
		CASE(test_the_past_does_not_count),
		CASE(test_local_delay),
		CASE(test_silent_endpoint_is_not_local),
		CASE(test_thread_that_renews),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
