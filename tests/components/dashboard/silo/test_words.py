"""All that leaves a silo, and each gate, has its words."""

from __future__ import annotations

from components.dashboard.silo.words import GATES, LABELS, MEANINGS
from components.fairness_evaluator.gate_settings import GateSettings
from components.fairness_evaluator.sketches import totals
from components.payloads.egress import KINDS


def test_each_kind_and_each_gate_is_told_in_plain_words():
    assert set(MEANINGS) == set(KINDS)
    assert set(GATES) == set(GateSettings.model_fields)
    assert LABELS["precision"] == "precision"


def test_a_score_sketch_is_told_as_it_is():
    said = MEANINGS["score sketches"]
    assert "a range holds at least `rows_per_bin` rows and tells no row's score" in said
    assert totals.MIN_SILOS == 3
    assert "only with those of at least two more silos" in said
    assert "of a silo with few rows its row count alone" in said
