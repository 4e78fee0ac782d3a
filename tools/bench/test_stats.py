# SPDX-License-Identifier: GPL-2.0-or-later
"""The arithmetic of stats.py against known results: before every run, and by `bench --selftest`."""
import random
import unittest

import stats


class Stats(unittest.TestCase):
    def test_rank_of_the_sign_test(self):
        # From the published tables of the sign test, two-sided 5 %: the values that are left out.
        for count, rank in ((5, None), (6, 0), (8, 0), (9, 1), (12, 2), (20, 5), (30, 9), (50, 17)):
            self.assertEqual(stats.interval_rank(count), rank, count)

    def test_median_and_interval(self):
        got = stats.median([9, 1, 8, 2, 7, 3, 6, 4, 5])
        self.assertEqual(got, {"median": 5, "low": 2, "high": 8, "n": 9})

    def test_too_few_values_have_no_interval(self):
        got = stats.median([1, 2, 3])
        self.assertEqual((got["median"], got["low"], got["high"]), (2, None, None))

    def test_interval_holds_the_true_median(self):
        rng, inside = random.Random(1), 0
        for _ in range(1000):
            # Skewed and heavy-tailed, as times are; the true median is exp(0) = 1.
            got = stats.median([rng.lognormvariate(0, 2) for _ in range(25)])
            inside += got["low"] <= 1 <= got["high"]
        self.assertGreaterEqual(inside, 940)
        self.assertLess(inside, 1000)

    def test_quantile(self):
        self.assertEqual(stats.quantile(range(1, 11), 0.9), 9)
        self.assertEqual(stats.quantile([5], 0.9), 5)
        self.assertEqual(stats.quantile([1, 2], 0), 1)

    def test_noise(self):
        floor = stats.floor_of({"low": -3, "high": 2}, 0)
        self.assertEqual(floor, 3)
        self.assertTrue(stats.below_noise({"median": 2.5, "low": 2, "high": 3}, 0, floor))
        self.assertTrue(stats.below_noise({"median": 9, "low": -1, "high": 19}, 0, floor))
        self.assertFalse(stats.below_noise({"median": 9, "low": 8, "high": 10}, 0, floor))
        self.assertTrue(stats.below_noise({"median": 9, "low": None, "high": None}, 0, floor))


if __name__ == "__main__":
    unittest.main()
