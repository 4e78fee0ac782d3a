// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_engine_tls.c - TLS: its handshakes, what goes wrong with them, and requests that are read.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "world_tls.h"

#define VERIFY_EXPIRED 10

static void close_by_patroni(struct world *w, uint64_t cookie)
{
	world__state(w, cookie, LW_TCP_ESTABLISHED, LW_TCP_FIN_WAIT1, 0, 2379);
}

/* Two loops in good health through etcd1, and it closes the idle connection. */
static void renew_well(struct world *w)
{
	world_tls__connect(w, 1);
	world__loops(w, 1, 2);
	world__closed_by_peer(w, 1);
}

static void test_requests_are_read(void **state)
{
	struct world *w = *state;

	world_tls__connect(w, 1);
	world__keepalive(w, 1);
	assert_string_equal(w->connect_endpoint, "etcd1.lab:2379");
	assert_string_equal(w->connect_name, "etcd1.lab");
	assert_int_equal(w->connect.outcome, CONNECT_OK);
	assert_int_equal(w->connect.tls.duration_ns, MS(3));
	world__pass(w, 45);
	world__granted(w, 1);
	assert_int_equal(w->requests, 1);
	assert_int_equal(w->requests_ok, 1);
	assert_int_equal(w->request.ttl_s, 30);
	assert_int_equal(w->request.duration_ns, MS(45));
	world__pass(w, 60);
	assert_int_equal(w->endpoint_state, ENDPOINT_HEALTHY);
}

/* A flight that ends the handshake may take two sends; neither is a request. */
static void test_finished_is_no_request(void **state)
{
	struct world *w = *state;

	world_tls__connect(w, 1);
	world_tls__asks(w, 1);
	world_tls__said(w, 1, LW_TLS_HANDSHAKE, 0);
	world__pass(w, 3000);
	world__keepalive(w, 1);
	world__pass(w, 45);
	world__granted(w, 1);
	assert_int_equal(w->requests, 1);
	assert_int_equal(w->requests_ok, 1);
	assert_int_equal(w->begins, 0);
}

/* What left with the first send counts from then on, though libssl came back later. */
static void test_a_write_that_took_long(void **state)
{
	union {
		struct lw_event_data e;
		char room[512];
	} u = {0};
	static const char text[] = "POST /v3/lease/keepalive HTTP/1.1\r\nHost: etcd1.lab:2379\r\n"
				   "Content-Length: 12\r\n\r\n{\"ID\": \"77\"}";
	struct world *w = *state;

	world_tls__connect(w, 1);
	world__pass(w, 500);
	u.e.event = (struct lw_event){.ts_ns = w->now,
				      .cookie = 1,
				      .tgid = w->pid,
				      .tid = w->tid,
				      .type = LW_EVENT_SEND,
				      .size = sizeof(u.e) + sizeof(text) - 1};
	u.e.len = u.e.captured = sizeof(text) - 1;
	u.e.since_sent_us = 400000;
	memcpy(u.e.payload, text, sizeof(text) - 1);
	engine__event(w->engine, &u.e.event);
	world__pass(w, 100);
	world__granted(w, 1);
	assert_int_equal(w->request.duration_ns, MS(500));
}

static void test_the_handshake_hangs(void **state)
{
	struct world *w = *state;

	renew_well(w);
	world__connect(w, 102);
	world_tls__sent(w, 102, sample_hello, sizeof(sample_hello));
	world__pass_with(w, 1300, 102, 0, 0);
	/* Named by what it asks for: nothing else has said it. */
	assert_string_equal(w->history, "begin tls etcd1.lab:2379 warning\n");
	assert_contains(w->headline, "accepts connections, but the TLS handshake is not answered");
	assert_string_equal(world__text(w, "waiting_for"), "tls handshake");
	assert_string_equal(world__text(w, "tls.client.server_name"), "etcd1.lab");
	assert_contains(w->hint, "stopped or overloaded");
	world__pass(w, 370);
	close_by_patroni(w, 102);
	assert_int_equal(w->connect.outcome, CONNECT_TLS);
	assert_string_equal(w->connect_error, "handshake not answered; Patroni gave up");
	assert_int_equal(w->connect.tls.duration_ns, MS(1670));
	world_tls__connect(w, 3);
	world__keepalive(w, 3);
	world__pass(w, 45);
	world__granted(w, 3);
	assert_int_equal(w->ends, 1);
}

