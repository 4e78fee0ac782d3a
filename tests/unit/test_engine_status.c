// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_engine_status.c - how everything stands at one moment, for the live screen.
 */
#include <netdb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "world.h"
#include "leasewatch/units.h"

#define OTHER 43

/* As of now. */
static const struct status *look(struct world *w)
{
	static struct status s;

	memset(&s, 0xa5, sizeof(s)); /* all of it is to be filled in */
	engine__status(w->engine, w->now, &s);
	return &s;
}

static const struct endpoint_status *endpoint(struct world *w, const char *name)
{
	const struct status *s = look(w);

	for (size_t i = 0; i < s->endpoints_len; i++)
		if (!strcmp(s->endpoints[i].where.endpoint, name))
			return &s->endpoints[i];
	fail_msg("%s is not shown", name);
	return NULL;
}

static void test_nothing_yet(void **state)
{
	struct world *w = *state;
	const struct status *s = look(w);
	const struct member_status *m = &s->members[0];

	assert_int_equal(s->now_ns, w->now);
	assert_int_equal(s->members_len, 1);
	assert_int_equal(s->members_more, 0);
	assert_int_equal(m->who.pid, PID);
	assert_string_equal(m->who.scope, "demo");
	assert_string_equal(m->who.member, "pg1");
	assert_string_equal(m->who.role, "leader");
	assert_null(m->who.version);
	assert_null(m->where.endpoint);
	assert_int_equal(m->lease_id, 0);
	assert_int_equal(m->ttl_s, LW_UNKNOWN);
	assert_int_equal(m->remaining_ns, LW_UNKNOWN_REMAINING);
	assert_int_equal(m->cadence_ns, LW_UNKNOWN);
	assert_int_equal(m->since_sent_ns, LW_UNKNOWN);
	assert_false(m->stalled);
	assert_int_equal(s->endpoints_len, 0);
	assert_int_equal(s->dns.lookups, 0);
	assert_int_equal(s->dns.last_ns, LW_UNKNOWN);
	assert_int_equal(s->dns.oldest_ns, LW_UNKNOWN);
	assert_int_equal(s->events_lost, 0);
}

/* The clock is set while we run: what is said from then on has its time. */
static void test_wall_clock(void **state)
{
	struct world *w = *state;

	engine__set_wall(w->engine, (int64_t)MS(5000));
	assert_int_equal(look(w)->now_ns, w->now + MS(5000));
	engine__set_wall(w->engine, -(int64_t)MS(5000));
	assert_int_equal(engine__wall_ns(w->engine, w->now), w->now - MS(5000));
}

static void test_member(void **state)
{
	struct world *w = *state;
	const struct member_status *m;

	world__connect(w, 1);
	world__loops(w, 1, 2);
	world__keepalive(w, 1);
	world__granted(w, 1);
	world__pass(w, 4000);
	engine__lost(w->engine, "ring_full", 3, w->now);
	engine__lost(w->engine, "payload", 2, w->now);
	m = &look(w)->members[0];
	assert_string_equal(m->who.version, "3.0.2");
	assert_string_equal(m->where.endpoint, "etcd1.lab:2379");
	assert_string_equal(m->where.address, "127.0.0.1");
	assert_int_equal(m->where.port, 2379);
	assert_int_equal(m->lease_id, 77);
	assert_int_equal(m->ttl_s, 30);
	assert_int_equal(m->remaining_ns, SECONDS(26));
	assert_int_equal(m->cadence_ns, SECONDS(10));
	assert_int_equal(m->since_sent_ns, SECONDS(4));
	assert_int_equal(look(w)->events_lost, 5);
}

/* Many that do nothing leave the one that renews its lease its place, however late it came. */
static void test_who_renews_is_shown(void **state)
{
	struct world *w = *state;
	const struct status *s;
	uint64_t hits = limits__hits(LIMIT_MEMBERS);
	size_t renewing = 0;

	for (uint32_t i = 0; i < 130; i++)
		world__add(w, 1000 + i, "fakes", "fake", ETCD_ROLE_UNKNOWN);
	world__add(w, 5000, "demo", "pg9", ETCD_ROLE_LEADER);
	w->pid = w->tid = 5000;
	world__connect(w, 1);
	world__keepalive(w, 1);
	world__granted(w, 1);
	s = look(w);
	assert_int_equal(s->members_len, STATUS_MEMBERS_MAX);
	assert_int_equal(s->members_len + s->members_more, 132);
	for (size_t i = 0; i < s->members_len; i++)
		renewing += s->members[i].who.pid == 5000;
	assert_int_equal(renewing, 1);
	assert_int_equal(limits__hits(LIMIT_MEMBERS), hits + 1);
}

