from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from components.fairness_evaluator.figures import tidy
from components.fairness_evaluator.settings import EvaluationSettings
from components.fairness_evaluator.sketches import bins
from components.fairness_evaluator.sketches.cells import few
from components.fairness_evaluator.sketches.slices import Key
from components.payloads import table
from tests.components.fairness_evaluator.made_sketches import EDGES, cell, pair

SETTINGS = EvaluationSettings(
    slices=("sex",), thresholds=(0.25, 0.5), bins=200, silo_thresholds=True
)
SEX = ("sex",)


def rows(count, seed):
    rng = np.random.default_rng(seed)
    scores = rng.beta(1.5, 3, count)
    return (rng.random(count) < scores).astype(int), scores


def part(count, seed, *key):
    return cell(*rows(count, seed), *key)


SLICES = {
    Key(): part(300, 0),
    Key("", SEX, ("F",)): part(120, 1, SEX, ("F",)),
    Key("", SEX, ("M",)): part(170, 2, SEX, ("M",)),
    Key("", SEX, ("too few",)): few(SEX, 10),
    Key("A"): part(200, 3),
    Key("A", SEX, ("F",)): part(90, 4, SEX, ("F",)),
    Key("A", SEX, ("M",)): part(110, 5, SEX, ("M",)),
    Key("B"): part(80, 6),
    Key("C"): few((), 20),
}


@pytest.fixture(scope="module")
def known():
    return tidy.measure_all(SLICES, EDGES, SETTINGS)


def test_the_settings_edges_are_those_of_the_test():
    assert np.array_equal(EDGES, bins.edges(SETTINGS.bins, SETTINGS.thresholds))


def test_slices_with_too_few_rows_are_measured_nowhere(known):
    assert set(SLICES) - set(known) == {Key("C"), Key("", SEX, ("too few",))}


def test_an_auc_that_the_bins_blur_says_by_how_much_it_may_be_off():
    labels, scores = rows(300, 0)
    slices = {Key(): part(300, 0), Key("A"): cell(labels, 0.502 + scores / 1e6)}
    known = tidy.measure_all(slices, EDGES, SETTINGS)
    found = table.of(tidy.of_slices("candidate", slices, known, SETTINGS))
    assert "may be off by up to 0.500" in found.metric("auc", silo="A").about
    assert "may be off by up to 0.500" in found.metric("pr_auc", silo="A").about
    assert found.metric("brier", silo="A").about == ""
    fine = bins.edges(20_000, SETTINGS.thresholds)
    labels, scores = rows(300, 0)
    slices = {Key(): cell(labels, scores, edges=fine)}
    known = tidy.measure_all(slices, fine, SETTINGS)
    found = table.of(tidy.of_slices("candidate", slices, known, SETTINGS))
    assert found.metric("auc").about == ""


def test_every_slice_has_every_metric_of_slices(known):
    figures = table.of(tidy.of_slices("candidate", SLICES, known, SETTINGS))
    metrics = {f.metric for f in figures if f.silo == "A" and f.group == "F"}
    assert metrics == {
        "rows", "base_rate", "auc", "pr_auc", "log_loss", "brier", "calibration",
        "calibration_error", "tpr", "fpr", "fnr", "positive_rate", "precision",
        "theil", "generalized_entropy",
    }  # fmt: skip
    found = figures.metric("tpr", silo="A", slice="sex", group="F", threshold=0.25)
    assert (found.rows, found.positives) == (
        90,
        SLICES[Key("A", SEX, ("F",))].positives,
    )
    total = figures.metric("rows", silo="A")
    assert (total.value, total.positives) == (200, SLICES[Key("A")].positives)


def test_too_few_rows_give_one_line_without_a_figure(known):
    figures = table.of(tidy.of_slices("candidate", SLICES, known, SETTINGS))
    few_ = [figure for figure in figures if figure.note == "too few"]
    assert {(f.silo, f.slice, f.group) for f in few_} == {
        ("C", "", ""),
        ("", "sex", "too few"),
    }
    for figure in few_:
        assert (figure.metric, figure.value, figure.positives) == ("rows", None, None)
    assert figures.metric("auc", silo="C") is None
    assert figures.metric("rows", silo="C").rows == 20


