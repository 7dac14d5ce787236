from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.fairness_evaluator.figures import extremes
from components.scoring.intervals import Interval
from tests.components.fairness_evaluator.made_sketches import rate

VALUES = {
    "B": Interval(0.25, 0.125, 0.5),
    "A": Interval(0.75, 0.5, 0.875),
    "C": Interval(0.25, 0.0, 0.5),
}
rates = st.tuples(st.integers(0, 30), st.integers(30, 60))


def test_of_equal_ends_the_first_name_counts():
    assert extremes.ends(VALUES) == ("B", "A")


def test_the_gap_is_of_the_ends_and_names_them():
    gap, about = extremes.gap(VALUES)
    assert gap == pytest.approx((0.5, 0.5 - 2**0.5 / 4, 0.5 + (2 / 64) ** 0.5))
    assert about == "A (0.75) and B (0.25)"


def test_ends_that_two_digits_do_not_tell_apart_have_three():
    close = {"A": Interval(0.7512, 0.7, 0.8), "B": Interval(0.7469, 0.7, 0.8)}
    assert extremes.gap(close)[1] == "A (0.751) and B (0.747)"


def test_the_gap_may_be_wider_the_other_way_round():
    lopsided = {"few": Interval(1.0, 0.89, 1.0), "many": Interval(0.99, 0.988, 0.992)}
    gap, _ = extremes.gap(lopsided)
    assert gap == pytest.approx((0.01, 0.0, 0.1), abs=1e-4)


def test_one_alone_has_no_gap():
    assert extremes.gap({"A": VALUES["A"]}) == ((0, 0, 0), "")


@given(st.dictionaries(st.text(), rates, min_size=1))
def test_a_gap_is_never_negative_and_lies_in_its_interval(counts):
    values = {name: rate(*count) for name, count in counts.items()}
    gap, _ = extremes.gap(values)
    assert 0 <= gap.low <= gap.value <= gap.high