/* Two of one name: it is said, once; and a fake's lease is not the next one's. */
static void test_two_of_one_name(void **state)
{
	struct world *w = *state;

	world__add(w, OTHER, "demo", "pg1", ETCD_ROLE_LEADER);
	assert_contains(w->process_note, "42");
	w->process_note[0] = '\0';
	w->pid = w->tid = OTHER;
	world__connect(w, 1);
	world__keepalive(w, 1);
	world__granted(w, 1);
	assert_string_equal(w->process_note, "");
	world__exit(w, OTHER);
	world__exit(w, PID);
	world__add(w, 44, "demo", "pg1", ETCD_ROLE_LEADER);
	assert_int_equal(look(w)->members[0].remaining_ns, LW_UNKNOWN_REMAINING);
}

/* The headline runs on between the findings. */
static void test_stall_runs(void **state)
{
	struct world *w = *state;
	const struct member_status *m;

	world__connect(w, 1);
	world__loops(w, 1, 1);
	world__keepalive(w, 1);
	world__pass_with(w, 2000, 1, 0, 0);
	m = &look(w)->members[0];
	assert_true(m->stalled);
	assert_int_equal(m->stall.cause, CAUSE_ENDPOINT_SILENT);
	assert_int_equal(m->stall.stall_id, 1);
	assert_string_equal(m->stall_where.endpoint, "etcd1.lab:2379");
	assert_string_equal(m->stall.headline,
			    "etcd1.lab:2379 accepts connections but has not answered the renewal "
			    "for 2.00 s; lease expires in 18.0 s");
	assert_int_equal(m->stall.in_flight_ns, SECONDS(2));
	assert_true(m->stall.evidence_len > 0);
	world__pass_with(w, 1000, 1, 0, 0);
	m = &look(w)->members[0];
	assert_string_equal(m->stall.headline,
			    "etcd1.lab:2379 accepts connections but has not answered the renewal "
			    "for 3.00 s; lease expires in 17.0 s");
	assert_int_equal(m->stall.remaining_ns, SECONDS(17));
	assert_non_null(m->stall.hint);
	assert_int_equal(w->begins + w->updates, 1);
	world__granted(w, 1);
	m = &look(w)->members[0];
	assert_false(m->stalled);
	assert_null(m->stall.headline);
	assert_int_equal(m->remaining_ns, SECONDS(27));
}

static void test_dns_stall_runs(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	world__loops(w, 1, 2);
	world__resolve(w, "etcd1.lab");
	world__ask(w, 53, 7, "etcd1.lab");
	world__pass(w, 3000);
	assert_string_equal(
		look(w)->members[0].stall.headline,
		"nameserver 127.0.0.53 does not answer queries for etcd1.lab: Patroni has "
		"waited for 3.00 s; lease expires in 17.0 s");
	assert_int_equal(look(w)->members[0].stall.in_flight_ns, SECONDS(3));
}

/* A range that takes so long and ends so. */
static void read_once(struct world *w, uint64_t cookie, uint64_t ms, bool ok)
{
	world__range(w, cookie);
	world__pass(w, ms);
	if (ok)
		world__ok(w, cookie);
	else
		world__refuse(w, cookie, 503, 14, "etcdserver: request timed out");
}

static void test_counts_and_latency(void **state)
{
	struct world *w = *state;
	const struct endpoint_status *e;

	world__connect(w, 1);
	world__connect(w, 2);
	for (int i = 0; i < 98; i++)
		read_once(w, 1, 10, true);
	read_once(w, 1, 200, true);
	read_once(w, 1, 30, false);
	e = endpoint(w, "etcd1.lab:2379");
	assert_int_equal(e->requests, 100);
	assert_int_equal(e->failed, 1);
	assert_int_equal(e->last_ns, MS(30));
	assert_int_equal(e->max_ns, MS(200));
	assert_in_range(e->p50_ns, MS(10), MS(10) * 107 / 100);
	assert_in_range(e->p99_ns, MS(30), MS(200));
	assert_int_equal(e->in_flight, 0);
	assert_int_equal(e->oldest_ns, LW_UNKNOWN);
	assert_null(e->oldest_rpc);
	/* Patroni gave up: it counts, and has no latency. */
	world__range(w, 1);
	world__pass(w, 3000);
	world__state(w, 1, LW_TCP_ESTABLISHED, LW_TCP_FIN_WAIT1, 0, 2379);
	e = endpoint(w, "etcd1.lab:2379");
	assert_int_equal(e->requests, 101);
	assert_int_equal(e->failed, 2);
	assert_int_equal(e->max_ns, MS(200));
	assert_int_equal(e->matrix[MATRIX_READ], CELL_TIMEOUT);
	/* An address that nothing was asked of may be anything: only etcd1 is shown. */
	assert_int_equal(look(w)->endpoints_len, 1);
}

