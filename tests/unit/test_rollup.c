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
	f = sample_request();
	f.request.outcome = REQUEST_ERROR;
	assert_false(rollup__take(d, &f));
	f = sample_stall(STALL_BEGIN);
	assert_false(rollup__take(d, &f));
	rollup__free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_summary),
		cmocka_unit_test(test_what_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