def test_the_calibration_curve_is_told_everywhere_but_of_groups_in_silos(known):
    figures = table.of(tidy.of_slices("candidate", SLICES, known, SETTINGS))
    told = {(f.silo, f.group) for f in figures if f.metric == "calibration_observed"}
    assert told == {("", ""), ("", "F"), ("", "M"), ("A", ""), ("B", "")}
    curve = [f for f in figures if f.metric == "calibration_observed" and not f.silo]
    overall = [figure for figure in curve if not figure.group]
    assert sum(figure.rows for figure in overall) == 300
    for observed in overall:
        predicted = figures.metric(
            "calibration_predicted", threshold=observed.threshold
        )
        assert observed.rows >= SETTINGS.min_slice_rows
        assert (predicted.value or 0.0) <= (observed.threshold or 0.0)
        assert predicted.low is None
        assert observed.value == (observed.positives or 0) / observed.rows


def test_groups_are_compared_overall_and_in_each_silo_that_has_two(known):
    figures = table.of(tidy.over_groups("baseline", known, SETTINGS))
    assert {(f.silo, f.slice, f.group) for f in figures} == {
        ("", "sex", ""),
        ("A", "sex", ""),
    }
    gap = figures.metric("auc_gap", slice="sex", silo="A", model="baseline")
    assert gap.rows == 200


def test_silos_that_are_not_judged_do_not_count_among_silos(known):
    both = table.of(tidy.over_silos("candidate", known, (), SETTINGS))
    one = table.of(tidy.over_silos("candidate", known, {"A"}, SETTINGS))
    assert both.metric("mean_auc", slice="silo_id").rows == 280
    assert one.metric("worst_auc", slice="silo_id").about == "B"
    assert one.metric("gap_auc", slice="silo_id").value == 0


def test_silos_get_their_own_thresholds_where_the_settings_ask(known):
    figures = table.of(tidy.of_own_thresholds("candidate", known, EDGES, SETTINGS))
    assert {f.silo for f in figures} == {"A", "B"}
    reached = known[Key()].found["tpr", 0.25].value
    for silo in ("A", "B"):
        assert figures.metric("own_threshold_tpr", silo=silo).value >= reached
    without = SETTINGS.model_copy(update={"silo_thresholds": False})
    assert list(tidy.of_own_thresholds("candidate", known, EDGES, without)) == []
    assert list(tidy.of_own_thresholds("candidate", {}, EDGES, SETTINGS)) == []


def test_changes_are_told_where_both_models_have_the_same_rows(known):
    labels, scores = rows(3, 0)
    both = pair(labels, scores, rows(3, 1)[1])
    pairs = {
        key: dataclasses.replace(both, rows=measures.cell.rows)
        for key, measures in known.items()
    }
    fewer = {key: value for key, value in known.items() if key.silo != "B"}
    fewer[Key("A")] = known[Key("B")]
    figures = table.of(tidy.of_change(known, fewer, pairs, SETTINGS))
    assert {(f.silo, f.group) for f in figures} == {
        ("", ""), ("", "F"), ("", "M"), ("A", "F"), ("A", "M"),
    }  # fmt: skip
    assert figures.metric("auc", model="change").value == 0


def test_of_the_following_span_three_metrics_are_told():
    slices = {Key(): SLICES[Key()], Key("F9"): few((), 9)}
    known = tidy.measure_all(slices, EDGES, SETTINGS)
    figures = table.of(tidy.of_next("candidate", slices, known))
    assert {(f.silo, f.metric, f.split) for f in figures} == {
        ("", "rows", "next"),
        ("", "auc", "next"),
        ("", "log_loss", "next"),
        ("", "brier", "next"),
        ("F9", "rows", "next"),
    }
