"""Figures are found by metric and slice, and slices are ranked."""

from __future__ import annotations

import pytest

from components.payloads import table
from components.payloads.table import OVER_SILOS, OVERALL, Figure, MetricKey, Slice


def figure(metric: str, of: Slice, value: float | None = 0.7, **more) -> Figure:
    fields = {"value": value, "rows": 100} | more
    return Figure("candidate", "eval", of.silo, of.column, of.group, metric, **fields)


def few(silo: str) -> Figure:
    return figure("rows", Slice(silo), None, rows=3, note="too few")


def test_slices_come_worst_first_and_noted_ones_last():
    auc = {"b": 0.9, "c": 0.6, "d": 0.7}
    made = table.make_table(
        [few("a"), *(figure("auc", Slice(silo), v) for silo, v in auc.items())]
    )
    assert [of.silo for of in made.slices] == ["c", "d", "b", "a"]


def test_a_handful_of_rows_does_not_lead():
    made = table.make_table(
        [
            figure("auc", Slice("few rows"), 0.4, low=0.1, high=0.9, rows=10),
            figure("auc", Slice("surely bad"), 0.6, low=0.58, high=0.62, rows=5000),
        ]
    )
    assert [of.silo for of in made.slices] == ["surely bad", "few rows"]


def test_a_slice_with_too_few_rows_has_its_note_for_every_metric():
    made = table.make_table([few("a"), figure("rows", Slice("b"), 100.0)])
    for key in (
        MetricKey("auc", Slice("a")),
        MetricKey("tpr", Slice("a"), threshold=0.5),
    ):
        found = made.get(key)
        assert found is not None
        assert not found.is_number
        assert found.note == "too few"
    assert made.get(MetricKey("auc", Slice("b"))) is None


def test_a_noted_figure_is_never_a_number():
    with pytest.raises(ValueError, match="not a number"):
        _ = figure("auc", OVERALL, 0.0, note="too few").number


def test_families_are_silos_then_columns_then_both_without_overall():
    both = Slice("a", "carrier", "UA")
    crossed = Slice("", "age x carrier", "old x UA")
    slices = [crossed, both, Slice("", "carrier", "UA"), Slice("a"), OVERALL]
    made = table.make_table([figure("auc", of) for of in slices])
    assert list(made.families().items()) == [
        (("silo_id",), [Slice("a")]),
        (("carrier",), [Slice("", "carrier", "UA")]),
        (("age x carrier",), [crossed]),
        (("silo_id", "carrier"), [both]),
    ]
    assert made.columns == ("carrier", "age x carrier")
    assert crossed.columns == ("age", "carrier")
    assert made.silos == ("a",)


def test_figures_over_groups_and_over_silos_are_no_slices():
    women = Slice("", "sex", "F")
    made = table.make_table(
        [
            figure("auc_gap", Slice("", "sex")),
            figure("rows", Slice("", "sex")),
            figure("worst_auc", OVER_SILOS),
            figure("auc", women),
        ]
    )
    assert made.slices == (women,)
    assert made.columns == ("sex",)


def test_model_split_and_threshold_are_part_of_the_key():
    of = Slice("a", "carrier", "UA")
    one = Figure("baseline", "next", "a", "carrier", "UA", "tpr", 0.5, 0.7, 0.6, 0.8, 9)
    made = table.make_table([one])
    assert made.get(MetricKey("tpr", of, "baseline", "next", 0.5)) is one
    assert made.get(MetricKey("tpr", of, "baseline", "next")) is None
    assert made.has_baseline
    assert made.thresholds("tpr") == [0.5]
