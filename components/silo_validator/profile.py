"""The silo task `profile`: a silo's statistics and findings, without values.

All that looks at rows happens in the silo. What leaves are the sentences that the
`CHECKS` find, and statistics cut down by `disclosure.py`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

import pyarrow as pa
from tensorflow_metadata.proto.v0 import schema_pb2

from components.payloads.findings import Finding
from components.payloads.manifest import CHOOSE, EVAL, SCORE, TRAIN
from components.payloads.silo import Silo
from components.payloads.statistics import Statistics
from components.silo_validator import (
    checks,
    disclosure,
    features,
    row_sketches,
    tfdv_checks,
)
from components.silo_validator.settings import Columns, Consequence, ValidationSettings
from components.silos import split_files
from components.silos.tasks import Result, Task

ENVIRONMENTS = {
    **dict.fromkeys((TRAIN, CHOOSE, EVAL), "TRAINING"),
    SCORE: "SERVING",
}
NEVER_A_REASON = "SEMANTIC_DOMAIN_UPDATE"

Found: TypeAlias = Iterator[tuple[Consequence, Finding | None]]


class Measured(NamedTuple):
    """The columns of a split that are measured, and TFDV's statistics of them."""

    table: pa.Table  # numbers that are not finite are nulls
    non_finite: dict[str, Finding]  # by column with too many of them
    statistics: Statistics


@dataclasses.dataclass(frozen=True)
class Data:
    """What checks look at."""

    tables: dict[str, pa.Table]  # splits that are there, as they were written
    measured: dict[str, Measured]  # splits with rows
    schema: schema_pb2.Schema  # without columns that are not measured
    columns: Columns
    settings: ValidationSettings

    def features(self, table: pa.Table) -> list[schema_pb2.Feature]:
        """Return the columns of a split that a model may see."""
        never = {self.columns.label, *self.columns.ignored}
        there = {*table.column_names} - never
        return [one for one in self.schema.feature if one.name in there]


def _training_rows(data: Data) -> Found:
    train, label = data.tables.get(TRAIN), data.columns.label
    yield "quarantine", checks.rows_and_labels(train, label, data.settings)


def _columns(data: Data) -> Found:
    """Find columns unlike the schema; a fault counts in its first split alone."""
    seen: set[tuple[str, str]] = set()
    for split, measured in data.measured.items():
        for column, kind, finding in (
            *((name, "", one) for name, one in measured.non_finite.items()),
            *tfdv_checks.against_schema(
                measured.statistics, data.schema, ENVIRONMENTS[split]
            ),
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
        train, scored = (data.measured[split].statistics for split in (TRAIN, SCORE))
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


def _identifiers(data: Data) -> Found:
    if train := data.measured.get(TRAIN):
        for finding in features.identifiers(train.table, data.features(train.table)):
            yield "note", finding


CHECKS: tuple[Callable[[Data], Found], ...] = (
    _training_rows,
    _columns,
    _skew,
    _duplicates,
    _keys,
    _identifiers,
)
"""Each yields what it found in a silo's data, and whether that quarantines the silo.

To add a check, write such a function and add it here; what it computes belongs in
`checks.py`.
"""


def profile(silo: Silo, arguments: Mapping[str, Any]) -> Result:
    """Measure and check a silo's splits.

    Args:
        silo: Whose splits.
        arguments: `splits` (paths of files by name), `schema` (serialized, as hex),
            `columns` and `settings` (the fields of Columns and ValidationSettings).

    Returns:
        Values `reasons` and `notes` (lists of `{sentence, hint}`), and of the training
        rows `leaking` (columns, or null) and `sketches` (`row_sketches.py`); payload:
        the disclosed statistics of train, a serialized DatasetFeatureStatisticsList.

    Raises:
        SiloError: The key of the row sketches can't be used.
    """
    schema = schema_pb2.Schema.FromString(bytes.fromhex(arguments["schema"]))
    columns = Columns(**arguments["columns"])
    settings = ValidationSettings.model_validate(arguments["settings"])
    for feature in [one for one in schema.feature if one.name in columns.hidden]:
        schema.feature.remove(feature)
    splits = arguments["splits"]
    tables = {
        one: split_files.read(splits[one]) for one in ENVIRONMENTS if one in splits
    }
    measured = {
        split: _measure(split, table, schema, settings)
        for split, table in tables.items()
        if table.num_rows
    }
    data = Data(tables, measured, schema, columns, settings)
    disclosed = Statistics()
    if train := measured.get(TRAIN):
        dataset, rows = train.statistics.datasets[0], settings.disclosure_rows
        disclosed.datasets.append(disclosure.reduce(dataset, train.table, rows))
    key = row_sketches.read_key(silo, settings.row_key_file)
    values = {"reasons": [], "notes": [], **_of_rows(data, key)}
    for check in CHECKS:
        found = [(consequence, one) for consequence, one in check(data) if one]
        for consequence, one in sorted(found, key=lambda item: item[1].sentence):
            kind = "reasons" if consequence == "quarantine" else "notes"
            values[kind].append(dataclasses.asdict(one))
    return Result(values, disclosed.SerializeToString(deterministic=True))


def _of_rows(data: Data, key: bytes) -> dict[str, Any]:
    """Return what is compared between silos, of the training rows."""
    if TRAIN not in data.measured:
        return {"leaking": None, "sketches": []}
    table, names = data.measured[TRAIN].table, [one.name for one in data.schema.feature]
    # Whole blocks, so that two disclosures differ by no fewer rows.
    blocks = disclosure.whole_blocks(table, data.settings.disclosure_rows)
    sketches = row_sketches.of_rows(blocks, names, key) if blocks.num_rows else []
    return {
        "leaking": features.leaking(table, data.features(table), data.columns.label),
        "sketches": row_sketches.to_json(sketches),
    }


def _measure(
    split: str,
    table: pa.Table,
    schema: schema_pb2.Schema,
    settings: ValidationSettings,
) -> Measured:
    names = [one.name for one in schema.feature if one.name in table.column_names]
    finite, found = checks.non_finite(
        table.select(names), settings.max_non_finite_share
    )
    return Measured(finite, found, tfdv_checks.measure(finite, split, schema))


PROFILE = Task("profile", profile, imports=("tensorflow_data_validation",))
