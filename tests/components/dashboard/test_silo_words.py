"""All that leaves a silo, and each gate, has its words."""

from __future__ import annotations

from components.dashboard.silo_words import GATES, LABELS, MEANINGS
from components.fairness_evaluator.gate_settings import GateSettings
from components.silos.departures import KINDS


def test_each_kind_and_each_gate_is_told_in_plain_words():
    assert set(MEANINGS) == set(KINDS)
    assert set(GATES) == set(GateSettings.model_fields)
    assert LABELS["precision"] == "precision"
