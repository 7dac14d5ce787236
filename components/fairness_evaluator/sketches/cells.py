"""What leaves a silo of one slice of its rows: counts and sums, never a row.

A `Cell` of a silo's own slice carries its finished figures (`Exact`); one that is a
part of a total over silos carries score bins in their place, each with a least number
of rows. All else are sums over rows, which add up over silos exactly.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from components.payloads.table import TOO_FEW

Slice = tuple[tuple[str, ...], tuple[str, ...]]  # columns and values; empty: all rows


@dataclasses.dataclass(frozen=True)
class Exact:
    """What needs the rows in order of their scores, so does not add up over silos.

    Attributes:
        auc: The AUC; NaN where a label is absent.
        auc_variance: Its variance after DeLong; NaN with one row of a label.
        pr_auc: The average precision; NaN where a label is absent.
        calibration_error: The calibration error.
        chance_error: The one that a model without fault would show.
        curve: The calibration curve, bins with few rows joined: upper end, rows,
            positives and sum of scores of each bin, shape `(4, n)`.
        cuts: Where asked for: scores between rows, and the rows of each label above
            them, shape `(3, n)`.
    """

    auc: float
    auc_variance: float
    pr_auc: float
    calibration_error: float
    chance_error: float
    curve: NDArray[np.float64]
    cuts: NDArray[np.float64] = dataclasses.field(
        default_factory=lambda: np.zeros((3, 0))
    )


@dataclasses.dataclass(frozen=True)
class Cell:
    """One slice of rows, scored by one model.

    Attributes:
        columns: The slice's columns; empty for all rows.
        values: Its values, one a column; `(TOO_FEW,)` for small ones together.
        rows: Labelled rows.
        too_few: Whether the row count is all that is known.
        positives: Rows of label 1.
        scores: Sum of the scores.
        log_loss: Sum of the rows' log loss, unit: nats.
        log_loss_squares: Sum of its squares.
        brier: Sum of the rows' squared error.
        brier_squares: Sum of its squares.
        above: Rows of each label above each threshold, shape `(2, thresholds)`.
        exact: The finished figures of a silo's own slice.
        curve: Of a total: rows, positives and sum of scores in each bin of
            calibration, shape `(3, 10)`.
        bins: Of a total: its score bins, see `bins.py`, shape `(5, n)`.
    """

    columns: tuple[str, ...]
    values: tuple[str, ...]
    rows: int
    too_few: bool = False
    positives: int = 0
    scores: float = 0.0
    log_loss: float = 0.0
    log_loss_squares: float = 0.0
    brier: float = 0.0
    brier_squares: float = 0.0
    above: NDArray[np.int64] = dataclasses.field(
        default_factory=lambda: np.zeros((2, 0), np.int64)
    )
    exact: Exact | None = None
    curve: NDArray[np.float64] = dataclasses.field(
        default_factory=lambda: np.zeros((3, 0))
    )
    bins: NDArray[np.int64] = dataclasses.field(
        default_factory=lambda: np.zeros((5, 0), np.int64)
    )

    @property
    def slice(self) -> Slice:
        """Its columns and values."""
        return self.columns, self.values

    @property
    def negatives(self) -> int:
        """Rows of label 0."""
        return self.rows - self.positives

    def hidden(self) -> Cell:
        """Return the cell with nothing but its row count."""
        return Cell(self.columns, self.values, self.rows, too_few=True)


@dataclasses.dataclass(frozen=True)
class Pair:
    """Two models, the candidate and the baseline, on the rows of one slice.

    With the cells of both it gives the interval of a change: the products of losses
    give the covariance of two means, the rows that both count as positive that of
    two rates.

    Attributes:
        columns: The slice's columns; empty for all rows.
        values: Its values, one a column.
        rows: Labelled rows.
        too_few: Whether the row count is all that is known.
        auc_correlation: Correlation of the two AUC estimates, -1 to 1; NaN where
            a label has fewer than two rows or an AUC has no variance.
        log_loss_products: Sum over rows of the product of both log losses.
        brier_products: Sum over rows of the product of both squared errors.
        both_above: Rows of each label that both models score above each
            threshold, shape `(2, thresholds)`.
    """

    columns: tuple[str, ...]
    values: tuple[str, ...]
    rows: int
    too_few: bool = False
    auc_correlation: float = math.nan
    log_loss_products: float = 0.0
    brier_products: float = 0.0
    both_above: NDArray[np.int64] = dataclasses.field(
        default_factory=lambda: np.zeros((2, 0), np.int64)
    )

    @property
    def slice(self) -> Slice:
        """Its columns and values."""
        return self.columns, self.values


LOSSES = ("log_loss", "log_loss_squares", "brier", "brier_squares")
SUMS = ("rows", "positives", "scores", *LOSSES)


def few(columns: tuple[str, ...], rows: int) -> Cell:
    """Return the cell of a family's small values; of no column, of all rows."""
    return Cell(columns, (TOO_FEW,) if columns else (), rows, too_few=True)


