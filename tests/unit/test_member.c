// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_member.c - who a Patroni is, as its requests and etcd's answers tell, and what is known of
 * the thread that renews.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "leasewatch/units.h"
#include "model/member.h"
#include "model/patroni_version.h"

#define S(n) ((n)*NS_PER_S)

static bool stays(const char *version)
{
	return patroni_bug__is_in(PATRONI_BUG_STAYS, patroni_version__parse(version));
}

static void test_versions(void **state)
{
	static const char *const faulty[] = {"2.1.4", "3.0.2", "3.0",  "3.3.0",
					     "3.3.6", "4.0.0", "4.0.5"};
	static const char *const mended[] = {"3.3.7",  "3.3.10", "3.4.0", "4.0.6",
					     "4.0.10", "4.1.0",	 "4.1.4", "5.0.0"};
	static const char *const not_known[] = {"", "4", "master", "-1.x", "300.0.2"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(faulty); i++)
		if (!stays(faulty[i]))
			fail_msg("%s has the fault", faulty[i]);
	for (size_t i = 0; i < ARRAY_LEN(mended); i++)
		if (stays(mended[i]))
			fail_msg("%s does not have the fault", mended[i]);
	for (size_t i = 0; i < ARRAY_LEN(not_known); i++)
		if (stays(not_known[i]))
			fail_msg("\"%s\" is no version to blame", not_known[i]);
}

static void test_version_numbers(void **state)
{
	(void)state;
	assert_int_equal(patroni_version__parse("4.1.5"), PATRONI_VERSION(4, 1, 5));
	assert_int_equal(patroni_version__parse("3.0"), PATRONI_VERSION(3, 0, 0));
	assert_int_equal(patroni_version__parse("4.0.0b1"), PATRONI_VERSION(4, 0, 0));
	assert_int_equal(patroni_version__parse("4.1.dev1"), PATRONI_VERSION(4, 1, 0));
	assert_int_equal(patroni_version__parse("4"), 0);
	assert_true(PATRONI_VERSION(3, 10, 0) > PATRONI_VERSION(3, 9, 255));
}

static void test_agent(void **state)
{
	struct etcd_request r = {.rpc = ETCD_RPC_LEASE_KEEPALIVE};
	struct member m = {0};

	(void)state;
	assert_false(member__learn(&m, &r, ""));
	assert_false(member__learn(&m, &r, "python-requests/2.28.1"));
	assert_string_equal(m.version, "");
	assert_true(member__learn(&m, &r, "Patroni/3.0.2 Python/3.11.2 Linux"));
	assert_string_equal(m.version, "3.0.2");
	assert_int_equal(m.version_number, PATRONI_VERSION(3, 0, 2));
	assert_false(member__learn(&m, &r, "Patroni/3.0.2 Python/3.11.2 Linux"));
	assert_true(member__learn(&m, &r, "Patroni/4.0.6"));
	assert_string_equal(m.version, "4.0.6");
	/* The version goes to a terminal. */
	member__learn(&m, &r, "Patroni/4.1\033[2J Python");
	assert_string_equal(m.version, "4.1");
}

static void test_names(void **state)
{
	struct etcd_request r = {
		.rpc = ETCD_RPC_KV_RANGE, .key = ETCD_KEY_MEMBER, .scope = "demo", .member = "pg2"};
	struct member m = {0};

	(void)state;
	/* It reads another member's key: only the scope is its own. */
	assert_true(member__learn(&m, &r, ""));
	assert_string_equal(m.scope, "demo");
	assert_string_equal(m.name, "");
	r.rpc = ETCD_RPC_KV_PUT;
	r.role = ETCD_ROLE_REPLICA;
	assert_true(member__learn(&m, &r, ""));
	assert_string_equal(m.name, "pg2");
	assert_string_equal(member__role_name(m.role), "replica");
	assert_false(m.lease.leader);
	assert_false(member__learn(&m, &r, ""));
	r.key = ETCD_KEY_STATUS;
	r.role = ETCD_ROLE_LEADER;
	assert_true(member__learn(&m, &r, ""));
	assert_string_equal(member__role_name(m.role), "leader");
	assert_true(m.lease.leader);
	/* What says nothing of the role changes nothing. */
	r = (struct etcd_request){.rpc = ETCD_RPC_LEASE_KEEPALIVE};
	assert_false(member__learn(&m, &r, ""));
	assert_string_equal(m.scope, "demo");
	assert_string_equal(member__role_name(m.role), "leader");
}

