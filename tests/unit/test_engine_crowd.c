// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_engine_crowd.c - one process that makes very much of everything takes nothing from another.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "leasewatch/units.h"
#include "world.h"

#define HOG	    43
#define HOG_COOKIES 1000

static struct status status;

static void be(struct world *w, uint32_t pid)
{
	w->pid = w->tid = pid;
}

/* The lease of PID was renewed just now: was it seen? */
static void renewal_is_seen(struct world *w)
{
	be(w, PID);
	world__keepalive(w, 1);
	world__granted(w, 1);
	engine__status(w->engine, w->now, &status);
	assert_int_equal(status.members[0].who.pid, PID);
	assert_int_equal(status.members[0].remaining_ns, SECONDS(30));
}

/* Connections that each carry half a request. */
static void test_half_requests(void **state)
{
	struct world *w = *state;

	world__add(w, HOG, "hog", "hog", ETCD_ROLE_UNKNOWN);
	world__connect(w, 1);
	be(w, HOG);
	for (uint64_t i = 0; i < 12000; i++) {
		world__connect(w, HOG_COOKIES + i);
		world__data(w, HOG_COOKIES + i, LW_EVENT_SEND,
			    "POST /v3/kv/range HTTP/1.1\r\nHost: x:1\r\n");
	}
	assert_true(limits__hits(LIMIT_CONNECTIONS) >= 11000);
	assert_true(limits__hits(LIMIT_EXCHANGES) >= 11000);
	renewal_is_seen(w);
}

/* Many names on one connection; the name that was there first still holds. */
static void test_many_names(void **state)
{
	struct world *w = *state;
	char text[200];

	world__add(w, HOG, "hog", "hog", ETCD_ROLE_UNKNOWN);
	world__connect(w, 1);
	renewal_is_seen(w);
	be(w, HOG);
	world__connect(w, 101);
	for (int i = 0; i < 2000; i++) {
		snprintf(text, sizeof(text),
			 "POST /v3/kv/range HTTP/1.1\r\nHost: n%d:1\r\n"
			 "Content-Length: 2\r\n\r\n{}",
			 i);
		world__data(w, 101, LW_EVENT_SEND, text);
		world__ok(w, 101);
	}
	engine__status(w->engine, w->now, &status);
	assert_true(status.endpoints_len < 12);
	assert_int_equal(status.endpoints_more, 0);
	assert_true(limits__hits(LIMIT_ENDPOINTS) >= 1900);
	renewal_is_seen(w);
	assert_string_equal(status.members[0].where.endpoint, "etcd1.lab:2379");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_half_requests, world__setup, world__teardown),
		cmocka_unit_test_setup_teardown(test_many_names, world__setup, world__teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