static void test_the_network_comes_first(void **state)
{
	struct world *w = *state;

	renew_well(w);
	world__connect(w, 102);
	world_tls__sent(w, 102, sample_hello, sizeof(sample_hello));
	world__pass_with(w, 1300, 102, 517, 0);
	assert_string_equal(w->history, "begin network_loss etcd1.lab:2379 warning\n");
}

static void refuse_certificate(struct world *w, uint64_t cookie)
{
	world__connect(w, cookie);
	world_tls__sent(w, cookie, sample_hello, sizeof(sample_hello));
	world_tls__received(w, cookie, sample_server_header, sizeof(sample_server_header));
	world_tls__said(w, cookie, LW_TLS_VERIFY, VERIFY_EXPIRED);
	world_tls__sent(w, cookie, sample_hidden_alert, sizeof(sample_hidden_alert));
	world_tls__said(w, cookie, LW_TLS_ERROR, OPENSSL_BAD_CERTIFICATE);
	close_by_patroni(w, cookie);
}

static void test_expired_certificate(void **state)
{
	struct world *w = *state;

	renew_well(w);
	refuse_certificate(w, 101);
	assert_int_equal(w->connects_failed, 1);
	assert_int_equal(w->connect.outcome, CONNECT_TLS);
	assert_string_equal(w->connect_error, "certificate refused: it has expired");
	for (int i = 0; i < 20; i++) {
		world__pass(w, 1000);
		refuse_certificate(w, 101);
	}
	assert_string_equal(w->history, "begin tls etcd1.lab:2379 warning\n"
					"update tls etcd1.lab:2379 critical\n"
					"update tls etcd1.lab:2379 expired\n");
	assert_contains(w->headline, "does not accept the certificate of etcd1.lab:2379: it has "
				     "expired");
	assert_contains(w->hint, "valid certificate");
	assert_string_equal(world__text(w, "tls.error"), "certificate refused: it has expired");
	assert_int_equal(w->endpoint_state, ENDPOINT_UNREACHABLE);
	assert_contains(w->sentence, "TLS fails");
}

/* TLS 1.2: alerts of the handshake are in the clear, so also who is blind can read them. */
static void test_alerts_in_the_clear(void **state)
{
	struct world *w = *state;

	renew_well(w);
	world__connect(w, 101);
	world_tls__sent(w, 101, sample_hello_12, sizeof(sample_hello_12));
	world_tls__received(w, 101, sample_alert, 5);
	world_tls__received(w, 101, sample_alert + 5, 2);
	world__receive(w, 101, 0);
	assert_string_equal(w->connect_error, "received alert \"bad certificate\"");
	world__connect(w, 201);
	world_tls__sent(w, 201, sample_hello_12, sizeof(sample_hello_12));
	world_tls__sent(w, 201, sample_alert, sizeof(sample_alert));
	close_by_patroni(w, 201);
	assert_string_equal(w->connect_error, "Patroni sent alert \"bad certificate\"");
	assert_int_equal(w->connects_failed, 2);
}

/* One send may hold several records. */
static void test_an_alert_behind_another_record(void **state)
{
	uint8_t both[sizeof(sample_change_cipher) + sizeof(sample_alert)];
	struct world *w = *state;

	memcpy(both, sample_change_cipher, sizeof(sample_change_cipher));
	memcpy(both + sizeof(sample_change_cipher), sample_alert, sizeof(sample_alert));
	world__connect(w, 1);
	world_tls__sent(w, 1, sample_hello_12, sizeof(sample_hello_12));
	world_tls__received(w, 1, both, sizeof(both));
	world__receive(w, 1, 0);
	assert_string_equal(w->connect_error, "received alert \"bad certificate\"");
}

static void test_plain_http_on_that_port(void **state)
{
	struct world *w = *state;

	renew_well(w);
	world__connect(w, 101);
	world_tls__sent(w, 101, sample_hello, sizeof(sample_hello));
	world_tls__received(w, 101, (const uint8_t *)"HTTP/", 5);
	world_tls__said(w, 101, LW_TLS_ERROR, 0x0a00010b);
	close_by_patroni(w, 101);
	assert_string_equal(w->connect_error, "the answer is no TLS, or of a wrong version");
}

/* TLS 1.3: a server looks at the client's certificate after the handshake, as the client sees it.
 */
