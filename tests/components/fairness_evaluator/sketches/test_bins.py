from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from components.fairness_evaluator.sketches import bins
from components.scoring import roc


def of_rows(scores, labels, least=5, most=1_000):
    order = np.argsort(scores, kind="stable")
    return bins.make(bins.place(scores[order]), labels[order], least, most)


@given(st.lists(st.floats(0, 1, width=32), min_size=2, max_size=60))
def test_places_rise_with_scores_and_tell_them_apart(scores):
    scores = np.array(sorted(scores))
    places = bins.place(scores)
    assert (np.diff(places) >= 0).all()
    assert ((np.diff(places) == 0) == (np.diff(scores) == 0)).all()


@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 1)), min_size=1),
    st.integers(1, 9),
    st.integers(1, 30),
)
def test_each_bin_has_rows_enough_and_the_bins_are_of_all_rows(rows, least, most):
    scores, labels = np.array(rows).T
    found = of_rows(scores / 20, labels, least, most)
    start, stop, negatives, positives, ordered = found
    assert (start < stop).all()
    assert (start[1:] >= stop[:-1]).all()
    sizes = negatives + positives
    assert sizes.min() >= min(least, len(rows))
    assert sizes.sum() == len(rows)
    assert positives.sum() == labels.sum()
    assert (ordered <= 2 * negatives * positives).all()
    # One bin of all rows has the pairs of their AUC.
    (whole,) = of_rows(scores / 20, labels, len(rows), 1)[4:]
    if 0 < labels.sum() < len(rows):
        pairs = 2 * labels.sum() * (len(rows) - labels.sum())
        assert whole[0] / pairs == pytest.approx(metrics.roc_auc_score(labels, scores))


def test_a_bin_tells_no_row_s_score_unless_all_have_the_same():
    rng = np.random.default_rng(0)
    scores = rng.beta(1.5, 3, 400)
    found = of_rows(scores, rng.integers(0, 2, 400))
    places = set(bins.place(scores).tolist())
    ends = {*found[0].tolist(), *(found[1] - 1).tolist()}
    assert len(places & ends) < 5  # where two rows lie next to each other
    tied = of_rows(np.full(30, 0.25), rng.integers(0, 2, 30))
    (place,) = bins.place(np.array([0.25]))
    assert tied[:2, 0].tolist() == [place, place + 1]


def silos(rng, count, rows, shift):
    """Yield labels and scores of silos that are not alike."""
    for _ in range(count):
        labels = (rng.random(rows) < 0.25).astype(int)
        logit = rng.normal(labels + shift * rng.normal(), 1) - 2
        yield labels, 1 / (1 + np.exp(-logit))


@pytest.mark.parametrize(
    ("count", "rows", "shift"), [(300, 60, 0.3), (60, 200, 1.0), (16, 1500, 0.3)]
)
def test_the_auc_over_silos_is_off_by_less_than_5e_4(count, rows, shift):
    parts = list(silos(np.random.default_rng(1), count, rows, shift))
    labels, scores = (np.concatenate(each) for each in zip(*parts, strict=True))
    found = np.concatenate([of_rows(s, y) for y, s in parts], axis=1)
    value, _ = roc.area(*bins.spread(found))
    expected = metrics.roc_auc_score(labels, scores)
    assert value == pytest.approx(expected, abs=5e-4)


def test_spread_rows_are_all_there_whatever_the_ranges():
    rng = np.random.default_rng(2)
    parts = [of_rows(np.round(s, 2), y) for y, s in silos(rng, 20, 90, 1.0)]
    found = np.concatenate(parts, axis=1)
    for side, counts in zip(bins.spread(found), found[2:4], strict=True):
        assert side.min() >= 0
        assert side.sum() == pytest.approx(counts.sum())


def test_single_scores_of_several_silos_are_made_into_bins_with_rows_enough():
    rng = np.random.default_rng(3)
    parts = list(silos(rng, 60, 7, 0.3))
    labels, scores = (np.concatenate(each) for each in zip(*parts, strict=True))
    large = of_rows(scores[:90], labels[:90])
    together = np.concatenate(
        [large, *(of_rows(s, y, least=1) for y, s in parts)], axis=1
    )
    found = bins.pooled(together, 5, 1_000)
    assert (found[2:4].sum(axis=0) >= 5).all()
    assert found[2:4].sum(axis=1).tolist() == together[2:4].sum(axis=1).tolist()
    of_small = found[:, large.shape[1] :]
    assert of_small.tolist() == of_rows(scores, labels).tolist()
    assert bins.pooled(large, 5, 1_000) is large


@pytest.mark.parametrize(("count", "rows"), [(16, 15), (8, 29), (60, 4)])
def test_the_auc_over_parts_of_few_rows_is_off_by_less_than_5e_4(count, rows):
    """Added up score by score they lose nothing that bins in each silo would lose."""
    parts = list(silos(np.random.default_rng(4), count, rows, 0.3))
    labels, scores = (np.concatenate(each) for each in zip(*parts, strict=True))
    found = np.concatenate([of_rows(s, y, least=1) for y, s in parts], axis=1)
    value, _ = roc.area(*bins.spread(bins.pooled(found, 5, 1_000)))
    assert value == pytest.approx(metrics.roc_auc_score(labels, scores), abs=5e-4)


def test_a_range_of_few_rows_stays_as_it_is():
    places = bins.place(np.array([0.1, 0.2, 0.3]))
    wide = bins.make(places, np.array([0, 1, 0]), 5, 1_000)
    assert wide.shape[1] == 1
    assert bins.pooled(wide, 5, 1_000) is wide
