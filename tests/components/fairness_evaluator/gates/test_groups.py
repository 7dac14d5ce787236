from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.fairness_evaluator.gates import groups
from components.fairness_evaluator.gates.finding import CannotJudge
from tests.components.fairness_evaluator.gates.evidence import evidence, figure

FIGURES = [
    figure(metric, value, slice="race", group=name, rows=rows, positives=positives)
    for name, value, rows, positives in [
        ("B", 0.7, 300, 90),
        ("A", 0.9, 500, 100),
        ("C", 0.7, 200, 20),
        ("D", 0.1, 99, 50),
        ("E", 0.1, 500, 9),
        ("too few", None, 17, None),
    ]
    for metric in ("auc", "rows")
]


@given(st.permutations(FIGURES))
def test_only_groups_with_enough_rows_are_compared_whatever_their_order(figures):
    found = groups.compare(evidence(figures), "auc", None, (), inside=True)
    (place,) = found.places
    assert [each.group for each in place.figures] == ["A", "B", "C"]
    assert place.where == "over all silos"
    assert found.too_few == 3
    assert found.counted == " 3 groups have too few rows."


def test_groups_of_places_that_are_not_compared_are_not_counted():
    inside = [dataclasses.replace(each, silo="9E") for each in FIGURES]
    found = evidence([*FIGURES, *inside, figure("rows", None, silo="9E")])
    for where, places, too_few in ((True, 2, 6), (False, 1, 3)):
        compared = groups.compare(found, "auc", None, (), inside=where)
        assert (len(compared.places), compared.too_few) == (places, too_few)


def test_a_group_without_the_figure_is_named_and_not_passed_over():
    none = [
        figure("auc", None, slice="race", group="F", silo=silo, note="no rows")
        for silo in ("", "9E")
    ]
    found = evidence([*FIGURES, *none, figure("rows", None, silo="9E")])
    with pytest.raises(CannotJudge) as caught:
        groups.compare(found, "auc", None, ("race",), inside=True)
    # Alone in the silo, it is compared with nobody there.
    assert caught.value.reason == (
        "AUC has no value for race F over all silos (no rows)"
    )
    assert "the gate's `slices`" in caught.value.way_out


def test_a_group_without_the_figure_in_another_slice_does_not_matter():
    other = figure("auc", None, slice="sex", group="F")
    found = evidence([*FIGURES, other, figure("auc", 0.5, slice="sex", group="M")])
    assert groups.compare(found, "auc", None, ("race",), inside=True).places


def test_the_slices_of_a_setting_are_told():
    assert groups.named(()) == "each slice"
    assert groups.named(("sex", "sex x race")) == "sex or sex x race"
