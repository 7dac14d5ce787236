from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.fairness_evaluator.gate_settings import Floor
from components.fairness_evaluator.gates import silo_floor
from tests.components.fairness_evaluator.gates.evidence import (
    THREE,
    evidence,
    figure,
    judge,
    silo,
)


def test_a_silo_whose_upper_end_is_below_the_floor_refuses():
    found = judge("silo_floor", {"at_least": 0.67}, THREE)
    # z for 3 is 2.3877, 1.2182 times 1.96: .612 - .032 x 1.2182 = .573.
    assert (found.passed, found.sentence) == (
        False,
        "Not blessed: silo F9 has AUC 0.612 (95 % CI for 3 silos 0.573 to 0.651); "
        "needed at least 0.670.",
    )
    assert found.way_out == (
        "Look at the page of silo F9 and at the findings about its data; where its "
        "data is sound, the model lacks features or training that would serve it. "
        "Where the bound is wrong, change `gates.silo_floor.at_least`: `fairsilo gate "
        "preview` tells what another would have decided. To let this one model pass "
        "all the same, and answer for it: `fairsilo gate waive RUN --gate silo_floor`."
    )


def test_every_other_silo_that_misses_it_is_named():
    found = judge("silo_floor", {"at_least": 0.76}, THREE)
    assert found.sentence.endswith("0.760. Missed too by silo AA.")
    many = [each for n in range(9) for each in silo(f"S{n}", 0.5 + n / 100, 0.4, 0.6)]
    found = judge("silo_floor", {"at_least": 0.9, "refuse_if": "value"}, many)
    assert found.sentence == (
        "Not blessed: silo S0 has AUC 0.500 (95 % CI 0.400 to 0.600); needed at least "
        "0.900, whatever the interval. Missed too by silo S1, silo S2, silo S3, silo "
        "S4, silo S5 and 3 more."
    )


def test_a_floor_that_all_reach_names_the_closest():
    found = judge("silo_floor", {"at_least": 0.6}, THREE)
    assert (found.passed, found.way_out) == (True, "")
    assert found.sentence == (
        "Closest of 3: silo F9 has AUC 0.612 (95 % CI for 3 silos 0.573 to 0.651); "
        "needed at least 0.600."
    )


def test_a_miss_within_the_widened_interval_passes_and_says_so():
    found = judge("silo_floor", {"at_least": 0.65}, THREE)  # .644 without widening
    assert found.passed
    assert found.sentence.endswith(
        "needed at least 0.650, which chance alone could explain."
    )


@pytest.mark.parametrize(
    ("refuse_if", "floor", "passed"),
    [
        ("value", 0.612, True),
        ("value", 0.613, False),
        ("possibly", 0.573, True),
        ("possibly", 0.574, False),
        ("surely", 0.650, True),
        ("surely", 0.652, False),
    ],
)
def test_each_part_of_the_interval_can_be_asked(refuse_if, floor, passed):
    settings = {"at_least": floor, "refuse_if": refuse_if}
    assert judge("silo_floor", settings, THREE).passed is passed


def test_a_rate_is_asked_at_its_threshold():
    figures = [
        *silo("9E", 0.5, 0.45, 0.55, metric="tpr", threshold=0.25),
        *silo("9E", 0.2, 0.15, 0.25, metric="tpr", threshold=0.5)[:1],
    ]
    settings = {"at_least": 0.3, "metric": "tpr", "threshold": 0.5}
    assert judge("silo_floor", settings, figures).sentence == (
        "Not blessed: silo 9E has true positive rate 0.200 at threshold 0.5 (95 % CI "
        "0.150 to 0.250); needed at least 0.300."
    )


def test_silos_with_too_few_rows_are_counted_not_judged():
    bad = silo("HA", 0.1, 0.05, 0.15, rows=99, positives=50)
    found = judge("silo_floor", {"at_least": 0.6}, [*THREE, *bad])
    assert found.passed
    assert found.sentence.endswith(
        "needed at least 0.600. Judged: 3 silos; 1 has too few rows or is left out."
    )


def test_nobody_to_judge_refuses():
    found = judge("silo_floor", {"at_least": 0.5}, [], silos=["9E", "HA"])
    assert (found.passed, found.sentence) == (
        False,
        "Not blessed: gate silo_floor could not be computed: not one of 2 silos could "
        "be judged.",
    )
    assert found.way_out == (
        "See under the silos why; give them more labelled rows, or lower "
        "`gates.minimum_data`. To let this one model pass all the same, and answer for "
        "it: `fairsilo gate waive RUN --gate silo_floor`."
    )


def test_a_judged_silo_without_the_figure_refuses():
    bare = [figure("precision", None, silo="HA", threshold=0.5, note="no rows")]
    figures = [*silo("HA", 0.7, 0.6, 0.8), *bare]
    settings = {"at_least": 0.3, "metric": "precision", "threshold": 0.5}
    found = judge("silo_floor", settings, figures)
    assert found.sentence == (
        "Not blessed: gate silo_floor could not be computed: precision at 0.5 has no "
        "value in silo HA."
    )
    assert "choose another metric or threshold" in found.way_out


def test_a_figure_without_an_interval_refuses_unless_the_value_is_asked():
    figures = silo("HA", 0.4, metric="pr_auc")
    settings = {"at_least": 0.3, "metric": "pr_auc"}
    assert judge("silo_floor", settings, figures).sentence.endswith(
        "could not be computed: PR-AUC has no interval to judge by."
    )
    found = judge("silo_floor", settings | {"refuse_if": "value"}, figures)
    assert found.sentence == (
        "Silo HA has PR-AUC 0.400; needed at least 0.300, whatever the interval."
    )


@pytest.mark.parametrize(
    ("figures", "refuse_if", "says"),
    [
        (
            silo("F9", 0.69996, 0.66, 0.72),
            "value",
            "silo F9 has AUC 0.69996 (95 % CI 0.660 to 0.720); needed at least 0.700,",
        ),
        (
            silo("F9", 0.68, 0.66, 0.6998),
            "surely",
            "silo F9 has AUC 0.680 (95 % CI 0.660 to 0.6998); needed at least 0.700.",
        ),
    ],
)
def test_a_refusal_is_not_contradicted_by_its_rounding(figures, refuse_if, says):
    settings = {"at_least": 0.7, "refuse_if": refuse_if}
    assert says in judge("silo_floor", settings, figures).sentence


def test_what_is_demanded_is_told_in_a_few_words():
    assert silo_floor.demand(Floor(at_least=0.65)) == (
        "AUC of each judged silo at least 0.65"
    )


@given(st.permutations(THREE), st.sampled_from([0.55, 0.65, 0.75]))
def test_the_order_of_silos_does_not_matter(figures, floor):
    settings = Floor(at_least=floor)
    assert silo_floor.judge(evidence(figures), settings) == silo_floor.judge(
        evidence(THREE), settings
    )
