from __future__ import annotations

from components.fairness_evaluator.gates import minimum_data
from components.payloads.minimum_data import MinimumData
from tests.components.fairness_evaluator.gates.evidence import THREE, evidence, silo

FEW = silo("HA", 0.7, 0.6, 0.8, rows=50)


def test_enough_judged_silos_pass():
    found = minimum_data.judge(evidence([*THREE, *FEW]), MinimumData(judged_silos=3))
    assert (found.passed, found.way_out) == (True, "")
    assert found.sentence == "3 of 4 silos can be judged; needed at least 3."


def test_too_few_judged_silos_refuse_and_name_the_others():
    found = minimum_data.judge(evidence([*THREE, *FEW]), MinimumData(judged_silos=4))
    assert (found.passed, found.sentence) == (
        False,
        "Not blessed: 3 of 4 silos can be judged; needed at least 4.",
    )
    assert "ask for more labelled rows: silo HA." in found.way_out
    assert "`gates.minimum_data.judged_silos`" in found.way_out


def test_what_is_demanded_is_told_in_a_few_words():
    assert minimum_data.demand(MinimumData(judged_silos=8)) == (
        "at least 8 silos judged, each with 100 labelled rows and 10 of each label"
    )
