"""Numbers the groups of rows: the values of columns, alone and crossed.

Numbers are given at first sight, so memory grows with distinct values and the
same rows get the same numbers each time.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from components.fairness_evaluator.sketches.cells import MISSING
from components.payloads.table import TOO_FEW

RESERVED = (TOO_FEW, MISSING, "")


class Column:
    """The values of one column.

    Args:
        name: Its name.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._codes: dict[str, int] = {}

    @property
    def values(self) -> list[str]:
        """The names of the values, by code; rows without one are `missing`."""
        return list(self._codes)

    def codes(self, batch: pa.RecordBatch) -> NDArray[np.int64]:
        """Return the code of each row's value, shape `(rows,)`.

        A column that is not there is `missing` throughout.
        """
        index = batch.schema.get_field_index(self.name)
        if index < 0:
            return np.full(batch.num_rows, self._code(None), np.int64)
        values = batch.column(index)
        if not pa.types.is_dictionary(values.type):
            values = pc.dictionary_encode(values)
        table = [self._code(value) for value in values.dictionary.to_pylist()]
        indices = values.indices
        if indices.null_count:
            indices = pc.fill_null(indices.cast(pa.int32()), len(table))
            table.append(self._code(None))
        codes: NDArray[np.int64] = np.array(table, np.int64)[
            indices.to_numpy(zero_copy_only=False)
        ]
        return codes

    def _code(self, value: object) -> int:
        return self._codes.setdefault(_name(value), len(self._codes))


class Family:
    """The values of some columns crossed; of no column, the one group of all rows.

    Args:
        columns: The columns, which families share.
    """

    def __init__(self, columns: Sequence[Column]) -> None:
        self.columns = tuple(column.name for column in columns)
        self._crossed = columns
        self._codes: dict[tuple[int, ...], int] = {}

    @property
    def values(self) -> list[tuple[str, ...]]:
        """The values of each group, by code."""
        names = [column.values for column in self._crossed]
        return [
            tuple(named[code] for named, code in zip(names, codes, strict=True))
            for codes in self._codes
        ]

    def codes(
        self, num_rows: int, columns: Mapping[str, NDArray[np.int64]]
    ) -> NDArray[np.int64]:
        """Return the code of each row's group, shape `(rows,)`.

        Args:
            num_rows: Number of rows, at least 1.
            columns: The codes of each row's value, by column.
        """
        place = np.zeros(num_rows, np.int64)
        groups: list[tuple[int, ...]] = [()]
        for column in self._crossed:
            size = len(column.values)
            place, crossed = pd.factorize(place * size + columns[column.name])
            groups = [(*groups[pair // size], pair % size) for pair in crossed.tolist()]
        table = [self._codes.setdefault(group, len(self._codes)) for group in groups]
        codes: NDArray[np.int64] = np.array(table, np.int64)[place]
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
