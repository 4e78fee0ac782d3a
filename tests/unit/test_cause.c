// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_cause.c - which diagnosis takes the place of another: a cause sharpens, and never flaps.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_says_nothing),
		cmocka_unit_test(test_the_same_with_a_reason),
		cmocka_unit_test(test_a_lookup_that_gets_its_answer),
		cmocka_unit_test(test_what_is_clear_is_said),
		cmocka_unit_test(test_a_clear_answer_is_not_unsaid),
		cmocka_unit_test(test_handshakes_that_only_hang),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
