from __future__ import annotations

from components.fairness_evaluator.gate_settings import Floor
from components.fairness_evaluator.gates import worst_silo
from tests.components.fairness_evaluator.gates.evidence import THREE, judge, silo


def test_the_worst_silo_refuses():
    assert judge("worst_silo", {"at_least": 0.67}, THREE).sentence == (
        "Not blessed: the worst of 3 judged silos, silo F9 has AUC 0.612 (95 % CI for "
        "3 silos 0.573 to 0.651); needed at least 0.670."
    )


def test_the_worst_silo_passes():
    found = judge("worst_silo", {"at_least": 0.6}, THREE)
    assert (found.passed, found.sentence) == (
        True,
        "The worst of 3 judged silos, silo F9 has AUC 0.612 (95 % CI for 3 silos 0.573 "
        "to 0.651); needed at least 0.600.",
    )


def test_only_the_lowest_figure_is_judged_however_sure_the_others_are():
    figures = [*silo("big", 0.58, 0.57, 0.59), *silo("small", 0.55, 0.40, 0.70)]
    assert judge("worst_silo", {"at_least": 0.6}, figures).passed
    assert not judge("silo_floor", {"at_least": 0.6}, figures).passed


def test_of_one_silo_no_worst_is_spoken_of():
    found = judge("worst_silo", {"at_least": 0.6}, silo("9E", 0.7, 0.65, 0.75))
    assert found.sentence == (
        "Silo 9E has AUC 0.700 (95 % CI 0.650 to 0.750); needed at least 0.600."
    )


def test_nobody_to_judge_refuses():
    found = judge("worst_silo", {"at_least": 0.6}, [], silos=["HA"])
    assert "gate worst_silo could not be computed: not one of 1 silo" in found.sentence


def test_what_is_demanded_is_told_in_a_few_words():
    settings = Floor(at_least=0.2, metric="precision", threshold=0.25)
    assert worst_silo.demand(settings) == (
        "precision at 0.25 of the worst judged silo at least 0.2"
    )
