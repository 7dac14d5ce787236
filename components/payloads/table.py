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
import math
import operator
import pathlib
import re
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from components.payloads import benefit
from components.payloads.manifest import EVAL

PARQUET = "table.parquet"
CSV = "table.csv"

CANDIDATE = "candidate"
BASELINE = "baseline"
CHANGE = "change"  # candidate minus baseline on the same rows
BASE = benefit.BASE  # the federation's, where the candidate has silos' own in its place
MODELS = (CANDIDATE, BASELINE, CHANGE, BASE)

SILO = "silo_id"  # the column of silos, as slice of figures over the silos
CROSS = " x "  # between the columns, and the values, of an intersection
_X = re.compile(r"(?<!\S)(\\*x)(?!\S)")  # what could be taken for it in a value

TOO_FEW = "too few"
ONE_CLASS = "one class"
NO_ROWS = "no rows"
ALL_ZERO = "all zero"

ROWS = "rows"  # each slice has this figure, also where it has no other
RANKED_BY = "auc"  # the metric by which slices are ranked
GAIN = "gain_auc"  # of a silo: AUC minus that of a model of its own rows alone


@dataclasses.dataclass(frozen=True)
class Slice:
    """A part of the evaluated rows; all of them when every field is empty."""

    silo: str = ""
    column: str = ""  # as `Figure.slice`
    group: str = ""

    @property
    def family(self) -> tuple[str, ...]:
        """What it is cut by: the silo, then the group column."""
        silo = (SILO,) if self.silo else ()
        return (*silo, *((self.column,) if self.column else ()))

    @property
    def columns(self) -> tuple[str, ...]:
        """The group columns, one by one."""
        return tuple(self.column.split(CROSS)) if self.column else ()


OVERALL = Slice()
OVER_SILOS = Slice(column=SILO)


@dataclasses.dataclass(frozen=True)
class MetricKey:
    """Which figure: metric, slice, model, split and threshold (None: has none)."""

    metric: str
    slice: Slice = OVERALL
    model: str = CANDIDATE
    split: str = EVAL
    threshold: float | None = None


@dataclasses.dataclass(frozen=True)
class Figure:
    """One figure."""

    model: str  # one of `MODELS`
    split: str  # whose rows it is of, `eval` or `next`
    silo: str  # empty for all silos
    slice: str  # columns joined by ` x `; empty for all rows; `silo_id`: over the silos
    group: str  # see `crossed`; `too few`; empty for all rows, and over the groups
    metric: str  # README.md of the FairnessEvaluator lists them
    threshold: float | None = None  # of rates; of the calibration curve a bin's end
    value: float | None = None  # None where there is none, `note` says why
    low: float | None = None  # of the 95 % interval; None where there is none
    high: float | None = None
    rows: int = 0  # labelled rows of the slice
    positives: int | None = None  # rows of label 1 among them; None where too few
    note: str = ""  # `too few`, `one class`, `no rows` (above), `all zero` (divisor)
    about: str = ""  # the silo or the groups that it is taken from, such as the worst
    freedom: int | None = None  # of Student's t in its interval; None: as by its rows

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

    @property
    def in_slice(self) -> Slice:
        """The slice that it is of."""
        return Slice(self.silo, self.slice, self.group)

    @property
    def is_number(self) -> bool:
        """Whether there is a value to show, finite and without a note."""
        return not self.note and self.value is not None and math.isfinite(self.value)

    @property
    def number(self) -> float:
        """The value; a ValueError where `is_number` is false."""
        if not self.is_number or self.value is None:
            raise ValueError(f"a figure noted `{self.note}` is not a number")
        return self.value

    @property
    def upper(self) -> float:
        """The upper end of the interval; the value without one.

        Slices ranked by it lead with what is surely low, not with what has few rows.
        """
        return self.number if self.high is None else self.high


def crossed(values: Sequence[str]) -> str:
    """Return the name of a group of crossed values; no other values have the same.

    An `x` among a value's words gets a backslash.
    """
    if len(values) == 1:
        return values[0]
    return CROSS.join(
        value if value.split() == [value] else _X.sub(r"\\\1", value)
        for value in values
    )


_KINDS = {
    "str": pa.string(),
    "int": pa.int64(),
    "int | None": pa.int64(),
    "float | None": pa.float64(),
}
SCHEMA = pa.schema([(f.name, _KINDS[str(f.type)]) for f in dataclasses.fields(Figure)])
_VALUES = operator.attrgetter(*SCHEMA.names)


