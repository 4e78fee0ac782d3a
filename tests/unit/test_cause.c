// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_cause.c - what a connection's evidence amounts to; and which diagnosis takes the place of
 * another: a cause sharpens, and never flaps.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "leasewatch/units.h"
#include "model/cause.h"

#define S(n) ((uint64_t)(n)*NS_PER_S)

static struct endpoint here, there;

/* An attempt that began at 100 s, and failed after `took` seconds; 0 = it is in flight. */
static struct diagnosis at(struct endpoint *endpoint, enum cause cause, int took)
{
	return (struct diagnosis){.cause = cause,
				  .endpoint = endpoint,
				  .start_ns = S(100),
				  .end_ns = took ? S(100 + took) : 0};
}

static bool supersedes(struct diagnosis next, struct diagnosis current)
{
	return cause__supersedes(&next, &current, S(200));
}

static void test_what_says_nothing(void **state)
{
	static const enum cause causes[] = {CAUSE_ENDPOINT_SILENT, CAUSE_CONNECT_REFUSED, CAUSE_DNS,
					    CAUSE_NETWORK_LOSS, CAUSE_TLS};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(causes); i++) {
		struct diagnosis current = at(&here, causes[i], 2);

		assert_false(supersedes(at(&there, CAUSE_UNKNOWN, 0), current));
		/* between two tries that fail */
		assert_false(supersedes(at(NULL, CAUSE_NOT_ATTEMPTED, 0), current));
		/* the same once more */
		assert_false(supersedes(at(&here, causes[i], 3), current));
	}
	assert_true(supersedes(at(NULL, CAUSE_NOT_ATTEMPTED, 0), at(NULL, CAUSE_UNKNOWN, 0)));
	assert_true(supersedes(at(NULL, CAUSE_NOT_ATTEMPTED, 0), at(&here, CAUSE_LOCAL_DELAY, 0)));
}

static void test_the_same_with_a_reason(void **state)
{
	struct diagnosis bare = at(&here, CAUSE_ENDPOINT_ERROR, 2), said = bare;

	(void)state;
	said.error = ETCD_ERROR_TIMEOUT;
	assert_true(supersedes(said, bare));
	assert_false(supersedes(bare, said));
	assert_false(supersedes(said, said));
	bare = said = at(&here, CAUSE_TLS, 2);
	said.tls.trouble = TLS_BAD_CERTIFICATE;
	assert_true(supersedes(said, bare));
	assert_false(supersedes(bare, said));
	assert_false(supersedes(said, said));
}

static void test_a_lookup_that_gets_its_answer(void **state)
{
	struct diagnosis hangs = at(NULL, CAUSE_DNS, 0), next = at(NULL, CAUSE_DNS, 5);

	(void)state;
	hangs.lookup.known = next.lookup.known = true;
	hangs.lookup.outcome = DNS_IN_FLIGHT;
	next.lookup.outcome = DNS_NXDOMAIN;
	assert_true(supersedes(next, hangs));
	assert_false(supersedes(next, next));
	next.lookup.outcome = DNS_TIMEOUT;
	assert_false(supersedes(next, hangs));
	assert_false(supersedes(hangs, hangs));
	next.lookup.outcome = DNS_NXDOMAIN;
	next.lookup.known = false;
	assert_false(supersedes(next, hangs));
}

/* Of a clear answer, and of another endpoint, nothing is held back. */
static void test_what_is_clear_is_said(void **state)
{
	static const enum cause clear[] = {CAUSE_ENDPOINT_ERROR, CAUSE_LEASE_LOST,
					   CAUSE_CONNECT_REFUSED, CAUSE_CONNECTION_RESET};
	struct diagnosis alert = at(&here, CAUSE_TLS, 1);

	(void)state;
	alert.tls.trouble = TLS_ALERT_RECEIVED;
	assert_true(supersedes(at(&here, CAUSE_NETWORK_LOSS, 0), at(&here, CAUSE_LOCAL_DELAY, 0)));
	assert_true(supersedes(alert, at(&here, CAUSE_ENDPOINT_ERROR, 1)));
	for (size_t i = 0; i < ARRAY_LEN(clear); i++) {
		struct diagnosis other = at(&here, clear[(i + 1) % ARRAY_LEN(clear)], 50);

		assert_true(supersedes(at(&here, clear[i], 1), at(&here, CAUSE_NETWORK_LOSS, 0)));
		assert_true(supersedes(at(&here, clear[i], 1), other));
		assert_true(supersedes(at(&there, CAUSE_NETWORK_LOSS, 1), at(&here, clear[i], 50)));
	}
}

