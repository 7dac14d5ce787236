"""What left the silos, the predictions, what went into service, and versions."""

from __future__ import annotations

import functools

import yaml

from components.dashboard import formats, versions
from components.dashboard.report import Report
from components.dashboard.section import (
    NUMBER,
    SENTENCE,
    Bullets,
    Cell,
    Code,
    Column,
    KeyFigure,
    KeyFigures,
    Mood,
    Part,
    Section,
    Text,
    facts,
    table,
)
from components.payloads import ledger
from components.payloads.egress import KINDS, EgressItem
from components.payloads.ledger import FailureLine
from components.payloads.ledger import SiloLine as Predictions

MOODS: dict[str, Mood] = {ledger.DONE: "good", ledger.NOTHING: ""}


def egress(report: Report) -> Section:
    """Return what left each silo, by kind: count and bytes."""
    silos = {line.member.silo: line.left for line in report.silos} | {**report.egress}
    left = [item for items in silos.values() for item in items]
    kinds = [kind for kind in KINDS if any(item.kind == kind for item in left)]
    totals = tuple(
        EgressItem(
            kind,
            sum(item.count for item in left if item.kind == kind),
            sum(item.bytes for item in left if item.kind == kind),
        )
        for kind in kinds
    )
    rows = [("All silos", totals), *sorted(silos.items())]
    columns: list[Column[tuple[str, tuple[EgressItem, ...]]]] = [
        Column("Silo", lambda item: item[0])
    ]
    for kind in kinds:
        columns.append(
            Column(kind.capitalize(), functools.partial(_left, kind), NUMBER)
        )
    columns.append(Column("Together", lambda item: _together(item[1]), NUMBER))
    return Section(
        "left",
        "What left the silos",
        (
            Text(
                "Nothing but these kinds leaves a silo: never a row, never a score "
                "with a row's name."
            ),
            table(
                "What left the silos",
                rows if kinds else (),
                columns,
                "How many of each kind, and their size; sorted by size.",
            ),
        ),
    )


def _left(kind: str, row: tuple[str, tuple[EgressItem, ...]]) -> Cell:
    for item in row[1]:
        if item.kind == kind:
            text = f"{formats.count(item.count)} ({formats.size(item.bytes)})"
            return Cell(text, item.bytes)
    return Cell(formats.NONE, "")


def _together(items: tuple[EgressItem, ...]) -> Cell:
    size = sum(item.bytes for item in items)
    return Cell(formats.size(size), size)


def predictions(report: Report) -> Section:
    """Return what was scored, what was not and why, and where predictions lie."""
    done = report.ledger
    mood: Mood = "bad" if done.unscored else MOODS.get(done.status, "bad")
    parts: list[Part] = [Text(done.status.capitalize(), mood)]
    if done.reason:
        parts.append(Text(done.reason))
    if "cohort" not in report.parts and done.unscored:
        parts.append(Bullets(tuple(one.reason for one in done.unscored)))
    parts += [
        KeyFigures(
            (
                KeyFigure("Rows scored", formats.count(done.rows)),
                KeyFigure(
                    "Dead letters",
                    formats.count(done.dead_letters),
                    "rows that could not be scored",
                ),
                KeyFigure(
                    "Taken over",
                    formats.count(done.resumed),
                    "pieces of work done by an earlier run",
                ),
            )
        ),
        table(
            "What was not scored",
            done.failures,
            (
                Column[FailureLine]("Silo", lambda one: one.silo),
                Column[FailureLine]("Piece of work", lambda one: one.item),
                Column[FailureLine]("Why", lambda one: one.reason, SENTENCE),
            ),
        ),
        table(
            "Predictions by silo",
            sorted(done.silos, key=lambda one: -one.dead_letters),
            (
                Column[Predictions]("Silo", lambda one: one.silo),
                Column[Predictions]("Rows", lambda one: one.rows, NUMBER),
                Column[Predictions](
                    "Dead letters", lambda one: one.dead_letters, NUMBER
                ),
                Column[Predictions]("Digest", lambda one: formats.short(one.digest)),
                Column[Predictions]("Place", lambda one: one.path),
            ),
            "Each silo's predictions lie in its own place; the most dead letters "
            "first.",
        ),
    ]
    return Section("predictions", "Predictions", tuple(parts))


def version(report: Report) -> Section:
    """Return the versions of what the run stood on, and its settings."""
    values = {
        **versions.installed(),
        "model (digest)": report.card.digest,
        "this page's code (digest)": report.about.code or formats.NONE,
    }
    parts: list[Part] = [facts("Versions", values)]
    if report.about.settings:
        text = yaml.safe_dump(
            dict(report.about.settings), allow_unicode=True, sort_keys=False
        )
        parts.append(Code("Settings", text))
    return Section("versions", "Versions and settings", tuple(parts))
