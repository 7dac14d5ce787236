from __future__ import annotations

import pytest

from components.fairness_evaluator.gate_settings import Calibration
from components.fairness_evaluator.gates import calibration
from tests.components.fairness_evaluator.gates.evidence import figure, judge, silo

NAME = "calibration_error"
WHOLE = [figure(NAME, 0.02, 0.01, 0.03)]
SILOS = [
    *silo("9E", 0.03, 0.01, 0.05, metric=NAME),
    *silo("F9", 0.12, 0.09, 0.15, metric=NAME),
]
WOMEN = [figure(NAME, 0.20, 0.19, 0.21, slice="sex", group="Female")]
FEW = [
    figure(NAME, 0.50, 0.40, 0.60, slice="sex", group="Other", rows=50),
    figure(NAME, 0.60, 0.50, 0.70, silo="9E", slice="sex", group="Female"),
]


def test_a_group_that_is_scored_wrong_refuses_though_the_whole_is_right():
    # z for 4 figures is 2.4909, 1.2709 times 1.96.
    found = judge("calibration", {"at_most": 0.1}, [*WHOLE, *SILOS, *WOMEN, *FEW])
    assert (found.passed, found.sentence) == (
        False,
        "Not blessed: sex Female has calibration error 0.200 (95 % CI for 4 figures "
        "0.187 to 0.213); allowed 0.100.",
    )
    assert found.way_out.startswith("Look at the calibration curve of sex Female:")


def test_a_silo_that_is_scored_wrong_refuses():
    found = judge("calibration", {"at_most": 0.08}, [*WHOLE, *SILOS])
    assert found.sentence == (
        "Not blessed: silo F9 has calibration error 0.120 (95 % CI for 3 figures 0.083 "
        "to 0.157); allowed 0.080."
    )


def test_two_groups_whose_names_are_cut_alike_are_both_judged():
    long = "Production, transportation and material moving occupations: "
    wrong, right = (
        figure(NAME, value, value, value, slice="job", group=long + name)
        for name, value in (("assemblers", 0.3), ("drivers", 0.01))
    )
    for groups in ([wrong, right], [right, wrong]):
        found = judge("calibration", {"at_most": 0.1}, [*WHOLE, *SILOS[:2], *groups])
        assert not found.passed
        assert "job Production, transportation" in found.sentence


def test_a_group_without_a_calibration_error_is_named():
    none = figure(NAME, None, slice="sex", group="Female", note="no rows")
    found = judge("calibration", {"at_most": 0.1}, [*WHOLE, *SILOS, none])
    assert found.sentence.endswith(
        "calibration error of sex Female has no value (no rows)."
    )


def test_errors_within_the_limit_pass_and_small_or_inner_groups_are_not_judged():
    found = judge("calibration", {"at_most": 0.1}, [*WHOLE, *SILOS, *FEW])
    assert found.passed
    assert found.sentence.startswith("Closest of 3: silo F9 has calibration error")
    assert found.sentence.endswith("allowed 0.100, which chance alone could explain.")


@pytest.mark.parametrize(
    ("refuse_if", "limit", "passed"),
    [("value", 0.12, True), ("value", 0.11, False), ("possibly", 0.15, False)],
)
def test_each_part_of_the_interval_can_be_asked(refuse_if, limit, passed):
    settings = {"at_most": limit, "refuse_if": refuse_if}
    assert judge("calibration", settings, [*WHOLE, *SILOS]).passed is passed


@pytest.mark.parametrize(
    ("figures", "says"),
    [
        (SILOS, "calibration error over all silos has no value."),
        (
            [figure(NAME, None, note="no rows"), *SILOS],
            "calibration error over all silos has no value (no rows).",
        ),
        (WHOLE, "not one of 0 silos could be judged."),
        (
            [*WHOLE, *silo("9E", 0.7)],
            "calibration error has no value in silo 9E.",
        ),
    ],
)
def test_what_can_not_be_computed_refuses(figures, says):
    found = judge("calibration", {"at_most": 0.1}, figures)
    assert (found.passed, found.sentence) == (
        False,
        f"Not blessed: gate calibration could not be computed: {says}",
    )


def test_what_is_demanded_is_told_in_a_few_words():
    assert calibration.demand(Calibration(at_most=0.1)) == (
        "calibration error overall, of each judged silo and of each group at most 0.1"
    )
