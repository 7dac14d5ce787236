from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from components.fairness_evaluator.figures import roc
from components.fairness_evaluator.gate_settings import Change
from components.fairness_evaluator.gates import silo_change
from components.fairness_evaluator.gates.bounds import widened
from components.fairness_evaluator.gates.earlier import Earlier
from components.scoring.intervals import Interval, Z
from tests.components.fairness_evaluator.gates.evidence import (
    EARLIER,
    evidence,
    figure,
    judge,
)


def models(name, now, before, low, high, **more):
    return [
        figure("rows", None, silo=name, **more),
        figure("auc", now, silo=name, **more),
        figure("auc", before, silo=name, model="baseline", **more),
        figure("auc", now - before, low, high, silo=name, model="change", **more),
    ]


F9 = models("F9", 0.671, 0.702, -0.044, -0.018)
AA = models("AA", 0.750, 0.740, -0.010, 0.030)
HA = models("HA", 0.300, 0.800, -0.6, -0.4, rows=50)  # too few rows


def test_a_silo_that_loses_refuses_in_the_words_of_the_issue():
    found = judge("silo_change", {"at_most_worse": 0.01}, F9, earlier=EARLIER)
    assert (found.passed, found.sentence) == (
        False,
        "Not blessed: silo F9 loses 0.031 AUC (0.702 to 0.671, 95 % CI of the change "
        "-0.044 to -0.018); allowed 0.010.",
    )
    assert found.way_out.startswith("Look at the page of silo F9:")


def test_of_many_silos_the_interval_is_widened_and_small_ones_are_counted():
    found = judge(
        "silo_change", {"at_most_worse": 0.01}, [*F9, *AA, *HA], earlier=EARLIER
    )
    # z for 2 is 2.2365: .013 x 1.1411 = .0148.
    assert found.sentence == (
        "Not blessed: silo F9 loses 0.031 AUC (0.702 to 0.671, 95 % CI of the change "
        "for 2 silos -0.046 to -0.016); allowed 0.010. Judged: 2 silos; 1 has too few "
        "rows or is left out."
    )


def test_losses_within_the_limit_pass():
    found = judge("silo_change", {"at_most_worse": 0.04}, [*F9, *AA], earlier=EARLIER)
    assert found.passed
    assert found.sentence.startswith("Closest of 2: silo F9 loses 0.031 AUC (0.702 to")


@pytest.mark.parametrize(
    ("refuse_if", "allowed", "passed"),
    [
        ("surely", 0.018, True),
        ("surely", 0.017, False),
        ("value", 0.031, True),
        ("value", 0.030, False),
        ("possibly", 0.044, True),
        ("possibly", 0.043, False),
    ],
)
def test_each_part_of_the_interval_can_be_asked(refuse_if, allowed, passed):
    settings = {"at_most_worse": allowed, "refuse_if": refuse_if}
    assert judge("silo_change", settings, F9, earlier=EARLIER).passed is passed


def test_without_a_baseline_it_passes_and_says_so():
    found = judge("silo_change", {"at_most_worse": 0.02}, F9[:2])
    assert (found.passed, found.sentence) == (
        True,
        "There is no earlier blessed model to compare with.",
    )


@pytest.mark.parametrize(
    ("figures", "says"),
    [
        (HA, "not one of 1 silo could be judged."),
        (F9[:2], "AUC of the model of 2013-04 has no value in silo F9."),
        (
            [*F9, *AA[:3]],
            "the change of AUC against the model of 2013-04 has no value in silo AA.",
        ),
    ],
)
def test_a_silo_that_can_not_be_compared_refuses(figures, says):
    found = judge("silo_change", {"at_most_worse": 0.9}, figures, earlier=EARLIER)
    assert (found.passed, found.sentence) == (
        False,
        f"Not blessed: gate silo_change could not be computed: {says}",
    )


def test_what_is_demanded_is_told_in_a_few_words():
    settings = Change(at_most_worse=0.05, metric="fpr", threshold=0.25)
    assert silo_change.demand(settings) == (
        "false positive rate at 0.25 of each judged silo at most 0.05 worse than the "
        "earlier blessed model"
    )


def test_a_model_whose_folder_is_gone_refuses():
    gone = Earlier("", "4f3a9c0de5b1a2c3", "/models/4", is_gone=True)
    found = judge("silo_change", {"at_most_worse": 0.9}, F9[:2], earlier=gone)
    assert not found.passed
    assert "the folder of the earlier blessed model (digest 4f3a9c" in found.sentence


def test_of_51_silos_without_a_loss_the_worst_is_rarely_refused_by_chance():
    """Each silo has 10 positives and 500 negatives; both models have an AUC of .6."""
    rng, silos = np.random.default_rng(6), 2_000
    labels = np.repeat([1, 0], [10, 500])
    distance = math.sqrt(2) * scipy.stats.norm.ppf(0.6)
    t = scipy.stats.t.ppf(0.975, 9)
    missed = {"t": 0, "normal": 0}
    for _ in range(silos):
        one, noise = rng.normal(size=(2, 510))
        both = one, 0.5 * one + math.sqrt(0.75) * noise
        first, second = (
            np.argsort(np.argsort(side + distance * labels)) for side in both
        )
        placed = [labels[np.argsort(bins)] for bins in (first, second)]  # one row each
        new, old = (roc.estimate(*roc.area(1 - side, side), 10, 500) for side in placed)
        shared = roc.correlation(first, second, labels)
        found = roc.difference(new, old, shared, 9)
        error = (found.high - found.value) / t
        normal = Interval(found.value, found.value - Z * error, found.value + Z * error)
        missed["t"] += widened(found, 51, freedom=9).high < 0
        missed["normal"] += widened(normal, 51).high < 0
    refused = {name: 1 - (1 - number / silos) ** 51 for name, number in missed.items()}
    assert refused["t"] <= 0.05
    assert refused["normal"] > 0.08


@given(st.permutations([*F9, *AA, *HA]))
def test_the_order_of_silos_does_not_matter(figures):
    settings = Change(at_most_worse=0.01)
    ordered = evidence([*F9, *AA, *HA], earlier=EARLIER)
    assert silo_change.judge(
        evidence(figures, earlier=EARLIER), settings
    ) == silo_change.judge(ordered, settings)