/* After a clear answer the next try hangs: news when that takes a second longer than the answer. */
static void test_a_clear_answer_is_not_unsaid(void **state)
{
	static const enum cause clear[] = {CAUSE_ENDPOINT_ERROR, CAUSE_LEASE_LOST,
					   CAUSE_CONNECT_REFUSED, CAUSE_CONNECTION_RESET,
					   CAUSE_TLS};
	struct diagnosis hangs = at(&here, CAUSE_NETWORK_LOSS, 0);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(clear); i++) {
		struct diagnosis current = at(&here, clear[i], 7);

		current.tls.trouble = TLS_LEFT;
		assert_false(cause__supersedes(&hangs, &current, S(108)));
		assert_true(cause__supersedes(&hangs, &current, S(108) + 1));
		/* one that has ended took as long as it took */
		assert_false(supersedes(at(&here, CAUSE_NETWORK_LOSS, 8), current));
		assert_true(supersedes(at(&here, CAUSE_NETWORK_LOSS, 9), current));
		/* in flight, nothing is clear yet */
		current.end_ns = 0;
		assert_true(cause__supersedes(&hangs, &current, S(101)));
	}
}

static void test_handshakes_that_only_hang(void **state)
{
	struct diagnosis silent = at(&here, CAUSE_ENDPOINT_SILENT, 5);
	struct diagnosis tls = at(&here, CAUSE_TLS, 2);

	(void)state;
	/* A silent one does not greet either. */
	assert_false(supersedes(tls, silent));
	tls.tls.trouble = TLS_UNFINISHED;
	assert_false(supersedes(tls, silent));
	tls.tls.answered = true;
	assert_true(supersedes(tls, silent));
	tls.tls.answered = false;
	tls.tls.trouble = TLS_LEFT;
	assert_true(supersedes(tls, silent));
	assert_true(supersedes(at(&there, CAUSE_TLS, 2), silent));
	/* And is no clear answer, after which to be patient. */
	assert_true(supersedes(at(&here, CAUSE_NETWORK_LOSS, 1), at(&here, CAUSE_TLS, 50)));
}

/* ---- from the evidence */

static struct endpoint etcd;
static struct address address = {.endpoint = &etcd};

/* A renewal that was sent at 100 s on a connection that was made long before. */
static struct conn *renewing(void)
{
	static struct exchange x;
	static struct conn c;

	memset(&etcd, 0, sizeof(etcd));
	memset(&x, 0, sizeof(x));
	x.rpc = ETCD_RPC_LEASE_KEEPALIVE;
	x.start_ns = S(100);
	c = (struct conn){.address = &address,
			  .state = CONN_OPEN,
			  .requests = 2,
			  .connect_start_ns = S(1),
			  .connect_done_ns = S(1),
			  .exchange = &x};
	return &c;
}

static struct diagnosis of_flight(const struct conn *c)
{
	struct diagnosis d;

	cause__of_flight(c, S(102), &d);
	return d;
}

static void test_what_hangs(void **state)
{
	struct conn *c = renewing();
	struct diagnosis d;

	(void)state;
	d = of_flight(c);
	assert_int_equal(d.cause, CAUSE_ENDPOINT_SILENT);
	assert_ptr_equal(d.endpoint, &etcd);
	assert_ptr_equal(d.address, &address);
	assert_int_equal(d.start_ns, S(100));
	assert_int_equal(d.end_ns, 0);
	assert_true(d.refresh);
	assert_int_equal(d.rpc, ETCD_RPC_LEASE_KEEPALIVE);
	assert_false(d.tcp_known || d.connecting || d.tls.on);
	assert_int_equal(d.since_rx_ns, LW_UNKNOWN);

	c->srtt_us = 900;
	c->tcp = (struct tcp_evidence){
		.at_ns = S(101), .since_rx_us = 1500, .unsent_bytes = 5, .backoff = 3};
	d = of_flight(c);
	assert_int_equal(d.cause, CAUSE_NETWORK_LOSS);
	assert_true(d.tcp_known);
	assert_int_equal(d.since_rx_ns, 1500000);
	assert_int_equal(d.srtt_us, 900);
	assert_int_equal(d.unsent_bytes, 5);
	assert_int_equal(d.backoff, 3);
	c->tcp.unsent_bytes = 0;
	c->tcp.unacked_bytes = 6;
	d = of_flight(c);
	assert_int_equal(d.cause, CAUSE_NETWORK_LOSS);
	assert_int_equal(d.unacked_bytes, 6);
	/* What has arrived is Patroni's to read, whatever else is on its way. */
	c->tcp.unread_bytes = 7;
	d = of_flight(c);
	assert_int_equal(d.cause, CAUSE_LOCAL_DELAY);
	assert_int_equal(d.unread_bytes, 7);
}

