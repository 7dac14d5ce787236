from __future__ import annotations

import pytest

from pipelines.benchmarks import synthetic_pages as synthetic

SILOS = {"a": (0.7, 500), "b": (0.6, 90), "c": (0.8, None)}


def made():
    return synthetic.evaluation(
        SILOS,
        {"sex": ["F", "M"], "race": ["x", "y", "z"]},
        thresholds=(0.5,),
        crossed=("sex", "race"),
        not_judged=("b",),
    )


def test_a_silo_has_the_auc_that_was_asked_for():
    figure = made().metric("auc", silo="a")
    assert (figure.value, figure.rows) == (0.7, 500)
    assert figure.low < 0.7 < figure.high


def test_too_few_rows_have_one_figure_and_no_value():
    own = [f for f in made() if f.silo == "c" and f.model == "candidate"]
    assert [(f.metric, f.value, f.note) for f in own] == [("rows", None, "too few")]
    small = made().metric("rows", silo="b", slice="sex x race", group="M x z")
    assert small.note == "too few"


def test_columns_are_crossed_in_their_order():
    assert made().metric("auc", slice="sex x race", group="F x z") is not None


def test_figures_over_silos_are_of_judged_ones():
    assert made().metric("worst_auc", slice="silo_id").about == "a"


def test_changes_are_the_candidate_less_the_baseline():
    table = made()
    now, before, change = (
        table.metric("auc", silo="a", model=model).value
        for model in ("candidate", "baseline", "change")
    )
    assert change == pytest.approx(now - before)
