"""What leaves a silo of one slice of its rows: counts and sums, never a row.

A `Cell` of a silo's own slice carries its finished figures (`Exact`); one that is a
part of a total over silos carries score bins in their place, each with a least number
of rows. All else are sums over rows, which add up over silos exactly.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable, Sequence
from typing import Annotated, Any, ClassVar, TypeAlias

import numpy as np
import pydantic
from numpy.typing import NDArray

from components.payloads.table import TOO_FEW

Slice: TypeAlias = tuple[tuple[str, ...], tuple[str, ...]]  # columns and values

_AS_LIST = pydantic.PlainSerializer(lambda array: array.tolist(), list)
Ints = Annotated[
    NDArray[np.int64],
    pydantic.PlainValidator(lambda values: np.asarray(values, np.int64)),
    _AS_LIST,
]
Floats = Annotated[
    NDArray[np.float64],
    pydantic.PlainValidator(lambda values: np.asarray(values, np.float64)),
    _AS_LIST,
]


def _empty(rows: int, kind: type = np.float64) -> Callable[[], NDArray[Any]]:
    return functools.partial(np.zeros, (rows, 0), kind)


@dataclasses.dataclass(frozen=True)
class Exact:
    """What needs the rows in order of their scores, so does not add up over silos."""

    auc: float  # NaN where a label is absent
    auc_variance: float  # after DeLong; NaN with one row of a label
    pr_auc: float  # NaN where a label is absent
    calibration_error: float
    chance_error: float  # the one that a model without fault would show
    # Each bin of calibration, those of few rows joined: upper end, rows, positives, sum
    # of scores; shape `(4, n)`.
    curve: Floats = dataclasses.field(default_factory=_empty(4))
    # Where asked for: scores between rows, and rows of each label above them.
    cuts: Floats = dataclasses.field(default_factory=_empty(3))


@dataclasses.dataclass(frozen=True)
class Cell:
    """One slice of rows, scored by one model."""

    columns: tuple[str, ...]  # empty for all rows
    values: tuple[str, ...]  # one a column; `(TOO_FEW,)` for small ones together
    rows: int  # labelled
    too_few: bool = False  # whether the row count is all that is known
    is_hidden: bool = False  # of a part of a total: its silo does not show the slice
    positives: int = 0  # rows of label 1
    scores: float = 0.0  # their sum
    log_loss: float = 0.0  # sum over rows, unit: nats
    log_loss_squares: float = 0.0
    brier: float = 0.0  # sum of squared errors
    brier_squares: float = 0.0
    # Rows of each label above each threshold, shape `(2, thresholds)`.
    above: Ints = dataclasses.field(default_factory=_empty(2, np.int64))
    # Beside the first model on the same rows: sums of products of both models' losses,
    # rows that both score above each threshold, rows times the correlation of both AUC
    # estimates, and the rows of which that is known.
    log_loss_products: float = 0.0
    brier_products: float = 0.0
    both_above: Ints = dataclasses.field(default_factory=_empty(2, np.int64))
    correlation: float = 0.0
    correlated: int = 0
    exact: Exact | None = None  # the finished figures of a silo's own slice
    # Of a total: rows, positives and sum of scores in each bin of calibration, shape
    # `(3, 10)`, and its score bins, see `bins.py`, shape `(5, n)`.
    curve: Floats = dataclasses.field(default_factory=_empty(3))
    bins: Ints = dataclasses.field(default_factory=_empty(5, np.int64))

    @property
    def slice(self) -> Slice:
        """Its columns and values."""
        return self.columns, self.values

    @property
    def negatives(self) -> int:
        """Rows of label 0."""
        return self.rows - self.positives

    @property
    def auc_correlation(self) -> float:
        """That of both models' AUC, -1 to 1; NaN where it is not known.

        Of a total it is the mean of those within silos, weighted by rows: the joint
        distribution of scores stays there, and rows that two silos compare with each
        other are thought to be as alike for both models as rows within a silo.
        """
        return self.correlation / self.correlated if self.correlated else math.nan


NOT_SUMS = {"columns", "values", "too_few", "is_hidden", "exact", "bins"}
SUMS = [field.name for field in dataclasses.fields(Cell) if field.name not in NOT_SUMS]


def too_few_cell(columns: tuple[str, ...], rows: int) -> Cell:
    """Return the cell of a family's small values; of no column, of all rows."""
    return Cell(columns, (TOO_FEW,) if columns else (), rows, too_few=True)


def add(cells: Sequence[Cell]) -> Cell:
    """Return the total of the same slice over silos; sums depend on the order."""
    first, *others = cells
    sums = {
        name: sum((getattr(cell, name) for cell in others), getattr(first, name))
        for name in SUMS
    }
    bins = np.concatenate([cell.bins for cell in cells], axis=1)
    return Cell(first.columns, first.values, **sums, bins=bins)


@dataclasses.dataclass(frozen=True)
class Sketch:
    """What a silo sends of one split: its cells by model, the candidate's first.

    A part of totals carries the conditions under which it may be added: fewest rows
    of what is hidden and yet counts, fewest rows of a score bin, most score bins.
    """

    __pydantic_config__: ClassVar = pydantic.ConfigDict(ser_json_inf_nan="constants")

    cells: dict[str, list[Cell]]
    min_rows: int = 1
    rows_per_bin: int = 1
    bins: int = 1_000

    def __len__(self) -> int:
        """Return the number of cells; one that is paired with another counts twice."""
        cells = [cell for of_model in self.cells.values() for cell in of_model]
        return len(cells) + sum(bool(cell.both_above.size) for cell in cells)

    def to_bytes(self) -> bytes:
        """Return it as JSON."""
        return _JSON.dump_json(self)

    @classmethod
    def of_bytes(cls, content: bytes) -> Sketch:
        """Return the sketch that `to_bytes` wrote."""
        return _JSON.validate_json(content)


_JSON = pydantic.TypeAdapter(Sketch)