static void test_what_hangs_before_the_request(void **state)
{
	struct conn *c = renewing();
	struct diagnosis d;

	(void)state;
	c->exchange = NULL;
	c->state = CONN_CONNECTING;
	d = of_flight(c);
	assert_int_equal(d.cause, CAUSE_NETWORK_LOSS);
	assert_true(d.connecting);
	assert_false(d.refresh);
	assert_int_equal(d.start_ns, S(1));
	c->state = CONN_HANDSHAKE;
	c->tls.on = c->tls.answered = true;
	strcpy(c->tls.name, "etcd1.lab");
	d = of_flight(c);
	assert_int_equal(d.cause, CAUSE_TLS);
	assert_true(d.tls.on && d.tls.shaking && d.tls.answered);
	assert_string_equal(d.tls.name, "etcd1.lab");
	c->tcp = (struct tcp_evidence){.at_ns = S(2), .unacked_bytes = 1};
	assert_int_equal(of_flight(c).cause, CAUSE_NETWORK_LOSS);
}

/* Half healthy: something else was answered since, and not before. */
static void test_answers_reads(void **state)
{
	struct conn *c = renewing();
	struct matrix_entry *read = &etcd.matrix[MATRIX_READ];
	struct diagnosis d;

	(void)state;
	assert_false(of_flight(c).answers_reads);
	*read = (struct matrix_entry){.cell = CELL_OK, .at_ns = S(100)};
	assert_true(of_flight(c).answers_reads);
	cause__of_exchange(c, REQUEST_TIMEOUT, S(103), &d);
	assert_true(d.answers_reads);
	read->cell = CELL_SLOW;
	assert_true(of_flight(c).answers_reads);
	read->cell = CELL_ERROR;
	assert_false(of_flight(c).answers_reads);
	read->cell = CELL_OK;
	read->at_ns--;
	assert_false(of_flight(c).answers_reads);
	cause__of_exchange(c, REQUEST_TIMEOUT, S(103), &d);
	assert_false(d.answers_reads);
	read->cell = CELL_UNKNOWN;
	/* A renewal that passed is no other kind, and a connect is no answer. */
	etcd.matrix[MATRIX_KEEPALIVE] = etcd.matrix[MATRIX_CONNECT] =
		(struct matrix_entry){.cell = CELL_OK, .at_ns = S(101)};
	assert_false(of_flight(c).answers_reads);
	etcd.matrix[MATRIX_WATCH] = etcd.matrix[MATRIX_CONNECT];
	assert_true(of_flight(c).answers_reads);
}

static void test_what_was_given_up(void **state)
{
	struct conn *c = renewing();
	struct diagnosis d;

	(void)state;
	cause__of_exchange(c, REQUEST_TIMEOUT, S(103), &d);
	assert_int_equal(d.cause, CAUSE_ENDPOINT_SILENT);
	assert_int_equal(d.end_ns, S(103));
	/* Nobody asked the socket; but some of it was sent again. */
	c->total_retrans = 5;
	c->retrans_before = 2;
	cause__of_exchange(c, REQUEST_TIMEOUT, S(103), &d);
	assert_int_equal(d.cause, CAUSE_NETWORK_LOSS);
	assert_int_equal(d.retransmits, 3);
	c->tcp.at_ns = S(102);
	cause__of_exchange(c, REQUEST_TIMEOUT, S(103), &d);
	assert_int_equal(d.cause, CAUSE_ENDPOINT_SILENT);
}

