"""All that leaves a silo, and each gate, has its words."""

from __future__ import annotations

import numpy as np

from components.dashboard.silo.words import GATES, LABELS, MEANINGS
from components.fairness_evaluator.gate_settings import GateSettings
from components.fairness_evaluator.sketches import cells, pool
from components.fairness_evaluator.sketches.cells import Cell
from components.payloads.egress import KINDS


def test_each_kind_and_each_gate_is_told_in_plain_words():
    assert set(MEANINGS) == set(KINDS)
    assert set(GATES) == set(GateSettings.model_fields)
    assert LABELS["precision"] == "precision"


def test_a_score_sketch_is_told_as_it_is():
    """A bin with one row holds that row's score, and small silos go into a pool."""
    score = 0.314159
    alone = Cell(
        *(("sex",), ("Female",), 1, False),
        bins=np.array([7], np.int32),
        counts=np.array([[0], [1]]),
        scores=np.array([[0.0], [score]]),
    )
    (told,) = cells.from_bytes(cells.to_bytes([alone]))
    assert told.scores.sum() == score
    said = MEANINGS["score sketches"]
    assert "one that holds a single row tells that row's score and outcome" in said
    assert "no row has a score" not in said
    assert pool.MIN_SILOS == 3
    assert "only added up over at least three silos" in said
    assert "of a silo with few rows its row count alone" in said
