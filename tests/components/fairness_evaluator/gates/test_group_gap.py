from __future__ import annotations

import dataclasses

import pytest

from components.fairness_evaluator.gate_settings import GroupGap
from components.fairness_evaluator.gates import group_gap
from tests.components.fairness_evaluator.gates.evidence import figure, judge, silo


def group(name, value, spread=0.01, *, silo="", slice="sex", **more):
    low, high = value - spread, value + spread
    return [
        figure("auc", value, low, high, silo=silo, slice=slice, group=name, **more),
        figure("rows", None, silo=silo, slice=slice, group=name, **more),
    ]


OVERALL = [*group("Female", 0.86), *group("Male", 0.90)]
INSIDE = [
    *silo("mining", 0.8, 0.7, 0.9),
    *group("Female", 0.70, silo="mining"),
    *group("Male", 0.88, silo="mining"),
]
SMALL = [  # judged, but with one group that has enough rows
    *silo("farming", 0.8, 0.7, 0.9),
    *group("Female", 0.10, silo="farming", rows=40, positives=12),
    *group("Male", 0.90, silo="farming"),
]
ALL = [*OVERALL, *INSIDE, *SMALL]


def test_a_gap_over_all_silos_refuses():
    found = judge("group_gap", {"at_most": 0.02}, OVERALL, silos=[])
    # hypot(.01, .01) = .0141
    assert (found.passed, found.sentence) == (
        False,
        "Not blessed: over all silos, sex Male has AUC 0.900 and Female 0.860, a gap "
        "of 0.040 (95 % CI 0.026 to 0.054); allowed 0.020. Compared over all silos and "
        "inside 0 of 0 judged silos.",
    )
    assert found.way_out.startswith("Look at sex over all silos in the heat map:")


def test_a_gap_inside_one_silo_refuses_though_the_whole_is_even():
    found = judge("group_gap", {"at_most": 0.1}, ALL)
    # z for 2 pairs is 2.2365, 1.1411 times 1.96: .0141 x 1.1411 = .0161.
    assert (found.passed, found.sentence) == (
        False,
        "Not blessed: in silo mining, sex Male has AUC 0.880 and Female 0.700, a gap "
        "of 0.180 (95 % CI for 2 pairs of groups 0.164 to 0.196); allowed 0.100. "
        "Compared over all silos and inside 1 of 2 judged silos. 1 group has too few "
        "rows.",
    )


def test_gaps_within_the_limit_pass():
    found = judge("group_gap", {"at_most": 0.2}, ALL)
    assert found.passed
    assert found.sentence.startswith("Closest of 2: in silo mining, sex Male has AUC")


@pytest.mark.parametrize(
    ("refuse_if", "limit", "passed"),
    [
        ("value", 0.18, True),
        ("value", 0.179, False),
        ("possibly", 0.197, True),
        ("possibly", 0.195, False),
        ("surely", 0.165, True),
        ("surely", 0.163, False),
    ],
)
def test_each_part_of_the_interval_can_be_asked(refuse_if, limit, passed):
    settings = {"at_most": limit, "refuse_if": refuse_if}
    assert judge("group_gap", settings, ALL).passed is passed


@pytest.mark.parametrize("refuse_if", ["surely", "value", "possibly"])
def test_a_group_without_the_figure_refuses_and_hides_no_gap(refuse_if):
    """No row of C scores above .5, so it has no precision."""

    def precision(name, value, silo="", note=""):
        ends = (None, None) if value is None else (value - 0.01, value + 0.01)
        figures = [
            figure("precision", value, *ends, threshold=0.5, note=note),
            figure("rows", None),
        ]
        place = {"silo": silo, "slice": "sex", "group": name}
        return [dataclasses.replace(each, **place) for each in figures]

    figures = [
        *silo("S1", 0.8, 0.7, 0.9),
        *precision("A", 0.72),
        *precision("B", 0.13),
        *precision("C", None, note="no rows"),
        *precision("A", 0.72, "S1"),
        *precision("C", None, "S1"),
    ]
    settings = {"metric": "precision", "threshold": 0.5, "at_most": 0.1}
    found = judge("group_gap", settings | {"refuse_if": refuse_if}, figures)
    assert (found.passed, found.sentence) == (
        False,
        "Not blessed: gate group_gap could not be computed: precision at 0.5 has no "
        "value for sex C over all silos (no rows), sex C in silo S1.",
    )
    assert "choose another metric or a lower threshold" in found.way_out
    fewer = [each for each in figures if each.group != "C"]
    assert "a gap of 0.590" in judge("group_gap", settings, fewer).sentence


def test_only_the_slices_asked_for_are_compared():
    race = [*group("A", 0.5, slice="race"), *group("B", 0.9, slice="race")]
    assert not judge("group_gap", {"at_most": 0.2}, [*ALL, *race]).passed
    settings = {"at_most": 0.2, "slices": ["sex"]}
    assert judge("group_gap", settings, [*ALL, *race]).passed


def test_a_slice_without_two_groups_is_said_to_be_left_out():
    race = group("A", 0.9, slice="race")
    found = judge("group_gap", {"at_most": 0.2}, [*ALL, *race])
    assert found.passed
    assert "Fewer than two groups to compare: race." in found.sentence


@pytest.mark.parametrize(
    ("figures", "settings", "says"),
    [
        (
            [*ALL, *group("A", 0.9, slice="race")],
            {"slices": ["race"]},
            "no two groups of race have AUC and enough rows over all silos.",
        ),
        (
            group("Male", 0.9),
            {},
            "no two groups of sex have AUC and enough rows over all silos.",
        ),
        (INSIDE[:2], {}, "no groups were evaluated."),
    ],
)
def test_groups_that_can_not_be_compared_refuse(figures, settings, says):
    found = judge("group_gap", {"at_most": 0.2, **settings}, figures)
    assert (found.passed, found.sentence) == (
        False,
        f"Not blessed: gate group_gap could not be computed: {says}",
    )
    assert "`evaluation.slices`" in found.way_out or "`slices`" in found.way_out


def test_what_is_demanded_is_told_in_a_few_words():
    settings = GroupGap(
        at_most=0.1, metric="tpr", threshold=0.5, slices=("sex", "race")
    )
    assert group_gap.demand(settings) == (
        "true positive rate at 0.5 of any two groups of sex or race at most 0.1 apart, "
        "over all silos and in each judged silo"
    )
