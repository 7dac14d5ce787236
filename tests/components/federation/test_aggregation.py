"""Measures of silos' updates, against sums done by hand."""

from __future__ import annotations

import numpy as np
import pytest

from components.federation import aggregation

WEIGHTS = (np.zeros((), np.float32), np.zeros(2, np.float32))
OTHER = [np.zeros(3, np.float32)]  # metrics that stand beside the sums


def sums(update, weight):
    """Return what a silo sends: its update times its weight, and the weight."""
    parts = (np.float32(update[0]), np.array(update[1:], np.float32))
    scaled = [np.float32(weight) * part for part in parts]
    return [OTHER, scaled, [np.float32(weight)], OTHER]


def test_known_updates_give_known_norms_and_cosines():
    # Mean: (1 * [3, 0, 4] + 3 * [0, 0, 2] + 0 * [9, 9, 9]) / 4 = [.75, 0, 2.5]
    sent = [sums([3, 0, 4], 1), sums([0, 0, 2], 3), sums([9, 9, 9], 0)]
    updates, shares = aggregation.updates_of(sent, WEIGHTS)
    norms, cosines = aggregation.measure(updates, shares)
    # A silo of weight 0 sends zeros: nothing is known of its update.
    assert norms == pytest.approx([5, 2, 0])
    norm = (0.75**2 + 2.5**2) ** 0.5
    assert cosines == pytest.approx([12.25 / 5 / norm, 2.5 / norm, 0])


def test_updates_of_zero_have_no_direction():
    sent = [sums([0, 0, 0], 1)] * 3
    norms, cosines = aggregation.measure(*aggregation.updates_of(sent, WEIGHTS))
    assert (norms.tolist(), cosines.tolist()) == ([0, 0, 0], [0, 0, 0])


def test_what_is_no_weighted_sum_is_refused():
    lone = [OTHER, [np.float32(1)]]
    with pytest.raises(ValueError, match="found no update with its weight"):
        aggregation.updates_of([lone], WEIGHTS)


def test_stacked_updates_are_known_by_their_form():
    def stack(update, weight):
        rows = np.array([update], np.float32)
        return [OTHER, [rows, np.array([weight], np.float32)]]

    sent = [stack([3, 0, 4], 7), stack([9, 9, 9], 0)]
    updates, shares = aggregation.updates_of(sent, WEIGHTS)
    assert updates.tolist() == [[3, 0, 4], [0, 0, 0]]
    assert shares.tolist() == [7, 0]
