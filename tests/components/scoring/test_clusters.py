"""The design effect, by hand and by its bounds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.scoring.clusters import design_effect


def test_it_is_known_by_hand():
    # Mean 2, differences -2 0 -1 3; sums of groups -2 and 2.
    values, groups = np.array([0.0, 2, 1, 5]), np.array([0, 0, 1, 1])
    expected = (2 / 1 * (4 + 4)) / (4 / 3 * (4 + 0 + 1 + 9))
    assert expected < 1
    assert design_effect(values, groups) == 1
    turned = np.array([0, 1, 0, 1])  # sums -3 and 3
    assert design_effect(values, turned) == pytest.approx(
        (2 / 1 * (9 + 9)) / (4 / 3 * 14)
    )


@given(st.lists(st.floats(-9, 9), min_size=2, max_size=30))
def test_it_is_one_for_rows_by_themselves_and_their_number_for_copies(numbers):
    values = np.array(numbers)
    assert design_effect(values, np.arange(len(values))) == pytest.approx(1)
    if values.std() > 1e-3:
        many, groups = np.repeat(values, 5), np.repeat(np.arange(len(values)), 5)
        rows, copies = len(values), 5 * len(values)
        expected = 5 * (rows / (rows - 1)) / (copies / (copies - 1))
        assert design_effect(many, groups) == pytest.approx(expected)


def test_values_that_are_all_the_same_have_no_error():
    assert design_effect(np.ones(4), np.array([0, 0, 1, 1])) == 1
