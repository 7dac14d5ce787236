from __future__ import annotations

import math

import numpy as np
import pytest

from components.fairness_evaluator.gate_settings import Floor
from components.fairness_evaluator.gates import worst_tenth
from components.fairness_evaluator.gates.evidence import Evidence
from components.payloads import table
from components.scoring.intervals import Z
from tests.components.fairness_evaluator.gates.evidence import (
    THREE,
    evidence,
    judge,
    silo,
)

# Twelve silos: the worst tenth are two, of .50 and .54. Half an interval is .02.
TWELVE = [
    each
    for number, value in enumerate([0.9, 0.54, 0.8, 0.5, *([0.7] * 8)])
    for each in silo(f"S{number:02}", value, value - 0.02, value + 0.02)
]


def test_the_mean_of_the_worst_tenth_refuses():
    # z for 12 is 2.8578: .02 x 2.8578 / 1.96 = .0292.
    assert judge("worst_tenth", {"at_least": 0.55}, TWELVE).sentence == (
        "Not blessed: the worst tenth of 12 judged silos (silos S03, S01) has a mean "
        "AUC of 0.520 (95 % CI for 12 silos 0.491 to 0.549); needed at least 0.550."
    )


def test_the_mean_of_the_worst_tenth_passes():
    found = judge("worst_tenth", {"at_least": 0.54}, TWELVE)
    assert found.passed
    assert found.sentence.endswith(
        "needed at least 0.540, which chance alone could explain."
    )


@pytest.mark.parametrize(
    ("refuse_if", "floor", "passed"),
    [
        ("value", 0.52, True),
        ("value", 0.521, False),
        ("possibly", 0.49, True),
        ("possibly", 0.5, False),
    ],
)
def test_each_part_of_the_interval_can_be_asked(refuse_if, floor, passed):
    settings = {"at_least": floor, "refuse_if": refuse_if}
    assert judge("worst_tenth", settings, TWELVE).passed is passed


def test_of_few_silos_the_tenth_is_the_worst():
    assert "(silo F9) has a mean AUC of 0.612 (95 % CI for 3 silos" in (
        judge("worst_tenth", {"at_least": 0.6}, THREE).sentence
    )


def test_nobody_to_judge_refuses():
    found = judge("worst_tenth", {"at_least": 0.6}, [], silos=["HA"])
    assert (found.passed, "not one of 1 silo" in found.sentence) == (False, True)


def test_what_is_demanded_is_told_in_a_few_words():
    assert worst_tenth.demand(Floor(at_least=0.65)) == (
        "mean AUC of the worst tenth of the judged silos at least 0.65"
    )


def _of(values, error) -> Evidence:
    figures = [
        each
        for number, value in enumerate(values)
        for each in silo(
            f"S{number}",
            float(value),
            float(value) - Z * error,
            float(value) + Z * error,
        )
    ]
    return evidence(table.of(figures))


def test_silos_exactly_on_the_floor_are_rarely_refused_by_chance():
    """The mean of the lowest six of 51 is far below the floor by chance alone."""
    rng = np.random.default_rng(3)
    settings = Floor(at_least=0.7)
    refused = 0
    for _ in range(200):
        values = rng.normal(0.7, 0.02, 51)
        lowest = np.sort(values)[: math.ceil(51 / 10)]
        assert lowest.mean() + Z * 0.02 / math.sqrt(6) < 0.7  # what a plain one says
        refused += not worst_tenth.judge(_of(values, 0.02), settings).passed
    assert refused / 200 <= 0.05