static void test_what_was_ended(void **state)
{
	struct conn *c = renewing();
	struct diagnosis d;

	(void)state;
	cause__of_exchange(c, REQUEST_RESET, S(103), &d);
	assert_int_equal(d.cause, CAUSE_CONNECTION_RESET);
	assert_true(d.reset);
	cause__of_exchange(c, REQUEST_CLOSED, S(103), &d);
	assert_int_equal(d.cause, CAUSE_CONNECTION_RESET);
	assert_false(d.reset);
	c->tls.trouble = TLS_LEFT;
	cause__of_exchange(c, REQUEST_CLOSED, S(103), &d);
	assert_int_equal(d.cause, CAUSE_CONNECTION_RESET);
	c->tls.trouble = TLS_ALERT_RECEIVED;
	c->tls.code = 42;
	cause__of_exchange(c, REQUEST_CLOSED, S(103), &d);
	assert_int_equal(d.cause, CAUSE_TLS);
	assert_int_equal(d.tls.trouble, TLS_ALERT_RECEIVED);
	assert_int_equal(d.tls.code, 42);
	cause__of_exchange(c, REQUEST_UNOBSERVED, S(103), &d);
	assert_int_equal(d.cause, CAUSE_UNKNOWN);
}

static void test_what_was_refused(void **state)
{
	struct conn *c = renewing();
	struct diagnosis d;

	(void)state;
	c->exchange->in.msg.status = 503;
	c->exchange->response.error_code = 14;
	c->exchange->response.error = ETCD_ERROR_TIMEOUT;
	strcpy(c->exchange->response.error_message, "request timed out");
	cause__of_exchange(c, REQUEST_ERROR, S(103), &d);
	assert_int_equal(d.cause, CAUSE_ENDPOINT_ERROR);
	assert_int_equal(d.status, 503);
	assert_int_equal(d.error_code, 14);
	assert_int_equal(d.error, ETCD_ERROR_TIMEOUT);
	assert_string_equal(d.message, "request timed out");
	assert_true(d.answers_reads);
}

static void test_connects(void **state)
{
	static const struct {
		enum connect_outcome outcome;
		enum cause cause;
		bool reset;
	} cases[] = {
		{CONNECT_REFUSED, CAUSE_CONNECT_REFUSED, true},
		{CONNECT_RESET, CAUSE_CONNECT_REFUSED, true},
		{CONNECT_TIMEOUT, CAUSE_NETWORK_LOSS, false},
		{CONNECT_UNREACHABLE, CAUSE_NETWORK_LOSS, false},
	};
	struct conn *c = renewing();
	struct diagnosis d;

	(void)state;
	c->exchange = NULL;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		cause__of_connect(c, cases[i].outcome, S(103), &d);
		assert_int_equal(d.cause, cases[i].cause);
		assert_int_equal(d.reset, cases[i].reset);
		assert_true(d.connecting);
		assert_int_equal(d.end_ns, S(103));
	}
}

static void test_handshakes(void **state)
{
	struct conn *c = renewing();
	struct diagnosis d;

	(void)state;
	c->exchange = NULL;
	c->state = CONN_HANDSHAKE;
	c->tls.trouble = TLS_UNFINISHED;
	c->tls.end = REQUEST_TIMEOUT;
	cause__of_handshake(c, S(103), &d);
	assert_int_equal(d.cause, CAUSE_TLS);
	assert_int_equal(d.end_ns, S(103));
	/* It could not be finished over such a network. */
	c->tcp = (struct tcp_evidence){.at_ns = S(102), .unacked_bytes = 1};
	cause__of_handshake(c, S(103), &d);
	assert_int_equal(d.cause, CAUSE_NETWORK_LOSS);
	c->tls.end = REQUEST_CLOSED;
	cause__of_handshake(c, S(103), &d);
	assert_int_equal(d.cause, CAUSE_TLS);
	c->tls.end = REQUEST_TIMEOUT;
	c->tls.trouble = TLS_LEFT;
	cause__of_handshake(c, S(103), &d);
	assert_int_equal(d.cause, CAUSE_TLS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_hangs),
		cmocka_unit_test(test_what_hangs_before_the_request),
		cmocka_unit_test(test_answers_reads),
		cmocka_unit_test(test_what_was_given_up),
		cmocka_unit_test(test_what_was_ended),
		cmocka_unit_test(test_what_was_refused),
		cmocka_unit_test(test_connects),
		cmocka_unit_test(test_handshakes),
		cmocka_unit_test(test_what_says_nothing),
		cmocka_unit_test(test_the_same_with_a_reason),
		cmocka_unit_test(test_a_lookup_that_gets_its_answer),
		cmocka_unit_test(test_what_is_clear_is_said),
		cmocka_unit_test(test_a_clear_answer_is_not_unsaid),
		cmocka_unit_test(test_handshakes_that_only_hang),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
