// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_stall.c - the rules by which a missing renewal becomes a stall, at their edges.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "leasewatch/units.h"
#include "model/stall.h"

#define S(n) ((uint64_t)(n)*NS_PER_S)
#define T    S(1000) /* the last good renewal was sent */

static struct endpoint endpoints[STALL_TOLD_MAX + 1];

/* Renewed every 10 s, for 30 s. */
static struct lease healthy(void)
{
	struct lease l = {.leader = true};

	for (int i = LEASE_INTERVALS; i >= 0; i--) {
		lease__sent(&l, T - S(10 * i));
		lease__granted(&l, T - S(10 * i), 7, 30);
	}
	return l;
}

static struct stall_inputs at(uint64_t now_ns)
{
	return (struct stall_inputs){
		.now_ns = now_ns, .stall_after_ns = NS_PER_S, .flight_is_settled = true};
}

/* What comes of it in a healthy world. */
static enum stall_news judge(const struct lease *l, struct stall_inputs in)
{
	struct stall s = {0};
	enum stall_news news = stall__evaluate(&s, l, &in);

	assert_int_equal(s.active, news == STALL_NEWS_BEGIN);
	return news;
}

static void test_in_flight(void **state)
{
	struct diagnosis flight = {.cause = CAUSE_ENDPOINT_SILENT, .start_ns = T + S(10)};
	struct stall_inputs in = at(T + S(11));
	struct lease l = healthy();

	(void)state;
	in.flight = &flight;
	assert_int_equal(judge(&l, in), STALL_NO_NEWS);
	in.now_ns++;
	assert_int_equal(judge(&l, in), STALL_NEWS_BEGIN);
	in.flight_is_settled = false;
	assert_int_equal(judge(&l, in), STALL_NO_NEWS);
	/* It is on its way, however late. */
	in.now_ns = T + S(60);
	assert_int_equal(judge(&l, in), STALL_NO_NEWS);
}

static void test_a_failed_renewal(void **state)
{
	struct diagnosis failure = {
		.cause = CAUSE_CONNECT_REFUSED, .refresh = true, .end_ns = T + S(5)};
	struct stall_inputs in = at(failure.end_ns + STALL_GRACE_NS - 1);
	struct lease l = healthy();

	(void)state;
	in.failure = &failure;
	assert_int_equal(judge(&l, in), STALL_NO_NEWS);
	in.now_ns++;
	assert_int_equal(judge(&l, in), STALL_NEWS_BEGIN);
	/* What cannot be read may have been one. */
	failure.refresh = false;
	assert_int_equal(judge(&l, in), STALL_NO_NEWS);
	failure.rpc = ETCD_RPC_TLS;
	assert_int_equal(judge(&l, in), STALL_NEWS_BEGIN);
	/* That the lease is gone needs no patience. */
	failure.rpc = ETCD_RPC_KV_PUT;
	failure.cause = CAUSE_LEASE_LOST;
	in.now_ns = failure.end_ns;
	assert_int_equal(judge(&l, in), STALL_NEWS_BEGIN);
}

/* Another request failed: that counts when it stands in the way of a renewal. */
static void test_another_failure(void **state)
{
	struct diagnosis failure = {.cause = CAUSE_CONNECT_REFUSED, .end_ns = T + S(1)};
	struct stall_inputs in = at(T + S(10) + STALL_GRACE_NS);
	struct lease l = healthy();

	(void)state;
	in.failure = &failure;
	assert_int_equal(judge(&l, in), STALL_NO_NEWS);
	in.now_ns++;
	assert_int_equal(judge(&l, in), STALL_NEWS_BEGIN);
	in.now_ns = T + S(2);
	assert_int_equal(judge(&l, in), STALL_NO_NEWS);
	lease__failed(&l);
	assert_int_equal(judge(&l, in), STALL_NEWS_BEGIN);
	l = healthy();
	l.last_sent = 0;
	assert_int_equal(judge(&l, in), STALL_NEWS_BEGIN);
}

static void test_nothing_is_sent(void **state)
{
	struct lease l = healthy();
	struct stall s = {0};
	struct stall_inputs in = at(T + S(20));

	(void)state;
	assert_int_equal(judge(&l, in), STALL_NO_NEWS);
	in.now_ns++;
	assert_int_equal(stall__evaluate(&s, &l, &in), STALL_NEWS_BEGIN);
	assert_int_equal(s.diagnosis.cause, CAUSE_NOT_ATTEMPTED);
	assert_int_equal(s.begin_ns, in.now_ns);
}

static void test_when_a_renewal_is_due(void **state)
{
	struct lease l = healthy();

	(void)state;
	assert_false(stall__refresh_is_due(&l, T + S(9) - 1));
	assert_true(stall__refresh_is_due(&l, T + S(9)));
	lease__failed(&l);
	assert_true(stall__refresh_is_due(&l, T + 1));
	l = healthy();
	l.last_sent = 0;
	assert_true(stall__refresh_is_due(&l, T + 1));
}