static void test_in_flight(void **state)
{
	struct world *w = *state;
	const struct endpoint_status *e;

	world__connect(w, 1);
	world__connect(w, 101);
	world__loops(w, 1, 1);
	world__range(w, 1);
	world__pass(w, 300);
	world__keepalive(w, 101);
	world__pass(w, 100);
	e = endpoint(w, "etcd1.lab:2379");
	assert_int_equal(e->in_flight, 2);
	assert_string_equal(e->oldest_rpc, "kv/range");
	assert_int_equal(e->oldest_ns, MS(400));
	world__pass(w, 200);
	assert_int_equal(endpoint(w, "etcd1.lab:2379")->oldest_ns, MS(600));
	world__ok(w, 1);
	e = endpoint(w, "etcd1.lab:2379");
	assert_int_equal(e->in_flight, 1);
	assert_string_equal(e->oldest_rpc, "lease/keepalive");
	assert_int_equal(e->oldest_ns, MS(300));
	world__granted(w, 101);
	world__connecting(w, 201);
	world__pass(w, 700);
	e = endpoint(w, "etcd1.lab:2379");
	assert_int_equal(e->in_flight, 1);
	assert_string_equal(e->oldest_rpc, "connect");
	assert_int_equal(e->oldest_ns, MS(700));
}

