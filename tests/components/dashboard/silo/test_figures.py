"""A silo's figures come from its own part of the table."""

from __future__ import annotations

import pytest

from components.dashboard.silo.figures import MAX_GROUPS, of_silo
from components.dashboard.silo.others import Others
from components.payloads import table
from tests.components.dashboard.silo.made_runs import figure

PLACE = {"slice": "sex"}
FIGURES = [
    figure("a", "rows", 1234.0),
    figure("a", "auc", 0.7, low=0.66, high=0.75),
    figure("a", "auc", 0.6, model="baseline"),
    figure("a", "auc", 0.1, model="change", low=0.05, high=0.16),
    figure("a", "auc", 0.69, split="next"),
    figure("a", "base_rate", 0.26),
    *(figure("a", "tpr", 0.4 + at, threshold=at) for at in (0.1, 0.25, 0.5)),
    figure("a", "own_threshold", 0.31),
    figure("a", "own_threshold_tpr", 0.62),
    figure("a", "rows", 700.0, group="men", rows=700, **PLACE),
    figure("a", "auc", 0.72, group="men", **PLACE),
    figure("a", "tpr", 0.52, threshold=0.25, group="men", **PLACE),
    figure("a", "auc", 0.02, model="change", group="men", **PLACE),
    figure("a", "rows", 500.0, group="women", rows=500, **PLACE),
    figure("a", "auc", 0.64, group="women", **PLACE),
    figure("a", "rows", None, group="too few", rows=34, note="too few", **PLACE),
    figure("a", "auc_gap", 0.08, about="men (0.72) and women (0.64)", **PLACE),
    figure("a", "equal_opportunity_difference", 0.3, threshold=0.25, **PLACE),
    figure("a", "equal_opportunity_difference", 0.9, threshold=0.5, **PLACE),
]


def of(figures, num_others=5):
    more = [figure(f"o{n}", "auc", 0.6 + n / 50) for n in range(num_others)]
    judged = {"a", *(one.silo for one in more)}
    others = Others([*figures, *more], judged)
    return of_silo(table.of(figures), others, "a")


def test_lines():
    found = of(FIGURES)
    (auc,) = found.lines
    assert (auc.found.value, auc.before.value, auc.change.value) == (0.7, 0.6, 0.1)
    assert auc.others.num_others == 5
    assert found.charts == [auc]
    assert [(line.measure.metric, line.threshold) for line in found.rates] == [
        ("tpr", 0.1),
        ("tpr", 0.25),
        ("tpr", 0.5),
    ]
    assert found.threshold == 0.25
    assert found.base_rate.value == 0.26
    assert [(one.metric, cell.value) for one, cell in found.following] == [
        ("auc", 0.69)
    ]


def test_groups_the_worst_first_and_small_ones_without_a_figure():
    (sex,) = of(FIGURES).groups
    assert [(line.name, line.rows) for line in sex.lines] == [
        ("women", 500),
        ("men", 700),
        ("", 34),
    ]
    women, men, small = sex.lines
    assert men.change.value == 0.02
    assert men.rates[0].value == 0.52
    assert women.rates[0] is None
    assert small.auc.note == "too few"
    assert [(one.metric, cell.value) for one, cell in sex.gaps] == [
        ("auc_gap", 0.08),
        ("equal_opportunity_difference", 0.3),
    ]


def test_a_threshold_of_its_own_would_tell_the_rate_of_few_others():
    assert of(FIGURES).own_threshold.value == 0.31
    assert [cell.value for _, cell in of(FIGURES).own_rates] == [0.62]
    assert of(FIGURES, num_others=4).own_threshold is None


def test_groups_are_cut_where_they_are_many():
    sizes = {"age": 30, "age x town": 40, "town": 3}
    rows = [
        figure("a", "rows", 50.0, slice=column, group=f"g{index:03d}")
        for column, size in sizes.items()
        for index in range(size)
    ]
    found = of(rows).groups
    assert [(one.column, one.num_groups) for one in found] == [
        ("age", 30),
        ("town", 3),
        ("age x town", 40),
    ]
    assert [len(one.lines) for one in found] == [13, 3, 14]
    assert MAX_GROUPS == 13 + 3 + 14


@pytest.mark.parametrize("figures", [[], [figure("a", "rows", None, note="too few")]])
def test_a_silo_without_figures(figures):
    found = of(figures)
    assert all(not line.found.is_number for line in found.lines)
    assert found.charts == []
    assert found.threshold is None
