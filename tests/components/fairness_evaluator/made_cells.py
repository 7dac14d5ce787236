"""Rows, cells and measures from labels and scores."""

from __future__ import annotations

import numpy as np

from components.fairness_evaluator.figures import slices
from components.fairness_evaluator.figures.slices import Measures
from components.fairness_evaluator.settings import EvaluationSettings
from components.fairness_evaluator.sketches import sketch
from components.fairness_evaluator.sketches.cells import Cell
from components.fairness_evaluator.sketches.rows import Rows
from components.payloads.interval import Interval
from components.scoring import intervals

THRESHOLDS = (0.25, 0.5)
SETTINGS = EvaluationSettings(thresholds=THRESHOLDS)

# Ten rows: scores equal to both thresholds among them.
LABELS = [1, 0, 1, 1, 0, 0, 1, 0, 0, 1]
SCORES = [0.9, 0.1, 0.5, 0.51, 0.25, 0.6, 0.3, 0.2, 0.26, 0.05]


def rate(hits: int, rows: int) -> Interval:
    """Return Wilson's interval of a rate that is there."""
    found = intervals.wilson(hits, rows)
    assert found is not None
    return found


def rows(labels, *scores, **columns) -> Rows:
    """Return rows with the scores of some models, and values by column."""
    coded = {}
    for column, values in columns.items():
        names, codes = np.unique(values, return_inverse=True)
        coded[column] = codes.astype(np.int64), [str(name) for name in names]
    models = ("candidate", "baseline", "personal")[: len(scores)]
    given = {
        model: np.array(each, float) for model, each in zip(models, scores, strict=True)
    }
    return Rows(np.array(labels, np.int64), given, coded, np.ones(len(labels), bool))


def cell(labels, *scores, settings=SETTINGS) -> Cell:
    """Return the last model's cell of all rows, with finished figures and bins."""
    found = rows(labels, *scores)
    return next(sketch.cells(found, list(found.scores)[-1], settings))


def own(labels, *scores) -> Cell:
    """Return what a silo's slice of these rows tells under its name."""
    return sketch.own_slice(cell(labels, *scores))


def part(labels, *scores) -> Cell:
    """Return what these rows of a silo add to a total."""
    return sketch.part(cell(labels, *scores), SETTINGS)


def measure(labels, *scores) -> Measures:
    """Return what TFMA would say of a silo's own slice."""
    return measure_cell(cell(labels, *scores))


def measure_cell(cell: Cell) -> Measures:
    """Return what TFMA would say of a slice."""
    values = slices.figures(cell, THRESHOLDS, SETTINGS.min_slice_rows)
    found = {
        metric: Interval(value, value, value) if isinstance(value, float) else value
        for metric, value in values.items()
    }
    return Measures(cell, found)