static struct exchange *exchange(enum etcd_rpc rpc)
{
	static struct exchange x;

	memset(&x, 0, sizeof(x));
	x.rpc = rpc;
	return &x;
}

static void test_who_holds_the_leader_key(void **state)
{
	struct member m = {.lease = {.id = 77}};
	struct exchange *x = exchange(ETCD_RPC_KV_RANGE);

	(void)state;
	assert_null(member__role_name(m.role));
	assert_false(member__learn_answer(&m, x));
	x->response.leader_lease_id = 77;
	assert_true(member__learn_answer(&m, x));
	assert_int_equal(m.role, ETCD_ROLE_LEADER);
	assert_true(m.lease.leader);
	x->response.leader_lease_id = 78;
	assert_true(member__learn_answer(&m, x));
	assert_int_equal(m.role, ETCD_ROLE_REPLICA);
	assert_false(m.lease.leader);
	/* As long as its own lease is not known, nobody's is. */
	m.lease.id = 0;
	x->response.leader_lease_id = 77;
	assert_false(member__learn_answer(&m, x));
}

static void test_race_and_release(void **state)
{
	struct member m = {.role = ETCD_ROLE_REPLICA};
	struct exchange *x = exchange(ETCD_RPC_KV_TXN);

	(void)state;
	x->request.leader_race = true;
	assert_false(member__learn_answer(&m, x)); /* another one was faster */
	x->response.succeeded = true;
	assert_true(member__learn_answer(&m, x));
	assert_int_equal(m.role, ETCD_ROLE_LEADER);
	x = exchange(ETCD_RPC_KV_TXN);
	x->request.leader_release = true;
	assert_false(member__learn_answer(&m, x)); /* the comparison failed */
	x->response.succeeded = true;
	assert_true(member__learn_answer(&m, x));
	assert_int_equal(m.role, ETCD_ROLE_REPLICA);
	m.role = ETCD_ROLE_LEADER;
	x = exchange(ETCD_RPC_KV_DELETERANGE);
	x->request.leader_release = true;
	assert_true(member__learn_answer(&m, x));
	assert_int_equal(m.role, ETCD_ROLE_REPLICA);
}

static void test_ports(void **state)
{
	struct member m = {.config = {.ports_len = 2, .ports = {12379, 22379}}};

	(void)state;
	assert_true(member__is_etcd_port(&m, 2379));
	assert_true(member__is_etcd_port(&m, 4001));
	assert_true(member__is_etcd_port(&m, 22379));
	assert_false(member__is_etcd_port(&m, 5432));
	assert_false(member__is_etcd_port(&m, 2380));
	assert_false(member__is_etcd_port(&m, 0));
}

static struct thread_sample sample(int64_t at_s, char state, const char *call)
{
	struct thread_sample t = {.at_ns = S(at_s),
				  .state = state,
				  .runtime_ns = S(1),
				  .run_delay_ns = S(2),
				  .throttled_ns = S(3),
				  .suspended_ns = S(4)};

	t.wait.kind = WAIT_OBJECT;
	snprintf(t.wait.call, sizeof(t.wait.call), "%s", call);
	return t;
}

static void bring(struct member *m, struct thread_sample t)
{
	member__thread_sample(m, &t);
}

static void test_since(void **state)
{
	struct member m = {0};

	(void)state;
	bring(&m, sample(100, 'S', "recv"));
	assert_int_equal(m.thread.since_ns, S(100));
	bring(&m, sample(102, 'S', "recv"));
	bring(&m, sample(104, 'S', "recv"));
	assert_int_equal(m.thread.since_ns, S(100));
	bring(&m, sample(106, 'S', "send"));
	assert_int_equal(m.thread.since_ns, S(106));
	bring(&m, sample(108, 'T', "send"));
	assert_int_equal(m.thread.since_ns, S(108));
}

