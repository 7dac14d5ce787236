"""The tidy table of an evaluation: what gates, pages and comparisons read.

One row a figure, by model, split, silo, slice and metric. A figure that can't be
had is null with a note that says why; slices with too few rows keep their row
count and no figure. Written as Parquet and, for people, as CSV.
"""

from __future__ import annotations

import collections
import dataclasses
import functools
import itertools
import operator
import pathlib
import re
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

PARQUET = "table.parquet"
CSV = "table.csv"

CANDIDATE = "candidate"
BASELINE = "baseline"
CHANGE = "change"  # candidate minus baseline on the same rows
MODELS = (CANDIDATE, BASELINE, CHANGE)

SILO = "silo_id"  # the column of silos, as slice of figures over the silos
CROSS = " x "  # between the columns, and the values, of an intersection
_X = re.compile(r"(?<!\S)(\\*x)(?!\S)")  # what could be taken for it in a value

TOO_FEW = "too few"
ONE_CLASS = "one class"
NO_ROWS = "no rows"
ALL_ZERO = "all zero"

SCHEMA = pa.schema(
    [
        ("model", pa.string()),
        ("split", pa.string()),
        ("silo", pa.string()),
        ("slice", pa.string()),
        ("group", pa.string()),
        ("metric", pa.string()),
        ("threshold", pa.float64()),
        ("value", pa.float64()),
        ("low", pa.float64()),
        ("high", pa.float64()),
        ("rows", pa.int64()),
        ("positives", pa.int64()),
        ("note", pa.string()),
        ("about", pa.string()),
    ]
)


@dataclasses.dataclass(frozen=True)
class Figure:
    """One figure.

    Attributes:
        model: `candidate`, `baseline` or `change`.
        split: The split whose rows it is of, `eval` or `next`.
        silo: The silo's id; empty for all silos.
        slice: The slice's columns joined by ` x `; empty for all rows; `silo_id`
            for figures over the silos.
        group: The slice's values, see `crossed`; `too few` for small ones; empty
            for all rows, and for figures over the groups of `slice`.
        metric: Its name; README.md of the FairnessEvaluator lists them.
        threshold: Of the rates; of the calibration curve, the upper edge of the
            bin; None for other metrics.
        value: The figure; None where there is none, `note` says why.
        low: Lower end of its 95 % interval; None where there is no interval.
        high: Upper end.
        rows: Labelled rows in the slice.
        positives: Rows of label 1 among them; None where too few.
        note: Empty, `too few`, `one class`, `no rows` (above the threshold) or
            `all zero` (what the figure is a share of).
        about: The silo or the groups that the figure is taken from, such as the
            worst; of an AUC, by how much it may be off; empty where that is plain.
    """

    model: str
    split: str
    silo: str
    slice: str
    group: str
    metric: str
    threshold: float | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    rows: int = 0
    positives: int | None = None
    note: str = ""
    about: str = ""

    @property
    def key(self) -> tuple[int, str, str, str, str, str, float]:
        """What figures are sorted by; no two of a table share it."""
        return (
            MODELS.index(self.model),
            self.split,
            self.silo,
            self.slice,
            self.group,
            self.metric,
            -1.0 if self.threshold is None else self.threshold,
        )


def crossed(values: Sequence[str]) -> str:
    """Return the name of a group of crossed values; no other values have the same.

    Args:
        values: One value a column; an `x` among a value's words gets a backslash.
    """
    if len(values) == 1:
        return values[0]
    return CROSS.join(
        _X.sub(r"\\\1", value) if len(value.split()) > 1 else value for value in values
    )


_VALUES = operator.attrgetter(*SCHEMA.names)


