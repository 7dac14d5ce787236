from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from components.payloads.interval import Interval
from components.scoring import intervals
from components.scoring.intervals import Z
from tests.components.fairness_evaluator.made_cells import rate

hits_of_rows = st.integers(1, 400).flatmap(
    lambda rows: st.tuples(st.integers(0, rows), st.just(rows))
)


def covered(found, true):
    """Return the share of intervals that hold the truth."""
    return np.mean([interval.low <= true <= interval.high for interval in found])


def in_order(found):
    return found.low <= found.value <= found.high


@pytest.mark.parametrize(
    ("hits", "rows", "low", "high"),
    [
        (5, 10, 0.236593, 0.763407),  # 5/10 and 81/263: published examples
        (81, 263, 0.255329, 0.366172),
        (0, 20, 0.0, 0.161125),
        (29, 29, 0.882977, 1.0),
    ],
)
def test_wilson_gives_published_intervals(hits, rows, low, high):
    found = intervals.wilson(hits, rows)
    assert found.value == hits / rows
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-4)


def test_no_rows_have_no_rate():
    assert intervals.wilson(0, 0) is None
    assert intervals.paired_difference(0, 0, 0) is None
    assert intervals.ratio(0, 0, 3, 5) is None
    assert intervals.ratio(3, 5, 0, 5) is None


@given(hits_of_rows)
def test_a_rate_lies_in_its_interval(counts):
    found = intervals.wilson(*counts)
    assert 0.0 <= found.low <= found.value <= found.high <= 1.0


def test_the_difference_of_rates_is_that_of_newcombe_s_paper():
    # 56/70 - 48/80, Newcombe (1998), table II: method 10 gives 0.0524 to 0.3339.
    found = intervals.difference(rate(56, 70), rate(48, 80))
    assert found == pytest.approx((0.2, 0.0524, 0.3339), abs=1e-4)


@given(hits_of_rows, hits_of_rows)
def test_a_difference_lies_in_its_interval_and_turns_with_its_sides(one, other):
    one, other = rate(*one), rate(*other)
    found, turned = intervals.difference(one, other), intervals.difference(other, one)
    assert in_order(found)
    assert (found.low, found.high) == pytest.approx((-turned.high, -turned.low))


@given(hits_of_rows, hits_of_rows)
def test_how_far_two_lie_apart_is_the_same_whichever_is_named_first(one, other):
    high, low = sorted([rate(*one), rate(*other)], reverse=True)
    signed = intervals.difference(high, low)
    found = intervals.absolute(signed)
    assert in_order(found)
    assert found.low >= 0
    assert found.high == max(abs(signed.low), abs(signed.high))


def test_student_s_t_is_that_of_scipy_and_grows_into_the_normal_one():
    assert intervals.student(9) == pytest.approx(scipy.stats.t.ppf(0.975, 9))
    assert intervals.student(10**9) == pytest.approx(Z)


def test_the_mean_of_one_is_itself_and_that_of_two_alike_is_narrower():
    one = Interval(0.5, 0.3, 0.6)
    assert intervals.average([one]) == pytest.approx(one)
    halved = (0.5, 0.5 - 0.2 / 2**0.5, 0.5 + 0.1 / 2**0.5)
    assert intervals.average([one, one]) == pytest.approx(halved)


def test_the_mean_of_rows_has_the_interval_of_the_t_free_textbook():
    values = np.array([0.1, 0.4, 0.4, 0.9, 0.2])
    found = intervals.mean(values.sum(), (values**2).sum(), 5, 1.0)
    half = Z * values.std(ddof=1) / 5**0.5
    assert found == pytest.approx((0.4, 0.4 - half, 0.4 + half))


def test_one_row_tells_nothing_of_a_mean():
    assert intervals.mean(0.3, 0.09, 1, 1.0) == (0.3, 0.0, 1.0)


def test_the_ratio_of_rates_is_that_of_katz():
    # 12/40 over 30/50: log standard error sqrt(1/12 - 1/40 + 1/30 - 1/50).
    error = (1 / 12 - 1 / 40 + 1 / 30 - 1 / 50) ** 0.5
    found = intervals.ratio(12, 40, 30, 50)
    spread = (0.5 * np.exp(-Z * error), 0.5 * np.exp(Z * error))
    assert found == pytest.approx((0.5, *spread))


def test_a_ratio_without_a_hit_still_has_an_upper_end():
    found = intervals.ratio(0, 40, 30, 50)
    assert (found.value, found.low) == (0.0, 0.0)
    assert 0.0 < found.high < 1.0


@given(hits_of_rows, hits_of_rows)
def test_a_ratio_lies_in_its_interval(one, other):
    found = intervals.ratio(*one, *other)
    assert found is None or 0.0 <= found.low <= found.value <= found.high


def test_paired_rates_have_the_interval_of_bonett_and_price():
    # 9 rows by the one alone and 3 by the other, of 50.
    one, other = 10 / 52, 4 / 52
    half = Z * ((one + other - (one - other) ** 2) / 52) ** 0.5
    found = intervals.paired_difference(9, 3, 50)
    assert found == pytest.approx((0.12, one - other - half, one - other + half))


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 60))
def test_a_paired_difference_lies_in_its_interval(one, other, neither):
    found = intervals.paired_difference(one, other, one + other + neither)
    assert found is None or (in_order(found) and -1 <= found.low <= found.high <= 1)


@pytest.mark.parametrize(("rows", "true"), [(15, 0.1), (40, 0.03), (200, 0.5)])
def test_19_of_20_rates_lie_in_wilson_s_interval(rows, true):
    hits = np.random.default_rng(1).binomial(rows, true, 2000)
    assert covered([rate(k, rows) for k in hits], true) >= 0.93


@pytest.mark.parametrize("rates", [(0.1, 0.3), (0.5, 0.55), (0.02, 0.04)])
def test_19_of_20_differences_and_ratios_hold_the_truth(rates):
    rng, rows = np.random.default_rng(2), (60, 140)
    drawn = [rng.binomial(n, true, 2000) for n, true in zip(rows, rates, strict=True)]
    differences, ratios = [], []
    for one, other in zip(*drawn, strict=True):
        first, second = rate(one, rows[0]), rate(other, rows[1])
        differences.append(intervals.difference(first, second))
        ratio = intervals.ratio(one, rows[0], other, rows[1])
        ratios += [ratio] if ratio else []
    assert covered(differences, rates[0] - rates[1]) >= 0.93
    assert covered(ratios, rates[0] / rates[1]) >= 0.93


@pytest.mark.parametrize(("rows", "only"), [(30, (0.1, 0.03)), (300, (0.02, 0.05))])
def test_19_of_20_paired_differences_hold_the_truth(rows, only):
    rng = np.random.default_rng(3)
    drawn = rng.multinomial(rows, [*only, 1 - sum(only)], 2000)
    found = [intervals.paired_difference(one, other, rows) for one, other, _ in drawn]
    assert covered(found, only[0] - only[1]) >= 0.93


@pytest.mark.parametrize("rows", [100, 500])
def test_19_of_20_mean_losses_lie_in_their_interval(rows):
    rng = np.random.default_rng(4)
    true = scipy.stats.beta(1.5, 4).expect(lambda p: p * (1 - p))  # Brier score
    scores = rng.beta(1.5, 4, (3000, rows))
    squares = (scores - (rng.random(scores.shape) < scores)) ** 2
    sums = zip(squares.sum(axis=1), (squares**2).sum(axis=1), strict=True)
    found = [intervals.mean(*each, rows, 1.0) for each in sums]
    assert covered(found, true) >= 0.93