static void test_client_certificate_refused(void **state)
{
	struct world *w = *state;

	renew_well(w);
	world_tls__connect(w, 101);
	world__keepalive(w, 101);
	world_tls__said(w, 101, LW_TLS_ERROR, OPENSSL_ALERT(42));
	assert_int_equal(w->request.outcome, REQUEST_CLOSED);
	assert_string_equal(w->message, "TLS: received alert \"bad certificate\"");
	world__pass(w, 500);
	assert_string_equal(w->history, "begin tls etcd1.lab:2379 warning\n");
	assert_contains(w->headline, "refuses TLS with Patroni: alert \"bad certificate\"");
	assert_contains(w->hint, "client certificate");
}

/* The kernel sees the end before libssl has read the alert. */
static void test_libssl_has_the_last_word(void **state)
{
	struct world *w = *state;

	renew_well(w);
	world_tls__connect(w, 101);
	world__keepalive(w, 101);
	world__state(w, 101, LW_TCP_ESTABLISHED, LW_TCP_CLOSE_WAIT, 0, 2379);
	world__state(w, 101, LW_TCP_CLOSE_WAIT, LW_TCP_CLOSE, ECONNRESET, 2379);
	assert_int_equal(w->requests, 2);
	world_tls__said(w, 101, LW_TLS_ERROR, OPENSSL_ALERT(116));
	assert_int_equal(w->requests, 3);
	assert_string_equal(w->message, "TLS: received alert \"certificate required\"");
	world__pass(w, 200);
	/* It says nothing: a reset as in the clear. */
	world_tls__connect(w, 201);
	world__keepalive(w, 201);
	world__pass(w, 10);
	world__state(w, 201, LW_TCP_ESTABLISHED, LW_TCP_CLOSE, ECONNRESET, 2379);
	world__pass(w, 200);
	assert_int_equal(w->requests, 4);
	assert_int_equal(w->request.outcome, REQUEST_RESET);
	assert_string_equal(w->message, "");
	world_tls__connect(w, 301);
	world__keepalive(w, 301);
	world__state(w, 301, LW_TCP_ESTABLISHED, LW_TCP_CLOSE, ECONNRESET, 2379);
	world_tls__said(w, 301, LW_TLS_ERROR, OPENSSL_UNEXPECTED_EOF);
	world__receive(w, 301, -ECONNRESET);
	assert_int_equal(w->requests, 5);
	assert_int_equal(w->request.outcome, REQUEST_RESET);
	world__pass(w, 200);
	assert_string_equal(w->history, "begin tls etcd1.lab:2379 warning\n"
					"update connection_reset etcd1.lab:2379 warning\n");
}

static void test_closed_in_mid_answer(void **state)
{
	struct world *w = *state;

	renew_well(w);
	world_tls__connect(w, 101);
	world_tls__said(w, 101, LW_TLS_HANDSHAKE, 0);
	world__keepalive(w, 101);
	w->now += MS(10);
	/* Patroni, told of it by libssl, closes before the FIN is there. */
	world_tls__said(w, 101, LW_TLS_CLOSED, 0);
	world__state(w, 101, LW_TCP_ESTABLISHED, LW_TCP_FIN_WAIT1, 0, 2379);
	world__pass(w, 500);
	assert_int_equal(w->request.outcome, REQUEST_CLOSED);
	assert_string_equal(w->history, "begin connection_reset etcd1.lab:2379 warning\n");
	/* Where nobody waits for anything, it is no news. */
	world_tls__connect(w, 201);
	world_tls__said(w, 201, LW_TLS_HANDSHAKE, 0);
	world__keepalive(w, 201);
	world__granted(w, 201);
	world_tls__said(w, 201, LW_TLS_CLOSED, 0);
	world__state(w, 201, LW_TCP_ESTABLISHED, LW_TCP_FIN_WAIT1, 0, 2379);
	world__pass(w, 500);
	assert_int_equal(w->request.outcome, REQUEST_OK);
}

static void test_no_certificate_to_show(void **state)
{
	struct world *w = *state;

	renew_well(w);
	world__connect(w, 101);
	world_tls__sent(w, 101, sample_hello, sizeof(sample_hello));
	w->now += MS(2);
	world_tls__received(w, 101, sample_server_header, sizeof(sample_server_header));
	world_tls__sent(w, 101, sample_no_certificate, sizeof(sample_no_certificate));
	world_tls__said(w, 101, LW_TLS_HANDSHAKE, 0);
	world__keepalive(w, 101);
	world_tls__said(w, 101, LW_TLS_CLOSED, 0);
	world__pass(w, 500);
	assert_string_equal(w->history, "begin connection_reset etcd1.lab:2379 warning\n");
}

