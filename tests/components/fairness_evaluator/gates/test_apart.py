"""The pair that is chosen is the one that a walk over all pairs chooses."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.fairness_evaluator.gates.apart import farthest, num_pairs
from components.fairness_evaluator.gates.bounds import Bound, widened
from components.scoring.intervals import Interval, difference

SHARES = st.floats(0, 1)
FIGURES = st.lists(
    st.tuples(SHARES, SHARES, SHARES).map(
        lambda parts: Interval(parts[0], parts[0] * parts[1], max(parts[0], parts[2]))
    ),
    min_size=2,
    max_size=6,
).map(lambda intervals: {f"silo {at}": each for at, each in enumerate(intervals)})


@given(FIGURES, st.sampled_from(["surely", "value", "possibly"]))
def test_no_other_pair_is_farther_apart_by_the_end_that_counts(figures, refuse_if):
    bound = Bound(0.0, False, refuse_if)
    number = num_pairs(len(figures))
    found = farthest(figures, number, refuse_if)
    assert figures[found.high].value >= figures[found.low].value
    # Uncut, as a lower end below 0 says how far it is from telling anything.
    margins = [
        bound.margin(widened(difference(one, other), number))
        for one, other in itertools.permutations(figures.values(), 2)
        if one.value >= other.value or refuse_if == "possibly"
    ]
    chosen = widened(difference(figures[found.high], figures[found.low]), number)
    if refuse_if == "possibly":
        assert max(chosen.high, -chosen.low) == pytest.approx(-min(margins))
    else:
        assert bound.margin(chosen) == pytest.approx(min(margins))
    assert (found.gap.low, found.gap.high) == (
        max(0.0, chosen.low),
        min(1.0, max(chosen.high, -chosen.low)),
    )


def test_the_lower_of_two_may_possibly_lie_far_above_or_below():
    """An AUC of 1 from 10 positives, beside 0.99 from thousands."""
    figures = {"few": Interval(1.0, 0.89, 1.0), "many": Interval(0.99, 0.988, 0.992)}
    found = farthest(figures, 1, "possibly")
    assert (found.high, found.low) == ("few", "many")
    # Below: hypot(.11, .002) - .01.
    assert found.gap == pytest.approx((0.01, 0.0, 0.1000), abs=1e-4)


def test_a_pair_that_possibly_lies_apart_the_other_way_round_is_found():
    figures = {
        "few": Interval(1.0, 0.8, 1.0),
        "many": Interval(0.99, 0.98, 0.995),
        "poor": Interval(0.94, 0.93, 0.95),
    }
    found = farthest(figures, 1, "possibly")
    assert (found.high, found.low) == ("few", "many")
    assert farthest(figures, 1, "value").low == "poor"


def test_thousands_of_silos_are_compared_at_once():
    values = np.random.default_rng(1).normal(0.7, 0.01, 2_410)
    figures = {f"S{at}": Interval(v, v - 0.05, v + 0.05) for at, v in enumerate(values)}
    figures["worst"] = Interval(0.3, 0.29, 0.31)
    found = farthest(figures, num_pairs(len(figures)), "surely")
    assert (found.low, found.high) == ("worst", f"S{int(np.argmax(values))}")


def test_two_make_one_pair_and_51_make_1275():
    assert (num_pairs(2), num_pairs(51)) == (1, 1275)
