"""Which end decides, and how often the worst of many is refused by chance."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import stats

from components.fairness_evaluator.gates import bounds
from components.fairness_evaluator.gates.bounds import Bound, farthest, widened
from components.payloads.interval import Interval
from components.scoring import intervals, roc
from components.scoring.intervals import Z
from tests.components.fairness_evaluator.gates.evidence import judge, silo

NUMBERS = st.floats(-2, 2)
INTERVALS = st.tuples(NUMBERS, st.floats(0, 1), st.floats(0, 1)).map(
    lambda parts: Interval(parts[0], parts[0] - parts[1], parts[0] + parts[2])
)
SHARES = st.floats(0, 1)
FIGURES = st.lists(
    st.tuples(SHARES, SHARES, SHARES).map(
        lambda parts: Interval(parts[0], parts[0] * parts[1], max(parts[0], parts[2]))
    ),
    min_size=2,
    max_size=6,
)
REFUSE_IF = st.sampled_from(["surely", "value", "possibly"])


@pytest.mark.parametrize(
    ("refuse_if", "is_floor", "margin"),
    [
        ("surely", True, 0.23),  # the upper end, .73, above the floor .5
        ("value", True, 0.2),
        ("possibly", True, 0.15),
        ("surely", False, -0.15),  # the lower end, .65, above the limit .5
        ("value", False, -0.2),
        ("possibly", False, -0.23),
    ],
)
def test_the_end_that_counts_is_measured_against_the_bound(refuse_if, is_floor, margin):
    bound = Bound(0.5, is_floor, refuse_if)
    found = bound.margin(Interval(0.7, 0.65, 0.73))
    assert found == pytest.approx(margin)
    assert bound.is_missed(Interval(0.7, 0.65, 0.73)) == (margin < 0)


def test_what_lies_on_the_bound_keeps_it_whatever_floats_say():
    gap = 0.8 - 0.7  # 0.10000000000000009
    assert not Bound(0.1, False, "value").is_missed(Interval(gap, gap, gap))


@pytest.mark.parametrize(
    ("bound", "words"),
    [
        (Bound(0.6, True, "surely"), "needed at least 0.600"),
        (Bound(0.6, True, "value"), "needed at least 0.600, whatever the interval"),
        (Bound(0.6, True, "possibly"), "needed at least 0.600, also for the lower end"),
        (Bound(0.01, False, "surely"), "allowed 0.010"),
        (Bound(0.01, False, "possibly"), "allowed 0.010, also for the upper end"),
    ],
)
def test_a_bound_says_which_end_must_keep_it(bound, words):
    assert str(bound) == words


@pytest.mark.parametrize("refuse_if", ["surely", "value", "possibly"])
@pytest.mark.parametrize("is_floor", [True, False])
def test_what_is_no_number_misses_every_bound(is_floor, refuse_if):
    nothing = Interval(math.nan, math.nan, math.nan)
    assert Bound(0.5, is_floor, refuse_if).is_missed(nothing)


@pytest.mark.parametrize("number", [1, 2, 51, 2_410, 3_000_000, 10**12])
def test_the_quantile_is_that_of_sidak(number):
    # By the upper tail, which scipy keeps exact where 1 - tail would round to 1.
    tail = -math.expm1(math.log(0.95) / number) / 2
    assert bounds.quantile(number) == pytest.approx(stats.norm.isf(tail))
    if number < 10_000:
        plain = stats.norm.ppf((1 + 0.95 ** (1 / number)) / 2)
        assert bounds.quantile(number) == pytest.approx(plain)


@pytest.mark.parametrize("number", [1, 51, 2_410])
@pytest.mark.parametrize("freedom", [1, 9, 500])
def test_the_quantile_of_student_s_t_is_that_of_scipy(number, freedom):
    tail = -math.expm1(math.log(0.95) / number) / 2
    assert bounds.quantile(number, freedom) == pytest.approx(stats.t.isf(tail, freedom))


def test_each_side_is_scaled_and_cut_to_the_metric_s_range():
    # z for 51: 3.2891; 3.2891 / 1.9600 = 1.6781.
    found = widened(Interval(0.9, 0.8, 0.95), 51, 0.0, 1.0)
    assert found == pytest.approx((0.9, 0.9 - 0.16781, 0.9 + 0.08391), abs=1e-4)
    cut = widened(Interval(0.9, 0.2, 0.99), 51, 0.0, 1.0)
    assert cut == (0.9, 0.0, 1.0)


def test_of_51_silos_on_the_floor_the_worst_is_rarely_refused_by_chance():
    """51 silos are exactly at the floor .7, with errors from .01 to .06."""
    rng = np.random.default_rng(5)
    errors = np.linspace(0.01, 0.06, 51)
    refused = {1: 0, 51: 0}
    runs = 2_000
    for _ in range(runs):
        values = rng.normal(0.7, errors)
        for number in refused:
            refused[number] += any(
                Bound(0.7, True, "surely").is_missed(
                    widened(
                        Interval(value, value - Z * e, value + Z * e),
                        number,
                    )
                )
                for value, e in zip(values, errors, strict=True)
            )
    assert 0.015 < refused[51] / runs < 0.04  # 2.5 %: one end of 95 % for all
    assert refused[1] / runs > 0.65  # 1 - 0.975 ** 51 = 0.725


@given(INTERVALS, NUMBERS, st.floats(0, 1), st.booleans(), REFUSE_IF)
def test_loosening_a_bound_never_refuses_what_passed(
    interval, value, loosened, is_floor, refuse_if
):
    bound = Bound(value, is_floor, refuse_if)
    looser = Bound(value + (-loosened if is_floor else loosened), is_floor, refuse_if)
    assert bound.is_missed(interval) or not looser.is_missed(interval)


@given(INTERVALS, NUMBERS, st.booleans())
def test_what_is_refused_surely_is_refused_by_its_value_and_possibly(
    interval, value, is_floor
):
    missed = [
        Bound(value, is_floor, how).is_missed(interval)
        for how in ("surely", "value", "possibly")
    ]
    assert missed == sorted(missed)


@given(INTERVALS, st.integers(1, 5_000), st.integers(1, 5_000))
def test_more_comparisons_never_make_an_interval_narrower(interval, one, other):
    few, many = sorted([one, other])
    narrow, wide = widened(interval, few), widened(interval, many)
    assert wide.low <= narrow.low <= narrow.value <= narrow.high <= wide.high


@given(FIGURES, REFUSE_IF)
@example([Interval(0.0, 0.0, 0.0), Interval(0.0, 0.0, 1.0)], "surely")  # alike
def test_no_other_pair_is_farther_apart_by_the_end_that_counts(figures, refuse_if):
    bound = Bound(0.0, False, refuse_if)
    number = math.comb(len(figures), 2)
    high, low, gap = farthest(figures, number, refuse_if)
    assert figures[high].value >= figures[low].value
    # Uncut, as a lower end below 0 says how far it is from showing anything.
    margins = [
        bound.margin(widened(intervals.difference(one, other), number))
        for one, other in itertools.permutations(figures, 2)
        if one.value >= other.value or refuse_if == "possibly"
    ]
    chosen = widened(intervals.difference(figures[high], figures[low]), number)
    if refuse_if == "possibly":
        assert max(chosen.high, -chosen.low) == pytest.approx(-min(margins))
    else:
        assert bound.margin(chosen) == pytest.approx(min(margins))
    ends = max(0.0, chosen.low), min(1.0, max(chosen.high, -chosen.low))
    assert (gap.low, gap.high) == ends


def test_the_lower_of_two_may_possibly_lie_far_above_or_below():
    """An AUC of 1 from 10 positives, beside 0.99 from thousands."""
    figures = [Interval(0.99, 0.988, 0.992), Interval(1.0, 0.89, 1.0)]
    high, low, gap = farthest(figures, 1, "possibly")
    assert (high, low) == (1, 0)
    # Below: hypot(.11, .002) - .01.
    assert gap == pytest.approx((0.01, 0.0, 0.1000), abs=1e-4)


def test_a_pair_that_possibly_lies_apart_the_other_way_round_is_found():
    figures = [
        Interval(1.0, 0.8, 1.0),
        Interval(0.99, 0.98, 0.995),
        Interval(0.94, 0.93, 0.95),
    ]
    assert farthest(figures, 1, "possibly")[:2] == (0, 1)
    assert farthest(figures, 1, "value")[:2] == (0, 2)


def test_thousands_of_silos_are_compared_at_once():
    values = np.random.default_rng(1).normal(0.7, 0.01, 2_410)
    figures = [Interval(v, v - 0.05, v + 0.05) for v in values]
    figures.append(Interval(0.3, 0.29, 0.31))
    found = farthest(figures, math.comb(len(figures), 2), "surely")
    assert found[:2] == (int(np.argmax(values)), 2_410)


def test_silos_exactly_on_the_floor_rarely_have_too_low_a_worst_tenth_by_chance():
    """The mean of the lowest six of 51 is far below the floor by chance alone."""
    rng = np.random.default_rng(3)
    half, refused = Z * 0.02, 0
    for _ in range(200):
        values = rng.normal(0.7, 0.02, 51).tolist()
        lowest = np.sort(values)[: math.ceil(51 / 10)]
        assert lowest.mean() + half / math.sqrt(6) < 0.7  # what a plain one says
        figures = [
            each
            for number, value in enumerate(values)
            for each in silo(f"S{number}", value, value - half, value + half)
        ]
        refused += not judge("worst_tenth", {"at_least": 0.7}, figures).passed
    assert refused / 200 <= 0.05


def test_of_51_silos_without_a_loss_the_worst_is_rarely_refused_by_chance():
    """Each silo has 10 positives and 500 negatives; both models have an AUC of .6."""
    rng, silos = np.random.default_rng(6), 2_000
    labels = np.repeat([1, 0], [10, 500])
    distance = math.sqrt(2) * stats.norm.ppf(0.6)
    t = stats.t.ppf(0.975, 9)
    missed = {"t": 0, "normal": 0}
    for _ in range(silos):
        one, noise = rng.normal(size=(2, 510))
        both = one, 0.5 * one + math.sqrt(0.75) * noise
        first, second = (
            np.argsort(np.argsort(side + distance * labels)) for side in both
        )
        placed = [labels[np.argsort(bins)] for bins in (first, second)]  # one row each
        new, old = (roc.estimate(*roc.area(1 - side, side), 10, 500) for side in placed)
        shared = roc.correlation(first, second, labels)
        found = roc.difference(new, old, shared, 9)
        error = (found.high - found.value) / t
        normal = Interval(found.value, found.value - Z * error, found.value + Z * error)
        missed["t"] += widened(found, 51, freedom=9).high < 0
        missed["normal"] += widened(normal, 51).high < 0
    refused = {name: 1 - (1 - number / silos) ** 51 for name, number in missed.items()}
    assert refused["t"] <= 0.05
    assert refused["normal"] > 0.08


@given(
    st.tuples(SHARES, st.integers(100, 500)),
    st.tuples(SHARES, st.integers(100, 500)),
    st.integers(1, 2_000),
)
def test_the_other_way_round_a_ratio_never_possibly_lies_lower(one, other, number):
    """So it is enough to judge the lower rate over the higher one."""
    sides = sorted((round(rate * rows), rows) for rate, rows in (one, other))
    (low, of_low), (high, of_high) = sorted(sides, key=lambda side: side[0] / side[1])
    ratio = intervals.ratio(low, of_low, high, of_high)
    if ratio:
        found = widened(ratio, number, 0.0)
        assert found.low <= 1 / found.high + 1e-9
