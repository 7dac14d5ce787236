"""The silo task `profile`: a silo's statistics, and its faults, as aggregates.

All that looks at rows happens in the silo: TFDV's statistics, their validation
against the schema, training/serving skew, duplicates. What leaves are sentences
without values, counts, and statistics cut down by `disclosure.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from components.silo_validator import counts, disclosure, tfdv_checks
from components.silos.manifest import EVAL, NEXT, SCORE, TRAIN
from components.silos.silo import Silo
from components.silos.tasks import Result

NON_FINITE = "export missing numbers as empty fields, and look for divisions by zero"
LARGEST = float(np.finfo(np.float32).max)
ENVIRONMENTS = {TRAIN: "TRAINING", EVAL: "TRAINING", SCORE: "SERVING"}


def profile(_: Silo, arguments: Mapping[str, Any]) -> Result:
    """Measure and check a silo's splits.

    Args:
        arguments: `splits` (paths by name), `schema` (serialized, as hex),
            `label`, `key` and `split_by` columns, `disclosure_rows`,
            `max_non_finite_share`, and the bounds of what is found in counts:
            `min_rows_per_class` and `max_duplicate_share`.

    Returns:
        Values `findings` (list of `{split, column, kind, sentence, hint}`), `labels`
        (rows by label value in train: `negative`, `positive`, `other`; told by
        `disclosure.count`), `duplicates` (eval rows that also stand in train, a lower
        bound: 0 unless there are too many); payload: the disclosed statistics of
        train, a serialized DatasetFeatureStatisticsList.
    """
    schema = schema_pb2.Schema.FromString(bytes.fromhex(arguments["schema"]))
    label, key = arguments["label"], set(arguments["key"])
    for feature in [feature for feature in schema.feature if feature.name in key]:
        schema.feature.remove(feature)  # what names a row is never measured
    known = {feature.name for feature in schema.feature}
    names = key | ({arguments["split_by"]} - known)
    tables = {
        name: _decoded(pq.read_table(path))
        for name, path in arguments["splits"].items()
        if name != NEXT
    }
    findings: list[dict[str, str]] = []
    measured: dict[str, statistics_pb2.DatasetFeatureStatisticsList] = {}
    disclosed = statistics_pb2.DatasetFeatureStatisticsList()
    rows = arguments["disclosure_rows"]
    for name, table in tables.items():
        if not table.num_rows:
            continue
        if not {*known, *names} & {*table.column_names}:
            findings.append(_headless(name, table))
            continue
        kept = [column for column in table.column_names if column not in names]
        finite, flooded = _without_non_finite(
            table.select(kept), arguments["max_non_finite_share"]
        )
        findings += [
            _finding(name, column, "non-finite", text, NON_FINITE)
            for column, text in flooded
        ]
        conformed = _conform(finite, schema)
        measured[name] = tfdv_checks.measure(conformed, name, schema)
        if name == TRAIN:
            disclosed.datasets.append(
                disclosure.reduce(measured[name].datasets[0], conformed, rows, known)
            )
    for name, statistics in measured.items():
        findings += tfdv_checks.against_schema(
            statistics, schema, name, ENVIRONMENTS[name]
        )
    if TRAIN in measured and SCORE in measured:
        findings += tfdv_checks.skew(measured[TRAIN], measured[SCORE], schema)
    duplicates = _duplicates(tables, sorted(key), arguments["split_by"])
    too_many = counts.too_many_duplicates(
        tables[EVAL].num_rows if EVAL in tables else 0, arguments["max_duplicate_share"]
    )
    return Result(
        {
            "findings": findings,
            "labels": _told_labels(
                tables.get(TRAIN), label, rows, arguments["min_rows_per_class"]
            ),
            "duplicates": max(duplicates // rows * rows, too_many)
            if duplicates >= too_many
            else 0,
        },
        disclosed.SerializeToString(deterministic=True),
    )


def _finding(
    split: str, column: str, kind: str, sentence: str, hint: str
) -> dict[str, str]:
    return {
        "split": split,
        "column": column,
        "kind": kind,
        "sentence": sentence,
        "hint": hint,
    }


def _headless(split: str, table: pa.Table) -> dict[str, str]:
    # Without a header row, the names would be the first row's values.
    return _finding(
        split,
        "",
        "no header",
        f"the split as a whole: found none of the schema's columns among its "
        f"{table.num_columns:,}, expected the schema's names in a header row",
        "export the file with a header row that holds the schema's column names",
    )


def _decoded(table: pa.Table) -> pa.Table:
    """Return the table without dictionaries, which TFDV does not take."""
    for index, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            column = table[field.name].cast(field.type.value_type)
            table = table.set_column(index, field.name, column)
    return table


def _without_non_finite(
    table: pa.Table, bound: float
) -> tuple[pa.Table, list[tuple[str, str]]]:
    """Turn NaN and infinities into nulls; name the columns that are full of them.

    As for the features, a number beyond float32 counts as infinite.
    """
    flooded = []
    for index, field in enumerate(table.schema):
        if not pa.types.is_floating(field.type):
            continue
        column = table[field.name]
        usable = pc.less_equal(pc.abs(column), LARGEST)  # false for NaN
        bad = pc.and_(column.is_valid(), pc.invert(usable))
        share = (pc.sum(pc.fill_null(bad, False)).as_py() or 0) / table.num_rows
        if not share:
            continue
        nothing = pa.scalar(None, field.type)
        table = table.set_column(
            index, field, pc.if_else(pc.fill_null(bad, False), nothing, column)
        )
        if share > bound:
            flooded.append(
                (
                    field.name,
                    f"column `{field.name}`: found {share:.0%} of {table.num_rows:,} "
                    "rows NaN, infinite or beyond float32, expected at most "
                    f"{bound:.0%}",
                )
            )
    return table, flooded


def _conform(table: pa.Table, schema: schema_pb2.Schema) -> pa.Table:
    """Let whole numbers pass as the schema's number type.

    An export turns integers into floats as soon as one is missing, and a month
    without fractions reads as integers: neither is a fault of the silo.
    """
    for feature in schema.feature:
        index = table.schema.get_field_index(feature.name)
        if index < 0:
            continue
        column = table.column(index)
        if feature.type == schema_pb2.FLOAT and pa.types.is_integer(column.type):
            table = table.set_column(index, feature.name, column.cast(pa.float64()))
        elif feature.type == schema_pb2.INT and pa.types.is_floating(column.type):
            whole = pc.equal(pc.floor(column), column)
            if pc.all(pc.fill_null(whole, True)).as_py():
                table = table.set_column(index, feature.name, column.cast(pa.int64()))
    return table


def _told_labels(
    train: pa.Table | None, label: str, rows: int, bound: int
) -> dict[str, int]:
    """Return the label counts as they may leave the silo."""
    blocks = disclosure.whole_blocks(train, rows) if train is not None else None
    in_blocks = _labels(blocks, label)
    return {
        value: disclosure.count(number, in_blocks[value], rows, bound)
        for value, number in _labels(train, label).items()
    }


def _labels(train: pa.Table | None, label: str) -> dict[str, int]:
    found = {"negative": 0, "positive": 0, "other": 0}
    if train is None or label not in train.column_names:
        return found
    column = train[label].drop_null()
    kind = column.type
    if not (
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_boolean(kind)
    ):
        return {**found, "other": len(column)}
    values = column.to_numpy().astype(np.float64)
    found["negative"] = int((values == 0).sum())
    found["positive"] = int((values == 1).sum())
    found["other"] = len(values) - found["negative"] - found["positive"]
    return found


def _duplicates(tables: Mapping[str, pa.Table], key: list[str], split_by: str) -> int:
    """Count the eval rows whose key (or whole row) also stands in train."""
    if TRAIN not in tables or EVAL not in tables:
        return 0
    train, held_out = tables[TRAIN], tables[EVAL]
    columns = [name for name in key if name in train.column_names]
    columns = columns or [name for name in train.column_names if name != split_by]
    shared = [name for name in columns if name in held_out.column_names]
    if not shared:
        return 0
    # A hash of each row, compared inside the silo; only the count leaves it.
    known = set(_hashes(train.select(shared)))
    return sum(value in known for value in _hashes(held_out.select(shared)))


def _hashes(table: pa.Table) -> list[int]:
    import pandas as pd

    hashes: list[int] = pd.util.hash_pandas_object(
        table.to_pandas(), index=False
    ).tolist()
    return hashes
