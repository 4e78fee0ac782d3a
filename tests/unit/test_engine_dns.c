// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_engine_dns.c - lookups of names that keep Patroni from renewing, and those that do not.
 */
#include <netdb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "world.h"

#define NXDOMAIN 3
#define SERVFAIL 2

/* Three endpoints by name; etcd1 is in use, its connection is gone, and the next renewal is due. */
static struct world *renewal_is_due(void **state)
{
	struct world *w = *state;

	engine__endpoint(w->engine, "etcd1.lab:2379");
	engine__endpoint(w->engine, "etcd2.lab:2379");
	engine__endpoint(w->engine, "etcd3.lab:2379");
	world__connect(w, 1);
	world__loops(w, 1, 2);
	world__closed_by_peer(w, 1);
	return w;
}

/* A getaddrinfo() with one query, answered after so long with this rcode. */
static void look_up(struct world *w, const char *name, uint64_t ms, int rcode, int result)
{
	world__resolve(w, name);
	world__ask(w, 53, 7, name);
	world__pass(w, ms);
	world__reply(w, 53, 7, name, rcode);
	world__resolved(w, result);
}

static void test_unanswered(void **state)
{
	struct world *w = renewal_is_due(state);

	world__resolve(w, "etcd2.lab");
	world__ask(w, 53, 7, "etcd2.lab");
	world__pass(w, 1000);
	assert_int_equal(w->begins, 0);
	world__pass(w, 50);
	assert_string_equal(w->history, "begin dns etcd2.lab:2379 warning\n");
	assert_int_equal(w->stall.in_flight_ns, MS(1050));
	assert_int_equal(w->stall.remaining_ns, SECONDS(30) - MS(11050));
	assert_string_equal(world__text(w, "dns.source"), "getaddrinfo");
	assert_string_equal(world__text(w, "dns.question.name"), "etcd2.lab");
	assert_string_equal(world__text(w, "dns.question.type"), "A");
	assert_string_equal(world__text(w, "dns.server.address"), "127.0.0.53");
	assert_string_equal(world__text(w, "dns.outcome"), "in_flight");
	/* No socket of etcd's is involved. */
	assert_null(world__evidence(w, "tcp.retransmits"));
	assert_null(world__evidence(w, "waiting_for"));
	world__pass(w, 2000);
	world__reply(w, 53, 7, "etcd2.lab", 0);
	world__resolved(w, 0);
	world__connect(w, 2);
	world__keepalive(w, 2);
	assert_int_equal(w->ends, 0);
	world__granted(w, 2);
	assert_string_equal(w->history, "begin dns etcd2.lab:2379 warning\n"
					"end dns etcd2.lab:2379 recovered\n");
	world__loops(w, 2, 3);
	assert_int_equal(w->begins, 1);
}

/* glibc asks the second nameserver after a while: that one is waited for now. */
static void test_youngest_query_is_named(void **state)
{
	struct world *w = renewal_is_due(state);

	world__resolve(w, "etcd2.lab");
	world__ask(w, 53, 7, "etcd2.lab");
	world__pass(w, 700);
	world__ask(w, 54, 7, "etcd2.lab");
	world__pass(w, 350);
	assert_int_equal(w->begins, 1);
	assert_string_equal(world__text(w, "dns.server.address"), "127.0.0.54");
	/* Two queries of one lookup: the wait is that of the lookup. */
	assert_int_equal(w->stall.in_flight_ns, MS(1050));
}

/* nscd or systemd-resolved asks for it: no query of its own. */
static void test_without_a_query(void **state)
{
	struct world *w = renewal_is_due(state);

	world__resolve(w, "etcd2.lab");
	world__pass(w, 1050);
	assert_string_equal(w->history, "begin dns etcd2.lab:2379 warning\n");
	assert_string_equal(world__text(w, "dns.question.name"), "etcd2.lab");
	assert_string_equal(world__text(w, "dns.outcome"), "in_flight");
	assert_null(world__evidence(w, "dns.server.address"));
}

/* No uprobe could be set, or dnspython asks: only the query is seen. */
static void test_only_a_query(void **state)
{
	struct world *w = renewal_is_due(state);

	world__ask(w, 53, 7, "etcd2.lab");
	world__pass(w, 1050);
	assert_string_equal(w->history, "begin dns etcd2.lab:2379 warning\n");
	assert_string_equal(world__text(w, "dns.source"), "query");
	assert_string_equal(world__text(w, "dns.server.address"), "127.0.0.53");
	world__reply(w, 53, 7, "etcd2.lab", 0);
	world__connect(w, 2);
	world__keepalive(w, 2);
	world__granted(w, 2);
	assert_int_equal(w->ends, 1);
}

