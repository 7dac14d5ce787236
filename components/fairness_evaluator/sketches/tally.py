"""Sums by key over rows that come batch by batch.

Rows wait until there are as many as known keys, then all are added up at once. So
a row costs the same however many came before, and memory grows with distinct keys,
never with rows.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

MIN_WAITING = 1 << 17  # rows
DENSE = 8  # largest key, as a multiple of the rows, that is counted by position


class Tally:
    """Sums by key.

    Args:
        num_sums: Sums kept for each key.
    """

    def __init__(self, num_sums: int) -> None:
        self._keys = np.empty(0, np.int64)
        self._sums = np.empty((num_sums, 0))
        self._waiting: list[tuple[NDArray[np.int64], NDArray[np.float64]]] = []
        self._num_waiting = 0

    def add(self, keys: NDArray[np.int64], values: NDArray[np.float64]) -> None:
        """Add rows.

        Args:
            keys: The key of each row, >= 0, shape `(rows,)`.
            values: What it adds to each sum, shape `(num_sums, rows)`.
        """
        self._waiting.append((keys, values))
        self._num_waiting += len(keys)
        if self._num_waiting > max(MIN_WAITING, len(self._keys)):
            self._settle()

    def read(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the keys, rising, shape `(n,)`, and their sums, `(num_sums, n)`."""
        self._settle()
        return self._keys, self._sums

    def _settle(self) -> None:
        keys = [self._keys, *(keys for keys, _ in self._waiting)]
        sums = [self._sums, *(sums for _, sums in self._waiting)]
        self._waiting, self._num_waiting = [], 0
        self._keys, self._sums = _reduce(np.concatenate(keys), np.concatenate(sums, 1))


def _reduce(
    keys: NDArray[np.int64], sums: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    if keys.max(initial=0) < DENSE * len(keys):
        distinct = np.flatnonzero(np.bincount(keys))
        return distinct, np.stack([np.bincount(keys, row)[distinct] for row in sums])
    place, found = pd.factorize(keys)
    order = np.argsort(found)
    added = [np.bincount(place, row, len(found))[order] for row in sums]
    return found[order], np.stack(added)
