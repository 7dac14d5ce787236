from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.fairness_evaluator.figures import found
from components.scoring.intervals import Interval
from tests.components.fairness_evaluator.made_cells import rate

VALUES = {
    "B": Interval(0.25, 0.125, 0.5),
    "A": Interval(0.75, 0.5, 0.875),
    "C": Interval(0.25, 0.0, 0.5),
}
rates = st.tuples(st.integers(0, 30), st.integers(30, 60))


def test_the_gap_is_of_the_ends_and_names_them_the_first_of_equal_ones():
    gap, about = found.gap(VALUES)
    assert gap == pytest.approx((0.5, 0.5 - 2**0.5 / 4, 0.5 + (2 / 64) ** 0.5))
    assert about == "A (0.75) and B (0.25)"
    assert found.gap({"A": VALUES["A"]}) == ((0, 0, 0), "")


def test_ends_that_two_digits_do_not_tell_apart_have_three():
    close = {"A": Interval(0.7512, 0.7, 0.8), "B": Interval(0.7469, 0.7, 0.8)}
    assert found.gap(close)[1] == "A (0.751) and B (0.747)"


def test_the_gap_may_be_wider_the_other_way_round():
    lopsided = {"few": Interval(1.0, 0.89, 1.0), "many": Interval(0.99, 0.988, 0.992)}
    gap, _ = found.gap(lopsided)
    assert gap == pytest.approx((0.01, 0.0, 0.1), abs=1e-4)


@given(st.dictionaries(st.text(), rates, min_size=1))
def test_a_gap_is_never_negative_and_lies_in_its_interval(counts):
    values = {name: rate(*count) for name, count in counts.items()}
    gap, _ = found.gap(values)
    assert 0 <= gap.low <= gap.value <= gap.high
