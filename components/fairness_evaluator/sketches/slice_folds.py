"""The families of slices of a split, folded together and parted for the way out."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from components.fairness_evaluator.sketches import bins, cells, suppression
from components.fairness_evaluator.sketches.cells import Cell
from components.fairness_evaluator.sketches.coarse import Coarse
from components.fairness_evaluator.sketches.families import Column, Family
from components.fairness_evaluator.sketches.folds import (
    Fold,
    PairFold,
    Scored,
    ScoredTwice,
)
from components.fairness_evaluator.sketches.pairs import Pair
from components.fairness_evaluator.sketches.told import Told

Item = TypeVar("Item", Cell, Pair)
Columns = tuple[str, ...]
Values = tuple[str, ...]
Slice = tuple[Columns, Values]


class SliceFolds:
    """The cells and pairs of a split while rows come in.

    Args:
        families: The columns of each family of slices; all rows are one beside.
        thresholds: Scores above one count as positive, rising.
        num_bins: The setting `bins`.
        models: Names of one or two models.
    """

    def __init__(
        self,
        families: Iterable[Sequence[str]],
        thresholds: Sequence[float],
        num_bins: int,
        models: Sequence[str],
    ) -> None:
        crossed = [(), *map(tuple, families)]
        self.columns = {name: Column(name) for name in itertools.chain(*crossed)}
        self.rows = 0
        self._edges = bins.edges(num_bins, thresholds)
        self._thresholds = thresholds
        self._families = [
            Family([self.columns[name] for name in names]) for names in crossed
        ]
        self._folds = {
            model: [Fold(len(self._edges) + 1) for _ in crossed] for model in models
        }
        # Of two models, made from the first rows.
        self._coarse: tuple[Coarse, Coarse] | None = None
        self._pair_folds: list[PairFold] = []

    def add(
        self,
        batch: pa.RecordBatch,
        known: NDArray[np.bool_],
        labels: NDArray[np.int64],
        scores: Sequence[NDArray[np.float64]],
    ) -> None:
        """Fold the labelled rows of a batch in.

        Args:
            batch: The rows with the columns of slices.
            known: Whether a row has a label, shape `(rows,)`.
            labels: 0 or 1, int64, shape `(rows,)`.
            scores: Each model's scores, 0 to 1, shape `(rows,)`.
        """
        codes = {
            name: column.codes(batch)[known] for name, column in self.columns.items()
        }
        num_rows = int(known.sum())
        if not num_rows:
            return
        self.rows += num_rows
        scored = [
            Scored(labels[known], kept, bins.assign(kept, self._edges))
            for kept in (each[known] for each in scores)
        ]
        twice = self._twice(*scored) if len(scored) == 2 else None
        for index, family in enumerate(self._families):
            groups = family.codes(num_rows, codes)
            for folds, rows in zip(self._folds.values(), scored, strict=True):
                folds[index].add(groups, rows)
            if twice:
                self._pair_folds[index].add(groups, twice)

    def _twice(self, first: Scored, second: Scored) -> ScoredTwice:
        if not self._coarse:
            fine = len(self._edges) + 1
            self._coarse = (
                Coarse(first.bins, first.labels, fine),
                Coarse(second.bins, second.labels, fine),
            )
            self._pair_folds = [
                PairFold(len(self._thresholds), self._coarse) for _ in self._families
            ]
        return ScoredTwice(first, second, self._thresholds, self._coarse)

    def told(self, min_rows: int, *, counts: bool = True) -> tuple[Told, Told]:
        """Return what is told under the silo's name, and its part of the pool.

        Args:
            min_rows: Slices with fewer rows are hidden, and those from which they
                would follow: of a silo with fewer rows in all, everything.
            counts: Whether the silo counts in figures over all silos; else it has
                no part in the pool.
        """
        found = {model: self._cells(folds) for model, folds in self._folds.items()}
        both = [
            pair
            for family, fold in zip(self._families, self._pair_folds, strict=False)
            for pair in _sorted(fold.pairs(family.columns, family.values))
        ]
        hidden = _hidden(next(iter(found.values())), min_rows)
        few: Counter[Columns] = Counter()
        for (columns, _), rows in hidden.items():
            few[columns] += rows
        told = {
            model: [
                *(cell for cell in every if _slice(cell) not in hidden),
                *(cells.few(columns, rows) for columns, rows in few.items()),
            ]
            for model, every in found.items()
        }
        pooled = {
            model: [cell for cell in every if _slice(cell) in hidden]
            for model, every in found.items()
        }
        shown = [pair for pair in both if _slice(pair) not in hidden]
        if not counts:
            return Told(min_rows, told, shown), Told(min_rows, {}, [])
        return (
            Told(min_rows, told, shown),
            Told(min_rows, pooled, [pair for pair in both if _slice(pair) in hidden]),
        )

    def _cells(self, folds: Sequence[Fold]) -> list[Cell]:
        found = [
            cell
            for family, fold in zip(self._families, folds, strict=True)
            for cell in _sorted(fold.cells(family.columns, family.values))
        ]
        # A split without a labelled row has a total too.
        return found or [cells.NOTHING]


def _sorted(items: Iterable[Item]) -> list[Item]:
    return sorted(items, key=_slice)


def _slice(item: Cell | Pair) -> Slice:
    return item.columns, item.values


def _hidden(found: Iterable[Cell], min_rows: int) -> dict[Slice, int]:
    """Return the slices to hide with their rows, family by family."""
    rows: dict[Columns, dict[Values, int]] = defaultdict(dict)
    for cell in found:
        rows[cell.columns][cell.values] = cell.rows
    small = {
        columns: {values for values, num in family.items() if num < min_rows}
        for columns, family in rows.items()
    }
    hidden = suppression.hide_families(rows, small, min_rows)
    return {
        (columns, values): rows[columns][values]
        for columns, chosen in hidden.items()
        for values in sorted(chosen)
    }
