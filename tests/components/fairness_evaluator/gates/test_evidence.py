from __future__ import annotations

import pytest

from components.fairness_evaluator.gates.finding import CannotJudge
from tests.components.fairness_evaluator.gates.evidence import (
    THREE,
    evidence,
    figure,
    silo,
)


def test_silos_left_out_or_too_small_are_not_judged():
    figures = [*THREE, *silo("HA", 0.1, 0.0, 0.2, rows=50)]
    found = evidence(figures, left_out={"AA": "quarantined"})
    assert found.judged == ("9E", "F9")
    assert [item.silo for item in found.not_judged] == ["AA", "HA"]
    assert list(found.of_silos("auc")) == ["9E", "F9"]
    assert found.counted == (" Judged: 2 silos; 2 have too few rows or are left out.")


def test_where_all_are_judged_nothing_is_counted():
    assert evidence(THREE).counted == ""


def test_a_figure_over_all_silos_is_found_or_refused_by_its_name():
    figures = [figure("tpr", 0.4, threshold=0.5), figure("auc", None, note="one class")]
    assert evidence(figures).overall("tpr", 0.5).value == 0.4
    with pytest.raises(CannotJudge, match=r"at 0\.25 over all silos has no value'"):
        evidence(figures).overall("tpr", 0.25)
    with pytest.raises(CannotJudge, match=r"AUC over all silos.*\(one class\)"):
        evidence(figures).overall("auc")


def test_groups_are_of_the_candidate_inside_judged_silos_and_over_all():
    def group(silo_id, name, **more):
        return figure("auc", 0.7, silo=silo_id, slice="sex", group=name, **more)

    figures = [
        *THREE,
        *silo("HA", 0.1, 0.0, 0.2, rows=50),
        group("", "M"),
        group("", "F"),
        group("", "M", model="baseline"),
        group("AA", "M"),
        group("HA", "M"),  # in a silo that is not judged
        group("F9", "M", rows=99),  # too few
        figure("auc_gap", 0.1, slice="sex"),  # over the groups, no group
        figure("gap_auc", 0.1, slice="silo_id"),
        figure("rows", None, slice="sex", group="M"),
    ]
    found = evidence(figures)
    assert {
        place: [one.group for one in several]
        for place, several in found.groups("auc").items()
    } == {("", "sex"): ["F", "M"], ("AA", "sex"): ["M"]}
    assert found.slices == ["sex"]
