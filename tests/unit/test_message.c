// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_message.c - the sentence and the hint of each cause, and what an endpoint's state means.
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
#include "model/message.h"
#include "model/patroni_version.h"

#define S(n)			    ((n)*NS_PER_S)
#define NOW			    S(1000)

#define assert_contains(text, part) assert_non_null(strstr((text), (part)))

static struct endpoint etcd1 = {.name = "etcd1.lab:2379"}, etcd2 = {.name = "etcd2.lab:2379"};
static struct address address1 = {.endpoint = &etcd1}, address2 = {.endpoint = &etcd2};

static struct message message;
static struct finding_stall said;

/* A leader, 12 s after its last good renewal of 30 s, with this in its way since 3 s. */
static struct member member(enum cause cause)
{
	return (struct member){
		.pid = 42,
		.role = ETCD_ROLE_LEADER,
		.version = "4.1.4",
		.lease = {.id = 77,
			  .ttl_s = 30,
			  .last_ok_sent = NOW - S(12),
			  .last_sent = NOW - S(3)},
		.refresh_address = &address2,
		.stall = {.active = true,
			  .begin_ns = NOW - S(2),
			  .diagnosis = {.cause = cause,
					.endpoint = &etcd1,
					.address = &address1,
					.rpc = ETCD_RPC_LEASE_KEEPALIVE,
					.start_ns = NOW - S(3),
					.since_rx_ns = LW_UNKNOWN}},
	};
}

/* The headline begins so, and the hint contains this. */
static void expect(const struct member *m, const char *headline, const char *hint)
{
	message__stall(&message, m, NOW, &said);
	if (strncmp(said.headline, headline, strlen(headline)) != 0)
		fail_msg("\"%s\" does not begin with \"%s\"", said.headline, headline);
	assert_non_null(said.hint);
	if (!strstr(said.hint, hint))
		fail_msg("\"%s\" does not contain \"%s\"", said.hint, hint);
}

static void test_refused(void **state)
{
	struct member m = member(CAUSE_CONNECT_REFUSED);

	(void)state;
	m.stall.diagnosis.connecting = true;
	expect(&m, "etcd1.lab:2379 refuses connections; lease expires in 18.0 s",
	       "start etcd on that host");
}

static void test_network_loss(void **state)
{
	struct member m = member(CAUSE_NETWORK_LOSS);

	(void)state;
	expect(&m,
	       "etcd1.lab:2379 does not acknowledge what Patroni sends (renewal for 3.00 s); "
	       "lease",
	       "network path to etcd1.lab:2379");
	m.stall.diagnosis.connecting = true;
	expect(&m, "etcd1.lab:2379 does not answer connection attempts (3.00 s); lease",
	       "network path to etcd1.lab:2379");
}

static void test_reset(void **state)
{
	struct member m = member(CAUSE_CONNECTION_RESET);

	(void)state;
	m.stall.diagnosis.end_ns = NOW - S(1);
	expect(&m, "etcd1.lab:2379 closed the connection before it answered the renewal;",
	       "crashes or restarts");
	m.stall.diagnosis.reset = true;
	m.stall.diagnosis.rpc = ETCD_RPC_KV_RANGE;
	expect(&m, "etcd1.lab:2379 reset the connection before it answered the kv/range;",
	       "crashes or restarts");
}

static void test_silent(void **state)
{
	struct member m = member(CAUSE_ENDPOINT_SILENT);

	(void)state;
	expect(&m,
	       "etcd1.lab:2379 accepts connections but has not answered the renewal for 3.00 s;",
	       "stopped, overloaded");
	m.stall.diagnosis.answers_reads = true;
	expect(&m,
	       "etcd1.lab:2379 accepts connections and answers other requests but has not answered "
	       "the renewal for 3.00 s;",
	       "port 2380");
}

