"""The silos' data: what was read, the schema, findings, features."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Mapping, Sequence

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
    Table,
    Text,
    sentences,
    table,
)
from components.features.spec import Categorical, Numeric
from components.payloads import manifest
from components.payloads.findings import Finding, grouped
from components.payloads.manifest import DataFile, SiloEntry

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


def rows_of(rows: Mapping[str, int]) -> list[KeyFigure]:
    """Return the rows of each split that has some."""
    return [
        KeyFigure(name, formats.count(rows[split]))
        for split, name in SPLITS.items()
        if rows.get(split)
    ]


def examples(report: Report) -> Section:
    """Return which silos were read, and what of each."""
    entries = report.examples.entries
    num_read = sum(entry.error is None for entry in entries)
    rows = {name: sum(entry.rows(name) for entry in entries) for name in SPLITS}
    files = formats.count(sum(len(entry.inputs) for entry in entries))
    unreadable = sum(len(entry.unreadable) for entry in entries)
    parts: list[Part] = [
        Text(
            f"{_of(num_read, len(entries))} silos could be read",
            "good" if num_read == len(entries) else "bad",
        ),
        KeyFigures((*rows_of(rows), KeyFigure("Files", files))),
    ]
    if unreadable:
        was = formats.verb(unreadable, "file was", "files were")
        number = formats.count(unreadable)
        parts.append(Text(f"{number} {was} left out, while others could be read."))
    columns = [Column("Silo", "silo.id")]
    for split, name in SPLITS.items():
        if rows[split]:
            columns.append(Column(name, functools.partial(_rows, split), NUMBER))
    columns.append(Column("Files", lambda entry: _files(entry.inputs), SENTENCE))
    if num_read < len(entries) or unreadable:
        columns.append(Column("Faults", _faults, SENTENCE))
    ranked = sorted(
        entries, key=lambda it: (not it.error, not it.unreadable, it.silo.id)
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
        Column("Column", "name"),
        Column("Type", lambda it: TYPES.get(it.type, formats.NONE)),
        Column("Values", lambda it: _domain(it, domains), SENTENCE),
        Column("Present", _presence),
        Column("Not asked for in", lambda it: ", ".join(it.not_in_environment)),
    )
    text = (
        f"The shared schema has {formats.count(number)} "
        f"{formats.verb(number, 'column', 'columns')}. It lies in the use case's file "
        "below schemas/."
    )
    return Section(
        "schema", "Schema", (Text(text), table("Columns", shared.feature, columns))
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
    members, admitted = cohort.members, len(cohort.admitted)
    verdict = cohort.refusal or f"{_of(admitted, len(members))} silos were admitted"
    figures = (
        KeyFigure(
            "Silos admitted",
            _of(admitted, len(members)),
            f"the quorum is {formats.count(cohort.quorum)}",
        ),
        KeyFigure("Silos quarantined", formats.count(len(members) - admitted)),
        KeyFigure(
            "Silos with a note", formats.count(sum(bool(it.notes) for it in members))
        ),
    )
    parts: list[Part] = [
        Text(verdict, "bad" if cohort.refusal else "good"),
        KeyFigures(figures),
    ]
    made = found(report.silos)
    if not made.rows:
        elsewhere = (
            " Which silos could not be trained or scored, and why, stands at the top."
            if report.incomplete_silos
            else ""
        )
        parts.append(Text(f"Validation found nothing in any silo.{elsewhere}"))
    parts.append(made)
    return Section("findings", "Validation findings", tuple(parts))


def found(lines: Iterable[SiloLine]) -> Table:
    """Return what validation found in silos, and what mends it."""
    shown = [line for line in lines if line.member.reasons or line.member.notes]
    reasons, notes = "Why not", "Findings that did not keep it out"
    columns = (
        Column("Silo", "member.silo"),
        Column("Admission", _admission),
        Column(reasons, lambda it: _grouped(it.member.reasons), SENTENCE),
        Column(notes, lambda it: _grouped(it.member.notes), SENTENCE),
    )
    ranked = sorted(shown, key=lambda it: (it.member.admitted, it.member.silo))
    return table("Validation findings", ranked, columns)


def _grouped(findings: Sequence[Finding]) -> Cell:
    return Cell("", findings=grouped(findings))


def _admission(line: SiloLine) -> Cell:
    if line.member.admitted:
        return Cell("admitted", mood="good")
    return Cell("quarantined", mood="bad")


def features(report: Report) -> Section:
    """Return what the silos agreed on, and the columns that the model does not get."""
    agreed = report.features
    parts: list[Part] = []
    if agreed is None or not agreed.features:
        why = "" if report.cohort.admitted else ": no silo was admitted"
        parts.append(Text(f"There are no features{why}", "bad"))
    else:
        values = sum(len(feature.values) for feature in agreed.categorical)
        number = formats.count(len(agreed.features))
        figures = (
            KeyFigure("Numeric", formats.count(len(agreed.numeric))),
            KeyFigure("Categorical", formats.count(len(agreed.categorical))),
            KeyFigure("Values in vocabularies", formats.count(values)),
        )
        columns = (
            Column("Feature", "name"),
            Column("Kind", lambda one: type(one).__name__.lower()),
            Column("Mean", lambda one: _real(one, "mean"), NUMBER),
            Column("Scale", lambda one: _real(one, "scale"), NUMBER),
            Column("Values", _num_values, NUMBER),
        )
        caption = (
            f"Standard scores are clipped at {agreed.clip:g}. A value enters a "
            "vocabulary only if enough rows in enough silos hold it."
        )
        parts += [
            Text(f"The silos agreed on {number} features", "good"),
            KeyFigures(figures),
            table("Features of the model", agreed.features, columns, caption),
        ]
    unused = (
        Column("Column", lambda it: f"`{it.column}`"),
        Column(
            "Why",
            lambda it: it.reason if it.chosen else f"Look at this: {it.reason}",
            SENTENCE,
        ),
    )
    ranked = sorted(report.unused, key=lambda one: one.chosen)
    parts.append(table("Columns that the model does not get", ranked, unused))
    return Section("features", "Features", tuple(parts))


def _real(feature: Numeric | Categorical, name: str) -> Cell:
    if isinstance(feature, Categorical):
        return Cell("", "")
    value: float = getattr(feature, name)
    return Cell(f"{value:.4g}", value)


def _num_values(feature: Numeric | Categorical) -> Cell | int:
    return len(feature.values) if isinstance(feature, Categorical) else Cell("", "")
