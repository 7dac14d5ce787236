from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.fairness_evaluator.figures import tidy
from components.fairness_evaluator.figures.slices import Found, Measures
from components.fairness_evaluator.settings import EvaluationSettings
from components.fairness_evaluator.sketches.cells import too_few_cell
from components.fairness_evaluator.sketches.collect import Key
from components.payloads import table
from components.payloads.interval import Interval
from tests.components.fairness_evaluator.made_cells import cell, measure_cell

SETTINGS = EvaluationSettings(
    slices=("sex",), thresholds=(0.25, 0.5), silo_thresholds=True
)
SEX = ("sex",)
ABOVE = np.zeros((2, 2), np.int64)


def rows(count, seed):
    rng = np.random.default_rng(seed)
    scores = rng.beta(1.5, 3, count)
    return (rng.random(count) < scores).astype(int), scores


def part(count, seed, columns=(), values=()):
    found = cell(*rows(count, seed), settings=SETTINGS)
    return dataclasses.replace(found, columns=columns, values=values)


CELLS = {
    Key(): part(300, 0),
    Key("", SEX, ("F",)): part(120, 1, SEX, ("F",)),
    Key("", SEX, ("M",)): part(170, 2, SEX, ("M",)),
    Key("", SEX, ("too few",)): too_few_cell(SEX, 10),
    Key("A"): part(200, 3),
    Key("A", SEX, ("F",)): part(90, 4, SEX, ("F",)),
    Key("A", SEX, ("M",)): part(110, 5, SEX, ("M",)),
    Key("B"): part(80, 6),
    Key("C"): too_few_cell((), 20),
    Key("A", rows_of="next"): part(60, 7),
    Key("C", rows_of="next"): too_few_cell((), 9),
    Key("", rows_of="compared with baseline"): part(280, 8),
}
KNOWN = {
    key: Measures(cell, {}) if cell.too_few else measure_cell(cell)
    for key, cell in CELLS.items()
}


@pytest.fixture(scope="module")
def slices():
    return table.make_table(tidy.of_slices("candidate", KNOWN, SETTINGS))


def test_gains_are_of_silos_with_enough_rows_and_over_those_that_are_judged():
    gains = {
        "A": (Interval(-0.02, -0.06, 0.02), 4),
        "B": (Interval(-0.5, -0.6, -0.4), None),
        "C": (Interval(-0.9, -1.0, -0.8), 4),  # too few rows
        "D": (Interval(-0.9, -1.0, -0.8), 4),  # not evaluated
    }
    found = table.make_table(tidy.of_gains("base", KNOWN, gains, {"B"}))
    assert [
        (f.silo, f.value, f.low, f.high, f.rows, f.freedom)
        for f in found.by_silo("gain_auc", model="base")
    ] == [("A", -0.02, -0.06, 0.02, 200, 4), ("B", -0.5, -0.6, -0.4, 80, None)]
    over = {f.metric: f for f in found if f.slice == "silo_id"}
    assert set(over) == {
        f"{name}_gain_auc"
        for name in ("worst", "worst_tenth", "mean", "variance", "gap")
    }
    worst = over["worst_gain_auc"]
    assert (worst.value, worst.low, worst.about) == (-0.02, -0.06, "A")
    assert (worst.rows, worst.positives) == (200, CELLS[Key("A")].positives)
    assert not list(tidy.of_gains("base", KNOWN, {"C": gains["C"]}, ()))


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
    figures = table.make_table(tidy.over_groups("baseline", KNOWN, SETTINGS))
    assert {(f.silo, f.slice, f.group) for f in figures} == {
        ("", "sex", ""),
        ("A", "sex", ""),
    }
    gap = figures.metric("auc_gap", slice="sex", silo="A", model="baseline")
    assert gap.rows == 200


def test_silos_that_are_not_judged_do_not_count_among_silos():
    both = table.make_table(tidy.over_silos("candidate", KNOWN, (), SETTINGS))
    one = table.make_table(tidy.over_silos("candidate", KNOWN, {"A"}, SETTINGS))
    assert both.metric("mean_auc", slice="silo_id").rows == 280
    assert one.metric("worst_auc", slice="silo_id").about == "B"
    assert one.metric("gap_auc", slice="silo_id").value == 0


