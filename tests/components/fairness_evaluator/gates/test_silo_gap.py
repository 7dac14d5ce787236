from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.fairness_evaluator.gate_settings import SiloGap
from components.fairness_evaluator.gates import silo_gap
from tests.components.fairness_evaluator.gates.evidence import (
    THREE,
    evidence,
    judge,
    silo,
)


def test_a_gap_that_chance_does_not_explain_refuses():
    # Below: hypot(.021, .032) = .03828; for 3 pairs x 1.2182 = .0466.
    found = judge("silo_gap", {"at_most": 0.08}, THREE)
    assert (found.passed, found.sentence) == (
        False,
        "Not blessed: silo 9E has AUC 0.742 and silo F9 0.612, a gap of 0.130 (95 % CI "
        "for 3 pairs of silos 0.083 to 0.177); allowed 0.080.",
    )
    assert found.way_out.startswith("See what sets silos F9, 9E apart: size,")
    assert "`gates.silo_gap.at_most`" in found.way_out


def test_a_gap_within_the_limit_passes():
    found = judge("silo_gap", {"at_most": 0.2}, THREE)
    assert (found.passed, found.sentence) == (
        True,
        "Silo 9E has AUC 0.742 and silo F9 0.612, a gap of 0.130 (95 % CI for 3 pairs "
        "of silos 0.083 to 0.177); allowed 0.200.",
    )


@pytest.mark.parametrize(
    ("refuse_if", "limit", "passed"),
    [
        ("surely", 0.084, True),
        ("surely", 0.083, False),
        ("value", 0.13, True),
        ("value", 0.129, False),
        ("possibly", 0.177, True),
        ("possibly", 0.176, False),
    ],
)
def test_each_part_of_the_interval_can_be_asked(refuse_if, limit, passed):
    settings = {"at_most": limit, "refuse_if": refuse_if}
    assert judge("silo_gap", settings, THREE).passed is passed


def test_a_silo_of_few_rows_does_not_hide_two_that_surely_lie_apart():
    figures = [
        *silo("lucky", 0.80, 0.50, 1.00),
        *silo("good", 0.75, 0.74, 0.76),
        *silo("bad", 0.65, 0.64, 0.66),
    ]
    found = judge("silo_gap", {"at_most": 0.05}, figures)
    assert not found.passed
    assert (
        "silo good has AUC 0.750 and silo bad 0.650, a gap of 0.100" in found.sentence
    )
    by_value = judge("silo_gap", {"at_most": 0.2, "refuse_if": "value"}, figures)
    assert by_value.sentence.startswith("Silo lucky has AUC 0.800 and silo bad 0.650")


def test_a_silo_of_few_rows_may_possibly_lie_far_below_where_it_looks_best():
    figures = [*silo("FEW", 1.0, 0.89, 1.0), *silo("BIG", 0.99, 0.988, 0.992)]
    found = judge("silo_gap", {"at_most": 0.05, "refuse_if": "possibly"}, figures)
    assert (found.passed, found.sentence) == (
        False,
        "Not blessed: silo FEW has AUC 1.000 and silo BIG 0.990, a gap of 0.010 (95 % "
        "CI 0.000 to 0.100); allowed 0.050, also for the upper end.",
    )


def test_a_gap_is_never_told_to_be_below_zero():
    figures = [*silo("A", 0.70, 0.6, 0.8), *silo("B", 0.71, 0.6, 0.8)]
    assert "0.000 to 0.1" in judge("silo_gap", {"at_most": 0.2}, figures).sentence


@pytest.mark.parametrize(
    ("figures", "silos", "says"),
    [
        (silo("9E", 0.7, 0.6, 0.8), None, "only one silo could be judged, so there"),
        ([], ["9E", "HA"], "not one of 2 silos could be judged."),
    ],
)
def test_a_gap_of_less_than_two_silos_refuses(figures, silos, says):
    found = judge("silo_gap", {"at_most": 0.2}, figures, silos=silos)
    assert not found.passed
    assert f"gate silo_gap could not be computed: {says}" in found.sentence


def test_what_is_demanded_is_told_in_a_few_words():
    assert silo_gap.demand(SiloGap(at_most=0.2)) == (
        "AUC of any two judged silos at most 0.2 apart"
    )


@given(st.permutations(THREE))
def test_the_order_of_silos_does_not_matter(figures):
    settings = SiloGap(at_most=0.1)
    assert silo_gap.judge(evidence(figures), settings) == silo_gap.judge(
        evidence(THREE), settings
    )
