// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_histogram.c - the promised error, and that merging loses nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "findings.h"
#include "leasewatch/units.h"
#include "model/histogram.h"

static void test_empty(void **state)
{
	struct histogram h = {0};

	(void)state;
	assert_int_equal(histogram__quantile_ns(&h, 0.5), -1);
	histogram__record(&h, -1);
	assert_int_equal(h.count, 0);
	assert_int_equal(histogram__quantile_ns(&h, 1), -1);
}

/* One value: every quantile is that value, exactly, as min and max bound it. */
static void test_one_value(void **state)
{
	static const int64_t values_us[] = {0,
					    1,
					    15,
					    16,
					    17,
					    31,
					    32,
					    33,
					    46123,
					    7050123,
					    (INT64_C(1) << 36) - 1,
					    INT64_C(1) << 36};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(values_us); i++) {
		struct histogram h = {0};

		histogram__record(&h, values_us[i] * 1000);
		assert_int_equal(histogram__quantile_ns(&h, 0), values_us[i] * 1000);
		assert_int_equal(histogram__quantile_ns(&h, 0.5), values_us[i] * 1000);
		assert_int_equal(histogram__quantile_ns(&h, 1), values_us[i] * 1000);
		assert_int_equal(h.min_us, values_us[i]);
		assert_int_equal(h.max_us, values_us[i]);
	}
}

static int compare(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Against the truth, for many shapes: never below it, at most 1/16 above. */
static void test_error_is_bounded(void **state)
{
	static const double quantiles[] = {0.001, 0.1, 0.25, 0.5, 0.9, 0.99, 0.999, 1};
	uint64_t seed = 1;

	(void)state;
	for (int round = 0; round < 200; round++) {
		size_t n = 1 + random_next(&seed) % 3000;
		int shift = 28 + (int)(random_next(&seed) % 30);
		uint64_t *us = calloc(n, sizeof(*us));
		struct histogram h = {0};

		assert_non_null(us);
		for (size_t i = 0; i < n; i++) {
			us[i] = random_next(&seed) >> (shift + random_next(&seed) % 6);
			histogram__record(&h, (int64_t)us[i] * 1000);
		}
		qsort(us, n, sizeof(*us), compare);
		for (size_t k = 0; k < ARRAY_LEN(quantiles); k++) {
			double rank = quantiles[k] * (double)n;
			size_t index = (size_t)rank + ((double)(size_t)rank < rank) - 1;
			uint64_t got = (uint64_t)histogram__quantile_ns(&h, quantiles[k]) / 1000;

			assert_true(got >= us[index]);
			assert_true(got - us[index] <= us[index] / 16);
		}
		free(us);
	}
}

static void test_merge_is_like_recording_all(void **state)
{
	struct histogram all = {0}, parts[3] = {0}, merged = {0};
	uint64_t seed = 2;

	(void)state;
	for (int i = 0; i < 5000; i++) {
		int64_t ns = (int64_t)(random_next(&seed) >> 22);

		histogram__record(&all, ns);
		histogram__record(&parts[random_next(&seed) % 3], ns);
	}
	for (int i = 0; i < 3; i++)
		histogram__merge(&merged, &parts[i]);
	assert_memory_equal(&merged, &all, sizeof(all));
	histogram__merge(&merged, &(struct histogram){0});
	assert_memory_equal(&merged, &all, sizeof(all));
}

static void test_sums(void **state)
{
	struct histogram a = {0}, b = {0};

	(void)state;
	histogram__record(&a, 3000000);
	histogram__record(&a, 500000);
	histogram__record(&b, 40000);
	histogram__merge(&a, &b);
	assert_int_equal(a.count, 3);
	assert_int_equal(a.sum_us, 3540);
	assert_int_equal(a.min_us, 40);
	assert_int_equal(a.max_us, 3000);
}

static void test_extremes(void **state)
{
	struct histogram h = {0};

	(void)state;
	histogram__record(&h, INT64_MAX);
	assert_int_equal(histogram__quantile_ns(&h, 1), INT64_MAX / 1000 * 1000);
	histogram__record(&h, 499);
	assert_int_equal(h.min_us, 0);
	histogram__record(&h, 500);
	assert_int_equal(h.count, 3);
	assert_int_equal(histogram__quantile_ns(&h, 0.5), 1000);
	h.buckets[1] = UINT32_MAX; /* it stays there, rather than start again from 0 */
	histogram__record(&h, 1000);
	assert_true(h.buckets[1] == UINT32_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_one_value),
		cmocka_unit_test(test_error_is_bounded),
		cmocka_unit_test(test_merge_is_like_recording_all),
		cmocka_unit_test(test_sums),
		cmocka_unit_test(test_extremes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