static void test_closed_before_it_was_asked(void **state)
{
	struct world *w = *state;

	renew_well(w);
	world_tls__connect(w, 101);
	world__state(w, 101, LW_TCP_ESTABLISHED, LW_TCP_CLOSE_WAIT, 0, 2379);
	world_tls__said(w, 101, LW_TLS_HANDSHAKE, 0);
	w->now += MS(1);
	world__state(w, 101, LW_TCP_CLOSE_WAIT, LW_TCP_CLOSE, EPIPE, 2379);
	world__keepalive(w, 101); /* the record of the write comes after that of what it led to */
	world__receive(w, 101, -EPIPE);
	world__pass(w, 500);
	assert_string_equal(w->history, "begin tls etcd1.lab:2379 warning\n");
	assert_contains(w->headline, "closes the connection right after the TLS handshake");
	assert_contains(w->hint, "client certificate");
}

static void test_patroni_leaves(void **state)
{
	struct world *w = *state;

	renew_well(w);
	world_tls__connect(w, 101);
	world_tls__said(w, 101, LW_TLS_HANDSHAKE, 0);
	close_by_patroni(w, 101);
	assert_int_equal(w->connect.outcome, CONNECT_TLS);
	assert_string_equal(w->connect_error, "Patroni left right after the handshake");
}

/* Connections in the pool come and go. */
static void test_idle_ends_are_no_failure(void **state)
{
	struct world *w = *state;

	world_tls__connect(w, 1);
	world__loops(w, 1, 2);
	world_tls__received(w, 1, sample_close_notify, sizeof(sample_close_notify));
	world__closed_by_peer(w, 1);
	world__pass(w, 300);
	world_tls__connect(w, 101);
	world__loops(w, 101, 1);
	world__state(w, 101, LW_TCP_ESTABLISHED, LW_TCP_CLOSE, ECONNRESET, 2379);
	world__pass(w, 300);
	world_tls__connect(w, 201);
	world__loops(w, 201, 1);
	close_by_patroni(w, 201);
	assert_int_equal(w->connects_failed, 0);
	assert_int_equal(w->requests, w->requests_ok);
	assert_int_equal(w->begins, 0);
}

/* A frozen etcd: that it does not greet either is no news, and not of TLS. */
static void test_a_silent_one_does_not_greet(void **state)
{
	struct world *w = *state;

	world_tls__connect(w, 1);
	world__loops(w, 1, 2);
	world__keepalive(w, 1);
	world__pass_with(w, 3340, 1, 0, 0);
	close_by_patroni(w, 1);
	world__connect(w, 101);
	world_tls__sent(w, 101, sample_hello, sizeof(sample_hello));
	world__pass_with(w, 1700, 101, 0, 0);
	close_by_patroni(w, 101);
	world__pass(w, 1000);
	assert_string_equal(w->history, "begin endpoint_silent etcd1.lab:2379 warning\n");
}

/* Other members' REST APIs speak TLS, too. */
static void test_other_ports_are_nobodys_business(void **state)
{
	struct world *w = *state;

	renew_well(w);
	world__state(w, 1, LW_TCP_CLOSE, LW_TCP_SYN_SENT, 0, 8008);
	world__state(w, 1, LW_TCP_SYN_SENT, LW_TCP_ESTABLISHED, 0, 8008);
	world_tls__sent(w, 1, sample_hello, sizeof(sample_hello));
	world__pass(w, 3000);
	close_by_patroni(w, 1);
	assert_int_equal(w->connects_failed, 0);
	assert_int_equal(w->begins, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world__setup, world__teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_requests_are_read),
		TEST(test_finished_is_no_request),
		TEST(test_a_write_that_took_long),
		TEST(test_the_handshake_hangs),
		TEST(test_the_network_comes_first),
		TEST(test_expired_certificate),
		TEST(test_alerts_in_the_clear),
		TEST(test_an_alert_behind_another_record),
		TEST(test_plain_http_on_that_port),
		TEST(test_client_certificate_refused),
		TEST(test_libssl_has_the_last_word),
		TEST(test_closed_in_mid_answer),
		TEST(test_no_certificate_to_show),
		TEST(test_closed_before_it_was_asked),
		TEST(test_patroni_leaves),
		TEST(test_idle_ends_are_no_failure),
		TEST(test_a_silent_one_does_not_greet),
		TEST(test_other_ports_are_nobodys_business),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
