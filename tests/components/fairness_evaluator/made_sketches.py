"""Cells and pairs straight from rows, with NumPy alone: a second way to fold."""

from __future__ import annotations

import numpy as np

from components.fairness_evaluator.sketches import bins, delong
from components.fairness_evaluator.sketches.cells import Cell
from components.fairness_evaluator.sketches.folds import CLIP
from components.fairness_evaluator.sketches.pairs import Pair
from components.scoring import intervals
from components.scoring.intervals import Interval

THRESHOLDS = (0.25, 0.5)
EDGES = bins.edges(200, THRESHOLDS)


def rate(hits: int, rows: int) -> Interval:
    """Return Wilson's interval of a rate that is there."""
    found = intervals.wilson(hits, rows)
    assert found is not None
    return found


def losses(labels, scores):
    """Return each row's log loss and squared error."""
    scores = np.clip(scores, CLIP, 1 - CLIP)
    log_loss = -np.log(np.where(labels == 1, scores, 1 - scores))
    return log_loss, (scores - labels) ** 2


def cell(labels, scores, columns=(), values=(), edges=EDGES) -> Cell:
    labels, scores = np.array(labels), np.array(scores, float)
    found, place = np.unique(bins.assign(scores, edges), return_inverse=True)
    counts, sums = np.zeros((2, len(found)), np.int64), np.zeros((2, len(found)))
    np.add.at(counts, (labels, place), 1)
    np.add.at(sums, (labels, place), scores)
    log_loss, brier = losses(labels, scores)
    return Cell(
        columns,
        values,
        len(labels),
        too_few=False,
        log_loss=log_loss.sum(),
        log_loss_squares=(log_loss**2).sum(),
        brier=brier.sum(),
        brier_squares=(brier**2).sum(),
        bins=found.astype(np.int32),
        counts=counts,
        scores=sums,
    )


def pair(labels, candidate, baseline, columns=(), values=(), edges=EDGES) -> Pair:
    labels, candidate, baseline = map(np.array, (labels, candidate, baseline))
    one, other = losses(labels, candidate), losses(labels, baseline)
    above = [
        [
            int(((candidate > at) & (baseline > at) & (labels == label)).sum())
            for at in THRESHOLDS
        ]
        for label in (0, 1)
    ]
    return Pair(
        columns,
        values,
        len(labels),
        too_few=False,
        auc_correlation=delong.correlation(
            bins.assign(candidate, edges),
            bins.assign(baseline, edges),
            labels,
            np.ones(len(labels), np.int64),
        ),
        log_loss_products=(one[0] * other[0]).sum(),
        brier_products=(one[1] * other[1]).sum(),
        both_above=np.array(above),
    )
