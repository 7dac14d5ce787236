"""The silo task `profile`: a silo's statistics, and its faults, as aggregates.

All that looks at rows happens in the silo: TFDV's statistics, their validation
against the schema, training/serving skew, duplicates. What leaves are sentences
without values, counts, and statistics cut down by `disclosure.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from components.payloads.manifest import EVAL, NEXT, SCORE, TRAIN
from components.payloads.silo import Silo
from components.silo_validator import counts, disclosure, tfdv_checks
from components.silos import split_files
from components.silos.tasks import Result

NON_FINITE = "export missing numbers as empty fields, and look for divisions by zero"
KEYS = (
    "export a key that differs in each row, or let the operator name more columns in "
    "`rows.key`"
)
LARGEST = float(np.finfo(np.float32).max)
ENVIRONMENTS = {TRAIN: "TRAINING", EVAL: "TRAINING", SCORE: "SERVING"}


def profile(_: Silo, arguments: Mapping[str, Any]) -> Result:
    """Measure and check a silo's splits.

    Args:
        arguments: `splits` (paths of files by name), `schema` (serialized, as hex),
            `label`, `key` and `unmeasured` columns, `disclosure_rows`,
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
    label, key = arguments["label"], arguments["key"]
    hidden = {*key, *arguments["unmeasured"]}
    for feature in [feature for feature in schema.feature if feature.name in hidden]:
        schema.feature.remove(feature)
    known = {feature.name for feature in schema.feature}
    tables = {
        name: split_files.read(paths)
        for name, paths in arguments["splits"].items()
        if name != NEXT
    }
    findings: list[dict[str, str]] = []
    measured: dict[str, statistics_pb2.DatasetFeatureStatisticsList] = {}
    disclosed = statistics_pb2.DatasetFeatureStatisticsList()
    rows = arguments["disclosure_rows"]
    for name, table in tables.items():
        if not table.num_rows:
            continue
        kept = [column for column in table.column_names if column not in hidden]
        finite, flooded = _without_non_finite(
            table.select(kept), arguments["max_non_finite_share"]
        )
        findings += [
            _finding(name, column, "non-finite", text, NON_FINITE)
            for column, text in flooded
        ]
        measured[name] = tfdv_checks.measure(finite, name, schema)
        if name == TRAIN:
            disclosed.datasets.append(
                disclosure.reduce(measured[name].datasets[0], finite, rows, known)
            )
    for name, statistics in measured.items():
        findings += tfdv_checks.against_schema(
            statistics, schema, name, ENVIRONMENTS[name]
        )
    if TRAIN in measured and SCORE in measured:
        findings += tfdv_checks.skew(measured[TRAIN], measured[SCORE], schema)
    findings += _keys(tables.get(SCORE), key)
    duplicates = _duplicates(tables, key, hidden)
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


def _keys(scored: pa.Table | None, key: Sequence[str]) -> list[dict[str, str]]:
    """Find rows to be scored whose prediction can't be joined back by the key."""
    if scored is None or not key or not {*key} <= {*scored.column_names}:
        return []
    names = ", ".join(f"`{name}`" for name in key)
    every = pc.CountOptions(mode="all")
    groups = scored.group_by(list(key)).aggregate([(key[0], "count", every)])
    counts = groups[f"{key[0]}_count"]
    shared = pc.sum(counts.filter(pc.greater(counts, 1))).as_py() or 0
    nulls = sum(scored[name].null_count for name in key)
    found = [
        f"{number:,} of {scored.num_rows:,} rows {what}"
        for number, what in (
            (nulls, "without a value in it"),
            (shared, "with a key that another row has too"),
        )
        if number
    ]
    if not found:
        return []
    sentence = (
        f"key {names}: found {' and '.join(found)}, expected a key of its own for each "
        "row: their predictions can't be told apart by it"
    )
    return [_finding(SCORE, ", ".join(key), "key", sentence, KEYS)]


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
    values = np.zeros(0, np.int64)
    if train is not None and label in train.column_names:
        values = train[label].drop_null().to_numpy()
    negative, positive = int((values == 0).sum()), int((values == 1).sum())
    other = len(values) - negative - positive
    return {"negative": negative, "positive": positive, "other": other}


def _duplicates(
    tables: Mapping[str, pa.Table], key: Sequence[str], hidden: set[str]
) -> int:
    """Count the eval rows whose key (or whole row) also stands in train."""
    if TRAIN not in tables or EVAL not in tables:
        return 0
    train, held_out = tables[TRAIN], tables[EVAL]
    columns = [name for name in key if name in train.column_names]
    columns = columns or [name for name in train.column_names if name not in hidden]
    shared = [name for name in columns if name in held_out.column_names]
    if not shared:
        return 0
    # A hash of each row, compared inside the silo; only the count leaves it.
    known = set(_hashes(train.select(shared)))
    return sum(value in known for value in _hashes(held_out.select(shared)))


def _hashes(table: pa.Table) -> list[int]:
    import pandas as pd

    # As text: pandas turns integers into floats as soon as one is missing.
    columns = {name: table[name].cast(pa.string()) for name in table.column_names}
    hashes: list[int] = pd.util.hash_pandas_object(
        pa.table(columns).to_pandas(), index=False
    ).tolist()
    return hashes
