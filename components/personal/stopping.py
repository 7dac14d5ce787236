"""Which pass of a training is kept: early stopping by cross-fitting.

The pass is picked on the rows that the silo's model is chosen by, which no model trains
on. Scores of rows that picked the pass look better than those of new rows would, by the
more, the more passes there are to pick from. So groups of rows of even number pick the
pass whose scores count on those of odd number, and the reverse: each row is scored by
weights that neither it nor its like took part in picking, and the choice is honest with
no more training. The weights that serve are those of the pass that all rows pick
together. All passes are trained: to give up after some that are no better made models
trained alone worse, and so the gain too large.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from components.scoring.losses import losses

Weights = tuple[NDArray[np.float32], ...]


@dataclasses.dataclass(frozen=True)
class BestPass:
    """What is kept of a training."""

    weights: Weights
    passes: int  # after which these weights were
    scores: NDArray[np.float64]  # of the rows to choose by, see the module
    diverged: int = 0  # the pass that gave numbers that are not finite; 0 for none


def are_finite(weights: Weights) -> bool:
    """Return whether all numbers are finite."""
    return all(bool(np.isfinite(one).all()) for one in weights)


class _Best:
    """The best pass so far on some rows, or the last one where there are none."""

    def __init__(self, rows: NDArray[np.bool_]) -> None:
        self._rows = rows
        self._loss = np.inf
        self.passes = -1
        self.weights: Weights = ()
        self.scores: NDArray[np.float64] = np.zeros(0)

    def see(
        self,
        passes: int,
        weights: Weights,
        scores: NDArray[np.float64],
        loss: NDArray[np.float64],
    ) -> None:
        """Take a pass where it is better than all before."""
        own = loss[self._rows]
        mean = float(own.mean()) if len(own) else -float(passes)
        if mean < self._loss:
            self._loss, self.passes = mean, passes
            self.weights, self.scores = weights, scores


def best_pass(
    trajectory: Iterable[Weights],
    score: Callable[[Weights], NDArray[np.float64]],
    labels: NDArray[np.number[Any]],
    groups: NDArray[np.int64],
    first: int,
) -> BestPass | None:
    """Return what is kept of a training; None where no pass gave finite numbers.

    A pass that gives numbers that are not finite is the last that is looked at.

    Args:
        trajectory: The weights after each pass.
        score: Gives the scores of the rows to choose by, by weights.
        labels: Theirs, 0 or 1; without any the last pass is kept.
        groups: The number of each row's group, from 0.
        first: Passes that the first weights of `trajectory` have seen.
    """
    even = groups % 2 == 0
    parts = [_Best(rows) for rows in (even, ~even, np.ones(len(labels), bool))]
    diverged = 0
    for passes, weights in enumerate(trajectory, first):
        scores = score(weights)
        if not (np.isfinite(scores).all() and are_finite(weights)):
            diverged = passes
            break
        loss = losses(labels, scores)["log_loss"]
        for part in parts:
            part.see(passes, weights, scores, loss)
    by_even, by_odd, by_all = parts
    if by_all.passes < 0:
        return None
    crossed = np.where(even, by_odd.scores, by_even.scores)
    return BestPass(by_all.weights, by_all.passes, crossed, diverged)
