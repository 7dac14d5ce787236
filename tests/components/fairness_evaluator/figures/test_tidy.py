from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from components.fairness_evaluator.figures import tidy
from components.fairness_evaluator.figures.found import Found
from components.fairness_evaluator.settings import EvaluationSettings
from components.fairness_evaluator.sketches.cells import few
from components.fairness_evaluator.sketches.collect import Key
from components.payloads import table
from tests.components.fairness_evaluator.made_cells import (
    DETAIL,
    cell,
    measure_cell,
    pair,
)

SETTINGS = EvaluationSettings(
    slices=("sex",), thresholds=(0.25, 0.5), silo_thresholds=True
)
SEX = ("sex",)


def rows(count, seed):
    rng = np.random.default_rng(seed)
    scores = rng.beta(1.5, 3, count)
    return (rng.random(count) < scores).astype(int), scores


def part(count, seed, columns=(), values=()):
    detail = dataclasses.replace(DETAIL, silo_thresholds=True)
    labels, scores = rows(count, seed)
    found = cell(labels, scores, detail)
    return dataclasses.replace(found, columns=columns, values=values)


CELLS = {
    Key(): part(300, 0),
    Key("", SEX, ("F",)): part(120, 1, SEX, ("F",)),
    Key("", SEX, ("M",)): part(170, 2, SEX, ("M",)),
    Key("", SEX, ("too few",)): few(SEX, 10),
    Key("A"): part(200, 3),
    Key("A", SEX, ("F",)): part(90, 4, SEX, ("F",)),
    Key("A", SEX, ("M",)): part(110, 5, SEX, ("M",)),
    Key("B"): part(80, 6),
    Key("C"): few((), 20),
    Key("A", of="next"): part(60, 7),
    Key("C", of="next"): few((), 9),
    Key("", of="compared"): part(280, 8),
}
KNOWN = {key: measure_cell(cell) for key, cell in CELLS.items() if not cell.too_few}


@pytest.fixture(scope="module")
def slices():
    return table.of(tidy.of_slices("candidate", CELLS, KNOWN))


def test_every_slice_has_every_metric_of_slices(slices):
    metrics = {f.metric for f in slices if f.silo == "A" and f.group == "F"}
    curve = {"calibration_observed", "calibration_predicted"}
    assert metrics - curve == {
        "rows", "base_rate", "auc", "pr_auc", "log_loss", "brier", "calibration",
        "calibration_error", "tpr", "fpr", "fnr", "positive_rate", "precision",
        "theil", "generalized_entropy",
    }  # fmt: skip
    found = slices.metric("tpr", silo="A", slice="sex", group="F", threshold=0.25)
    assert (found.rows, found.positives) == (
        90,
        CELLS[Key("A", SEX, ("F",))].positives,
    )
    assert slices.metric("rows", silo="A").value == 200
    assert slices.metric("rows").value == 300  # not of those that are compared


def test_too_few_rows_give_one_line_without_a_figure(slices):
    few_ = [figure for figure in slices if figure.note == "too few"]
    assert {(f.silo, f.slice, f.group, f.split) for f in few_} == {
        ("C", "", "", "eval"),
        ("C", "", "", "next"),
        ("", "sex", "too few", "eval"),
    }
    for figure in few_:
        assert (figure.metric, figure.value, figure.positives) == ("rows", None, None)
    assert slices.metric("rows", silo="C").rows == 20


def test_of_the_following_span_three_metrics_are_told(slices):
    found = {f.metric for f in slices if f.split == "next" and f.silo == "A"}
    assert found == {"rows", "auc", "log_loss", "brier"}
    assert slices.metric("rows", silo="A", split="next").value == 60


def test_the_calibration_curve_has_a_rate_and_a_mean_score_by_bin(slices):
    curve = [f for f in slices if f.metric == "calibration_observed" and not f.silo]
    overall = [figure for figure in curve if not figure.group]
    assert sum(figure.rows for figure in overall) == 300
    for observed in overall:
        predicted = slices.metric("calibration_predicted", threshold=observed.threshold)
        assert observed.rows >= SETTINGS.min_slice_rows
        assert predicted.number <= (observed.threshold or 0.0)
        assert predicted.low is None
        assert observed.value == (observed.positives or 0) / observed.rows


def test_groups_are_compared_overall_and_in_each_silo_that_has_two():
    figures = table.of(tidy.over_groups("baseline", KNOWN, SETTINGS))
    assert {(f.silo, f.slice, f.group) for f in figures} == {
        ("", "sex", ""),
        ("A", "sex", ""),
    }
    gap = figures.metric("auc_gap", slice="sex", silo="A", model="baseline")
    assert gap.rows == 200


def test_silos_that_are_not_judged_do_not_count_among_silos():
    both = table.of(tidy.over_silos("candidate", KNOWN, (), SETTINGS))
    one = table.of(tidy.over_silos("candidate", KNOWN, {"A"}, SETTINGS))
    assert both.metric("mean_auc", slice="silo_id").rows == 280
    assert one.metric("worst_auc", slice="silo_id").about == "B"
    assert one.metric("gap_auc", slice="silo_id").value == 0


def test_silos_get_their_own_thresholds_where_the_settings_ask():
    figures = table.of(tidy.of_own_thresholds("candidate", CELLS, KNOWN, SETTINGS))
    assert {f.silo for f in figures} == {"A", "B"}
    reached = KNOWN[Key()].found["tpr", 0.25].value
    for silo in ("A", "B"):
        own = figures.metric("own_threshold_tpr", silo=silo)
        assert own.number >= reached
    without = SETTINGS.model_copy(update={"silo_thresholds": False})
    assert not list(tidy.of_own_thresholds("candidate", CELLS, KNOWN, without))
    assert not list(tidy.of_own_thresholds("candidate", {}, {}, SETTINGS))


def test_changes_are_told_where_both_models_have_the_same_rows():
    labels, scores = rows(3, 0)
    both = pair(labels, scores, rows(3, 1)[1])
    pairs = {
        key: dataclasses.replace(both, rows=KNOWN[key].rows)
        for key in KNOWN
        if not key.of
    }
    fewer = {key: value for key, value in KNOWN.items() if key.silo != "B"}
    fewer[Key("A")] = KNOWN[Key("B")]
    cells = {"candidate": CELLS, "baseline": CELLS}
    figures = table.of(tidy.of_change(KNOWN, fewer, cells, pairs, SETTINGS))
    # Overall, the candidate is that of the silos which are compared: other rows.
    assert {(f.silo, f.group) for f in figures} == {
        ("", "F"), ("", "M"), ("A", "F"), ("A", "M"),
    }  # fmt: skip
    fewer[Key()] = KNOWN[Key("", of="compared")]
    pairs[Key()] = dataclasses.replace(both, rows=280)
    figures = table.of(tidy.of_change(KNOWN, fewer, cells, pairs, SETTINGS))
    assert figures.metric("auc", model="change").rows == 280


def test_a_long_list_of_silos_is_cut():
    place = tidy.Place("candidate", "eval", "", "silo_id", "", 9, 3)
    figure = place.figure(Found("worst_tenth_auc", None, 0.5, "s" * 300))
    assert (len(figure.about), figure.about[-1]) == (200, "…")
    assert place.figure(Found("precision", 0.5, None)).note == "no rows"
    assert place.figure(Found("theil", 0.5, None)).note == "all zero"
    assert place.figure(Found("auc", None, None)).note == "one class"
