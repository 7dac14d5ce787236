"""A model that nobody can tell from a coin is refused, whatever else is configured."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from components.fairness_evaluator.figures import roc
from components.fairness_evaluator.gate_settings import BetterThanChance, GateSettings
from components.fairness_evaluator.gates import better_than_chance, registry
from tests.components.fairness_evaluator.gates.evidence import (
    evidence,
    figure,
    judge,
    silo,
)

NAME = "better_than_chance"


def judged(negatives, positives):
    """Return what the gate finds of the counts of both labels by rising score."""
    area = roc.area(np.array(negatives), np.array(positives))
    found = roc.estimate(*area, sum(positives), sum(negatives)).interval
    return found, judge(NAME, {}, [figure("auc", *found)])


def test_a_useless_model_of_many_rows_is_refused():
    found, said = judged([490, 510], [510, 490])
    assert found.value == pytest.approx(0.49)
    assert (said.passed, said.sentence) == (
        False,
        "Not blessed: AUC over all silos is 0.490 (95 % CI 0.468 to 0.512), not surely "
        "better than chance: the lower end must be above 0.500.",
    )
    assert "`fairsilo gate waive RUN --gate better_than_chance`" in said.way_out
    assert "`gates.better_than_chance: null`" in said.way_out


def test_a_model_of_few_rows_that_may_be_useless_is_refused():
    found, said = judged([22, 18], [18, 22])
    assert found.value == pytest.approx(0.55)
    assert found.low < 0.5
    assert not said.passed


def test_a_model_that_ranks_passes_and_says_so():
    found, said = judged([700, 300], [300, 700])
    assert found.value == pytest.approx(0.7)
    assert (said.passed, said.way_out) == (True, "")
    assert said.sentence == (
        "AUC over all silos is 0.700 (95 % CI 0.679 to 0.720), surely better than "
        "chance, which is 0.500."
    )


def test_an_auc_that_may_be_off_says_so():
    told = dataclasses.replace(figure("auc", 0.6, 0.55, 0.65), about="may be off")
    assert judge(NAME, {}, [told]).sentence.endswith("0.500. Mind: may be off.")
    told = dataclasses.replace(told, low=0.4)
    assert judge(NAME, {}, [told]).sentence.endswith("0.500. Mind: may be off.")


@pytest.mark.parametrize(("low", "passed"), [(0.5, False), (0.5001, True)])
def test_on_chance_is_not_above_it(low, passed):
    assert judge(NAME, {}, [figure("auc", 0.6, low, 0.7)]).passed is passed


@pytest.mark.parametrize(
    ("figures", "says"),
    [
        ([figure("auc", None, note="one class")], "has no value (one class)"),
        ([], "AUC over all silos has no value"),
        ([figure("auc", 0.7)], "has no interval to judge by"),
    ],
)
def test_no_figure_refuses_with_the_reason(figures, says):
    found = judge(NAME, {}, figures, silos=["AA"])
    assert not found.passed
    assert says in found.sentence


def test_it_is_there_without_being_configured_and_goes_only_when_told():
    useless = evidence([figure("auc", 0.49, 0.47, 0.51), *silo("AA", 0.49, 0.4, 0.6)])
    floor = {"silo_floor": {"at_least": 0.4}}
    asked: list[dict] = [{}, {NAME: True}, {NAME: {}}, floor]
    for gates in asked:
        found = registry.judge(useless, GateSettings(**gates))
        assert not found[NAME].passed
    for off in (None, False):
        found = registry.judge(useless, GateSettings(**floor, **{NAME: off}))
        assert NAME not in found
        assert all(finding.passed for finding in found.values())


def test_what_is_demanded_is_told_in_a_few_words():
    assert better_than_chance.demand(BetterThanChance()) == (
        "AUC over all silos above 0.5, also at the lower end of its 95 % interval"
    )
