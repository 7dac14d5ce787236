"""Own figures against the gates' bounds, gate by gate."""

from __future__ import annotations

import pytest

from components.dashboard.silo import bounds
from components.dashboard.silo.bounds import Bound, Demands
from components.fairness_evaluator.gate_settings import (
    RATES,
    Calibration,
    Change,
    Floor,
    GateSettings,
    GroupGap,
)
from components.payloads import table
from tests.components.dashboard.silo.made_runs import figure


def compare(demands: Demands, *figures):
    return bounds.comparisons(demands, table.of(figures), "a")


@pytest.mark.parametrize(
    ("value", "low", "high", "met", "sure"),
    [
        (0.70, 0.66, 0.75, True, True),
        (0.70, 0.64, 0.75, True, False),
        (0.64, 0.60, 0.66, False, False),
        (0.60, 0.55, 0.64, False, True),
        (0.65, 0.65, 0.70, True, True),
        (0.60, None, None, False, True),
    ],
)
def test_a_floor(value, low, high, met, sure):
    demands = Demands(silo_floor=Bound(at_least=0.65))
    (found,) = compare(demands, figure("a", "auc", value, low=low, high=high))
    assert (found.is_met, found.is_sure) == (met, sure)
    assert found.demanded == "at least 0.650"
    assert found.what == "AUC"


@pytest.mark.parametrize(
    ("metric", "value", "met"),
    [
        ("auc", -0.031, False),
        ("auc", -0.009, True),
        ("auc", 0.2, True),
        ("log_loss", 0.031, False),
        ("log_loss", -0.2, True),
        ("brier", 0.009, True),
    ],
)
def test_a_change_is_worse_by_the_metric_s_own_direction(metric, value, met):
    demands = Demands(silo_change=Bound(metric=metric, at_most_worse=0.01))
    (found,) = compare(demands, figure("a", metric, value, model="change"))
    assert found.is_met == met
    assert found.signed
    assert found.demanded == "at most 0.010 worse"


def test_calibration_and_groups():
    demands = Demands(
        calibration=Bound(at_most=0.05),
        group_gap=Bound(metric="tpr", threshold=0.5, at_most=0.1),
    )
    gap = "equal_opportunity_difference"
    found = compare(
        demands,
        figure("a", "calibration_error", 0.06, low=0.04, high=0.08),
        figure("a", gap, 0.11, threshold=0.5, slice="race"),
        figure("a", gap, 0.09, threshold=0.5, slice="sex"),
        figure("a", gap, 0.7, threshold=0.25, slice="sex"),
        figure("a", "tpr", 0.7, threshold=0.5, slice="sex", group="men"),
    )
    assert [(one.what, one.is_met) for one in found] == [
        ("calibration error", False),
        ("difference in true positive rate at 0.5 between groups of race", False),
        ("difference in true positive rate at 0.5 between groups of sex", True),
    ]
    assert not found[0].is_sure


def test_named_slices_are_compared_whether_they_have_a_figure_or_not():
    demands = Demands(group_gap=Bound(at_most=0.1, slices=("race",)))
    (found,) = compare(demands, figure("a", "auc_gap", 0.2, slice="sex"))
    assert found.found is None
    assert not found.slack
    assert not found.is_met


def test_no_figure_is_neither_kept_nor_missed():
    (found,) = compare(
        Demands(silo_floor=Bound(at_least=0.6)),
        figure("a", "rows", None, note="too few", rows=7),
    )
    assert found.found.note == "too few"
    assert not found.slack


def test_it_reads_the_real_settings():
    settings = GateSettings(
        silo_floor=Floor(
            at_least=0.7, metric="tpr", threshold=0.25, refuse_if="possibly"
        ),
        group_gap=GroupGap(at_most=0.1, metric="precision", threshold=0.5),
        calibration=Calibration(at_most=0.04),
        change=Change(at_most_worse=0.5),
        silo_change=Change(at_most_worse=0.02, metric="brier"),
    )
    found = bounds.of_settings({"gates": settings.model_dump(mode="json")})
    assert found.minimum_data.rows == 100
    assert found.minimum_data.rows_of_each_label == 10
    for gate in ("silo_floor", "group_gap", "calibration", "silo_change"):
        section = getattr(settings, gate).model_dump()
        assert getattr(found, gate).model_dump(include=section.keys()) == section
    (floor, *_) = compare(found)
    assert floor.refuse_if == "possibly"
    assert floor.what == "true positive rate at 0.25"


def test_without_gates_nothing_is_demanded():
    assert bounds.of_settings({}) == Demands()
    assert compare(Demands(), figure("a", "auc", 0.5)) == []


def test_each_metric_of_the_gates_has_its_words_and_its_gap():
    assert set(bounds.GAPS) == {"auc", *RATES} - {"fnr"}
    for metric in ("auc", "pr_auc", "log_loss", "brier", *bounds.GAPS):
        bound = Bound(at_most_worse=0.0, metric=metric)
        assert compare(Demands(silo_change=bound))[0].what
