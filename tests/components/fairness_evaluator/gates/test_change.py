from __future__ import annotations

import pytest

from components.fairness_evaluator.gate_settings import Change
from components.fairness_evaluator.gates import change
from tests.components.fairness_evaluator.gates.evidence import figure, judge


def models(now, before, low=None, high=None, *, metric="auc", rows=500, **more):
    return [
        figure(metric, now, **more),
        figure(metric, before, model="baseline", rows=rows, **more),
        figure(metric, now - before, low, high, model="change", **more),
    ]


LOST = models(0.701, 0.724, -0.031, -0.015)


def test_a_loss_that_chance_does_not_explain_refuses():
    found = judge("change", {"at_most_worse": 0.01}, LOST, has_baseline=True)
    assert (found.passed, found.sentence) == (
        False,
        "Not blessed: the federation loses 0.023 AUC (0.724 to 0.701, 95 % CI of the "
        "change -0.031 to -0.015); allowed 0.010.",
    )
    assert found.way_out.startswith("Compare this run with that of the model in serv")


@pytest.mark.parametrize(
    ("figures", "says"),
    [
        (
            models(0.720, 0.724, -0.010, 0.002),
            "The federation loses 0.004 AUC (0.724 to 0.720, 95 % CI of the change "
            "-0.010 to 0.002); allowed 0.020.",
        ),
        (
            models(0.730, 0.724, 0.001, 0.011),
            "The federation gains 0.006 AUC (0.724 to 0.730, 95 % CI of the change "
            "0.001 to 0.011); allowed 0.020.",
        ),
    ],
)
def test_a_small_loss_and_a_gain_pass(figures, says):
    found = judge("change", {"at_most_worse": 0.02}, figures, has_baseline=True)
    assert (found.passed, found.sentence) == (True, says)


@pytest.mark.parametrize(
    ("refuse_if", "allowed", "passed"),
    [
        ("surely", 0.015, True),
        ("surely", 0.014, False),
        ("value", 0.023, True),
        ("value", 0.022, False),
        ("possibly", 0.031, True),
        ("possibly", 0.030, False),
    ],
)
def test_each_part_of_the_interval_can_be_asked(refuse_if, allowed, passed):
    settings = {"at_most_worse": allowed, "refuse_if": refuse_if}
    assert judge("change", settings, LOST, has_baseline=True).passed is passed


def test_where_lower_is_better_a_rise_is_the_loss():
    worse = models(0.45, 0.40, 0.03, 0.07, metric="log_loss")
    settings = {"at_most_worse": 0.02, "metric": "log_loss"}
    assert judge("change", settings, worse, has_baseline=True).sentence == (
        "Not blessed: the log loss of the federation rises by 0.050 (0.400 to 0.450, "
        "95 % CI of the change 0.030 to 0.070); allowed 0.020."
    )
    better = models(0.35, 0.40, -0.07, -0.03, metric="log_loss")
    found = judge("change", settings, better, has_baseline=True)
    assert found.passed
    assert "the federation falls by 0.050" in found.sentence


def test_without_a_baseline_it_passes_and_says_so():
    found = judge("change", {"at_most_worse": 0.02}, [])
    assert (found.passed, found.sentence) == (
        True,
        "There is no earlier blessed model to compare with.",
    )


@pytest.mark.parametrize(
    ("figures", "says"),
    [
        (
            [figure("auc", None, note="one class")],
            "AUC over all silos has no value (one class).",
        ),
        (
            [figure("auc", 0.7)],
            "AUC of the model in service over all silos has no value.",
        ),
        (
            models(0.7, 0.7, 0.0, 0.0)[:2],
            "the change of AUC against the model in service over all silos has no "
            "value.",
        ),
        (
            models(0.7, 0.7, 0.0, 0.0, rows=1400),
            "the model in service could score 1,400 rows and the candidate 500, so "
            "they can't be compared.",
        ),
        (models(0.7, 0.7), "the change of AUC has no interval to judge by."),
    ],
)
def test_what_can_not_be_computed_refuses(figures, says):
    found = judge("change", {"at_most_worse": 0.02}, figures, has_baseline=True)
    assert (found.passed, found.sentence) == (
        False,
        f"Not blessed: gate change could not be computed: {says}",
    )


def test_what_is_demanded_is_told_in_a_few_words():
    assert change.demand(Change(at_most_worse=0.02)) == (
        "AUC over all silos at most 0.02 worse than the model in service"
    )
