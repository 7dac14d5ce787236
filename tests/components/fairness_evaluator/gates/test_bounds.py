"""Which end decides, and how often the worst of many is refused by chance."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from components.fairness_evaluator.gates import bounds
from components.fairness_evaluator.gates.bounds import Bound
from components.fairness_evaluator.gates.finding import CannotJudge
from components.scoring.intervals import Interval, Z
from tests.components.fairness_evaluator.gates.evidence import figure

NUMBERS = st.floats(-2, 2)
INTERVALS = st.tuples(NUMBERS, st.floats(0, 1), st.floats(0, 1)).map(
    lambda parts: Interval(parts[0], parts[0] - parts[1], parts[0] + parts[2])
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


def test_a_miss_within_the_interval_is_one_by_chance():
    bound = Bound(0.6, True, "surely")
    assert bound.is_missed_by_chance(Interval(0.58, 0.55, 0.61))
    assert not bound.is_missed_by_chance(Interval(0.58, 0.55, 0.59))  # a sure miss
    assert not bound.is_missed_by_chance(Interval(0.61, 0.55, 0.62))  # none


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


def test_an_interval_of_student_s_t_is_widened_by_its_own_quantiles():
    # t of 9 degrees, for 51 at once 4.7772, for one 2.2622: 2.1118.
    found = bounds.widened(Interval(0.0, -0.1, 0.1), 51, freedom=9)
    assert found == pytest.approx((0.0, -0.21118, 0.21118), abs=1e-4)


def test_an_interval_for_one_is_left_as_it_is():
    found = bounds.widened(Interval(0.6, 0.5, 0.8), 1)
    assert found == pytest.approx((0.6, 0.5, 0.8))


def test_each_side_is_scaled_and_cut_to_the_metric_s_range():
    # z for 51: 3.2891; 3.2891 / 1.9600 = 1.6781.
    found = bounds.widened(Interval(0.9, 0.8, 0.95), 51, 0.0, 1.0)
    assert found == pytest.approx((0.9, 0.9 - 0.16781, 0.9 + 0.08391), abs=1e-4)
    cut = bounds.widened(Interval(0.9, 0.2, 0.99), 51, 0.0, 1.0)
    assert cut == (0.9, 0.0, 1.0)


def test_a_gate_that_asks_no_interval_compares_nothing_at_once():
    assert bounds.comparisons(51, "value") == 1
    assert bounds.comparisons(51, "surely") == 51
    assert bounds.comparisons(0, "surely") == 1


def test_a_figure_without_an_interval_can_be_judged_by_its_value_only():
    bare = figure("pr_auc", 0.4)
    assert bounds.interval_of(bare, "PR-AUC", "value") == (0.4, 0.4, 0.4)
    with pytest.raises(CannotJudge, match="PR-AUC has no interval") as caught:
        bounds.interval_of(bare, "PR-AUC", "surely")
    assert "`refuse_if: value`" in caught.value.way_out


@pytest.mark.parametrize("value", [None, math.nan])
@pytest.mark.parametrize("refuse_if", ["surely", "value", "possibly"])
def test_a_figure_without_a_value_can_not_be_judged(refuse_if, value):
    nothing = figure("precision", value, note="no rows")
    with pytest.raises(CannotJudge) as caught:
        bounds.interval_of(nothing, "precision of sex F", refuse_if)
    assert caught.value.reason == "precision of sex F has no value (no rows)"
    assert caught.value.way_out.startswith("see why on the run's page; choose another")


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
                    bounds.widened(
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
    narrow, wide = bounds.widened(interval, few), bounds.widened(interval, many)
    assert wide.low <= narrow.low <= narrow.value <= narrow.high <= wide.high
