// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_rollup.c - requests that are counted instead of told come to the same summary, through the
 * log and back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "findings.h"
#include "model/rollup.h"
#include "sink/jsonlog.h"

#define S INT64_C(1000000000)

/* As `report` reads it. */
static void through_log(void *ctx, const struct finding *f)
{
	struct jsonlog_line *line;
	char *text = json_of(f);

	assert_int_equal(jsonlog__parse(text, strlen(text) - 1, &line), 0);
	assert_int_equal(summary__add(ctx, jsonlog__finding(line)), 0);
	jsonlog__free(line);
	free(text);
}

static void test_same_summary(void **state)
{
	struct summary *direct = summary__new(), *rolled_up = summary__new();
	struct rollup *d = rollup__new(S);
	uint64_t random = 11, ts = SAMPLE_TS_NS;
	json_t *left, *right;
	char *a, *b;
	int taken = 0;

	(void)state;
	for (int i = 0; i < 5000; i++) {
		struct finding f = random_finding(&random, ts += 1000000);

		if (i % 2) { /* healthy ones are rare among the random */
			f = sample_request();
			f.ts_ns = ts;
			f.request.duration_ns = (int64_t)(random_next(&random) % 2000000) * 1000;
			f.request.rpc = i % 3 ? "kv/range" : i % 5 ? "lease/keepalive" : "watch";
		}
		assert_int_equal(summary__add(direct, &f), 0);
		/* The first ones make the endpoints, in one order. */
		if (i > 100 && rollup__take(d, &f))
			taken++;
		else
			through_log(rolled_up, &f);
		if (i % 100 == 99)
			rollup__flush(d, ts, through_log, rolled_up);
	}
	assert_true(taken > 1000);
	summary__finish(direct, ts);
	summary__finish(rolled_up, ts);
	assert_int_equal(direct->refreshes, rolled_up->refreshes);
	assert_int_equal(direct->refreshes_ok, rolled_up->refreshes_ok);
	a = json_of_summary(direct);
	b = json_of_summary(rolled_up);
	/* Rpcs may have come in another order: compared as objects, not as text. */
	left = json_loads(a, 0, NULL);
	right = json_loads(b, 0, NULL);
	assert_non_null(left);
	if (!json_equal(left, right)) {
		fputs(a, stderr);
		fputs(b, stderr);
		fail_msg("the summaries differ");
	}
	json_decref(left);
	json_decref(right);
	free(a);
	free(b);
	rollup__free(d);
	summary__free(direct);
	summary__free(rolled_up);
}

static void test_what_is_told(void **state)
{
	struct rollup *d = rollup__new(S);
	struct finding f = sample_request();

	(void)state;
	assert_true(rollup__take(d, &f));
	f.request.duration_ns = S;
	assert_false(rollup__take(d, &f)); /* slow */
	f.request.rpc = "v2/watch";	   /* that may take as long as it likes */
	assert_true(rollup__take(d, &f));
	f = sample_request();
	f.request.ttl_s = LW_UNKNOWN;
	assert_false(rollup__take(d, &f)); /* the lease is gone */
	f.request.ttl_s = 0;
	assert_false(rollup__take(d, &f));
	f.request.ttl_s = 1;
	assert_true(rollup__take(d, &f));
	f = sample_request();
	f.request.outcome = REQUEST_ERROR;
	assert_false(rollup__take(d, &f));
	f = sample_stall(STALL_BEGIN);
	assert_false(rollup__take(d, &f));
	rollup__free(d);
}

static void note_kind(void *ctx, const struct finding *f)
{
	char *text = ctx;

	assert_int_equal(f->type, FINDING_REQUESTS);
	sprintf(text + strlen(text), "%s/%s %s %s %d in %d s, %d timed\n",
		f->who.scope ? f->who.scope : "-", f->who.member ? f->who.member : "-",
		f->where.endpoint, f->requests.rpc, (int)f->requests.count,
		(int)(f->requests.interval_ns / S), (int)f->requests.latency->count);
}

/* Who asked where for what: each is counted apart, and from zero again once it was reported. */
static void test_kinds(void **state)
{
	struct rollup *d = rollup__new(S);
	struct finding f = sample_request();
	char text[1024] = "";

	(void)state;
	f.who = (struct finding_who){.scope = "demo", .member = "pg1"};
	f.where.endpoint = "a:1";
	f.request.rpc = "kv/range";
	assert_true(rollup__take(d, &f));
	f.ts_ns += 5 * S;
	assert_true(rollup__take(d, &f));
	f.who.member = "pg2";
	assert_true(rollup__take(d, &f));
	f.who.member = NULL;
	assert_true(rollup__take(d, &f));
	f.who.scope = NULL;
	assert_true(rollup__take(d, &f));
	f.request.rpc = "watch";
	assert_true(rollup__take(d, &f));
	f.where.endpoint = "b:1";
	assert_true(rollup__take(d, &f));
	rollup__flush(d, f.ts_ns, note_kind, text);
	assert_string_equal(text, "demo/pg1 a:1 kv/range 2 in 5 s, 2 timed\n"
				  "demo/pg2 a:1 kv/range 1 in 5 s, 1 timed\n"
				  "demo/- a:1 kv/range 1 in 5 s, 1 timed\n"
				  "-/- a:1 kv/range 1 in 5 s, 1 timed\n"
				  "-/- a:1 watch 1 in 5 s, 0 timed\n"
				  "-/- b:1 watch 1 in 5 s, 0 timed\n");
	text[0] = '\0';
	rollup__flush(d, f.ts_ns, note_kind, text);
	assert_string_equal(text, "");
	assert_true(rollup__take(d, &f));
	rollup__flush(d, f.ts_ns + S, note_kind, text);
	assert_string_equal(text, "-/- b:1 watch 1 in 1 s, 0 timed\n");
	rollup__free(d);
}

/* A name that would be cut is another name; and so many kinds are enough. */
static void test_what_does_not_fit(void **state)
{
	struct rollup *d = rollup__new(S);
	struct finding f = sample_request();
	char name[161];
	int taken = 0;

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	f.who = (struct finding_who){.scope = "demo", .member = name};
	assert_false(rollup__take(d, &f));
	f.who = (struct finding_who){.scope = name, .member = "pg1"};
	assert_false(rollup__take(d, &f));
	f.who.scope = "demo";
	f.where.endpoint = name;
	assert_false(rollup__take(d, &f));
	name[159] = '\0';
	assert_true(rollup__take(d, &f));
	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "etcd%d", i);
		taken += rollup__take(d, &f);
	}
	assert_int_equal(taken, 127);
	rollup__free(d);
}

/* A log in which all was well holds nothing else. */
static void test_traffic(void **state)
{
	struct summary *s = summary__new();
	struct rollup *d = rollup__new(S);
	struct finding f = sample_request();

	(void)state;
	assert_true(rollup__take(d, &f));
	rollup__flush(d, f.ts_ns, through_log, s);
	summary__finish(s, f.ts_ns);
	assert_int_equal(s->verdict, VERDICT_HEALTHY);
	rollup__free(d);
	summary__free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_summary), cmocka_unit_test(test_what_is_told),
		cmocka_unit_test(test_kinds),	     cmocka_unit_test(test_what_does_not_fit),
		cmocka_unit_test(test_traffic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
