"""Reads the Parquet files of a split, which have the same columns, as one table."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.parquet as pq


def read(paths: Sequence[str], columns: Sequence[str] | None = None) -> pa.Table:
    """Return the rows of a split's files, at least one, in their order.

    Of some columns, or of all.
    """
    return pa.concat_tables([pq.read_table(path, columns=columns) for path in paths])


def columns(paths: Sequence[str]) -> list[str]:
    """Return the names of a split's columns."""
    names: list[str] = pq.read_schema(paths[0]).names
    return names
