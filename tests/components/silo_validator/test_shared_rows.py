"""Shares of rows that silos have in common, against counts of the rows themselves."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.silo_validator import row_sketches, shared_rows
from components.silo_validator.row_sketches import Sketch

KEY = bytes(range(16))


def sketches(**rows):
    """Return a single sketch of each silo, of rows that are given by numbers."""
    return {
        silo: [row_sketches.sketch(np.array(own, np.uint64), KEY)]
        for silo, own in rows.items()
    }


def test_shares_of_small_silos_are_exact_and_of_unequal_sizes():
    found = shared_rows.shares(
        sketches(a=range(100), b=range(80, 280), c=range(270, 1000))
    )
    assert found == {"a": {"b": 0.2}, "b": {"a": 0.1, "c": 0.05}, "c": {}}


@given(
    own=st.integers(200, 30_000),
    other=st.integers(200, 30_000),
    share=st.floats(0, 1),
    seed=st.integers(0, 2**32),
)
def test_a_known_overlap_is_estimated_within_its_error(own, other, share, seed):
    """At the coarser scale, of silos of any sizes; within five standard errors."""
    common = min(round(share * own), other)
    start = np.uint64(seed) << np.uint64(24)
    first = start + np.arange(own, dtype=np.uint64)
    second = start + np.arange(own - common, own - common + other, dtype=np.uint64)
    held = sketches(a=first, b=second)
    found = shared_rows.shares(held)
    for silo, its, rows in (("a", "b", own), ("b", "a", other)):
        truth, number = common / rows, held[silo][0].count(held[its][0].scale)
        error = 5 * math.sqrt(truth * (1 - truth) / number) + 5 / number
        if its in found[silo]:
            assert found[silo][its] == pytest.approx(truth, abs=error)
        else:
            assert truth < shared_rows.LEAST_SHARE + error
    if common == own == other:
        assert found == {"a": {"b": 1.0}, "b": {"a": 1.0}}


@given(st.lists(st.sets(st.integers(0, 60), min_size=20), min_size=2, max_size=6))
def test_all_pairs_are_counted_as_a_loop_over_them_counts(sets):
    held = {str(i): sorted(own) for i, own in enumerate(sets)}
    expected = {
        one: {
            other: len({*rows} & {*theirs}) / len(rows)
            for other, theirs in held.items()
            if other != one and len({*rows} & {*theirs}) >= max(5, 0.05 * len(rows))
        }
        for one, rows in held.items()
    }
    assert shared_rows.shares(sketches(**held)) == expected


def test_rows_that_agree_by_chance_are_not_shared():
    """As often as rows repeat inside a silo, or half as often again."""
    own = np.arange(1000, dtype=np.uint64)
    digests = np.sort(own << np.uint64(40))

    def of(distinct, usual=1.0):
        return shared_rows.shares(
            {
                "a": [Sketch(1.0, 0, digests)],
                "b": [Sketch(distinct, 0, digests[900:])],
                "c": [Sketch(usual, 0, digests[:0])],
            }
        )

    assert of(1.0) == {"a": {"b": 0.1}, "b": {"a": 1.0}, "c": {}}
    assert of(0.96) == {"a": {}, "b": {"a": 1.0}, "c": {}}
    assert of(0.98, usual=0.98) == {"a": {}, "b": {}, "c": {}}, "few of any silo differ"


def test_the_largest_share_of_all_subsets_of_columns_counts():
    whole, part = (sketches(a=range(100), b=range(n, 200))["b"] for n in (90, 40))
    own = sketches(a=range(100))["a"]
    found = shared_rows.shares({"a": own * 3, "b": [*whole, *part, *whole]})
    assert found["a"] == {"b": 0.6}


def test_where_many_silos_hold_the_same_rows_each_is_compared_with_all():
    found = shared_rows.shares(sketches(**{f"{i:03d}": range(50) for i in range(90)}))
    assert {len(others) for others in found.values()} == {89}
    assert {share for others in found.values() for share in others.values()} == {1.0}


def test_no_silo_and_silos_without_digests_share_nothing():
    assert shared_rows.shares({}) == {}
    empty = [Sketch(0.2, 0, np.array([], np.uint64))]
    assert shared_rows.shares({"a": empty, "b": empty}) == {"a": {}, "b": {}}
