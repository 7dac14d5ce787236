"""Robust aggregations of stacked updates: what moves them and what does not."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from components.federation import robust
from components.federation.plan import Aggregation

WIDTH = 3
NAMES = ["median", "trimmed_mean", "geometric_median", "multi_krum"]
each = pytest.mark.parametrize("name", NAMES)
seeds = st.integers(0, 2**32 - 1)
bad_counts = st.integers(1, 3)
SHAPES = [tf.TensorSpec([None, WIDTH]), tf.TensorSpec([None])]


@functools.cache
def compiled(name, bad_silos):
    # Settings refuse `bad_silos` of those that have no use for it.
    values = {"name": name, "bad_silos": bad_silos}
    chosen = Aggregation().model_copy(update=values)
    return tf.function(functools.partial(robust.aggregate, chosen), SHAPES)


def aggregate(name, updates, weights=None, bad_silos=1):
    weights = np.ones(len(updates)) if weights is None else weights
    found = compiled(name, bad_silos)(np.float32(updates), np.float32(weights))
    return np.float64(found)


def drawn(seed, num_silos):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(num_silos, WIDTH)), rng.uniform(0.5, 2, num_silos)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("median", [3, 0, 1]),
        ("trimmed_mean", [2.6, 0.8, 2]),  # of the 5 in the middle
        ("multi_krum", [2.25, 0, 0.5]),
    ],
)
def test_updates_give_what_is_reckoned_by_hand(name, expected):
    updates = [
        [1, 0, 0],
        [2, 0, 0],
        [3, 0, 1],
        [3, 0, 1],
        [4, 2, 4],
        [5, 2, 4],
        [-90, 99, 99],
    ]
    # The scores of Multi-Krum are 40, 29, 21, 21, 53, 64 and far more.
    found = aggregate(name, updates)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_geometric_median_of_a_triangle_is_the_point_that_sees_its_sides_alike():
    corners = np.array([[0, 0, 0], [4, 0, 0], [1, 3, 0]])
    found = aggregate("geometric_median", corners)
    directions = corners - found
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    cosines = (directions @ directions.T)[np.triu_indices(3, 1)]
    np.testing.assert_allclose(cosines, -0.5, atol=1e-5)


def test_geometric_median_is_the_update_with_half_of_the_weight():
    updates, _ = drawn(1, 5)
    found = aggregate("geometric_median", updates, [1, 1, 6, 1, 1])
    np.testing.assert_allclose(found, updates[2], atol=1e-5)


@each
@given(seed=seeds, num_silos=st.integers(5, 12))  # fewer may tie in Multi-Krum
def test_order_of_silos_changes_nothing(name, seed, num_silos):
    updates, weights = drawn(seed, num_silos)
    order = np.random.default_rng(seed).permutation(num_silos)
    one, other = (
        aggregate(name, updates[chosen], weights[chosen])
        for chosen in (np.arange(num_silos), order)
    )
    np.testing.assert_allclose(one, other, atol=1e-5)


@each
@given(seed=seeds, num_silos=st.integers(1, 12))
def test_equal_updates_stay_as_they_are(name, seed, num_silos):
    updates, weights = drawn(seed, num_silos)
    found = aggregate(name, np.repeat(updates[:1], num_silos, 0), weights)
    np.testing.assert_allclose(found, updates[0], rtol=1e-6)


@each
@given(
    seed=seeds,
    num_silos=st.integers(1, 12),
    by=st.floats(0.1, 100),
    moved=st.floats(-10, 10),
)
def test_result_is_scaled_and_moved_as_the_updates_are(
    name, seed, num_silos, by, moved
):
    updates, weights = drawn(seed, num_silos)
    found = aggregate(name, updates * by + moved, weights)
    expected = aggregate(name, updates, weights) * by + moved
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5 * by + 1e-5)


def attacked(seed, honest, bad, size):
    """Return honest updates, and all of them, the last of which are bad and far."""
    updates, _ = drawn(seed, honest)
    direction = np.random.default_rng(seed + 1).normal(size=WIDTH)
    far = np.float64(size) * direction / np.linalg.norm(direction)
    return updates, np.concatenate([updates, np.repeat(far[np.newaxis], bad, 0)])


@pytest.mark.parametrize("name", ["median", "trimmed_mean", "multi_krum"])
@given(seed=seeds, bad=bad_counts, more=st.integers(0, 4), size=st.floats(0, 1e37))
def test_bad_silos_do_not_leave_the_range_of_the_honest_ones(
    name, seed, bad, more, size
):
    honest = bad + (3 if name == "multi_krum" else 1) + more
    if name == "multi_krum":  # near ones may be among the chosen
        size += 1e3
    updates, everything = attacked(seed, honest, bad, size)
    found = aggregate(name, everything, bad_silos=bad)
    assert (found <= updates.max(axis=0) + 1e-5).all()
    assert (found >= updates.min(axis=0) - 1e-5).all()


@given(seed=seeds, bad=bad_counts, more=st.integers(0, 4), size=st.floats(0, 1e37))
def test_bad_silos_move_the_geometric_median_by_no_more_than_its_bound(
    seed, bad, more, size
):
    # Minsker (2015), Lemma 2.1, of points within r of a centre, with less than half
    # of the weight elsewhere.
    updates, everything = attacked(seed, bad + 1 + more, bad, size)
    share = bad / len(everything)
    centre = updates.mean(axis=0)
    radius = np.linalg.norm(updates - centre, axis=1).max()
    found = aggregate("geometric_median", everything)
    bound = radius * (1 - share) / np.sqrt(1 - 2 * share)
    assert np.linalg.norm(found - centre) <= bound * (1 + 1e-5)


@pytest.mark.parametrize(
    ("name", "honest", "bad", "expected"),
    [
        ("median", 3, 4, 1),
        ("trimmed_mean", 5, 2, 1 / 5),  # one is cut off
        ("geometric_median", 3, 4, 1),
        ("multi_krum", 2, 4, 1),
    ],
)
@given(seed=seeds, size=st.floats(1e3, 1e30))
def test_more_bad_silos_than_the_bound_lead_astray(
    name, honest, bad, expected, seed, size
):
    _, everything = attacked(seed, honest, bad, size)
    found = aggregate(name, everything, bad_silos=1)
    assert np.linalg.norm(found) == pytest.approx(size * expected, rel=0.01)


@each
def test_silos_without_rows_do_not_count(name):
    updates, weights = drawn(4, 7)
    empty = [0, 5]
    weights[empty] = 0
    found = aggregate(name, updates, weights)
    expected = aggregate(name, np.delete(updates, empty, 0), np.delete(weights, empty))
    np.testing.assert_array_equal(found, expected)
    assert aggregate(name, updates, weights * 0).tolist() == [0] * WIDTH


@each
@pytest.mark.parametrize("num_silos", [1, 2, 3])
def test_too_few_silos_for_the_bad_ones_give_numbers_all_the_same(name, num_silos):
    updates, weights = drawn(5, num_silos)
    assert np.isfinite(aggregate(name, updates, weights, bad_silos=9)).all()


def test_mean_is_no_stacked_aggregation():
    with pytest.raises(ValueError, match="found mean, expected one that stacks"):
        aggregate("mean", [[1, 2, 3]])
