from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.fairness_evaluator.figures import inequality
from components.fairness_evaluator.figures.inequality import Benefits

some = st.builds(Benefits, *(st.integers(0, 40) for _ in range(3))).filter(
    lambda benefits: benefits.rows > 0
)


def each(benefits):
    """Return the benefit of each row."""
    return np.repeat([0.0, 1.0, 2.0], benefits)


def theil_of(values):
    """Theil's index of rows, as LiFT has it: 0 ln 0 is 0."""
    shares = values / values.mean()
    return np.mean([share * math.log(share) if share else 0.0 for share in shares])


def test_four_rows_worked_by_hand():
    # Benefits 0, 1, 1, 2: the mean is 1, the squares 0, 1, 1, 4.
    benefits = Benefits(1, 2, 1)
    assert inequality.theil(benefits).value == pytest.approx(2 * math.log(2) / 4)
    assert inequality.generalized_entropy(benefits).value == pytest.approx(2 / 8)


@given(some)
def test_indices_equal_those_of_the_rows(benefits):
    theil = inequality.theil(benefits)
    entropy = inequality.generalized_entropy(benefits)
    values = each(benefits)
    if not values.any():
        assert theil is entropy is None
        return
    assert theil.value == pytest.approx(theil_of(values), abs=1e-9)
    expected = np.mean((values / values.mean()) ** 2 - 1) / 2
    assert entropy.value == pytest.approx(expected, abs=1e-9)
    for found in (theil, entropy):
        assert 0 <= found.low <= found.value <= found.high


@given(st.lists(some, min_size=1, max_size=5))
def test_theil_s_parts_between_and_within_groups_make_the_whole(groups):
    rows = [each(group) for group in groups]
    everybody = np.concatenate(rows)
    between = inequality.between_groups_theil(groups)
    if not everybody.any():
        assert between is None
        return
    means = np.concatenate([np.full(len(part), part.mean()) for part in rows])
    assert between == pytest.approx(theil_of(means), abs=1e-9)
    within = sum(
        part.sum() / everybody.sum() * theil_of(part) for part in rows if part.any()
    )
    assert between + within == pytest.approx(theil_of(everybody), abs=1e-9)


@pytest.mark.parametrize(
    "index", [inequality.theil, inequality.generalized_entropy], ids=["theil", "ge"]
)
def test_19_of_20_intervals_hold_the_true_index(index):
    shares = [0.08, 0.85, 0.07]
    true = index(Benefits(*(int(share * 10_000) for share in shares))).value
    drawn = np.random.default_rng(11).multinomial(300, shares, 1000).tolist()
    found = [index(Benefits(*counts)) for counts in drawn]
    assert np.mean([one.low <= true <= one.high for one in found]) >= 0.93


def test_gini_worked_by_hand():
    # Mean absolute difference of all 9 pairs of 1, 2, 6: 20 / 9; twice the mean: 6.
    assert inequality.gini([2, 6, 1]) == pytest.approx(20 / 9 / 6)
    assert inequality.gini([0.7]) == 0
    assert inequality.gini([0, 0]) is None


@given(st.lists(st.floats(0.01, 1), min_size=1, max_size=20), st.floats(0.1, 9))
def test_gini_is_half_the_relative_mean_difference_whatever_the_unit(values, unit):
    values = np.array(values)
    pairs = np.abs(values[:, None] - values).mean()
    found = inequality.gini(list(values))
    assert found == pytest.approx(pairs / 2 / values.mean(), abs=1e-9)
    assert inequality.gini(list(values * unit)) == pytest.approx(found, abs=1e-9)
