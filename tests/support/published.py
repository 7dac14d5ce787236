"""Reads predictions as their users do: by the pointer, without our code."""

from __future__ import annotations

import json
import pathlib

import pyarrow as pa
import pyarrow.parquet as pq


def read(predictions: pathlib.Path) -> pa.Table:
    """Return all rows below a folder of predictions that its pointers list."""
    return pa.concat_tables([pq.read_table(path) for path in files(predictions)])


def files(predictions: pathlib.Path) -> list[pathlib.Path]:
    """Return the files that the pointers below a folder list, in their order."""
    pointers = sorted(predictions.rglob("_predictions.json"))
    return [
        pointer.parent / "parts" / part["name"]
        for pointer in pointers
        for part in json.loads(pointer.read_bytes())["parts"]
    ]
