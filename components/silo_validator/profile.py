"""The silo task `profile`: a silo's statistics and findings, without values.

All that looks at rows happens in the silo. What leaves are the sentences that the
`CHECKS` find, and statistics cut down by `disclosure.py`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

import pyarrow as pa
from tensorflow_metadata.proto.v0 import schema_pb2

from components.payloads.findings import Finding
from components.payloads.manifest import EVAL, SCORE, TRAIN
from components.payloads.silo import Silo
from components.payloads.statistics import Statistics
from components.silo_validator import checks, disclosure, tfdv_checks
from components.silo_validator.settings import Columns, Consequence, ValidationSettings
from components.silos import split_files
from components.silos.tasks import Result, Task

ENVIRONMENTS = {TRAIN: "TRAINING", EVAL: "TRAINING", SCORE: "SERVING"}
NEVER_A_REASON = "SEMANTIC_DOMAIN_UPDATE"

Found: TypeAlias = Iterator[tuple[Consequence, Finding | None]]


class Data:
    """What checks look at: a silo's splits, the schema and the settings.

    Args:
        tables: The splits that are there, as they were written.
        schema: The shared schema, without columns that are not measured.
        columns: Which columns are not features.
        settings: The bounds.
    """

    def __init__(
        self,
        tables: Mapping[str, pa.Table],
        schema: schema_pb2.Schema,
        columns: Columns,
        settings: ValidationSettings,
    ) -> None:
        self.tables = tables
        self.schema = schema
        self.columns = columns
        self.settings = settings
        self.finite: dict[str, pa.Table] = {}  # measured columns, as they are measured
        self.non_finite: dict[str, dict[str, Finding]] = {}  # by split and column
        self.measured: dict[str, Statistics] = {}  # of splits with rows
        known = [feature.name for feature in schema.feature]
        for split, table in tables.items():
            if table.num_rows:
                kept = table.select(
                    [name for name in known if name in table.schema.names]
                )
                self.finite[split], self.non_finite[split] = checks.non_finite(
                    kept, settings.max_non_finite_share
                )
                measured = tfdv_checks.measure(self.finite[split], split, schema)
                self.measured[split] = measured


def _training_rows(data: Data) -> Found:
    train, label = data.tables.get(TRAIN), data.columns.label
    yield "quarantine", checks.rows_and_labels(train, label, data.settings)


def _columns(data: Data) -> Found:
    """Find columns unlike the schema; a fault counts in its first split alone."""
    seen: set[tuple[str, str]] = set()
    for split, measured in data.measured.items():
        for column, kind, finding in (
            *((name, "", one) for name, one in data.non_finite[split].items()),
            *tfdv_checks.against_schema(measured, data.schema, ENVIRONMENTS[split]),
        ):
            if (column, kind) in seen:
                continue
            seen.add((column, kind))
            if split == SCORE or kind == NEVER_A_REASON:
                sentence = f"{finding.sentence} (split {split})"
                yield "note", Finding(sentence, finding.hint)
            else:
                yield "quarantine", finding


def _skew(data: Data) -> Found:
    if TRAIN in data.measured and SCORE in data.measured:
        train, scored = data.measured[TRAIN], data.measured[SCORE]
        for finding in tfdv_checks.skew(train, scored, data.schema):
            yield data.settings.skew, finding


def _duplicates(data: Data) -> Found:
    train, held_out = data.tables.get(TRAIN), data.tables.get(EVAL)
    key, hidden = data.columns.key, data.columns.hidden
    yield (
        "quarantine",
        checks.duplicates(train, held_out, key, hidden, data.settings),
    )


def _keys(data: Data) -> Found:
    yield "note", checks.keys(data.tables.get(SCORE), data.columns.key)


CHECKS: tuple[Callable[[Data], Found], ...] = (
    _training_rows,
    _columns,
    _skew,
    _duplicates,
    _keys,
)
"""Each yields what it found in a silo's data, and whether that quarantines the silo.

To add a check, write such a function and add it here.
"""


def profile(_: Silo, arguments: Mapping[str, Any]) -> Result:
    """Measure and check a silo's splits.

    Args:
        arguments: `splits` (paths of files by name), `schema` (serialized, as hex),
            `columns` and `settings` (the fields of Columns and ValidationSettings).

    Returns:
        Values `reasons` and `notes` (lists of `{sentence, hint}`); payload: the
        disclosed statistics of train, a serialized DatasetFeatureStatisticsList.
    """
    schema = schema_pb2.Schema.FromString(bytes.fromhex(arguments["schema"]))
    columns = Columns(**arguments["columns"])
    settings = ValidationSettings.model_validate(arguments["settings"])
    for feature in [one for one in schema.feature if one.name in columns.hidden]:
        schema.feature.remove(feature)
    splits = arguments["splits"]
    tables = {
        name: split_files.read(splits[name]) for name in ENVIRONMENTS if name in splits
    }
    data = Data(tables, schema, columns, settings)
    disclosed = Statistics()
    if TRAIN in data.measured:
        disclosed.datasets.append(
            disclosure.reduce(
                data.measured[TRAIN].datasets[0],
                data.finite[TRAIN],
                settings.disclosure_rows,
            )
        )
    values: dict[str, list[dict[str, str]]] = {"reasons": [], "notes": []}
    for check in CHECKS:
        found = [(consequence, one) for consequence, one in check(data) if one]
        for consequence, one in sorted(found, key=lambda item: item[1].sentence):
            kind = "reasons" if consequence == "quarantine" else "notes"
            values[kind].append(dataclasses.asdict(one))
    return Result(values, disclosed.SerializeToString(deterministic=True))


PROFILE = Task("profile", profile, imports=("tensorflow_data_validation",))
