"""Choices that are known by hand, and how often a choice is wrong."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from components.payloads.benefit import ALONE, BASE, PERSONAL
from components.personal import choice


def made(rows=200, positives=60, seed=0, **better):
    """Return labels and scores; a model is right by so much more on average."""
    rng = np.random.default_rng(seed)
    labels = np.zeros(rows)
    labels[rng.permutation(rows)[:positives]] = 1
    side = np.where(labels == 1, 1.0, -1.0)
    logits = rng.normal(0, 1, rows) + side
    scores = {BASE: 1 / (1 + np.exp(-logits))}
    for name, by in better.items():
        own = logits + by * side + rng.normal(0, 0.1, rows)
        scores[name] = 1 / (1 + np.exp(-own))
    return labels, scores


def choose(labels, scores, groups=None, least_rows=0):
    """Return a choice; each row is a group of its own unless it is said."""
    each = np.arange(len(labels))
    return choice.choose(labels, scores, each if groups is None else groups, least_rows)


@pytest.mark.parametrize(
    ("better", "served"),
    [
        ({PERSONAL: 0.5, ALONE: 0.1}, PERSONAL),
        ({PERSONAL: 0.1, ALONE: 0.5}, ALONE),
        ({PERSONAL: -0.5, ALONE: -0.5}, BASE),
        ({PERSONAL: -0.1, ALONE: 0.5}, ALONE),
        ({PERSONAL: 0.5}, PERSONAL),
        ({ALONE: 0.5}, ALONE),
        ({}, BASE),
    ],
)
def test_what_is_surely_better_serves(better, served):
    assert choose(*made(**better)).served == served


def test_equal_models_leave_the_base_model():
    labels, scores = made()
    found = choose(labels, {**scores, PERSONAL: scores[BASE]})
    assert found.served == BASE
    assert found.falls == {PERSONAL: (0.0, 0.0, 0.0)}
    assert (
        found.reason
        == "none of its own is noticeably better on its 200 rows to choose by"
    )


def test_fall_is_the_paired_difference_with_few_degrees_of_freedom():
    labels = np.array([1, 1, 1, 0, 0, 0, 0, 0], float)
    base, own = np.full(8, 0.5), np.where(labels == 1, 0.8, 0.25)
    apart = np.where(labels == 1, math.log(0.8 / 0.5), math.log(0.75 / 0.5))
    half = scipy.stats.t.ppf(0.96, 2) * apart.std(ddof=1) / math.sqrt(8)
    expected = (apart.mean(), apart.mean() - half, apart.mean() + half)
    assert choice.fall(labels, base, own, np.arange(8), 0.04) == pytest.approx(expected)


def test_more_rows_would_make_the_same_fall_sure():
    labels, scores = made(rows=60, positives=20, seed=4, **{PERSONAL: 0.05})
    scores[PERSONAL] = scores[PERSONAL].clip(0.02, 0.98)
    found = choose(labels, scores)
    fall = found.falls[PERSONAL]
    assert found.served == BASE
    assert fall.low < 0 < fall.value
    needed = 60 * (((fall.value - fall.low) / fall.value) ** 2 - 1)
    said = re.fullmatch(
        "can't tell whether its personal model is better: about ([0-9,]+) more rows to "
        "choose by would settle it",
        found.reason,
    )
    assert said, found.reason
    assert int(said[1].replace(",", "")) == pytest.approx(needed, rel=0.1)


def test_what_only_many_times_its_rows_would_tell_is_no_difference():
    labels, scores = made(rows=60, positives=20, seed=4, **{PERSONAL: 0.03})
    scores[PERSONAL] = scores[PERSONAL].clip(0.02, 0.98)
    found = choose(labels, scores)
    assert found.falls[PERSONAL].value > 0
    assert found.reason.startswith("none of its own is noticeably better")


@pytest.mark.parametrize(
    ("rows", "positives", "reason"),
    [
        (0, 0, "it has no rows to choose by"),
        (1, 1, "can't tell: its 1 row to choose by have one label"),
        (50, 0, "can't tell: its 50 rows to choose by have one label"),
        (
            80,
            4,
            "can't tell: 4 of its 80 rows to choose by are of the rarer label, at "
            "least 10 are needed; about 120 more rows to choose by would settle it",
        ),
    ],
)
def test_with_too_few_rows_nobody_can_tell(rows, positives, reason):
    found = choose(*made(rows, positives, **{PERSONAL: 3.0, ALONE: 3.0}))
    assert (found.served, found.reason) == (BASE, reason)


def test_ten_rows_of_a_label_are_enough():
    assert choose(*made(80, 10, **{PERSONAL: 3.0})).served == PERSONAL
    assert choose(*made(80, 9, **{PERSONAL: 3.0})).served == BASE


@given(st.integers(0, 2**16), st.floats(-0.2, 0.2), st.floats(-0.2, 0.2))
def test_the_order_of_rows_does_not_matter(seed, personal, alone):
    labels, scores = made(seed=seed, **{PERSONAL: personal, ALONE: alone})
    order = np.random.default_rng(seed).permutation(len(labels))
    turned = {name: one[order] for name, one in scores.items()}
    assert choose(labels[order], turned).served == (choose(labels, scores).served)


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_models_that_are_no_better_serve_in_at_most_one_case_of_twenty(share):
    # Own models as good as the base in expectation: the same noise, drawn anew.
    rng, wrong, cases, rows = np.random.default_rng(11), 0, 1_500, 150
    for _ in range(cases):
        labels = (rng.random(rows) < share).astype(float)
        truth = np.log(share / (1 - share))
        scores = {
            name: 1 / (1 + np.exp(-(truth + rng.normal(0, 0.5, rows))))
            for name in (BASE, PERSONAL, ALONE)
        }
        wrong += choose(labels, scores).served != BASE
    # 0.05 and 2.3 standard errors of it.
    assert wrong / cases < 0.05 + 2.3 * math.sqrt(0.05 * 0.95 / cases)
    assert wrong > 0


def test_rows_that_repeat_are_no_further_observations():
    labels, scores = made(rows=120, positives=40, **{PERSONAL: 0.2})
    alone = choice.fall(labels, scores[BASE], scores[PERSONAL], np.arange(120), 0.04)
    four = {name: np.repeat(each, 4) for name, each in scores.items()}
    many, groups = np.repeat(labels, 4), np.repeat(np.arange(120), 4)
    again = choice.fall(many, four[BASE], four[PERSONAL], groups, 0.04)
    assert again.value == pytest.approx(alone.value)
    # The error is the same; of 40 or of 160 positives t differs little.
    assert again.low == pytest.approx(alone.low, rel=0.05)
    rows = choice.fall(many, four[BASE], four[PERSONAL], np.arange(480), 0.04)
    assert rows.low - rows.value == pytest.approx(
        (alone.low - alone.value) / 2, rel=0.1
    )


def test_one_group_can_not_tell():
    labels, scores = made(**{PERSONAL: 0.5})
    found = choose(labels, scores, np.zeros(200, np.int64))
    assert found.reason == (
        "can't tell: its 200 rows to choose by are all alike in rows.split_by"
    )
    assert (found.served, found.falls) == (BASE, {})


def test_days_that_are_alike_do_not_make_a_choice_sure():
    # Each day a model is better or worse on all its rows, by chance.
    rng, wrong, cases, days, rows = np.random.default_rng(5), 0, 400, 30, 40
    groups = np.repeat(np.arange(days), rows)
    for _ in range(cases):
        labels = (rng.random(days * rows) < 0.4).astype(float)
        side = np.where(labels == 1, 1.0, -1.0)
        shift = rng.normal(0, 0.3, days)[groups] * side
        scores = {
            BASE: 1 / (1 + np.exp(-shift / 2)),
            PERSONAL: 1 / (1 + np.exp(shift / 2)),
        }
        wrong += choose(labels, scores, groups).served != BASE
    assert wrong / cases < 0.05 + 2.3 * math.sqrt(0.05 * 0.95 / cases)
    assert wrong > 0


def test_fewer_rows_than_may_be_told_choose_nothing():
    labels, scores = made(rows=29, positives=14, **{PERSONAL: 3.0})
    found = choose(labels, scores, least_rows=30)
    assert (found.served, found.falls) == (BASE, {})
    assert found.reason == (
        "can't tell: it has 29 rows to choose by, at least 30 are needed; about 1 more "
        "row to choose by would settle it"
    )