def add(cells: Sequence[Cell]) -> Cell:
    """Return the total of the same slice over silos; sums depend on the order."""
    first = cells[0]
    return Cell(
        first.columns,
        first.values,
        **{name: sum(getattr(cell, name) for cell in cells) for name in SUMS},
        above=np.sum([cell.above for cell in cells], axis=0),
        curve=np.sum([cell.curve for cell in cells], axis=0),
        bins=np.concatenate([cell.bins for cell in cells], axis=1),
    )


def add_pairs(pairs: Sequence[Pair]) -> Pair:
    """Return the pair of the same slice over silos.

    The joint distribution of scores stays in the silos, so the mean of the
    correlations within them, weighted by rows, stands for that over all: rows that
    two silos compare with each other are thought to be as alike for both models as
    rows within a silo.
    """
    first = pairs[0]
    known = [pair for pair in pairs if not math.isnan(pair.auc_correlation)]
    weight = sum(pair.rows for pair in known)
    correlation = sum(pair.auc_correlation * pair.rows for pair in known)
    return Pair(
        first.columns,
        first.values,
        sum(pair.rows for pair in pairs),
        auc_correlation=correlation / weight if weight else math.nan,
        log_loss_products=sum(pair.log_loss_products for pair in pairs),
        brier_products=sum(pair.brier_products for pair in pairs),
        both_above=np.sum([pair.both_above for pair in pairs], axis=0),
    )


@dataclasses.dataclass(frozen=True)
class Sketch:
    """What a silo sends of one split.

    Attributes:
        cells: The cells by model, the candidate first.
        pairs: Both models together; empty where there is one.
        hidden: Of a part of totals: slices too small to be shown by themselves.
        min_rows: Of a part of totals, the silo's condition: fewest rows of what is
            hidden and yet counts.
        rows_per_bin: The same: fewest rows of a score bin.
        bins: The same: most score bins.
    """

    cells: dict[str, list[Cell]]
    pairs: list[Pair] = dataclasses.field(default_factory=list)
    hidden: frozenset[Slice] = frozenset()
    min_rows: int = 1
    rows_per_bin: int = 1
    bins: int = 1_000

    def __len__(self) -> int:
        """Return the number of cells and pairs."""
        return len(self.pairs) + sum(map(len, self.cells.values()))

    def to_bytes(self) -> bytes:
        """Return it as JSON."""
        fields = {
            "cells": {
                model: [_fields(cell) for cell in cells]
                for model, cells in self.cells.items()
            },
            "pairs": [_fields(pair) for pair in self.pairs],
            "hidden": sorted(self.hidden),
            "min_rows": self.min_rows,
            "rows_per_bin": self.rows_per_bin,
            "bins": self.bins,
        }
        return json.dumps(fields, ensure_ascii=False).encode()

    @classmethod
    def of_bytes(cls, content: bytes) -> Sketch:
        """Return the sketch that `to_bytes` wrote."""
        fields = json.loads(content)
        return cls(
            {
                model: [Cell(**_read(cell)) for cell in cells]
                for model, cells in fields["cells"].items()
            },
            [Pair(**_read(pair)) for pair in fields["pairs"]],
            frozenset((tuple(c), tuple(v)) for c, v in fields["hidden"]),
            fields["min_rows"],
            fields["rows_per_bin"],
            fields["bins"],
        )


def _fields(item: Cell | Pair | Exact) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in vars(item).items():
        if isinstance(value, Exact):
            found[name] = _fields(value)
        elif not isinstance(value, np.ndarray):
            found[name] = value
        elif value.size:
            found[name] = value.tolist()
    return found


def _read(fields: dict[str, Any]) -> dict[str, Any]:
    found = dict(fields)
    for name, value in fields.items():
        if name in ("columns", "values"):
            found[name] = tuple(value)
        elif isinstance(value, list):
            kind = np.float64 if name in ("curve", "cuts") else np.int64
            found[name] = np.array(value, kind)
        elif name == "exact" and value:
            found[name] = Exact(**{"curve": np.zeros((4, 0)), **_read(value)})
    return found
