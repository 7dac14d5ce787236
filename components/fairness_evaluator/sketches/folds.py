"""Folds rows into cells and pairs, batch by batch, inside the silo.

One fold a family of slices and model, one for both models together. What a fold
keeps grows with groups and bins, never with rows.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from components.fairness_evaluator.sketches import delong
from components.fairness_evaluator.sketches.cells import Cell
from components.fairness_evaluator.sketches.coarse import Coarse
from components.fairness_evaluator.sketches.pairs import Pair
from components.fairness_evaluator.sketches.tally import Tally

# Scores are clipped to [CLIP, 1 - CLIP] in the log loss, as scikit-learn's `log_loss`
# clips float32 scores: to the distance between 1 and the next float32, 1.19e-7.
CLIP = float(np.finfo(np.float32).eps)


@dataclasses.dataclass(frozen=True)
class Scored:
    """Labelled rows with their scores.

    Attributes:
        labels: 0 or 1, int64, shape `(rows,)`.
        scores: Probabilities, float64, shape `(rows,)`.
        bins: Their score bins, int64, shape `(rows,)`.
    """

    labels: NDArray[np.int64]
    scores: NDArray[np.float64]
    bins: NDArray[np.int64]

    @functools.cached_property
    def log_loss(self) -> NDArray[np.float64]:
        """Each row's log loss, unit: nats, at most 15.9; see `CLIP`."""
        scores = np.clip(self.scores, CLIP, 1.0 - CLIP)
        likelihood = np.where(self.labels == 1, scores, 1.0 - scores)
        losses: NDArray[np.float64] = -np.log(likelihood)
        return losses

    @functools.cached_property
    def brier(self) -> NDArray[np.float64]:
        """Each row's squared error, unit: 1."""
        return (self.scores - self.labels) ** 2

    # All families share what follows.

    @functools.cached_property
    def losses(self) -> NDArray[np.float64]:
        """One, both losses and their squares for each row, shape `(5, rows)`."""
        ones, log_loss, brier = np.ones(len(self.labels)), self.log_loss, self.brier
        return np.stack([ones, log_loss, log_loss**2, brier, brier**2])

    @functools.cached_property
    def rows_and_scores(self) -> NDArray[np.float64]:
        """One and the score for each row, shape `(2, rows)`."""
        return np.stack([np.ones(len(self.labels)), self.scores])


@dataclasses.dataclass(frozen=True)
class ScoredTwice:
    """Labelled rows with the scores of two models.

    Attributes:
        first: The rows with the candidate's scores.
        second: The same rows with the baseline's scores.
        thresholds: Scores above one count as positive, rising.
        coarse: The coarse bins of both models.
    """

    first: Scored
    second: Scored
    thresholds: Sequence[float]
    coarse: tuple[Coarse, Coarse]

    @functools.cached_property
    def products(self) -> NDArray[np.float64]:
        """One and the products of both losses for each row, shape `(3, rows)`."""
        one, other = self.first, self.second
        products = one.log_loss * other.log_loss, one.brier * other.brier
        return np.stack([np.ones(len(one.labels)), *products])

    @functools.cached_property
    def passed(self) -> NDArray[np.int64]:
        """How many thresholds lie below both scores, shape `(rows,)`."""
        lower = np.minimum(self.first.scores, self.second.scores)
        return np.searchsorted(self.thresholds, lower, side="left")

    @functools.cached_property
    def joint_bins(self) -> NDArray[np.int64]:
        """Both models' coarse bins in one number, shape `(rows,)`."""
        first, second = self.coarse
        return first(self.first.bins) * second.num_bins + second(self.second.bins)