static void test_errors(void **state)
{
	static const struct {
		int status, code;
		const char *message, *hint;
	} errors[] = {
		{503, 14, "etcdserver: request timed out", "restart Patroni to move away"},
		{503, 14, "etcdserver: no leader", "majority"},
		{503, 14, "etcdserver: rpc not supported for learner", "learner"},
		{429, 8, "etcdserver: mvcc: database space exceeded", "alarm disarm"},
		{401, 16, "etcdserver: invalid auth token", "refuses Patroni's login"},
		{403, 7, "etcdserver: permission denied", "permission on Patroni's key prefix"},
		{503, 14, "etcdserver: leader changed", "another leader"},
		{500, 2, "not a primary lessor", "another leader"},
		{429, 8, "etcdserver: too many requests", "overloaded"},
		{500, 2, "something new", "log"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
		struct member m = member(CAUSE_ENDPOINT_ERROR);
		struct diagnosis *d = &m.stall.diagnosis;
		char headline[320];

		d->end_ns = NOW - S(1);
		d->status = errors[i].status;
		d->error_code = errors[i].code;
		d->error = etcd_error_of(errors[i].status, errors[i].code, errors[i].message);
		snprintf(d->message, sizeof(d->message), "%s", errors[i].message);
		snprintf(headline, sizeof(headline),
			 "etcd1.lab:2379 answered the renewal after 2.00 s with %d \"%s\" (code "
			 "%d); lease expires in 18.0 s",
			 errors[i].status, errors[i].message, errors[i].code);
		expect(&m, headline, errors[i].hint);
	}
}

/* A proxy's bare refusal: no code, no message. */
static void test_bare_error(void **state)
{
	struct member m = member(CAUSE_ENDPOINT_ERROR);

	(void)state;
	m.stall.diagnosis.end_ns = NOW;
	m.stall.diagnosis.status = 502;
	expect(&m, "etcd1.lab:2379 answered the renewal after 3.00 s with 502; lease", "log");
}

static void test_known_fault(void **state)
{
	struct member m = member(CAUSE_ENDPOINT_ERROR);
	struct diagnosis *d = &m.stall.diagnosis;

	(void)state;
	snprintf(m.version, sizeof(m.version), "3.3.6");
	m.version_number = patroni_version__parse(m.version);
	d->end_ns = NOW - S(1);
	d->status = 503;
	d->error_code = 14;
	d->error = ETCD_ERROR_TIMEOUT;
	expect(&m, "etcd1.lab:2379 answered", "Patroni 3.3.6 will not leave it by itself");
}

static void test_lookups(void **state)
{
	static const struct {
		enum dns_outcome outcome;
		const char *headline, *hint;
	} lookups[] = {
		{DNS_IN_FLIGHT,
		 "nameserver 10.0.0.53 does not answer queries for etcd1.lab: Patroni has waited for 3.00 "
		 "s;",
		 "Check that 10.0.0.53 answers"},
		{DNS_TIMEOUT,
		 "etcd1.lab does not resolve: no answer within 3.00 s (nameserver 10.0.0.53);",
		 "Check that 10.0.0.53 answers"},
		{DNS_NXDOMAIN, "etcd1.lab does not resolve: no such name (nameserver 10.0.0.53);",
		 "does not exist"},
		{DNS_SERVFAIL,
		 "etcd1.lab does not resolve: the nameserver failed (SERVFAIL) (nameserver "
		 "10.0.0.53);",
		 "forwarders of 10.0.0.53"},
		{DNS_REFUSED,
		 "etcd1.lab does not resolve: the nameserver refuses to answer (REFUSED) "
		 "(nameserver 10.0.0.53);",
		 "forwarders of 10.0.0.53"},
		{DNS_ERROR, "etcd1.lab does not resolve: EAI_AGAIN (nameserver 10.0.0.53);",
		 "/etc/hosts"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lookups); i++) {
		struct member m = member(CAUSE_DNS);
		struct lookup_evidence *l = &m.stall.diagnosis.lookup;

		l->known = true;
		l->outcome = lookups[i].outcome;
		snprintf(l->name, sizeof(l->name), "etcd1.lab");
		snprintf(l->server, sizeof(l->server), "10.0.0.53");
		snprintf(l->error, sizeof(l->error), "EAI_AGAIN");
		expect(&m, lookups[i].headline, lookups[i].hint);
	}
}

/* Neither the name nor the nameserver is known. */
static void test_bare_lookup(void **state)
{
	struct member m = member(CAUSE_DNS);

	(void)state;
	m.stall.diagnosis.endpoint = NULL;
	m.stall.diagnosis.lookup.known = true;
	m.stall.diagnosis.lookup.outcome = DNS_IN_FLIGHT;
	expect(&m, "the lookup of an etcd's name has not returned: Patroni has waited for 3.00 s;",
	       "the nameserver");
}

static void test_remaining(void **state)
{
	struct member m = member(CAUSE_CONNECT_REFUSED);

	(void)state;
	m.lease.last_ok_sent = NOW - S(33);
	expect(&m, "etcd1.lab:2379 refuses connections; lease expired 3.00 s ago", "");
	m.lease.last_ok_sent = 0;
	expect(&m, "etcd1.lab:2379 refuses connections; time left unknown", "");
	m.lease.last_ok_sent = NOW - S(12);
	m.role = ETCD_ROLE_REPLICA;
	expect(&m,
	       "etcd1.lab:2379 refuses connections; its member key expires in 18.0 s (a replica: "
	       "the primary is not affected)",
	       "");
	m.lease.last_ok_sent = NOW - S(33);
	expect(&m,
	       "etcd1.lab:2379 refuses connections; its member key expired 3.00 s ago (a replica: "
	       "the primary is not affected)",
	       "");
	m.lease.last_ok_sent = NOW - S(12);
	/* Nobody knows whose it is: then nothing is played down. */
	m.role = ETCD_ROLE_UNKNOWN;
	expect(&m, "etcd1.lab:2379 refuses connections; lease expires in 18.0 s", "");
	assert_null(strstr(said.headline, "replica"));
}

static void test_end(void **state)
{
	struct member m = member(CAUSE_CONNECT_REFUSED);

	(void)state;
	message__stall(&message, &m, NOW, &said);
	message__stall_end(&message, &m, STALL_RECOVERED, NOW, &said);
	assert_string_equal(said.headline, "renewed again through etcd2.lab:2379 after 2.00 s");
	assert_null(said.hint);
	assert_int_equal(said.evidence_len, 0);
	message__stall_end(&message, &m, STALL_RESULT_EXPIRED, NOW, &said);
	assert_non_null(strstr(said.headline, "the lease was lost"));
	assert_non_null(strstr(said.headline, "etcd2.lab:2379"));
	message__stall_end(&message, &m, STALL_EXITED, NOW, &said);
	assert_string_equal(said.headline, "Patroni (pid 42) exited 2.00 s into the stall");
	m.refresh_address = NULL;
	message__stall_end(&message, &m, STALL_RECOVERED, NOW, &said);
	assert_string_equal(said.headline, "renewed again through etcd after 2.00 s");
}

static void test_lease_lost(void **state)
{
	struct member m = member(CAUSE_LEASE_LOST);

	(void)state;
	expect(&m,
	       "etcd1.lab:2379 says that the lease no longer exists; Patroni must take a new one "
	       "before a standby does",
	       "revoked");
	m.role = ETCD_ROLE_REPLICA;
	expect(&m,
	       "etcd1.lab:2379 says that the lease no longer exists; Patroni must take a new one "
	       "(a replica: the primary is not affected)",
	       "revoked");
}

/* Of this thread, with these parts of the last 10 s. */
static struct member not_attempted(char thread_state, int64_t suspended_ns, int64_t throttled_ns,
				   int64_t run_delay_ns)
{
	struct member m = member(CAUSE_NOT_ATTEMPTED);
	struct diagnosis *d = &m.stall.diagnosis;

	d->thread.at_ns = NOW;
	d->thread.state = thread_state;
	d->delay.window_ns = S(10);
	d->delay.suspended_ns = suspended_ns;
	d->delay.throttled_ns = throttled_ns;
	d->delay.run_delay_ns = run_delay_ns;
	return m;
}

#define NO_RENEWAL "Patroni (pid 42) has sent no renewal for 3.00 s"

static void test_not_attempted(void **state)
{
	struct member m = not_attempted('T', LW_UNKNOWN, LW_UNKNOWN, LW_UNKNOWN);

	(void)state;
	expect(&m, NO_RENEWAL ": the process is stopped; lease expires in 18.0 s", "kill -CONT 42");
	m = not_attempted('S', LW_UNKNOWN, S(8), LW_UNKNOWN);
	expect(&m, NO_RENEWAL ": its cgroup was throttled for 8.00 s of the last 10.0 s;",
	       "CPUQuota");
	m = not_attempted('S', LW_UNKNOWN, LW_UNKNOWN, S(7));
	expect(&m, NO_RENEWAL ": it waited for a CPU for 7.00 s of the last 10.0 s;",
	       "gets no CPU");
	m = not_attempted('S', S(9), LW_UNKNOWN, LW_UNKNOWN);
	expect(&m, NO_RENEWAL ": this host was suspended for 9.00 s; lease expires in ",
	       "suspended");
	m = not_attempted(0, LW_UNKNOWN, LW_UNKNOWN, LW_UNKNOWN);
	expect(&m, NO_RENEWAL "; lease expires in 18.0 s", "main thread");
	m.stall.diagnosis.thread.memory_pressure = 37.5;
	expect(&m, NO_RENEWAL "; lease", "short of memory");
	m = not_attempted('D', LW_UNKNOWN, LW_UNKNOWN, LW_UNKNOWN);
	expect(&m, NO_RENEWAL, "disk");
}

/* How long it has waited is said from one second on. */
static void test_waits_for_postgres(void **state)
{
	struct member m = not_attempted('S', LW_UNKNOWN, LW_UNKNOWN, LW_UNKNOWN);

	(void)state;
	m.stall.diagnosis.thread.wait = (struct thread_wait){
		.kind = WAIT_POSTGRES, .call = "recv from", .object = "127.0.0.1:5432"};
	m.stall.diagnosis.thread.since_ns = NOW - S(2);
	expect(&m,
	       NO_RENEWAL ": its main thread waits in recv from PostgreSQL 127.0.0.1:5432 for "
			  "2.00 s; lease",
	       "waits for its own PostgreSQL");
	m.stall.diagnosis.thread.since_ns = NOW - NS_PER_S / 2;
	expect(&m,
	       NO_RENEWAL ": its main thread waits in recv from PostgreSQL 127.0.0.1:5432; lease",
	       "waits for its own PostgreSQL");
}

/* What the host did is named when it took a good part of the time, and not for a trifle. */
static void test_host(void **state)
{
	static const struct {
		int64_t window_ms, part_ms;
		bool named;
	} shares[] = {
		{1200, 500, true}, {600, 400, false}, {9000, 3000, true}, {9000, 2900, false}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(shares); i++) {
		struct member m = member(CAUSE_LOCAL_DELAY);
		struct diagnosis *d = &m.stall.diagnosis;

		d->thread.at_ns = NOW;
		d->thread.state = 'S';
		d->delay.window_ns = shares[i].window_ms * NS_PER_MS;
		d->delay.run_delay_ns = d->delay.suspended_ns = LW_UNKNOWN;
		d->delay.throttled_ns = shares[i].part_ms * NS_PER_MS;
		expect(&m,
		       "etcd1.lab:2379 has answered, but Patroni (pid 42) has not read it for 3.00 "
		       "s",
		       shares[i].named ? "CPUQuota" : "this host");
		assert_int_equal(!!strstr(said.headline, "throttled"), shares[i].named);
	}
}

/* That it is the same elsewhere is said, of more than two only how many. */
static void test_elsewhere(void **state)
{
	struct member m = member(CAUSE_CONNECT_REFUSED);
	struct endpoint others[3] = {{.name = "etcd2.lab:2379"}, {.name = "etcd3.lab:2379"}};
	struct address at[4] = {{.endpoint = &others[0]},
				{.endpoint = &others[1]},
				{.endpoint = &others[2]},
				{.endpoint = m.stall.diagnosis.endpoint}};
	struct failures *t = &m.failures;

	(void)state;
	failures__add(t, CAUSE_CONNECT_REFUSED, &at[3]);
	failures__add(t, CAUSE_NETWORK_LOSS, &at[0]);
	expect(&m, "etcd1.lab:2379 refuses connections; lease", "");
	failures__add(t, CAUSE_CONNECT_REFUSED, &at[0]);
	expect(&m, "etcd1.lab:2379 refuses connections (etcd2.lab:2379 too); lease", "");
	failures__add(t, CAUSE_CONNECT_REFUSED, &at[1]);
	expect(&m,
	       "etcd1.lab:2379 refuses connections (etcd2.lab:2379 and etcd3.lab:2379 too); lease",
	       "");
	failures__add(t, CAUSE_CONNECT_REFUSED, &at[2]);
	expect(&m, "etcd1.lab:2379 refuses connections (3 others too); lease", "");
}

/* Everything as long as it can be: the sentences end, in their room, with what matters most. */
static void test_longest(void **state)
{
	struct member m = member(CAUSE_ENDPOINT_ERROR);
	struct diagnosis *d = &m.stall.diagnosis;
	struct endpoint longest = {0}, others[2];
	struct address at[2] = {{.endpoint = &others[0]}, {.endpoint = &others[1]}};

	(void)state;
	memset(longest.name, 'e', sizeof(longest.name) - 1);
	memset(d->message, 'm', sizeof(d->message) - 1);
	d->endpoint = &longest;
	d->status = 503;
	d->error_code = 14;
	message__stall(&message, &m, NOW, &said);
	assert_contains(said.headline, "mmm\" (code 14); lease expires in 18.0 s");
	d->cause = CAUSE_CONNECTION_RESET;
	for (size_t i = 0; i < 2; i++) {
		others[i] = longest;
		failures__add(&m.failures, d->cause, &at[i]);
	}
	message__stall(&message, &m, NOW, &said);
	assert_contains(said.headline, " (2 others too); lease expires in 18.0 s");
	d->cause = CAUSE_DNS;
	d->lookup.known = true;
	memset(d->lookup.name, 'n', sizeof(d->lookup.name) - 1);
	memset(d->lookup.server, 's', sizeof(d->lookup.server) - 1);
	d->lookup.outcome = DNS_TIMEOUT;
	message__stall(&message, &m, NOW, &said);
	assert_contains(said.headline, "; lease expires in 18.0 s");
	assert_true(strlen(said.hint) < sizeof(message.hint));
	assert_true(said.evidence_len <= EVIDENCE_MAX);
}

static struct endpoint sick(enum etcd_error refusal, enum matrix_column column)
{
	struct endpoint e = {.state = ENDPOINT_HALF_HEALTHY, .refusal = refusal};

	e.matrix[MATRIX_READ].cell = CELL_OK;
	e.matrix[column].cell = CELL_ERROR;
	return e;
}

static void assert_sentence(struct endpoint e, const char *part)
{
	const char *sentence = message__endpoint(&e);

	assert_non_null(sentence);
	if (!strstr(sentence, part))
		fail_msg("\"%s\" does not contain \"%s\"", sentence, part);
}

static void test_endpoints(void **state)
{
	struct endpoint e = {.state = ENDPOINT_HEALTHY};

	(void)state;
	assert_null(message__endpoint(&e));
	e.state = ENDPOINT_UNREACHABLE;
	assert_null(message__endpoint(&e));
	e.state = ENDPOINT_SILENT;
	assert_sentence(e, "does not answer");
	assert_sentence(sick(ETCD_ERROR_FULL, MATRIX_WRITE), "NOSPACE");
	assert_sentence(sick(ETCD_ERROR_LEARNER, MATRIX_KEEPALIVE), "is a learner");
	assert_sentence(sick(ETCD_ERROR_NO_LEADER, MATRIX_KEEPALIVE), "majority");
	assert_sentence(sick(ETCD_ERROR_TIMEOUT, MATRIX_KEEPALIVE),
			"renewals through it fail: it probably cannot reach the etcd leader's peer "
			"URL. Check DNS and port 2380 from that member, or restart Patroni to move "
			"away");
	assert_sentence(sick(ETCD_ERROR_TIMEOUT, MATRIX_WRITE),
			"answers some requests, but fails others");
}

/* An etcd that goes on after a stop is not cut off from its leader. */
static void test_an_endpoint_that_answers_again(void **state)
{
	struct endpoint e = sick(ETCD_ERROR_NONE, MATRIX_KEEPALIVE);
	struct matrix_entry *keepalive = &e.matrix[MATRIX_KEEPALIVE];

	(void)state;
	keepalive->cell = CELL_TIMEOUT;
	assert_sentence(e, "answers other requests again");
	keepalive->others_passed = true;
	assert_sentence(e, "cannot reach the etcd leader's peer URL");
	keepalive->others_passed = false;
	keepalive->cell = CELL_ERROR;
	assert_sentence(e, "cannot reach the etcd leader's peer URL");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_network_loss),
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_silent),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_bare_error),
		cmocka_unit_test(test_known_fault),
		cmocka_unit_test(test_lookups),
		cmocka_unit_test(test_bare_lookup),
		cmocka_unit_test(test_remaining),
		cmocka_unit_test(test_end),
		cmocka_unit_test(test_lease_lost),
		cmocka_unit_test(test_not_attempted),
		cmocka_unit_test(test_waits_for_postgres),
		cmocka_unit_test(test_host),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_endpoints),
		cmocka_unit_test(test_elsewhere),
		cmocka_unit_test(test_an_endpoint_that_answers_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
