from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.fairness_evaluator.sketches import tally
from components.fairness_evaluator.sketches.tally import Tally

keys = st.lists(st.integers(0, 2**50) | st.integers(0, 9), max_size=40)


@given(st.lists(keys, max_size=6), st.sampled_from([0, 3, 10**6]))
def test_sums_by_key_are_those_of_a_plain_loop(batches, waiting):
    patch = pytest.MonkeyPatch()
    patch.setattr(tally, "MIN_WAITING", waiting)
    expected: dict[int, list[float]] = {}
    found = Tally(2)
    for number, batch in enumerate(batches):
        found.add(np.array(batch, np.int64), np.full((2, len(batch)), [[1], [number]]))
        for key in batch:
            rows, total = expected.setdefault(key, [0, 0])
            expected[key] = [rows + 1, total + number]
    patch.undo()
    read, sums = found.read()
    assert read.tolist() == sorted(expected)
    assert sums.T.tolist() == [expected[key] for key in sorted(expected)]


def test_reading_twice_changes_nothing():
    found = Tally(1)
    found.add(np.array([5, 5, 2]), np.ones((1, 3)))
    for _ in range(2):
        read, sums = found.read()
        assert (read.tolist(), sums.tolist()) == ([2, 5], [[1, 2]])


def test_few_large_keys_take_no_room_by_position():
    found = Tally(1)
    found.add(np.array([2**60, 1]), np.array([[3.0, 4.0]]))
    read, sums = found.read()
    assert (read.tolist(), sums.tolist()) == ([1, 2**60], [[4, 3]])


def test_rows_wait_for_as_many_as_there_are_keys(monkeypatch):
    monkeypatch.setattr(tally, "MIN_WAITING", 2)
    found = Tally(1)
    for start in range(0, 300, 3):
        found.add(np.arange(start, start + 3), np.ones((1, 3)))
        assert found._num_waiting <= max(2, len(found._keys))