def test_silos_get_their_own_thresholds_where_the_settings_ask():
    figures = table.make_table(tidy.of_own_thresholds("candidate", KNOWN, SETTINGS))
    assert {f.silo for f in figures} == {"A", "B"}
    reached = KNOWN[Key()].found["tpr", 0.25]
    for silo in ("A", "B"):
        own = figures.metric("own_threshold_tpr", silo=silo)
        assert reached is not None
        assert own.number >= reached.value
    without = SETTINGS.model_copy(update={"silo_thresholds": False})
    assert not list(tidy.of_own_thresholds("candidate", KNOWN, without))
    assert not list(tidy.of_own_thresholds("candidate", {}, SETTINGS))


def test_changes_are_told_where_both_models_have_the_same_rows():
    before = {
        key: measures._replace(
            cell=dataclasses.replace(measures.cell, both_above=ABOVE)
        )
        for key, measures in KNOWN.items()
        if key.silo != "B" and not key.rows_of
    }
    before[Key("A")] = before[Key("", SEX, ("F",))]
    figures = table.make_table(tidy.of_change(KNOWN, before, SETTINGS))
    # Overall, the candidate is that of the silos which are compared: other rows.
    assert {(f.silo, f.group) for f in figures} == {
        ("", "F"), ("", "M"), ("A", "F"), ("A", "M"),
    }  # fmt: skip
    of_compared = KNOWN[Key("", rows_of="compared with baseline")]
    cell = dataclasses.replace(of_compared.cell, both_above=ABOVE)
    before[Key()] = of_compared._replace(cell=cell)
    figures = table.make_table(tidy.of_change(KNOWN, before, SETTINGS))
    assert figures.metric("auc", model="change").rows == 280


def test_a_long_list_of_silos_is_cut():
    place = tidy.Place("candidate", "eval", "", "silo_id", "", 9, 3)
    figure = place.figure(Found("worst_tenth_auc", None, 0.5, "s" * 300))
    assert (len(figure.about), figure.about[-1]) == (200, "…")
    assert place.figure(Found("precision", 0.5, None)).note == "no rows"
    assert place.figure(Found("theil", 0.5, None)).note == "all zero"
    assert place.figure(Found("auc", None, None)).note == "one class"


LABELS = [1, 0, 1, 1, 0, 0, 1, 0]
SCORES = [0.9, 0.1, 0.5, 0.51, 0.25, 0.6, 0.3, 0.2]


def threshold_of(labels, scores, reached, rows_per_bin=1):
    settings = SETTINGS.model_copy(update={"rows_per_bin": rows_per_bin})
    figures = tidy.own_threshold(cell(labels, scores, settings=settings), reached)
    return {
        figure.metric.removeprefix("own_threshold"): (
            figure.value[0] if isinstance(figure.value, tuple) else figure.value
        )
        for figure in figures
    }


def test_the_threshold_is_the_highest_that_reaches_the_rate():
    # Three of four positives lie above .3: .9, .51 and .5; and .6 of four negatives.
    got = threshold_of(LABELS, SCORES, 0.6)
    assert 0.3 < got[""] < 0.5
    assert (got["_tpr"], got["_fpr"]) == (0.75, 0.25)
    assert got["_positive_rate"] == 0.5


def test_the_ends_are_all_rows_and_none():
    everyone, nobody = (
        threshold_of(LABELS, SCORES, 1.0),
        threshold_of(LABELS, SCORES, 0.0),
    )
    assert (everyone["_tpr"], everyone["_fpr"]) == (1, 0.25)
    assert (nobody[""], nobody["_positive_rate"]) == (pytest.approx(0.9), 0)
    assert threshold_of([0, 0], [0.2, 0.4], 0.5) == {}


@given(
    st.lists(st.tuples(st.integers(0, 1), st.floats(0.01, 0.99)), min_size=1),
    st.floats(0, 1),
    st.integers(1, 9),
)
def test_the_rate_is_reached_with_a_threshold_between_groups_of_rows(
    rows, reached, least
):
    labels, scores = np.array(rows).T
    scores = np.round(scores, 3)
    if not labels.any():
        return
    got = threshold_of(labels.astype(int), scores, reached, least)
    positives = scores[labels == 1]
    assert got["_tpr"] == pytest.approx((positives > got[""]).mean())
    assert got["_tpr"] >= reached
    below = int((scores <= got[""]).sum())
    assert below == 0 or below >= min(least, len(scores))