/* Each severity is reported once, when its time comes; for a replica only the last. */
static void test_severities(void **state)
{
	struct diagnosis flight = {.cause = CAUSE_ENDPOINT_SILENT, .start_ns = T + S(10)};
	struct stall_inputs in = at(T + S(20) - 1);
	struct stall leader = {0}, replica = {0}, unknown = {0};
	struct lease l = healthy(), unseen = {.leader = true};

	(void)state;
	in.flight = &flight;
	stall__evaluate(&leader, &l, &in);
	stall__evaluate(&unknown, &unseen, &in);
	assert_int_equal(leader.severity, STALL_WARNING);
	in.now_ns = T + S(20);
	assert_int_equal(stall__evaluate(&leader, &l, &in), STALL_NEWS_UPDATE);
	assert_int_equal(leader.severity, STALL_CRITICAL);
	assert_int_equal(stall__evaluate(&leader, &l, &in), STALL_NO_NEWS);
	in.replica = true;
	stall__evaluate(&replica, &l, &in);
	assert_int_equal(replica.severity, STALL_WARNING);
	in.now_ns = T + S(30) - 1;
	assert_int_equal(stall__evaluate(&leader, &l, &in), STALL_NO_NEWS);
	assert_int_equal(stall__evaluate(&replica, &l, &in), STALL_NO_NEWS);
	in.now_ns = T + S(30);
	assert_int_equal(stall__evaluate(&replica, &l, &in), STALL_NEWS_UPDATE);
	assert_int_equal(replica.severity, STALL_EXPIRED);
	in.replica = false;
	assert_int_equal(stall__evaluate(&leader, &l, &in), STALL_NEWS_UPDATE);
	assert_int_equal(leader.severity, STALL_EXPIRED);
	assert_int_equal(stall__evaluate(&leader, &l, &in), STALL_NO_NEWS);
	assert_int_equal(stall__evaluate(&unknown, &unseen, &in), STALL_NO_NEWS);
	assert_int_equal(unknown.severity, STALL_WARNING);
}

/* Patroni goes round its endpoints: each is news once, and once more when it says why. */
static void test_each_is_told_once(void **state)
{
	struct diagnosis d = {.cause = CAUSE_CONNECT_REFUSED, .start_ns = T, .end_ns = T + S(9)};
	struct stall_inputs in = at(T + S(11));
	struct lease l = healthy();
	struct stall s = {0};

	(void)state;
	in.failure = &d;
	d.refresh = true;
	for (int round = 0; round < 2; round++)
		for (size_t i = 0; i < 3; i++) {
			d.endpoint = &endpoints[i];
			assert_int_equal(stall__evaluate(&s, &l, &in), round ? STALL_NO_NEWS
								       : i == 0
									       ? STALL_NEWS_BEGIN
									       : STALL_NEWS_UPDATE);
			assert_ptr_equal(s.diagnosis.endpoint, d.endpoint);
		}
	d.cause = CAUSE_ENDPOINT_ERROR;
	assert_int_equal(stall__evaluate(&s, &l, &in), STALL_NEWS_UPDATE);
	d.error = ETCD_ERROR_TIMEOUT;
	assert_int_equal(stall__evaluate(&s, &l, &in), STALL_NEWS_UPDATE);
	d.endpoint = &endpoints[0];
	assert_int_equal(stall__evaluate(&s, &l, &in), STALL_NEWS_UPDATE);
	d.endpoint = &endpoints[2];
	assert_int_equal(stall__evaluate(&s, &l, &in), STALL_NO_NEWS);
}

static void test_how_much_is_told(void **state)
{
	struct diagnosis d = {
		.cause = CAUSE_CONNECT_REFUSED, .refresh = true, .start_ns = T, .end_ns = T + S(9)};
	struct stall_inputs in = at(T + S(11));
	struct lease l = healthy();
	struct stall s = {0};

	(void)state;
	in.failure = &d;
	for (size_t i = 0; i < STALL_TOLD_MAX; i++) {
		d.endpoint = &endpoints[i];
		assert_int_not_equal(stall__evaluate(&s, &l, &in), STALL_NO_NEWS);
	}
	d.endpoint = &endpoints[STALL_TOLD_MAX];
	assert_int_equal(stall__evaluate(&s, &l, &in), STALL_NO_NEWS);
	assert_ptr_equal(s.diagnosis.endpoint, d.endpoint); /* shown all the same */
}

static void test_results(void **state)
{
	struct stall s = {.diagnosis = {.cause = CAUSE_ENDPOINT_SILENT}};

	(void)state;
	assert_int_equal(stall__result(&s, -1, true, true), STALL_EXITED);
	assert_int_equal(stall__result(&s, 1, true, false), STALL_RECOVERED);
	assert_int_equal(stall__result(&s, 0, true, false), STALL_RESULT_EXPIRED);
	/* Its TTL had passed by our clock, and it was there still. */
	assert_int_equal(stall__result(&s, 0, false, false), STALL_RECOVERED);
	s.diagnosis.cause = CAUSE_LEASE_LOST;
	assert_int_equal(stall__result(&s, 0, false, false), STALL_RESULT_EXPIRED);
	assert_int_equal(stall__result(&s, 1, false, false), STALL_RECOVERED);
	assert_int_equal(stall__result(&s, LW_UNKNOWN_REMAINING, true, false), STALL_RECOVERED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_flight),
		cmocka_unit_test(test_a_failed_renewal),
		cmocka_unit_test(test_another_failure),
		cmocka_unit_test(test_nothing_is_sent),
		cmocka_unit_test(test_when_a_renewal_is_due),
		cmocka_unit_test(test_severities),
		cmocka_unit_test(test_each_is_told_once),
		cmocka_unit_test(test_how_much_is_told),
		cmocka_unit_test(test_results),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