class Fold:
    """The cells of one family and model while rows come in.

    Args:
        num_bins: Number of score bins.
    """

    def __init__(self, num_bins: int) -> None:
        self._num_bins = num_bins
        self._sums = Tally(5)  # rows, log loss and squared error with their squares
        self._bins = Tally(2)  # rows and scores

    def add(self, codes: NDArray[np.int64], rows: Scored) -> None:
        """Fold rows in.

        Args:
            codes: The code of each row's group, shape `(rows,)`.
            rows: The rows.
        """
        self._sums.add(codes, rows.losses)
        keys = (codes * self._num_bins + rows.bins) * 2 + rows.labels
        self._bins.add(keys, rows.rows_and_scores)

    def cells(
        self, columns: tuple[str, ...], values: Sequence[tuple[str, ...]]
    ) -> Iterator[Cell]:
        """Yield the cell of each group that has rows, by code.

        Args:
            columns: The family's columns.
            values: The values of each group, by code.
        """
        codes, sums = self._sums.read()
        keys, by_key = self._bins.read()
        slots, labels = keys >> 1, keys & 1  # a slot is a bin of a group; they rise
        fresh = np.diff(slots, prepend=-1) > 0
        by_slot = np.zeros((2, 2, int(fresh.sum())))  # rows and scores, label, slot
        by_slot[:, labels, np.cumsum(fresh) - 1] = by_key
        counts, scores = by_slot[0].astype(np.int64), by_slot[1]
        slots = slots[fresh]
        for code, told, span in zip(
            codes, sums.T, _spans(slots, codes, self._num_bins), strict=True
        ):
            yield Cell(
                columns,
                values[code],
                int(told[0]),
                too_few=False,
                log_loss=float(told[1]),
                log_loss_squares=float(told[2]),
                brier=float(told[3]),
                brier_squares=float(told[4]),
                bins=(slots[span] - code * self._num_bins).astype(np.int32),
                counts=counts[:, span],
                scores=scores[:, span],
            )


class PairFold:
    """The pairs of one family while rows come in.

    Args:
        num_thresholds: Number of thresholds.
        coarse: The coarse bins of both models.
    """

    def __init__(self, num_thresholds: int, coarse: tuple[Coarse, Coarse]) -> None:
        self._tiers = num_thresholds + 1
        self._sizes = [each.num_bins for each in coarse]
        self._sums = Tally(3)  # rows, products of log loss and of squared error
        self._above = Tally(1)  # rows by number of thresholds below both scores
        self._joint = Tally(1)  # rows by both models' coarse bins

    def add(self, codes: NDArray[np.int64], rows: ScoredTwice) -> None:
        """Fold rows in.

        Args:
            codes: The code of each row's group, shape `(rows,)`.
            rows: The rows, scored by both models.
        """
        labels, ones = rows.first.labels, rows.products[:1]
        self._sums.add(codes, rows.products)
        self._above.add((codes * 2 + labels) * self._tiers + rows.passed, ones)
        joint = codes * math.prod(self._sizes) + rows.joint_bins
        self._joint.add(joint * 2 + labels, ones)

    def pairs(
        self, columns: tuple[str, ...], values: Sequence[tuple[str, ...]]
    ) -> Iterator[Pair]:
        """Yield the pair of each group that has rows, by code; see `Fold.cells`."""
        codes, sums = self._sums.read()
        above = np.zeros(2 * self._tiers * (codes.max(initial=-1) + 1), np.int64)
        keys, (rows_by_key,) = self._above.read()
        above[keys] = rows_by_key
        # Rows that passed at least so many thresholds, from the highest on.
        passed = above.reshape(-1, 2, self._tiers)[:, :, :0:-1].cumsum(axis=2)[
            :, :, ::-1
        ]
        joint, (counts,) = self._joint.read()
        first, second = self._sizes
        spans = _spans(joint, codes, first * second * 2)
        for code, told, span in zip(codes, sums.T, spans, strict=True):
            pair, labels = np.divmod(joint[span], 2)
            correlation = delong.correlation(
                pair // second - code * first,
                pair % second,
                labels,
                counts[span].astype(np.int64),
            )
            yield Pair(
                columns,
                values[code],
                int(told[0]),
                too_few=False,
                auc_correlation=correlation,
                log_loss_products=float(told[1]),
                brier_products=float(told[2]),
                both_above=passed[code],
            )


def _spans(
    keys: NDArray[np.int64], codes: NDArray[np.int64], size: int
) -> Iterator[slice]:
    """Yield where each code's keys stand among rising keys, `size` keys a code."""
    starts = np.searchsorted(keys, codes * size)
    ends = np.searchsorted(keys, (codes + 1) * size)
    yield from map(slice, starts.tolist(), ends.tolist())