/* A name that is no endpoint's: still what the renewing thread waits for. */
static void test_a_name_of_no_endpoint(void **state)
{
	struct world *w = renewal_is_due(state);

	world__resolve(w, "elsewhere.example");
	world__pass(w, 1050);
	assert_string_equal(w->history, "begin dns - warning\n");
	assert_string_equal(world__text(w, "dns.question.name"), "elsewhere.example");
}

static void test_nxdomain(void **state)
{
	struct world *w = renewal_is_due(state);

	look_up(w, "etcd2.lab", 1, NXDOMAIN, EAI_NONAME);
	world__pass(w, 100);
	assert_int_equal(w->begins, 0); /* Patroni may go to the next one at once */
	world__pass(w, 100);
	assert_string_equal(w->history, "begin dns etcd2.lab:2379 warning\n");
	assert_string_equal(world__text(w, "dns.outcome"), "nxdomain");
	assert_string_equal(world__text(w, "error.type"), "EAI_NONAME");
	/* One attempt, however many queries it took. */
	assert_true(world__evidence(w, "failed_attempts")->number == 1);
}

static void test_servfail(void **state)
{
	struct world *w = renewal_is_due(state);

	look_up(w, "etcd2.lab", 1, SERVFAIL, EAI_AGAIN);
	world__pass(w, 200);
	assert_string_equal(w->history, "begin dns etcd2.lab:2379 warning\n");
	assert_string_equal(world__text(w, "dns.outcome"), "servfail");
}

static void test_eai_again(void **state)
{
	struct world *w = renewal_is_due(state);

	world__resolve(w, "etcd2.lab");
	world__pass(w, 1);
	world__resolved(w, EAI_AGAIN);
	world__pass(w, 200);
	assert_string_equal(w->history, "begin dns etcd2.lab:2379 warning\n");
	assert_string_equal(world__text(w, "error.type"), "EAI_AGAIN");
}

/* Patroni tries the next one at once, and that is fine. */
static void test_one_bad_name_among_good_ones(void **state)
{
	struct world *w = renewal_is_due(state);

	look_up(w, "etcd2.lab", 1, NXDOMAIN, EAI_NONAME);
	look_up(w, "etcd3.lab", 1, 0, 0);
	world__connect(w, 3);
	world__loops(w, 3, 2);
	assert_string_equal(w->history, "");
	assert_contains(w->lookups, "getaddrinfo etcd2.lab nxdomain\n");
}

/* Patroni's own resolver thread looks names up again now and then: renewals do not wait for it. */
static void test_another_thread(void **state)
{
	struct world *w = *state;

	engine__endpoint(w->engine, "etcd2.lab:2379");
	world__connect(w, 1);
	world__loops(w, 1, 2);
	w->tid = PID + 7;
	world__resolve(w, "etcd2.lab");
	world__ask(w, 53, 7, "etcd2.lab");
	w->tid = PID;
	world__loops(w, 1, 2);
	w->tid = PID + 7;
	world__resolved(w, EAI_AGAIN);
	w->tid = PID;
	world__pass(w, 400); /* the renewal is a little late, and not because of that */
	world__loops(w, 1, 2);
	assert_string_equal(w->history, "");
	assert_contains(w->lookups, "getaddrinfo etcd2.lab in_flight\n");
	assert_string_equal(w->dns_endpoint, "etcd2.lab:2379");
}

static void test_no_refresh_is_due(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	world__loops(w, 1, 2);
	world__keepalive(w, 1);
	world__granted(w, 1);
	world__pass(w, 1000);
	look_up(w, "etcd2.lab", 6000, 0, 0);
	world__pass(w, 1950);
	assert_int_equal(w->begins, 0);
	world__loops(w, 1, 2);
	assert_string_equal(w->history, "");
	assert_contains(w->lookups, "getaddrinfo etcd2.lab in_flight\n");
}

/* It began in time, and now it stands in the way. */
static void test_the_refresh_becomes_due(void **state)
{
	struct world *w = *state;

	world__connect(w, 1);
	world__loops(w, 1, 2);
	world__keepalive(w, 1);
	world__granted(w, 1);
	world__pass(w, 2000);
	world__resolve(w, "etcd2.lab");
	world__pass(w, 6950);
	assert_int_equal(w->begins, 0);
	world__pass(w, 50); /* nine tenths of the 10 s */
	assert_int_equal(w->begins, 1);
	assert_int_equal(w->stall.cause, CAUSE_DNS);
	assert_int_equal(w->stall.in_flight_ns, SECONDS(7));
}

