"""The silos' data: what was read, the schema, findings, features."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping, Sequence

from tensorflow_metadata.proto.v0 import schema_pb2

from components.dashboard import formats
from components.dashboard.report import Report, SiloLine
from components.dashboard.section import (
    NUMBER,
    SENTENCE,
    Cell,
    Column,
    KeyFigure,
    KeyFigures,
    Part,
    Section,
    Text,
    sentences,
    table,
)
from components.features.spec import Categorical, Numeric
from components.payloads import manifest
from components.payloads.findings import grouped
from components.payloads.manifest import DataFile, SiloEntry
from components.payloads.unused_columns import UnusedColumn

SPLITS = {
    manifest.TRAIN: "Rows to train",
    manifest.EVAL: "Rows to evaluate",
    manifest.SCORE: "Rows to score",
    manifest.NEXT: "Rows of the following span",
}
NUM_NAMES = 2  # of a silo's files, from the first and from the last
TYPES = {
    schema_pb2.BYTES: "text",
    schema_pb2.INT: "whole number",
    schema_pb2.FLOAT: "number",
}


def examples(report: Report) -> Section:
    """Return which silos were read, and what of each."""
    entries = report.examples.entries
    num_read = sum(entry.error is None for entry in entries)
    rows = {name: sum(entry.rows(name) for entry in entries) for name in SPLITS}
    splits = [name for name in SPLITS if rows[name]]
    files = sum(len(entry.inputs) for entry in entries)
    unreadable = sum(len(entry.unreadable) for entry in entries)
    parts: list[Part] = [
        Text(
            f"{_of(num_read, len(entries))} silos could be read",
            "good" if num_read == len(entries) else "bad",
        ),
        KeyFigures(
            (
                *(
                    KeyFigure(SPLITS[name], formats.count(rows[name]))
                    for name in splits
                ),
                KeyFigure("Files", formats.count(files)),
            )
        ),
    ]
    if unreadable:
        was = formats.verb(unreadable, "file was", "files were")
        parts.append(
            Text(
                f"{formats.count(unreadable)} {was} left out, while others could be "
                "read."
            )
        )
    columns: list[Column[SiloEntry]] = [Column("Silo", lambda entry: entry.silo.id)]
    for name in splits:
        columns.append(Column(SPLITS[name], functools.partial(_rows, name), NUMBER))
    columns.append(Column("Files", lambda entry: _files(entry.inputs), SENTENCE))
    if num_read < len(entries) or unreadable:
        columns.append(Column("Faults", _faults, SENTENCE))
    ranked = sorted(
        entries,
        key=lambda entry: (not entry.error, not entry.unreadable, entry.silo.id),
    )
    parts.append(table("What was read of each silo", ranked, columns))
    return Section("examples", "Data", tuple(parts))


def _rows(split: str, entry: SiloEntry) -> int:
    return entry.rows(split)


def _of(number: int, total: int) -> str:
    return f"{formats.count(number)} of {formats.count(total)}"


def _faults(entry: SiloEntry) -> Cell:
    error = (entry.error,) if entry.error else ()
    return Cell("", findings=sentences((*error, *entry.unreadable)))


def _files(inputs: Sequence[DataFile]) -> str:
    """Return number and names: files are often named by their span."""
    paths = sorted(file.path for file in inputs)
    if not paths:
        return formats.NONE
    shared = os.path.commonpath([os.path.dirname(path) for path in paths])  # noqa: PTH120
    names = [os.path.relpath(path, shared) for path in paths]
    if len(names) > 2 * NUM_NAMES:
        names = [*names[:NUM_NAMES], "…", *names[-NUM_NAMES:]]
    return f"{formats.count(len(paths))}: {', '.join(names)}"


def schema(report: Report) -> Section:
    """Return the columns that every silo is asked for."""
    shared = report.schema or schema_pb2.Schema()
    number = len(shared.feature)
    domains = {domain.name: domain for domain in shared.string_domain}
    columns = (
        Column[schema_pb2.Feature]("Column", lambda it: it.name),
        Column[schema_pb2.Feature]("Type", lambda it: TYPES.get(it.type, formats.NONE)),
        Column[schema_pb2.Feature]("Values", lambda it: _domain(it, domains), SENTENCE),
        Column[schema_pb2.Feature]("Present", _presence),
        Column[schema_pb2.Feature](
            "Not asked for in", lambda it: ", ".join(it.not_in_environment)
        ),
    )
    return Section(
        "schema",
        "Schema",
        (
            Text(
                f"The shared schema has {formats.count(number)} "
                f"{formats.verb(number, 'column', 'columns')}. It lies in the use "
                "case's file below schemas/."
            ),
            table("Columns", shared.feature, columns),
        ),
    )


def _domain(
    feature: schema_pb2.Feature, domains: Mapping[str, schema_pb2.StringDomain]
) -> str:
    kind = feature.WhichOneof("domain_info")
    if kind in {"domain", "string_domain"}:
        named = domains.get(feature.domain) if kind == "domain" else None
        return ", ".join((named or feature.string_domain).value)
    if kind == "int_domain":
        text = _range(feature.int_domain)
        categorical = feature.int_domain.is_categorical
        return f"{text} (categories)" if categorical else text
    return _range(feature.float_domain) if kind == "float_domain" else ""


def _range(domain: schema_pb2.IntDomain | schema_pb2.FloatDomain) -> str:
    low = f"from {domain.min:,}" if domain.HasField("min") else ""
    high = f"to {domain.max:,}" if domain.HasField("max") else ""
    return " ".join(filter(None, (low, high)))


def _presence(feature: schema_pb2.Feature) -> str:
    share = feature.presence.min_fraction
    if share == 1:
        return "in every row"
    return f"in at least {100 * share:g} % of rows" if share else "may be missing"


def findings(report: Report) -> Section:
    """Return who was admitted, and what validation found, quarantined silos first."""
    cohort = report.cohort
    members = cohort.members
    num_noted = sum(bool(member.notes) for member in members)
    verdict = cohort.refusal or (
        f"{_of(len(cohort.admitted), len(members))} silos were admitted"
    )
    parts: list[Part] = [
        Text(verdict, "bad" if cohort.refusal else "good"),
        KeyFigures(
            (
                KeyFigure(
                    "Silos admitted",
                    _of(len(cohort.admitted), len(members)),
                    f"the quorum is {formats.count(cohort.quorum)}",
                ),
                KeyFigure(
                    "Silos quarantined",
                    formats.count(len(members) - len(cohort.admitted)),
                ),
                KeyFigure("Silos with a note", formats.count(num_noted)),
            )
        ),
    ]
    found = sorted(
        (line for line in report.silos if line.member.reasons or line.member.notes),
        key=lambda line: (line.member.admitted, line.member.silo),
    )
    if not found:
        elsewhere = (
            " Which silos could not be trained or scored, and why, stands at the top."
            if report.unreached
            else ""
        )
        parts.append(Text(f"Validation found nothing in any silo.{elsewhere}"))
    parts.append(
        table(
            "Validation findings",
            found,
            (
                Column[SiloLine]("Silo", lambda line: line.member.silo),
                Column[SiloLine]("Admission", _admission),
                Column[SiloLine](
                    "Why not",
                    lambda line: Cell("", findings=grouped(line.member.reasons)),
                    SENTENCE,
                ),
                Column[SiloLine](
                    "Findings that did not keep it out",
                    lambda line: Cell("", findings=grouped(line.member.notes)),
                    SENTENCE,
                ),
            ),
        )
    )
    return Section("findings", "Validation findings", tuple(parts))


def _admission(line: SiloLine) -> Cell:
    if line.member.admitted:
        return Cell("admitted", mood="good")
    return Cell("quarantined", mood="bad")


def features(report: Report) -> Section:
    """Return what the silos agreed on, and the columns that the model does not get."""
    agreed = report.features
    number = len(agreed.features) if agreed else 0
    parts: list[Part] = []
    if agreed is None or not number:
        why = "" if report.cohort.admitted else ": no silo was admitted"
        parts.append(Text(f"There are no features{why}", "bad"))
    else:
        values = sum(len(feature.values) for feature in agreed.categorical)
        parts += [
            Text(f"The silos agreed on {formats.count(number)} features", "good"),
            KeyFigures(
                (
                    KeyFigure("Numeric", formats.count(len(agreed.numeric))),
                    KeyFigure("Categorical", formats.count(len(agreed.categorical))),
                    KeyFigure("Values in vocabularies", formats.count(values)),
                )
            ),
            table(
                "Features of the model",
                agreed.features,
                (
                    Column("Feature", lambda one: one.name),
                    Column("Kind", lambda one: type(one).__name__.lower()),
                    Column("Mean", lambda one: _real(one, "mean"), NUMBER),
                    Column("Scale", lambda one: _real(one, "scale"), NUMBER),
                    Column("Values", _num_values, NUMBER),
                ),
                f"Standard scores are clipped at {agreed.clip:g}. A value enters a "
                "vocabulary only if enough rows in enough silos hold it.",
            ),
        ]
    parts.append(
        table(
            "Columns that the model does not get",
            sorted(report.unused, key=lambda one: one.chosen),
            (
                Column[UnusedColumn]("Column", lambda one: f"`{one.column}`"),
                Column[UnusedColumn]("Why", _why_unused, SENTENCE),
            ),
        )
    )
    return Section("features", "Features", tuple(parts))


def _real(feature: Numeric | Categorical, name: str) -> Cell:
    if isinstance(feature, Categorical):
        return Cell("", "")
    value: float = getattr(feature, name)
    return Cell(f"{value:.4g}", value)


def _num_values(feature: Numeric | Categorical) -> Cell | int:
    return len(feature.values) if isinstance(feature, Categorical) else Cell("", "")


def _why_unused(one: UnusedColumn) -> Cell:
    return Cell(one.reason if one.chosen else f"Look at this: {one.reason}")
