"""The labelled rows of a silo's split with their scores and the values of columns.

They are held in memory inside the silo, some 30 bytes a row: exact figures need the
rows in order of their scores.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from components.errors import SiloError
from components.payloads.silo import Silo
from components.payloads.table import TOO_FEW
from components.scoring import batches
from components.scoring.model import scorer
from components.scoring.served import Served

MISSING = "missing"
RESERVED = (TOO_FEW, MISSING, "")

Batch: TypeAlias = tuple[pa.RecordBatch, NDArray[np.float64]]
Groups: TypeAlias = tuple[NDArray[np.int64], list[tuple[str, ...]]]
Refusal: TypeAlias = Callable[[str, str, str], SiloError]  # found, expected, hint


@dataclasses.dataclass(frozen=True)
class ScoredModel:
    """A model to evaluate."""

    name: str  # `candidate`, `baseline` or `base`
    folder: str  # see `scoring/model.py`
    digest: str
    column: str = ""  # holds its scores where it scored elsewhere; else `folder` scores
    weights: str = ""  # a file of others than those in `folder`
    own: Mapping[str, Served] = dataclasses.field(default_factory=dict)  # by silo

    def of_silo(self, silo: str) -> ScoredModel:
        """Return what scores a silo's rows: the silo's own weights where it has some.

        It knows nothing of other silos, so it may be sent to the silo.
        """
        if silo not in self.own:
            return dataclasses.replace(self, own={})
        _, digest, weights, _ = self.own[silo]
        return dataclasses.replace(self, digest=digest, weights=weights, own={})

    def score(
        self, silo: Silo, path: str, columns: Iterable[str] = ()
    ) -> Iterator[Batch]:
        """Yield each batch of a Parquet file with its rows' scores, 0 to 1.

        It has `columns` beside those that the scores come from.

        Raises:
            FileError: See `scoring/batches.py`.
            SiloError: The column of scores is absent, not numeric, or holds what
                is no probability.
        """
        if self.column:
            for batch in batches.read_batches(path, {self.column, *columns}):
                yield batch, _given_scores(batch, self.column, silo, path)
            return
        loaded = scorer(self.folder, self.digest, self.weights)
        for scored in batches.score_batches(loaded, path, columns):
            yield scored.batch, scored.scores.astype(np.float64)


@dataclasses.dataclass(frozen=True)
class Rows:
    """The labelled rows of a split."""

    labels: NDArray[np.int64]  # 0 or 1
    scores: dict[str, NDArray[np.float64]]  # by model, the candidate first
    columns: dict[str, tuple[NDArray[np.int64], list[str]]]  # codes, names by code
    is_labelled: NDArray[np.bool_]  # of all rows of the files

    def groups(self, columns: Sequence[str]) -> Groups:
        """Return the code of each row's group, and the crossed values by code.

        Of no columns, all rows are one group.
        """
        codes = np.zeros(len(self.labels), np.int64)
        values: list[tuple[str, ...]] = [()] if len(self.labels) else []
        for column in columns:
            own, names = self.columns[column]
            codes, crossed = pd.factorize(codes * len(names) + own)
            values = [
                (*values[pair // len(names)], names[pair % len(names)])
                for pair in crossed.tolist()
            ]
        return codes, values

    def add_scores(self, silo: Silo, paths: Sequence[str], model: ScoredModel) -> None:
        """Score the same files by another model; errors as those of `read`."""
        found = [scores for path in paths for _, scores in model.score(silo, path)]
        self.scores[model.name] = np.concatenate([np.zeros(0), *found])[
            self.is_labelled
        ]


def read(
    silo: Silo,
    paths: Sequence[str],
    model: ScoredModel,
    label: str,
    columns: Iterable[str],
) -> Rows:
    """Score a split's rows by a model, and return those that have a label.

    Args:
        silo: The silo.
        paths: The split's files.
        model: The first model.
        label: The label's column.
        columns: Those of slices.

    Raises:
        SiloError: The label column is absent or holds more than 0 and 1; or see
            `ScoredModel.score`.
        FileError: The split can't be read or scored.
    """
    named: dict[str, dict[str, int]] = {column: {} for column in columns}
    labels, scores = [np.zeros(0)], [np.zeros(0)]
    codes = {column: [np.zeros(0, np.int64)] for column in named}
    for path in paths:
        for batch, found in model.score(silo, path, {label, *named}):
            labels.append(_labels(batch, label, silo, path))
            scores.append(found)
            for column, names in named.items():
                codes[column].append(_codes(batch, column, names))
    every = np.concatenate(labels)
    known = ~np.isnan(every)
    return Rows(
        every[known].astype(np.int64),
        {model.name: np.concatenate(scores)[known]},
        {
            column: (np.concatenate(parts)[known], list(named[column]))
            for column, parts in codes.items()
        },
        known,
    )


def _given_scores(
    batch: pa.RecordBatch, column: str, silo: Silo, path: str
) -> NDArray[np.float64]:
    refusal = functools.partial(SiloError, silo.id, f"{path}: scores `{column}`")
    hint = "check the column and how it is made"
    expected = "a column of numbers from 0 to 1"
    values = _numbers(batch, column, refusal, expected, hint)
    outside = int(np.sum(~((values >= 0.0) & (values <= 1.0))))  # NaN and null too
    if outside:
        found = f"{outside:,} of {len(values):,} scores outside 0 to 1 or not a number"
        raise refusal(found, "a probability in each row", hint)
    return values


def _labels(
    batch: pa.RecordBatch, label: str, silo: Silo, path: str
) -> NDArray[np.float64]:
    """Return the labels, NaN for rows without one."""
    refusal = functools.partial(SiloError, silo.id, f"{path}: label `{label}`")
    hint = "check `label` in the settings and the silo's export"
    values = _numbers(batch, label, refusal, "a column of 0 and 1", hint, booleans=True)
    strange = int(np.sum(~(np.isnan(values) | np.isin(values, (0.0, 1.0)))))
    if strange:
        found = f"{strange:,} of {len(values):,} rows with another number"
        hint = "check how the use case derives its label"
        raise refusal(found, "only 0 and 1", hint)
    return values


def _numbers(
    batch: pa.RecordBatch,
    column: str,
    refusal: Refusal,
    expected: str,
    hint: str,
    *,
    booleans: bool = False,
) -> NDArray[np.float64]:
    index = batch.schema.get_field_index(column)
    if index < 0:
        raise refusal("no such column", expected, hint)
    values = batch.column(index)
    if booleans and pa.types.is_boolean(values.type):
        values = values.cast(pa.int8())
    if not (pa.types.is_integer(values.type) or pa.types.is_floating(values.type)):
        raise refusal(f"type {values.type}", expected, hint)
    found: NDArray[np.float64] = pc.cast(values, pa.float64()).to_numpy(
        zero_copy_only=False
    )
    return found


def _codes(
    batch: pa.RecordBatch, column: str, names: dict[str, int]
) -> NDArray[np.int64]:
    """Return the code of each row's value; new values are added to `names`.

    A column that is not there is `missing` throughout.
    """

    def code(value: object) -> int:
        return names.setdefault(_name(value), len(names))

    index = batch.schema.get_field_index(column)
    if index < 0:
        return np.full(batch.num_rows, code(None), np.int64)
    values = batch.column(index)
    if not pa.types.is_dictionary(values.type):
        values = pc.dictionary_encode(values)
    table = [code(value) for value in values.dictionary.to_pylist()]
    indices = values.indices
    if indices.null_count:
        indices = pc.fill_null(indices.cast(pa.int32()), len(table))
        table.append(code(None))
    codes: NDArray[np.int64] = np.array(table, np.int64)[
        indices.to_numpy(zero_copy_only=False)
    ]
    return codes


def _name(value: object) -> str:
    """Return a value's name, the same for all types that silos store it in."""
    match value:
        case None:
            return MISSING
        case bool():
            name = str(value).lower()
        case bytes():
            name = value.decode(errors="backslashreplace")
        case float() if math.isnan(value):
            return MISSING
        case float() if value.is_integer():  # as of a column of int with gaps
            name = str(int(value))
        case _:
            name = str(value)
    return f"{name} (value)" if name in RESERVED else name
