"""Looks at a new use case's data, silo by silo, to propose settings.

This runs for the data scientist who holds the data. Rows of two silos are never
put together: each silo is read, measured and let go before the next.
"""

from __future__ import annotations

import dataclasses
import pathlib
from collections import Counter
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc
from tensorflow_metadata.proto.v0 import schema_pb2

from components.errors import SettingsError
from components.silo_example_gen import files
from components.silo_validator import infer_schema

MAX_LABEL_VALUES = 20


@dataclasses.dataclass(frozen=True)
class Survey:
    """What was found.

    Attributes:
        silos: Labelled rows of each silo.
        label_values: Negative and positive value; None where they are 0 and 1.
        has_unlabelled: Whether some rows have no label.
        schema: A schema that every silo fits.
    """

    silos: dict[str, int]
    label_values: tuple[str, str] | None
    has_unlabelled: bool
    schema: schema_pb2.Schema


def survey(data: pathlib.Path, label: str, sensitive: Sequence[str]) -> Survey:
    """Look at all silos.

    Args:
        data: Folder that holds a folder for each silo.
        label: The label's column.
        sensitive: Columns that must be there.

    Raises:
        SettingsError: The data can't make a use case; what was found is said.
    """
    if not data.is_dir():
        raise SettingsError(f"--data {data}: found no such folder")
    folders = sorted(
        path
        for path in data.iterdir()
        if path.is_dir() and not path.name.startswith(".")
    )
    if not folders:
        raise SettingsError(
            f"--data {data}: found no folder in it, expected one for each silo",
            "put each silo's Parquet or CSV files into a folder of its own",
        )
    values: Counter[str] = Counter()
    rows: dict[str, int] = {}
    unlabelled = 0
    for folder in folders:
        column = _column(_read(folder), folder.name, label, sensitive)
        rows[folder.name] = len(column) - column.null_count
        unlabelled += column.null_count
        values.update(_counts(column))
    mapping = _label_values(values, label)
    schema = infer_schema.infer(
        (_relabelled(_read(folder), label, mapping) for folder in folders), label
    )
    return Survey(rows, mapping, bool(unlabelled), schema)


def _read(folder: pathlib.Path) -> pa.Table:
    found = [path for _, path in files.find(folder, "*")]
    if not found:
        raise SettingsError(
            f"silo `{folder.name}`: found no Parquet or CSV file in {folder}"
        )
    table, refused = files.unify(
        [(path.name, files.read(folder.name, path)) for path in found]
    )
    if refused:
        raise SettingsError(f"silo `{folder.name}`: {refused[0]}")
    return table


def _column(
    table: pa.Table, silo: str, label: str, sensitive: Sequence[str]
) -> pa.ChunkedArray:
    for name in (label, *sensitive):
        if name not in table.column_names:
            raise SettingsError(
                f"silo `{silo}`: found no column `{name}`; there are "
                f"{', '.join(table.column_names)}",
                "check the spelling of --label and --sensitive",
            )
    return table[label]


def _counts(column: pa.ChunkedArray) -> dict[str, int]:
    text = pc.utf8_trim_whitespace(column.drop_null().cast(pa.string()))
    return {
        item["values"]: item["counts"] for item in pc.value_counts(text).to_pylist()
    }


def _label_values(values: Counter[str], label: str) -> tuple[str, str] | None:
    if {_number(value) for value in values} == {0.0, 1.0}:
        return None
    if len(values) != 2:
        found = ", ".join(sorted(values)[:5]) if len(values) <= MAX_LABEL_VALUES else ""
        raise SettingsError(
            f"--label {label}: found {len(values)} distinct values"
            f"{f' ({found})' if found else ''}, expected two",
            "choose a column with two values, or make one (above a bound or not)",
        )
    (common, _), (rare, _) = values.most_common()
    return common, rare


def _number(value: str) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None


def _relabelled(
    table: pa.Table, label: str, values: tuple[str, str] | None
) -> pa.Table:
    index = table.column_names.index(label)
    return table.set_column(index, label, files.relabel(table[label], values))