static void test_watches_do_not_count(void **state)
{
	struct world *w = *state;
	const struct endpoint_status *e;

	world__connect(w, 1);
	world__post(w, 1, "/v3/watch", "{\"create_request\": {\"key\": \"L3NlcnZpY2UvZGVtby8=\"}}");
	world__data(w, 1, LW_EVENT_RECV, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
	world__pass(w, 5000);
	e = endpoint(w, "etcd1.lab:2379");
	assert_int_equal(e->in_flight, 0);
	assert_int_equal(e->requests, 0);
	world__state(w, 1, LW_TCP_ESTABLISHED, LW_TCP_FIN_WAIT1, 0, 2379);
	e = endpoint(w, "etcd1.lab:2379");
	assert_int_equal(e->requests, 0);
	assert_int_equal(e->matrix[MATRIX_WATCH], CELL_OK);
}

static void test_in_use(void **state)
{
	struct world *w = *state;

	engine__endpoint(w->engine, "etcd3.lab:2379");
	world__connect(w, 1);
	world__connect(w, 2);
	world__loops(w, 1, 1);
	read_once(w, 2, 10, true);
	assert_true(endpoint(w, "etcd1.lab:2379")->in_use);
	assert_false(endpoint(w, "etcd2.lab:2379")->in_use);
	assert_false(endpoint(w, "etcd3.lab:2379")->in_use);
	world__loops(w, 2, 1);
	assert_false(endpoint(w, "etcd1.lab:2379")->in_use);
	assert_true(endpoint(w, "etcd2.lab:2379")->in_use);
	/* Another Patroni still uses the first. */
	world__add(w, OTHER, "demo", "pg2", ETCD_ROLE_REPLICA);
	w->pid = w->tid = OTHER;
	world__connect(w, 101);
	world__loops(w, 101, 1);
	assert_true(endpoint(w, "etcd1.lab:2379")->in_use);
	assert_true(endpoint(w, "etcd2.lab:2379")->in_use);
	world__exit(w, OTHER);
	assert_false(endpoint(w, "etcd1.lab:2379")->in_use);
}

static void test_state_and_sentence(void **state)
{
	struct world *w = *state;
	const struct endpoint_status *e;

	world__connect(w, 1);
	world__loops(w, 1, 1);
	e = endpoint(w, "etcd1.lab:2379");
	assert_int_equal(e->state, ENDPOINT_HEALTHY);
	assert_int_equal(e->matrix[MATRIX_CONNECT], CELL_OK);
	assert_int_equal(e->matrix[MATRIX_KEEPALIVE], CELL_OK);
	assert_int_equal(e->matrix[MATRIX_WRITE], CELL_UNKNOWN);
	assert_null(e->sentence);
	read_once(w, 1, 10, true);
	world__keepalive(w, 1);
	world__refuse(w, 1, 503, 14, "etcdserver: request timed out");
	e = endpoint(w, "etcd1.lab:2379");
	assert_int_equal(e->state, ENDPOINT_HALF_HEALTHY);
	assert_int_equal(e->matrix[MATRIX_READ], CELL_OK);
	assert_int_equal(e->matrix[MATRIX_KEEPALIVE], CELL_ERROR);
	assert_contains(e->sentence, "renewals through it fail");
	assert_contains(e->sentence, "port 2380");
}

/* It was restarted, and Patroni has gone elsewhere: nobody will ever say that it is well again. */
static void test_old_trouble_is_forgotten(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	world__loops(w, 1, 1);
	world__closed_by_peer(w, 1);
	world__refused(w, 101);
	assert_int_equal(endpoint(w, "etcd1.lab:2379")->state, ENDPOINT_UNREACHABLE);
	world__exit(w, PID);
	world__pass(w, 599000);
	assert_int_equal(endpoint(w, "etcd1.lab:2379")->state, ENDPOINT_UNREACHABLE);
	world__pass(w, 2000);
	assert_int_equal(endpoint(w, "etcd1.lab:2379")->state, ENDPOINT_HEALTHY);
	assert_int_equal(w->endpoint_state, ENDPOINT_HEALTHY);
}

/* In the order in which a person counts, and not more than there is room for. */
static void test_order_and_room(void **state)
{
	static const char *const names[] = {"etcd10.lab:2379", "etcd2.lab:2379", "etcd1.lab:2379"};
	struct world *w = *state;
	const struct status *s;
	char name[32];

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		engine__endpoint(w->engine, names[i]);
	s = look(w);
	assert_int_equal(s->endpoints_len, 3);
	assert_string_equal(s->endpoints[0].where.endpoint, "etcd1.lab:2379");
	assert_string_equal(s->endpoints[1].where.endpoint, "etcd2.lab:2379");
	assert_string_equal(s->endpoints[2].where.endpoint, "etcd10.lab:2379");
	for (int i = 0; i < STATUS_ENDPOINTS_MAX; i++) {
		snprintf(name, sizeof(name), "more%d.lab:2379", i);
		engine__endpoint(w->engine, name);
	}
	for (int i = 0; i < STATUS_MEMBERS_MAX; i++)
		world__add(w, 1000 + i, "demo", "pg", ETCD_ROLE_REPLICA);
	s = look(w);
	assert_int_equal(s->endpoints_len, STATUS_ENDPOINTS_MAX);
	assert_int_equal(s->endpoints_more, 3);
	assert_int_equal(s->members_len, STATUS_MEMBERS_MAX);
	assert_int_equal(s->members_more, 1);
}

static void test_dns(void **state)
{
	struct world *w = *state;
	const struct dns_status *d;

	w->tid = PID + 7; /* not the thread that renews */
	world__resolve(w, "etcd1.lab");
	world__pass(w, 30);
	world__resolved(w, 0);
	world__resolve(w, "etcd2.lab");
	world__pass(w, 20);
	world__resolved(w, EAI_NONAME);
	d = &look(w)->dns;
	assert_int_equal(d->lookups, 2);
	assert_int_equal(d->failed, 1);
	assert_int_equal(d->last_ns, MS(20));
	assert_int_equal(d->oldest_ns, LW_UNKNOWN);
	assert_string_equal(d->oldest_name, "");
	world__resolve(w, "etcd3.lab");
	world__pass(w, 100);
	world__ask(w, 53, 7, "etcd3.lab");
	world__pass(w, 100);
	d = &look(w)->dns;
	assert_int_equal(d->oldest_ns, MS(200));
	assert_string_equal(d->oldest_name, "etcd3.lab");
	assert_string_equal(d->oldest_server, "127.0.0.53");
	world__pass(w, 300);
	assert_int_equal(look(w)->dns.oldest_ns, MS(500));
	world__reply(w, 53, 7, "etcd3.lab", 0);
	world__resolved(w, 0);
	d = &look(w)->dns;
	assert_int_equal(d->lookups, 3); /* the calls, not their queries */
	assert_int_equal(d->last_ns, MS(500));
	assert_int_equal(d->oldest_ns, LW_UNKNOWN);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, world__setup, world__teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_nothing_yet),
		CASE(test_wall_clock),
		CASE(test_member),
		CASE(test_who_renews_is_shown),
		CASE(test_two_of_one_name),
		CASE(test_stall_runs),
		CASE(test_dns_stall_runs),
		CASE(test_counts_and_latency),
		CASE(test_in_flight),
		CASE(test_watches_do_not_count),
		CASE(test_in_use),
		CASE(test_state_and_sentence),
		CASE(test_old_trouble_is_forgotten),
		CASE(test_order_and_room),
		CASE(test_dns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
