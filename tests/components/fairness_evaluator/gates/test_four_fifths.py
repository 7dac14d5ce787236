from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.fairness_evaluator.gate_settings import FourFifths
from components.fairness_evaluator.gates import four_fifths
from components.fairness_evaluator.gates.bounds import widened
from components.scoring import intervals
from tests.components.fairness_evaluator.gates.evidence import figure, judge


def group(name, value, rows, *, slice="sex", **more):
    return [
        figure(
            metric,
            value,
            slice=slice,
            group=name,
            rows=rows,
            threshold=0.5 if metric == "positive_rate" else None,
            **more,
        )
        for metric in ("positive_rate", "rows")
    ]


UNEVEN = [*group("Female", 0.10, 1000), *group("Male", 0.25, 2000)]
AT = {"threshold": 0.5}
RATES = st.floats(0, 1)


def test_a_ratio_below_four_fifths_refuses():
    # Katz: half = 1.96 sqrt(1/100 - 1/1000 + 1/500 - 1/2000) = .2008.
    assert math.exp(1.96 * math.sqrt(0.0105)) == pytest.approx(1.2224, abs=1e-4)
    found = judge("four_fifths", AT, UNEVEN)
    assert (found.passed, found.sentence) == (
        False,
        "Not blessed: sex Female has positive rate 0.100 at threshold 0.5 and Male "
        "0.250, a ratio of 0.400 (95 % CI 0.327 to 0.489); needed at least 0.800.",
    )
    assert found.way_out.startswith("Compare the base rates of sex Female and Male:")


def test_a_ratio_above_four_fifths_passes():
    even = [*group("Female", 0.23, 1000), *group("Male", 0.25, 2000)]
    found = judge("four_fifths", AT, even)
    assert found.passed
    assert "a ratio of 0.920 (95 % CI" in found.sentence


@pytest.mark.parametrize(
    ("refuse_if", "ratio", "passed"),
    [
        ("value", 0.4, True),
        ("value", 0.401, False),
        ("surely", 0.488, True),
        ("surely", 0.49, False),
        ("possibly", 0.327, True),
        ("possibly", 0.328, False),
    ],
)
def test_each_part_of_the_interval_can_be_asked(refuse_if, ratio, passed):
    settings = AT | {"refuse_if": refuse_if, "at_least": ratio}
    assert judge("four_fifths", settings, UNEVEN).passed is passed


def test_a_small_group_is_counted_not_judged():
    small = group("Other", 0.0, 40, positives=12)
    even = [*group("Female", 0.23, 1000), *group("Male", 0.25, 2000)]
    found = judge("four_fifths", AT, [*even, *small])
    assert found.passed
    assert found.sentence.endswith("0.800. 1 group has too few rows.")


def test_groups_inside_silos_are_neither_judged_nor_counted():
    inside = group("Female", 0.0, 40, silo="9E", positives=12)
    even = [*group("Female", 0.23, 1000), *group("Male", 0.25, 2000)]
    found = judge("four_fifths", AT, [*even, *inside, figure("rows", None, silo="9E")])
    assert found.passed
    assert found.sentence.endswith("needed at least 0.800.")


@given(
    st.tuples(RATES, st.integers(100, 500)),
    st.tuples(RATES, st.integers(100, 500)),
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


def test_three_groups_make_three_pairs():
    three = [*UNEVEN, *group("Other", 0.2, 500)]
    assert "95 % CI for 3 pairs of groups" in judge("four_fifths", AT, three).sentence


@pytest.mark.parametrize(
    ("figures", "says"),
    [
        (
            group("Female", 0.1, 1000),
            "no two groups of sex have positive rate at 0.5 and enough rows over all "
            "silos.",
        ),
        (
            [*group("Female", 0.0, 1000), *group("Male", 0.0, 2000)],
            "no row of any group of sex scores above 0.5, so there is no ratio.",
        ),
        ([], "no groups were evaluated."),
    ],
)
def test_what_can_not_be_computed_refuses(figures, says):
    found = judge("four_fifths", AT, figures)
    assert (found.passed, found.sentence) == (
        False,
        f"Not blessed: gate four_fifths could not be computed: {says}",
    )


def test_what_is_demanded_is_told_in_a_few_words():
    assert four_fifths.demand(FourFifths(threshold=0.25)) == (
        "positive rate at 0.25 of a group of each slice at least 0.8 times that of "
        "another, over all silos"
    )