static void test_starving(void **state)
{
	struct thread_sample t = sample(100, 'R', "");
	struct diagnosis d = {0};
	struct member m = {0};

	(void)state;
	bring(&m, t);
	assert_int_equal(m.thread.starving_ns, 0); /* one look proves nothing */
	t.at_ns = S(102);
	bring(&m, t);
	assert_int_equal(m.thread.starving_ns, S(100));
	t.at_ns = S(104);
	bring(&m, t);
	assert_int_equal(m.thread.starving_ns, S(100));
	member__thread_evidence(&m, &d);
	assert_int_equal(d.delay.run_delay_ns, S(4));
	assert_int_equal(d.delay.window_ns, S(4));
	/* Then it ran, and the kernel has booked the wait: it is not counted twice. */
	t.at_ns = S(106);
	t.runtime_ns += 1;
	t.run_delay_ns += S(5);
	bring(&m, t);
	assert_int_equal(m.thread.starving_ns, 0);
	member__thread_evidence(&m, &d);
	assert_int_equal(d.delay.run_delay_ns, S(5));
	/* It does not starve while it sleeps, or when its runtime is not known. */
	t.state = 'S';
	t.at_ns = S(108);
	bring(&m, t);
	t.at_ns = S(110);
	bring(&m, t);
	assert_int_equal(m.thread.starving_ns, 0);
	t.state = 'R';
	t.runtime_ns = LW_UNKNOWN;
	bring(&m, t);
	t.at_ns = S(112);
	bring(&m, t);
	assert_int_equal(m.thread.starving_ns, 0);
}

static void test_delay(void **state)
{
	struct thread_sample t = sample(100, 'S', "");
	struct diagnosis d = {0};
	struct member m = {0};

	(void)state;
	member__thread_evidence(&m, &d);
	assert_int_equal(d.delay.window_ns, 0);
	bring(&m, t);
	t.at_ns = S(103);
	t.run_delay_ns += 10;
	t.throttled_ns = LW_UNKNOWN; /* the cgroup file went away */
	t.suspended_ns -= 1;	     /* noise */
	bring(&m, t);
	member__thread_evidence(&m, &d);
	assert_int_equal(d.delay.window_ns, S(3));
	assert_int_equal(d.delay.run_delay_ns, 10);
	assert_int_equal(d.delay.throttled_ns, LW_UNKNOWN);
	assert_int_equal(d.delay.suspended_ns, LW_UNKNOWN);
	/* A good renewal: from the next sample on it is counted again. */
	m.lease.last_ok_sent = S(104);
	t.at_ns = S(105);
	bring(&m, t);
	member__thread_evidence(&m, &d);
	assert_int_equal(d.delay.window_ns, 0);
	assert_int_equal(d.delay.run_delay_ns, 0);
}

/* What the kernel has booked, and the wait that goes on. */
static void test_starving_again(void **state)
{
	struct thread_sample t = sample(100, 'R', "");
	struct diagnosis d = {0};
	struct member m = {0};

	(void)state;
	bring(&m, t);
	t.at_ns = S(102);
	t.runtime_ns += 1;
	t.run_delay_ns += S(1);
	bring(&m, t);
	t.at_ns = S(105);
	bring(&m, t);
	assert_int_equal(m.thread.starving_ns, S(102));
	member__thread_evidence(&m, &d);
	assert_int_equal(d.delay.window_ns, S(5));
	assert_int_equal(d.delay.run_delay_ns, S(4));
}

static void test_delay_that_cannot_be_known(void **state)
{
	struct thread_sample t = sample(100, 'S', "");
	struct diagnosis d = {0};
	struct member m = {0};

	(void)state;
	t.throttled_ns = t.suspended_ns = LW_UNKNOWN;
	bring(&m, t);
	t = sample(103, 'S', "");
	t.suspended_ns = LW_UNKNOWN;
	bring(&m, t);
	member__thread_evidence(&m, &d);
	assert_int_equal(d.delay.throttled_ns, LW_UNKNOWN);
	assert_int_equal(d.delay.suspended_ns, LW_UNKNOWN);
	assert_int_equal(d.delay.run_delay_ns, 0);
	/* Several threads of its cgroup were throttled at once. */
	m = (struct member){0};
	t = sample(100, 'S', "");
	bring(&m, t);
	t.at_ns = S(103);
	t.throttled_ns += S(20);
	bring(&m, t);
	member__thread_evidence(&m, &d);
	assert_int_equal(d.delay.throttled_ns, S(3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_version_numbers),
		cmocka_unit_test(test_agent),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_who_holds_the_leader_key),
		cmocka_unit_test(test_race_and_release),
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_since),
		cmocka_unit_test(test_starving),
		cmocka_unit_test(test_starving_again),
		cmocka_unit_test(test_delay),
		cmocka_unit_test(test_delay_that_cannot_be_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
