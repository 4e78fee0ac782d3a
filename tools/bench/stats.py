# SPDX-License-Identifier: GPL-2.0-or-later
"""Medians, and how sure they are.

The interval of a median is the one of the sign test: from the k-th smallest to the k-th largest
value, k as large as the binomial distribution allows. It assumes no shape of the noise, which on a
shared machine has none. Below six values there is no such interval at 95 %: it is left out.
"""
import math
import statistics

CONFIDENCE = 0.95
METHOD = f"sign test, order statistics, at least {CONFIDENCE:.0%}"


def quantile(values, share):
    """The smallest value that at least this share of them does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def interval_rank(count, confidence=CONFIDENCE):
    """How many values the interval leaves out at each end; None when there are too few."""
    outside, rank = 0.0, None
    for k in range(count // 2):
        outside += 2 * math.comb(count, k) / 2**count
        if outside > 1 - confidence:
            break
        rank = k
    return rank


def median(values):
    """{"median", "low", "high", "n"}; low and high are None where nothing can be said."""
    ordered = sorted(values)
    rank = interval_rank(len(ordered))
    known = rank is not None
    return {
        "median": statistics.median(ordered),
        "low": ordered[rank] if known else None,
        "high": ordered[-1 - rank] if known else None,
        "n": len(ordered),
    }


def distribution(values):
    return {
        "min": min(values),
        "median": statistics.median(values),
        "p90": quantile(values, 0.9),
        "max": max(values),
        "n": len(values),
    }


def floor_of(summary, neutral):
    """How far from `neutral` the comparison of a thing with itself strays."""
    if summary["low"] is None:
        return None
    return max(abs(summary["low"] - neutral), abs(summary["high"] - neutral))


def below_noise(summary, neutral, floor):
    """Indistinguishable from nothing: its interval contains the neutral value, or it is within the floor."""
    if summary["low"] is None or floor is None:
        return True
    if summary["low"] <= neutral <= summary["high"]:
        return True
    return abs(summary["median"] - neutral) <= floor
