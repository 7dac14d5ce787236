"""Numbers that differ never read alike, and long names stay short."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.fairness_evaluator.gates import wording


@pytest.mark.parametrize(
    ("value", "beside", "text"),
    [
        (0.1234, [], "0.123"),
        (-0.0001, [], "0.000"),
        (-0.0005, [], "-0.001"),
        (0.69996, [0.7], "0.69996"),
        (0.6998, [0.7], "0.6998"),
        (0.65, [0.7], "0.650"),
        (0.7, [0.7], "0.700"),  # the same, so it may read the same
        (0.1 + 0.2, [0.3], "0.300"),  # as above, for a bound
        (0.699999998, [0.7], "0.699999998"),
        (-0.0007, [-0.0006], "-0.0007"),
        (0.0004, [0.0, 0.0002], "0.0004"),
    ],
)
def test_numbers_have_three_decimals_or_as_many_as_tell_them_apart(value, beside, text):
    assert wording.number(value, *beside) == text


@given(st.floats(-1, 1), st.floats(-1, 1))
def test_what_lies_beyond_a_bound_reads_so(value, bound):
    if abs(value - bound) > 1e-9:
        assert wording.number(value, bound) != wording.number(bound)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.7, "0.700"), (0.0, "0.000"), (0.0006, "0.0006"), (0.1234, "0.1234")],
)
def test_a_bound_is_told_as_it_was_set(value, text):
    assert wording.bound(value) == text


def test_names_stay_on_one_line_and_short():
    assert wording.name("a\n  b") == "a b"
    assert wording.name("x" * 200) == "x" * 59 + "…"
    assert wording.listed(["A", "B"]) == "A, B"
    assert wording.listed(list("ABCDEFG")) == "A, B, C, D, E and 2 more"
