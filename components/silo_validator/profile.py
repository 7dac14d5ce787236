"""The silo task `profile`: a silo's statistics and findings, without values.

All that looks at rows happens in the silo: TFDV's statistics, their validation
against the schema, training/serving skew, the checks of `checks.py`. What leaves are
sentences and statistics cut down by `disclosure.py`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from components.payloads.findings import Finding
from components.payloads.manifest import EVAL, SCORE, TRAIN
from components.payloads.silo import Silo
from components.silo_validator import checks, disclosure, tfdv_checks
from components.silo_validator.settings import Columns, ValidationSettings
from components.silos import split_files
from components.silos.tasks import Result

ENVIRONMENTS = {TRAIN: "TRAINING", EVAL: "TRAINING", SCORE: "SERVING"}
NEVER_A_REASON = "SEMANTIC_DOMAIN_UPDATE"


def profile(_: Silo, arguments: Mapping[str, Any]) -> Result:
    """Measure and check a silo's splits.

    A finding in the rows to learn from or to judge by is a reason not to train; one in
    the rows to be scored is a note.

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
    hidden = {*columns.key, *columns.unmeasured}
    for feature in [feature for feature in schema.feature if feature.name in hidden]:
        schema.feature.remove(feature)
    known = [feature.name for feature in schema.feature]
    tables = {
        split: split_files.read(arguments["splits"][split])
        for split in ENVIRONMENTS  # in this order: a fault counts in its first split
        if split in arguments["splits"]
    }
    measured: dict[str, statistics_pb2.DatasetFeatureStatisticsList] = {}
    disclosed = statistics_pb2.DatasetFeatureStatisticsList()
    reasons: list[Finding] = []
    notes: list[Finding] = []
    seen: set[tuple[str, str]] = set()
    for split, table in tables.items():
        if not table.num_rows:
            continue
        kept = table.select([name for name in known if name in table.column_names])
        finite, flooded = checks.non_finite(kept, settings.max_non_finite_share)
        measured[split] = tfdv_checks.measure(finite, split, schema)
        if split == TRAIN:
            dataset = measured[split].datasets[0]
            rows = settings.disclosure_rows
            disclosed.datasets.append(disclosure.reduce(dataset, finite, rows))
        for column, kind, finding in (
            *((name, "non-finite", one) for name, one in flooded.items()),
            *tfdv_checks.against_schema(measured[split], schema, ENVIRONMENTS[split]),
        ):
            if (column, kind) in seen:  # the same fault as in an earlier split
                continue
            seen.add((column, kind))
            if split == SCORE or kind == NEVER_A_REASON:
                sentence = f"{finding.sentence} (split {split})"
                notes.append(Finding(sentence, finding.hint))
            else:
                reasons.append(finding)
    if TRAIN in measured and SCORE in measured:
        skewed = tfdv_checks.skew(measured[TRAIN], measured[SCORE], schema)
        (reasons if settings.skew == "quarantine" else notes).extend(skewed)
    train = tables.get(TRAIN)
    of_rows = checks.rows_and_labels(train, columns.label, settings)
    doubled = checks.duplicates(train, tables.get(EVAL), columns.key, hidden, settings)
    unnamed = checks.keys(tables.get(SCORE), columns.key)
    return Result(
        {
            "reasons": _as_json([of_rows, *_in_order(reasons), doubled]),
            "notes": _as_json(_in_order([*notes, unnamed])),
        },
        disclosed.SerializeToString(deterministic=True),
    )


def _in_order(findings: Iterable[Finding | None]) -> list[Finding]:
    return sorted(filter(None, findings), key=lambda one: one.sentence)


def _as_json(findings: Iterable[Finding | None]) -> list[dict[str, str]]:
    return [dataclasses.asdict(one) for one in findings if one]
