"""Rows, cells and measures from labels and scores."""

from __future__ import annotations

import numpy as np

from components.fairness_evaluator.figures import slices
from components.fairness_evaluator.figures.slices import Measures
from components.fairness_evaluator.sketches import folds
from components.fairness_evaluator.sketches.cells import Cell, Pair
from components.fairness_evaluator.sketches.folds import Detail
from components.fairness_evaluator.sketches.rows import Rows
from components.scoring import intervals
from components.scoring.intervals import Interval

THRESHOLDS = (0.25, 0.5)
DETAIL = Detail(THRESHOLDS, 30, 5, 1_000)

# Ten rows: scores equal to both thresholds among them.
LABELS = [1, 0, 1, 1, 0, 0, 1, 0, 0, 1]
SCORES = [0.9, 0.1, 0.5, 0.51, 0.25, 0.6, 0.3, 0.2, 0.26, 0.05]


def rate(hits: int, rows: int) -> Interval:
    """Return Wilson's interval of a rate that is there."""
    found = intervals.wilson(hits, rows)
    assert found is not None
    return found


def rows(labels, *scores, **columns) -> Rows:
    """Return rows with the scores of one model or two, and values by column."""
    coded = {}
    for column, values in columns.items():
        names, codes = np.unique(values, return_inverse=True)
        coded[column] = codes.astype(np.int64), [str(name) for name in names]
    models = ("candidate", "baseline")[: len(scores)]
    given = {
        model: np.array(each, float) for model, each in zip(models, scores, strict=True)
    }
    return Rows(np.array(labels, np.int64), given, coded)


def cell(labels, scores, detail=DETAIL) -> Cell:
    """Return the cell of all rows, with its finished figures and its bins."""
    (found,) = folds.cells(rows(labels, scores), "candidate", [()], detail)
    return found


def pair(labels, candidate, baseline) -> Pair:
    """Return the pair of all rows."""
    (found,) = folds.pairs(rows(labels, candidate, baseline), [()], DETAIL)
    return found


def measure(labels, scores) -> Measures:
    """Return what TFMA would say of a silo's own slice."""
    return measure_cell(cell(labels, scores))


def measure_cell(cell: Cell) -> Measures:
    """Return what TFMA would say of a slice."""
    exact = cell.exact or slices.of_total(cell, 30)
    values = {
        name: Interval(value, value, value) if isinstance(value, float) else value
        for name, value in slices.figures(cell, exact, THRESHOLDS).items()
    }
    return Measures.of(values, exact.curve, THRESHOLDS)
