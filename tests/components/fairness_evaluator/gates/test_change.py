from __future__ import annotations

import dataclasses

import pytest

from components.fairness_evaluator.gate_settings import Change
from components.fairness_evaluator.gates import change
from components.fairness_evaluator.gates.bounds import Bound
from tests.components.fairness_evaluator.gates.evidence import EARLIER, figure, judge


def models(now, before, low=None, high=None, *, metric="auc", rows=500, **more):
    return [
        figure(metric, now, **more),
        figure(metric, before, model="baseline", rows=rows, **more),
        figure(metric, now - before, low, high, model="change", **more),
    ]


LOST = models(0.701, 0.724, -0.031, -0.015)


def test_a_loss_that_chance_does_not_explain_refuses():
    found = judge("change", {"at_most_worse": 0.01}, LOST, earlier=EARLIER)
    assert (found.passed, found.sentence) == (
        False,
        "Not blessed: the federation loses 0.023 AUC (0.724 to 0.701, 95 % CI of the "
        "change -0.031 to -0.015); allowed 0.010.",
    )
    assert found.way_out.startswith("Compare this run with that of the earlier bless")


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
    found = judge("change", {"at_most_worse": 0.02}, figures, earlier=EARLIER)
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
    assert judge("change", settings, LOST, earlier=EARLIER).passed is passed


def test_where_lower_is_better_a_rise_is_the_loss():
    worse = models(0.45, 0.40, 0.03, 0.07, metric="log_loss")
    settings = {"at_most_worse": 0.02, "metric": "log_loss"}
    assert judge("change", settings, worse, earlier=EARLIER).sentence == (
        "Not blessed: the log loss of the federation rises by 0.050 (0.400 to 0.450, "
        "95 % CI of the change 0.030 to 0.070); allowed 0.020."
    )
    better = models(0.35, 0.40, -0.07, -0.03, metric="log_loss")
    found = judge("change", settings, better, earlier=EARLIER)
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
            "AUC of the model of 2013-04 over all silos has no value.",
        ),
        (
            models(0.7, 0.7, 0.0, 0.0)[:2],
            "the change of AUC against the model of 2013-04 over all silos has no "
            "value.",
        ),
        (
            models(0.7, 0.7, 0.0, 0.0, rows=1400),
            "the model of 2013-04 could score 1,400 rows and the candidate 500, so "
            "they can't be compared.",
        ),
        (models(0.7, 0.7), "the change of AUC has no interval to judge by."),
    ],
)
def test_what_can_not_be_computed_refuses(figures, says):
    found = judge("change", {"at_most_worse": 0.02}, figures, earlier=EARLIER)
    assert (found.passed, found.sentence) == (
        False,
        f"Not blessed: gate change could not be computed: {says}",
    )


def test_what_is_demanded_is_told_in_a_few_words():
    assert change.demand(Change(at_most_worse=0.02)) == (
        "AUC over all silos at most 0.02 worse than the earlier blessed model"
    )


def test_a_model_whose_folder_is_gone_refuses_and_says_which_and_where():
    gone = dataclasses.replace(EARLIER, is_gone=True)
    found = judge("change", {"at_most_worse": 0.02}, LOST[:1], earlier=gone)
    assert (found.passed, found.sentence) == (
        False,
        "Not blessed: gate change could not be computed: the folder of the model of "
        "2013-04 (digest 4f3a9c0de5b1) is gone, looked for at /models/4, so nothing "
        "could be compared with it.",
    )
    assert found.way_out.startswith("Put that folder back")
    assert "`fairsilo gate waive RUN --gate change`" in found.way_out


@pytest.mark.parametrize(
    ("metric", "before", "now", "allowed", "says"),
    [
        (
            "auc",
            0.7,
            0.6991,
            0.0006,
            "loses 0.0009 AUC (0.700 to 0.699); allowed 0.0006",
        ),
        ("brier", 0.1, 0.1004, 0.0002, "by 0.0004 (0.1000 to 0.1004); allowed 0.0002"),
        ("brier", 0.1, 0.1104, 0.01, "rises by 0.0104 (0.100 to 0.110); allowed 0.010"),
        ("auc", 0.7, 0.70003, 0.01, "gains 0.00003 AUC (0.70000 to 0.70003); allowed"),
        ("auc", 0.7, 0.7, 0.01, "federation neither loses nor gains AUC (0.700 to 0.7"),
        ("brier", 0.1, 0.1, 0.01, "The Brier score of the federation is unchanged (0."),
        ("auc", 0.8, 0.8 + 1e-16, 0.0, "neither loses nor gains AUC (0.800 to 0.800)"),
    ],
)
def test_a_change_is_told_apart_from_none_and_from_the_bound(
    metric, before, now, allowed, says
):
    settings = {"metric": metric, "at_most_worse": allowed, "refuse_if": "value"}
    figures = models(now, before, metric=metric)
    assert says in judge("change", settings, figures, earlier=EARLIER).sentence


def test_the_end_that_decides_does_not_read_like_the_bound():
    lost = models(0.7, 0.72, -0.03, -0.0104)
    found = judge("change", {"at_most_worse": 0.01}, lost, earlier=EARLIER)
    assert "-0.030 to -0.0104); allowed 0.010." in found.sentence


def test_an_auc_s_interval_is_widened_as_student_s_t_another_s_as_a_normal_one():
    one, other = (
        change.case(
            "silo F9",
            Change(at_most_worse=0.0, metric=metric),
            Bound(0.0, False, "surely"),
            figure(metric, -0.1, -0.2, 0.0, positives=10),
            figure(metric, 0.8),
            figure(metric, 0.7),
            51,
        ).interval
        for metric in ("auc", "brier")
    )
    # For 51 at once: t of 9 degrees 4.777 over 2.262, normal 3.289 over 1.960.
    assert (one.low, one.high) == pytest.approx((-0.1112, 0.3112), abs=1e-4)
    assert (other.low, other.high) == pytest.approx((-0.2678, 0.0678), abs=1e-4)
