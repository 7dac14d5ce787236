"""Folds rows into cells, batch by batch, inside the silo.

One fold a family of slices: all rows, or the values of one column. What a fold
keeps grows with values and bins, never with rows.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from components.fairness_evaluator.cells import TOO_FEW, Cell

CLIP = 1e-7  # of probabilities in the log loss; float32 tells no closer to 1
MAX_PENDING = 2_000_000


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

    def log_loss(self) -> NDArray[np.float64]:
        """Return each row's log loss, unit: nats."""
        scores = np.clip(self.scores, CLIP, 1.0 - CLIP)
        likelihood = np.where(self.labels == 1, scores, 1.0 - scores)
        losses: NDArray[np.float64] = -np.log(likelihood)
        return losses

    def brier(self) -> NDArray[np.float64]:
        """Return each row's squared error, unit: 1."""
        return (self.scores - self.labels) ** 2


class Fold:
    """The cells of one family while rows come in.

    Args:
        column: The family's column; empty for all rows.
        num_bins: Number of score bins.
    """

    def __init__(self, column: str, num_bins: int) -> None:
        self._column = column
        self._num_bins = num_bins
        self._codes: dict[str, int] = {}
        self._sums = np.zeros((3, 0))  # rows, log loss, squared error by value
        self._pending: list[tuple[NDArray[np.int64], NDArray[np.float64]]] = []
        self._num_pending = 0

    def code(self, value: str) -> int:
        """Return the number that stands for a value, given at first sight."""
        return self._codes.setdefault(value, len(self._codes))

    def add(self, codes: NDArray[np.int64], rows: Scored) -> None:
        """Fold rows in.

        Args:
            codes: The code of each row's value, shape `(rows,)`.
            rows: The rows.
        """
        known = len(self._codes)
        sums = np.zeros((3, known))
        sums[:, : self._sums.shape[1]] = self._sums
        for index, weights in enumerate((None, rows.log_loss(), rows.brier())):
            sums[index] += np.bincount(codes, weights=weights, minlength=known)
        self._sums = sums
        keys = (codes * self._num_bins + rows.bins) * 2 + rows.labels
        ones = np.ones(len(keys))
        self._pending.append(_reduce(keys, np.stack([ones, rows.scores])))
        self._num_pending += len(self._pending[-1][0])
        if self._num_pending > MAX_PENDING:
            self._compact()

    def _compact(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        keys = [np.empty(0, np.int64), *(keys for keys, _ in self._pending)]
        sums = [np.empty((2, 0)), *(sums for _, sums in self._pending)]
        reduced = _reduce(np.concatenate(keys), np.concatenate(sums, axis=1))
        self._pending, self._num_pending = [reduced], len(reduced[0])
        return reduced

    def cells(self, min_rows: int) -> list[Cell]:
        """Return the family's cells, sorted by value.

        Args:
            min_rows: Values with fewer rows are told together and as a row
                count alone. The cell of all rows is told whatever its size.
        """
        keys, sums = self._compact()
        slots, labels = keys // 2, keys % 2
        starts = np.searchsorted(
            slots, np.arange(len(self._codes) + 1) * self._num_bins
        )
        cells, few = [], 0
        for value, code in sorted(self._codes.items()):
            rows = int(self._sums[0, code])
            if self._column and rows < min_rows:
                few += rows
                continue
            span = slice(starts[code], starts[code + 1])
            cells.append(
                self._cell(value, code, slots[span], labels[span], sums[:, span])
            )
        if few:
            cells.append(Cell(self._column, TOO_FEW, few, too_few=True))
        return cells

    def _cell(
        self,
        value: str,
        code: int,
        slots: NDArray[np.int64],
        labels: NDArray[np.int64],
        sums: NDArray[np.float64],
    ) -> Cell:
        bins, place = np.unique(slots - code * self._num_bins, return_inverse=True)
        both = np.zeros((2, 2, len(bins)))  # rows and scores, by label, by bin
        both[:, labels, place] = sums
        rows, log_loss, brier = self._sums[:, code]
        return Cell(
            self._column,
            value,
            int(rows),
            too_few=False,
            log_loss=float(log_loss),
            brier=float(brier),
            bins=bins.astype(np.int32),
            counts=both[0].astype(np.int64),
            scores=both[1],
        )


def _reduce(
    keys: NDArray[np.int64], sums: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the distinct keys, rising, with the sums of their columns."""
    distinct, place = np.unique(keys, return_inverse=True)
    return distinct, np.stack(
        [np.bincount(place, weights=row, minlength=len(distinct)) for row in sums]
    )
