"""The tidy table of an evaluation: what gates, pages and comparisons read.

One row a figure, by model, split, silo, slice and metric. A figure that can't be
had is null with a note that says why; slices with too few rows keep their row
count and no figure. Written as Parquet and, for people, as CSV.
"""

from __future__ import annotations

import dataclasses
import itertools
import pathlib
from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

PARQUET = "table.parquet"
CSV = "table.csv"

CANDIDATE = "candidate"
BASELINE = "baseline"
MODELS = (CANDIDATE, BASELINE)

TOO_FEW = "too few"
ONE_CLASS = "one class"
NO_ROWS = "no rows"

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
    ]
)


@dataclasses.dataclass(frozen=True)
class Figure:
    """One figure.

    Attributes:
        model: `candidate` or `baseline`.
        split: The split whose rows it is of, `eval` or `next`.
        silo: The silo's id; empty for all silos.
        slice: The slice's columns joined by ` x `; empty for all rows.
        group: The slice's value; empty for all rows, `too few` for small ones.
        metric: `auc`, `calibration`, `log_loss`, `brier`, `tpr`, `fpr`, `fnr`,
            `positive_rate` or `rows`.
        threshold: Of the rates; None for other metrics.
        value: The figure; None where there is none, `note` says why.
        low: Lower end of its 95 % interval; None where there is no interval.
        high: Upper end.
        rows: Labelled rows in the slice.
        positives: Rows of label 1 among them; None where too few.
        note: Empty, `too few`, `one class` or `no rows`.
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
        return next((figure for figure in self if figure.key == wanted), None)

    def by_silo(
        self,
        metric: str,
        *,
        threshold: float | None = None,
        model: str = CANDIDATE,
        split: str = "eval",
    ) -> list[Figure]:
        """Return a metric over all rows of each silo, sorted by silo."""
        return [
            figure
            for figure in self
            if figure.silo
            and not figure.slice
            and (figure.metric, figure.threshold) == (metric, threshold)
            and (figure.model, figure.split) == (model, split)
        ]

    def to_arrow(self) -> pa.Table:
        """Return the table as Arrow, one row a figure."""
        return pa.Table.from_pylist(
            [dataclasses.asdict(figure) for figure in self], SCHEMA
        )

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
    arrow = pq.read_table(str(pathlib.Path(folder, PARQUET)))
    return Table(tuple(Figure(**row) for row in arrow.to_pylist()))