@dataclasses.dataclass(frozen=True)
class Table:
    """All figures of an evaluation, sorted; see `of`."""

    figures: tuple[Figure, ...] = ()

    def __iter__(self) -> Iterator[Figure]:
        """Iterate over the figures in their order."""
        return iter(self.figures)

    def __len__(self) -> int:
        """Return the number of figures."""
        return len(self.figures)

    def metric(
        self,
        metric: str,
        *,
        silo: str = "",
        slice: str = "",
        group: str = "",
        threshold: float | None = None,
        model: str = CANDIDATE,
        split: str = "eval",
    ) -> Figure | None:
        """Return one figure; None when the table has no such row."""
        wanted = Figure(model, split, silo, slice, group, metric, threshold).key
        return self._by_key.get(wanted)

    @functools.cached_property
    def _by_key(self) -> dict[tuple[int, str, str, str, str, str, float], Figure]:
        return {figure.key: figure for figure in self}

    def by_silo(
        self,
        metric: str,
        *,
        threshold: float | None = None,
        model: str = CANDIDATE,
        split: str = "eval",
    ) -> list[Figure]:
        """Return a metric over all rows of each silo, sorted by silo."""
        return list(self._by_metric.get((model, split, metric, threshold), ()))

    @functools.cached_property
    def _by_metric(self) -> dict[tuple[str, str, str, float | None], list[Figure]]:
        found = collections.defaultdict(list)
        for figure in self:
            if figure.silo and not figure.slice:
                place = (figure.model, figure.split, figure.metric, figure.threshold)
                found[place].append(figure)
        return dict(found)

    def to_arrow(self) -> pa.Table:
        """Return the table as Arrow, one row a figure."""
        columns = list(zip(*map(_VALUES, self), strict=True)) or [()] * len(SCHEMA)
        arrays = [
            pa.array(column, field.type)
            for column, field in zip(columns, SCHEMA, strict=True)
        ]
        return pa.Table.from_arrays(arrays, schema=SCHEMA)

    def write(self, folder: str | pathlib.Path) -> None:
        """Write the table into an artifact's folder."""
        arrow = self.to_arrow()
        pq.write_table(arrow, str(pathlib.Path(folder, PARQUET)))
        pyarrow.csv.write_csv(arrow, str(pathlib.Path(folder, CSV)))


def of(figures: Iterable[Figure]) -> Table:
    """Return the table of some figures, sorted.

    Raises:
        ValueError: Two figures are of the same thing.
    """
    ordered = tuple(sorted(figures, key=lambda figure: figure.key))
    for one, other in itertools.pairwise(ordered):
        if one.key == other.key:
            raise ValueError(f"two figures are of the same thing: {one.key}")
    return Table(ordered)


def read(folder: str | pathlib.Path) -> Table:
    """Read the table from an artifact's folder."""
    return of_parquet(pathlib.Path(folder, PARQUET).read_bytes())


def of_parquet(content: bytes) -> Table:
    """Read the table from the bytes of its Parquet file."""
    columns = map(_plain, arrow_of_parquet(content).columns)
    return Table(tuple(itertools.starmap(Figure, zip(*columns, strict=True))))


def arrow_of_parquet(content: bytes) -> pa.Table:
    """Read the table's Parquet file as Arrow, without more columns than it has here.

    Raises:
        ArrowInvalid: It is no Parquet.
        KeyError: It lacks a column.
    """
    # A thread of Arrow's that still holds Python's bytes when the program ends aborts
    # it (apache/arrow#34314).
    with pq.ParquetFile(pa.BufferReader(content)) as file:
        return file.read(use_threads=False).select(SCHEMA.names)


def _plain(column: pa.ChunkedArray) -> list[str | float | int | None]:
    """Return a column as a list; by array, as there may be a million figures."""
    if pa.types.is_string(column.type):
        # Each name once, however often it stands there.
        encoded = column.combine_chunks().dictionary_encode()
        names = np.array(encoded.dictionary.to_pylist(), object)
        return list(names[encoded.indices.to_numpy()])
    values = column.fill_null(0).to_numpy().astype(object)
    values[column.is_null().to_numpy()] = None
    return list(values)
