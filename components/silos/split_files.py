"""Reads the Parquet files of a split, which have the same columns, as one table."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.parquet as pq


def read(paths: Sequence[str]) -> pa.Table:
    """Return the rows of a split's files, at least one, in their order."""
    return pa.concat_tables([pq.read_table(path) for path in paths])


def columns(paths: Sequence[str]) -> list[str]:
    """Return the names of a split's columns."""
    names: list[str] = pq.read_schema(paths[0]).names
    return names
