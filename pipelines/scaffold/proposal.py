"""Proposes a schema and settings from what silos hold, and names what is odd.

What most silos hold decides, each silo counting once. What can't be decided is asked,
all of it at once; the silos that depart from the rest are named.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence

from tensorflow_metadata.proto.v0 import schema_pb2

from components.errors import SettingsError
from components.silo_example_gen.kinds import Kind
from components.silo_example_gen.settings import RowsSettings
from pipelines.scaffold import bounds, faults, survey
from pipelines.scaffold import label as labels
from pipelines.scaffold.agreement import Agreed, agree, ask
from pipelines.scaffold.bounds import Bounds
from pipelines.scaffold.label import Label
from pipelines.scaffold.options import Options
from pipelines.scaffold.survey import Column, Columns, Looked

NEAR_UNIQUE = 0.5  # distinct values a row, from which on text is no category
FEW_ROWS = 20  # below, a share of distinct values says nothing
NAME_OF_KEY = re.compile(
    r"(?i:(^|[^a-z])(id|key|nr|number|uuid|guid|pk|index|row)([^a-z]|$))"
    r"|[a-z](Id|ID|Key|Nr|Number)$"
)


@dataclasses.dataclass(frozen=True)
class Proposal:
    """What becomes of the data.

    Attributes:
        silos: What they hold.
        label: The label's values.
        schema: The columns to be read.
        rows: The settings of rows.
        ignored: Columns that the model does not see, with the reason.
        left_out: Columns that are not read, with the reason.
        bounds: Bounds that the data reaches.
        has_not_finite: Whether silos write NaN for a missing number.
        faults: By silo, why it will be quarantined.
        notes: What should be looked at.
    """

    silos: tuple[Looked, ...]
    label: Label
    schema: schema_pb2.Schema
    rows: RowsSettings
    ignored: dict[str, str]
    left_out: dict[str, str]
    bounds: Bounds
    has_not_finite: bool
    faults: dict[str, list[str]]
    notes: tuple[str, ...]


def propose(options: Options) -> Proposal:
    """Look at all silos and propose a schema and settings.

    Raises:
        SettingsError: The data can't make a use case, or something has to be decided
            by the caller; all columns that this is about are named.
    """
    nulls = ("", *options.null)
    silos = survey.look(options.data, options.label, nulls)
    options.check(list(dict.fromkeys(name for one in silos for name in one.columns)))
    label = labels.decide(silos, options.label, options.positive)
    # Without the label, a silo can't train; its columns may be those of another table.
    with_rows = [one for one in silos if one.rows and options.label in one.columns]
    names = list(dict.fromkeys(name for one in with_rows for name in one.columns))
    columns = {
        name: {one.name: one.columns[name] for one in with_rows if name in one.columns}
        for name in names
        if name not in options.ignore
    }
    agreed, left_out, problems = agree(columns, options)
    left_out = {**dict.fromkeys(options.ignore, "--ignore"), **left_out}
    schema = _schema(agreed, columns, with_rows, options)
    key = options.key or _key(agreed, columns, schema, options)
    split_by = () if key else _filled(schema, options.label)
    if not key and not split_by:
        if problems:
            raise ask(problems, options)
        raise SettingsError(
            "found no column that most silos fill, so nothing tells rows apart",
            "name the columns that do with --key COLUMN",
        )
    unlabelled = any(
        silo.columns[options.label].filled < silo.rows for silo in with_rows
    )
    rows = RowsSettings(
        label=options.label,
        label_values=label.values,
        key=key,
        split_by=split_by,
        null_values=nulls,
        score="unlabelled" if unlabelled else "all",
    )
    measured = {silo.name: survey.measure(silo, schema, rows) for silo in with_rows}
    problems += faults.misfits(measured, columns, schema)
    if problems:
        raise ask(problems, options)
    ignored = _ignored(agreed, columns, key, options)
    if not {*agreed} - {*ignored} - {*key}:
        told = "; ".join(f"`{name}`: {reason}" for name, reason in ignored.items())
        raise SettingsError(f"found no column to learn from ({told or 'only a key'})")
    found = faults.faults(silos, measured, columns, schema, label, rows)
    healthy = [one for name, one in measured.items() if not found[name]]
    if not healthy:
        told = "\n".join(f"  {text}" for texts in found.values() for text in texts)
        raise SettingsError(f"--data {options.data}: no silo could train:\n{told}")
    reached = bounds.reached(healthy)
    for name, one in measured.items():
        if not found[name]:
            found[name] += faults.too_few(name, one, reached, options.label)
    return Proposal(
        tuple(silos),
        label,
        schema,
        rows,
        ignored,
        left_out,
        reached,
        bool(faults.not_finite(measured, columns)[0]),
        {name: told for name, told in found.items() if told},
        tuple(faults.notes(silos, measured, columns, agreed, rows.key)),
    )


def _schema(
    agreed: Mapping[str, Agreed],
    columns: Columns,
    silos: Sequence[Looked],
    options: Options,
) -> schema_pb2.Schema:
    """Return a schema that silos fit which hold what most of them do.

    It lists no values of text: they would tell one silo's values to all, and a value
    that is new next month is no fault.
    """
    schema = schema_pb2.Schema(default_environment=["TRAINING", "SERVING"])
    rows = {silo.name: silo.rows for silo in silos}
    for name, by_silo in columns.items():
        is_label = name == options.label
        if not is_label and name not in agreed:
            continue
        feature = schema.feature.add(
            name=name, type=schema_pb2.INT if is_label else agreed[name].type
        )
        filling = {silo: one.filled for silo, one in by_silo.items() if one.filled}
        if 2 * len(filling) > len(rows):
            feature.presence.min_count = 1
            if all(filled == rows[silo] for silo, filled in filling.items()):
                feature.presence.min_fraction = 1.0
        if is_label:
            feature.not_in_environment.append("SERVING")
            feature.int_domain.min, feature.int_domain.max = 0, 1
    return schema


def _filled(schema: schema_pb2.Schema, label: str) -> tuple[str, ...]:
    """Return the columns that most silos fill, without the label."""
    return tuple(
        feature.name
        for feature in schema.feature
        if feature.presence.min_count and feature.name != label
    )


def _key(
    agreed: Mapping[str, Agreed],
    columns: Columns,
    schema: schema_pb2.Schema,
    options: Options,
) -> tuple[str, ...]:
    """Return the column that best names rows, if there is one."""
    able = [
        name
        for name in _filled(schema, options.label)
        if name not in options.sensitive
        and _names_rows(name, agreed[name], columns[name])
    ]
    return tuple(sorted(able, key=lambda name: not NAME_OF_KEY.search(name))[:1])


def _names_rows(name: str, one: Agreed, silos: Mapping[str, Column]) -> bool:
    """Return whether a column differs in all rows of each silo, and not by chance.

    Whole numbers such as incomes may differ in a few hundred rows: they must be called
    a key, be numbered nearly without gaps, or be too large for a quantity.
    """
    if one.vote.kind not in {Kind.WHOLE, Kind.LARGE, Kind.TEXT}:
        return False
    if one.type == schema_pb2.FLOAT:
        return False
    fits = {Kind.TRUTH, Kind.WHOLE}
    if one.type == schema_pb2.BYTES:
        fits |= {Kind.LARGE, Kind.TEXT, Kind.TIME}
    held = [c for c in silos.values() if c.vote and c.vote.kind in fits]
    named = NAME_OF_KEY.search(name) is not None
    return all(c.is_unique and (named or c.is_identifier) for c in held)


def _ignored(
    agreed: Mapping[str, Agreed],
    columns: Columns,
    key: Sequence[str],
    options: Options,
) -> dict[str, str]:
    """Return the columns that the model does not see, with the reason."""
    ignored = dict.fromkeys(options.sensitive, "sensitive: only sliced by")
    for name, one in agreed.items():
        if name not in key and name not in ignored:
            reason = _carries_nothing(name, one, columns[name])
            if reason:
                ignored[name] = reason
    return ignored


def _carries_nothing(name: str, one: Agreed, silos: Mapping[str, Column]) -> str:
    held = [column for column in silos.values() if column.filled]
    if len({column.only for column in held}) == 1 and held[0].only is not None:
        return "the same value in all rows"
    if one.vote.kind is Kind.TIME:
        return "dates or times: each would be a category of its own"
    if _names_rows(name, one, silos):
        return "different in each row: identifiers or free text"
    if one.type == schema_pb2.INT and one.vote.wide:
        return "whole numbers of 2^53 and more: identifiers, no quantities"
    judged = [column for column in held if column.filled >= FEW_ROWS]
    near = [c for c in judged if c.distinct > NEAR_UNIQUE * c.filled]
    if one.type == schema_pb2.BYTES and 2 * len(near) > len(judged):
        return "different in nearly each row: identifiers or free text"
    return ""