@dataclasses.dataclass(frozen=True)
class Table:
    """All figures of an evaluation, sorted; see `make_table`."""

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
        of = Slice(silo, slice, group)
        return self._exact(MetricKey(metric, of, model, split, threshold))

    def get(self, key: MetricKey) -> Figure | None:
        """Return one figure; None where the table has no such slice or metric.

        A slice with too few rows has a figure for its rows only: that one, with its
        note, is returned for every other metric too.
        """
        if found := self._exact(key):
            return found
        rows = self._exact(dataclasses.replace(key, metric=ROWS, threshold=None))
        return rows if rows and rows.note else None

    def _exact(self, key: MetricKey) -> Figure | None:
        of = (key.slice.silo, key.slice.column, key.slice.group)
        wanted = Figure(key.model, key.split, *of, key.metric, key.threshold)
        return self._by_key.get(wanted.key)

    @functools.cached_property
    def _by_key(self) -> dict[tuple[int, str, str, str, str, str, float], Figure]:
        return {figure.key: figure for figure in self}

    @functools.cached_property
    def has_baseline(self) -> bool:
        """Whether a baseline was evaluated too."""
        return any(figure.model == BASELINE for figure in self)

    def thresholds(self, metric: str) -> list[float]:
        """Return the thresholds at which `metric` was taken, ascending."""
        return self._thresholds.get(metric, [])

    @functools.cached_property
    def _thresholds(self) -> dict[str, list[float]]:
        found: dict[str, set[float]] = collections.defaultdict(set)
        for figure in self:
            if figure.threshold is not None:
                found[figure.metric].add(figure.threshold)
        return {metric: sorted(values) for metric, values in found.items()}

    @functools.cached_property
    def columns(self) -> tuple[str, ...]:
        """The group columns that slices are cut by, crossed ones last."""
        found = {of.column for of in self.slices if of.column}
        return tuple(sorted(found, key=_column_rank))

    @functools.cached_property
    def silos(self) -> tuple[str, ...]:
        """The silos that were evaluated, sorted."""
        return tuple(sorted(of.silo for of in self.slices if of.silo and not of.column))

    @functools.cached_property
    def slices(self) -> tuple[Slice, ...]:
        """The candidate's slices of the evaluation split, the surely worst first.

        Ranked by the upper end of the interval of `RANKED_BY`; slices without a
        number last. Ties go by name.
        """
        found = dict.fromkeys(
            figure.in_slice
            for figure in self
            if (figure.model, figure.split) == (CANDIDATE, EVAL)
            and figure.metric in {RANKED_BY, ROWS}
            and bool(figure.slice) == bool(figure.group)
        )
        return tuple(sorted(found, key=self._rank))

    def _rank(self, of: Slice) -> tuple[bool, float, str, str, str]:
        figure = self.get(MetricKey(RANKED_BY, of))
        is_number = figure is not None and figure.is_number
        upper = figure.upper if figure is not None and is_number else 0.0
        return (not is_number, upper, of.silo, of.column, of.group)

    def families(self) -> dict[tuple[str, ...], list[Slice]]:
        """Return the slices that have a number by family, the surely worst first.

        Silos come first, then each group column, crossed ones after single ones,
        then the groups inside silos.
        """
        found: dict[tuple[str, ...], list[Slice]] = {}
        for of in self.slices:
            figure = self.get(MetricKey(RANKED_BY, of))
            if of != OVERALL and figure is not None and figure.is_number:
                found.setdefault(of.family, []).append(of)
        return {family: found[family] for family in sorted(found, key=_family_rank)}

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
        return found

    def to_arrow(self) -> pa.Table:
        """Return the table as Arrow, one row a figure."""
        columns = list(zip(*map(_VALUES, self), strict=True)) or [()] * len(SCHEMA)
        return pa.table(list(map(pa.array, columns, SCHEMA.types)), schema=SCHEMA)

    def write(self, folder: str | pathlib.Path) -> None:
        """Write the table into an artifact's folder."""
        arrow = self.to_arrow()
        pq.write_table(arrow, str(pathlib.Path(folder, PARQUET)))
        pyarrow.csv.write_csv(arrow, str(pathlib.Path(folder, CSV)))


def _column_rank(column: str) -> tuple[int, str]:
    return (column.count(CROSS), column)


def _family_rank(family: tuple[str, ...]) -> tuple[int, bool, tuple[int, str]]:
    return (len(family), family[0] != SILO, _column_rank(family[-1]))


def make_table(figures: Iterable[Figure]) -> Table:
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
        found = file.read(use_threads=False)
    if "freedom" not in found.column_names:  # an older one
        found = found.append_column("freedom", pa.nulls(len(found), pa.int64()))
    return found.select(SCHEMA.names)


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