/* First it only hangs, then the nameserver says no: that is worth one more line. */
static void test_sharpens(void **state)
{
	struct world *w = renewal_is_due(state);

	look_up(w, "etcd1.lab", 2000, SERVFAIL, EAI_AGAIN);
	world__pass(w, 6000);
	assert_string_equal(w->history, "begin dns etcd1.lab:2379 warning\n"
					"update dns etcd1.lab:2379 warning\n");
	assert_string_equal(world__text(w, "dns.outcome"), "servfail");
	look_up(w, "etcd1.lab", 1500, SERVFAIL, EAI_AGAIN);
	assert_int_equal(w->updates, 1);
}

/* Each name is reported, and what its nameserver answers in the end; later rounds add nothing. */
static void test_three_names_in_turn(void **state)
{
	static const char *const names[] = {"etcd1.lab", "etcd2.lab", "etcd3.lab"};
	struct world *w = renewal_is_due(state);

	for (int i = 0; i < 12; i++) {
		look_up(w, names[i % 3], 2000, SERVFAIL, EAI_AGAIN);
		world__pass(w, 200);
		if (i == 3)
			assert_string_equal(w->history, "begin dns etcd1.lab:2379 warning\n"
							"update dns etcd1.lab:2379 warning\n"
							"update dns etcd2.lab:2379 warning\n"
							"update dns etcd2.lab:2379 warning\n"
							"update dns etcd3.lab:2379 warning\n"
							"update dns etcd3.lab:2379 warning\n");
	}
	assert_int_equal(w->stall.severity, STALL_EXPIRED);
	/* Besides those, that the lease has come to its last third, and to its end. */
	assert_int_equal(w->begins, 1);
	assert_int_equal(w->updates, 5 + 2);
}

/* The resolver tries a search domain first; that there is no such name there is no fault. */
static void test_search_domain(void **state)
{
	struct world *w = renewal_is_due(state);

	world__resolve(w, "etcd2.lab");
	world__ask(w, 53, 7, "etcd2.lab.corp.example");
	world__pass(w, 5);
	world__reply(w, 53, 7, "etcd2.lab.corp.example", NXDOMAIN);
	world__ask(w, 53, 8, "etcd2.lab");
	world__pass(w, 5);
	world__reply(w, 53, 8, "etcd2.lab", 0);
	world__resolved(w, 0);
	world__connecting(w, 2);
	world__pass(w, 1050);
	assert_string_equal(w->history, "begin network_loss 127.0.0.2:2379 warning\n");
}

/* The same where only queries are seen. */
static void test_search_domain_by_query(void **state)
{
	struct world *w = renewal_is_due(state);

	world__ask(w, 53, 7, "etcd2.lab.corp.example");
	world__pass(w, 5);
	world__reply(w, 53, 7, "etcd2.lab.corp.example", NXDOMAIN);
	world__ask(w, 53, 8, "etcd2.lab");
	world__pass(w, 5);
	world__reply(w, 53, 8, "etcd2.lab", 0);
	world__connecting(w, 2);
	world__pass(w, 1050);
	assert_string_equal(w->history, "begin network_loss 127.0.0.2:2379 warning\n");
}

/* A query whose answer went by unseen: who connects waits for no name. */
static void test_connecting_waits_for_no_query(void **state)
{
	struct world *w = renewal_is_due(state);

	world__ask(w, 53, 7, "etcd2.lab");
	world__pass(w, 5);
	world__connecting(w, 2);
	world__pass(w, 1050);
	assert_string_equal(w->history, "begin network_loss 127.0.0.2:2379 warning\n");
}

static void test_exit_while_waiting(void **state)
{
	struct world *w = renewal_is_due(state);

	world__resolve(w, "etcd2.lab");
	world__ask(w, 53, 7, "etcd2.lab");
	world__pass(w, 1500);
	world__exit(w, PID);
	assert_string_equal(w->history, "begin dns etcd2.lab:2379 warning\n"
					"end dns etcd2.lab:2379 exited\n");
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, world__setup, world__teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_unanswered),
		CASE(test_youngest_query_is_named),
		CASE(test_without_a_query),
		CASE(test_only_a_query),
		CASE(test_a_name_of_no_endpoint),
		CASE(test_nxdomain),
		CASE(test_servfail),
		CASE(test_eai_again),
		CASE(test_one_bad_name_among_good_ones),
		CASE(test_another_thread),
		CASE(test_no_refresh_is_due),
		CASE(test_the_refresh_becomes_due),
		CASE(test_sharpens),
		CASE(test_three_names_in_turn),
		CASE(test_search_domain),
		CASE(test_search_domain_by_query),
		CASE(test_connecting_waits_for_no_query),
		CASE(test_exit_while_waiting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
