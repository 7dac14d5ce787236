"""Which pass is kept, on scores that are known by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.personal import stopping
from components.scoring.losses import losses

LABELS = np.array([1.0, 0.0, 1.0, 0.0, 1.0])


def weights(number):
    return (np.full(2, number, np.float32),)


def stop(scores, labels=LABELS, first=0, groups=None):
    """Stop a training whose pass `i` gives the scores `scores[i]`."""
    by_pass = [np.asarray(one, float) for one in scores]
    return stopping.best_pass(
        (weights(number) for number in range(len(scores))),
        lambda found: by_pass[int(found[0][0])],
        labels,
        np.arange(len(labels)) if groups is None else groups,
        first,
    )


def certain(*places):
    """Return scores that are right at some places and even at the others."""
    scores = np.full(len(LABELS), 0.5)
    for place in places:
        scores[place] = 0.9 if LABELS[place] else 0.1
    return scores


def test_halves_pick_passes_for_each_other_and_all_rows_the_one_that_serves():
    # Pass 1 is best on rows of even place, pass 2 on those of odd place.
    found = stop([certain(), certain(0, 2, 4), certain(1, 3)])
    assert found.passes == 1
    np.testing.assert_array_equal(found.weights, weights(1))
    # Rows of even place are scored by pass 2, the others by pass 1: none is right.
    np.testing.assert_array_equal(found.scores, certain())


def test_pass_0_is_kept_where_training_makes_it_worse():
    found = stop([certain(0, 1), 1 - certain(0, 1, 2)])
    assert (found.passes, found.diverged) == (0, 0)
    assert stop([certain(0), certain()], first=1).passes == 1


def test_the_earliest_of_equal_passes_is_kept():
    assert stop([certain(), certain(0, 1), certain(0, 1)]).passes == 1


@given(st.data())
def test_no_row_takes_part_in_picking_the_pass_that_scores_it(data):
    rows, passes = data.draw(st.integers(2, 12)), data.draw(st.integers(1, 6))
    draw = np.random.default_rng(data.draw(st.integers(0, 2**16)))
    labels = draw.integers(0, 2, rows).astype(float)
    scores = draw.random((passes, rows))
    place = data.draw(st.integers(0, rows - 1))
    changed, changed_labels = scores.copy(), labels.copy()
    changed[:, place] = draw.random(passes)
    changed_labels[place] = 1 - labels[place]
    before = stop(scores, labels)
    after = stop(changed, changed_labels)
    same_half = np.arange(rows) % 2 == place % 2
    picked = [
        np.flatnonzero(one[:, place] == kept.scores[place])
        for one, kept in ((scores, before), (changed, after))
    ]
    assert picked[0].tolist() == picked[1].tolist()
    others = same_half & (np.arange(rows) != place)
    np.testing.assert_array_equal(before.scores[others], after.scores[others])


@given(st.integers(1, 9), st.integers(2, 40), st.integers(0, 2**16))
def test_kept_pass_has_the_least_log_loss_of_all(passes, rows, seed):
    draw = np.random.default_rng(seed)
    labels = draw.integers(0, 2, rows).astype(float)
    scores = draw.random((passes, rows))
    found = stop(scores, labels)
    means = [losses(labels, one)["log_loss"].mean() for one in scores]
    assert means[found.passes] == pytest.approx(min(means))


def test_a_pass_that_is_not_finite_ends_the_training():
    bad = certain(0).copy()
    bad[3] = np.nan
    found = stop([certain(), certain(0), bad, certain(0, 1, 2, 3, 4)])
    assert (found.passes, found.diverged) == (1, 2)
    assert stop([bad, certain(0)]) is None

    infinite = [(np.array([np.inf], np.float32),)]
    assert (
        stopping.best_pass(infinite, lambda _: certain(), LABELS, np.arange(5), 1)
        is None
    )


def test_without_rows_to_choose_by_the_last_pass_is_kept():
    found = stop([np.zeros(0)] * 3, np.zeros(0), first=1)
    assert (found.passes, len(found.scores)) == (3, 0)
    assert stop([certain()[:1], certain(0)[:1]], LABELS[:1]).passes == 1


def test_rows_of_one_group_pick_together():
    groups = np.array([0, 0, 0, 1, 1])
    found = stop([certain(), certain(0, 1, 2), certain(3, 4)], groups=groups)
    # Rows of group 0 pick pass 1, which counts for group 1, and the reverse.
    assert found.scores.tolist() == [0.5] * 5
