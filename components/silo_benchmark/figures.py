"""Figures of a silo's models on the same rows, and by how much one is better.

Intervals as everywhere: AUC by `scoring/roc.py`, losses by `scoring/intervals.py`.
Gains are paired row by row, and count rows that were split together as alike: the error
is that of independent rows times the root of the design effect (`scoring/clusters.py`).
For the AUC its values are the structural components of DeLong's variance, as in
Obuchowski (1997), "Nonparametric analysis of clustered ROC curve data", Biometrics 53.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from components.payloads.interval import Interval
from components.scoring import clusters, intervals, roc
from components.scoring.losses import CLIP, losses
from components.scoring.roc import Auc

Labels = NDArray[np.number[Any]]
Scores = NDArray[np.float64]

LARGEST = {"log_loss": -math.log(CLIP), "brier": 1.0}


def figures(labels: Labels, scores: Scores) -> dict[str, Interval]:
    """Return a model's AUC, log loss and Brier score, as far as they can be had."""
    found = {}
    if auc := _auc(labels, scores):
        found["auc"] = auc.interval
    for metric, values in losses(labels, scores).items():
        if len(values):
            sums = math.fsum(values), math.fsum(values**2)
            found[metric] = intervals.mean(*sums, len(values), LARGEST[metric])
    return found


def freedom(labels: Labels, groups: NDArray[np.int64]) -> int:
    """Return the degrees of freedom of a gain in AUC, at least 1."""
    positives = int(labels.sum())
    rarer = roc.freedom(positives, len(labels) - positives)
    return min(rarer, max(1, len(np.unique(groups)) - 1))


def gains(
    labels: Labels, scores: Scores, alone: Scores, groups: NDArray[np.int64]
) -> dict[str, Interval]:
    """Return a model's figures minus those of the model trained alone.

    Without those whose interval can't be had, with too few rows of a label or groups.
    """
    if np.array_equal(scores, alone):
        return dict.fromkeys(figures(labels, scores), Interval(0.0, 0.0, 0.0))
    return dict(_gains(labels, scores, alone, groups))


def _gains(
    labels: Labels, scores: Scores, alone: Scores, groups: NDArray[np.int64]
) -> Iterator[tuple[str, Interval]]:
    number = len(np.unique(groups))
    if number < 2:
        return
    positives = int(labels.sum())
    negatives = len(labels) - positives
    own, other = _auc(labels, scores), _auc(labels, alone)
    if own and other and min(positives, negatives) > 1:
        whole = labels.astype(np.int64)
        shared = roc.correlation(scores, alone, whole)
        found = roc.difference(own, other, shared, freedom(labels, groups))
        influence = roc.influence(scores, whole) - roc.influence(alone, whole)
        wider = math.sqrt(clusters.design_effect(influence, groups))
        low, high = (found.value + wider * (end - found.value) for end in found[1:])
        yield "auc", Interval(found.value, max(-1.0, low), min(1.0, high))
    theirs = losses(labels, alone)
    for metric, values in losses(labels, scores).items():
        apart = values - theirs[metric]
        quantile = intervals.student(number - 1)
        yield metric, clusters.mean(apart, groups, quantile)


def _auc(labels: Labels, scores: Scores) -> Auc | None:
    _, place = np.unique(scores, return_inverse=True)
    positives = np.bincount(place, labels)
    negatives = np.bincount(place, 1.0 - labels)
    value, variance = roc.area(negatives, positives)
    if math.isnan(value):
        return None
    return roc.estimate(value, variance, int(labels.sum()), int((1 - labels).sum()))
