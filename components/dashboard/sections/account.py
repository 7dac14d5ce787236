"""What left the silos, the predictions, what went into service, and versions."""

from __future__ import annotations

import functools
import importlib.metadata
import itertools
import platform
from collections.abc import Iterator

import yaml

from components.dashboard import formats
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
from components.payloads.egress import EgressItem, by_kind
from components.payloads.ledger import Ledger
from components.payloads.predictions import in_words

NOTHING_ELSE = (
    "Nothing but these kinds leaves a silo: never a row, never a score with a row's "
    "name."
)
MOODS: dict[str, Mood] = {ledger.DONE: "good", ledger.NOTHING: ""}
PACKAGES = (
    "fairsilo",
    "tfx",
    "tensorflow",
    "tensorflow-federated",
    "tensorflow-model-analysis",
    "tensorflow-data-validation",
    "apache-beam",
)
Left = tuple[str, dict[str, EgressItem]]  # a silo, and what left it by kind


def egress(report: Report) -> Section:
    """Return what left each silo, by kind: count and bytes."""
    silos: dict[str, dict[str, EgressItem]] = {
        line.member.silo: {} for line in report.silos
    }
    silos |= {
        silo: {item.kind: item for item in items}
        for silo, items in report.egress.items()
    }
    every = itertools.chain.from_iterable(report.egress.values())
    together = {item.kind: item for item in by_kind(every)}
    rows = [("All silos", together), *sorted(silos.items())]
    columns = (
        Column("Silo", lambda item: item[0]),
        *(
            Column(kind.capitalize(), functools.partial(_left, kind), NUMBER)
            for kind in together
        ),
        Column("Together", _together, NUMBER),
    )
    caption = "How many of each kind, and their size; sorted by size."
    title = "What left the silos"
    made = table(title, rows if together else (), columns, caption)
    return Section("left", title, (Text(NOTHING_ELSE), made))


def _left(kind: str, row: Left) -> Cell:
    item = row[1].get(kind)
    if item is None:
        return Cell(formats.NONE, "")
    return Cell(f"{formats.count(item.count)} ({formats.size(item.bytes)})", item.bytes)


def _together(row: Left) -> Cell:
    size = sum(item.bytes for item in row[1].values())
    return Cell(formats.size(size), size)


def predictions(report: Report) -> Section:
    """Return what was scored, what was not and why, and where predictions lie."""
    done = report.ledger
    mood: Mood = "bad" if done.silos_not_scored else MOODS.get(done.status, "bad")
    parts: list[Part] = [Text(done.status.capitalize(), mood)]
    if done.reason:
        parts.append(Text(done.reason))
    if "cohort" not in report.parts and done.silos_not_scored:
        parts.append(Bullets(tuple(one.reason for one in done.silos_not_scored)))
    parts += [
        KeyFigures(tuple(_scored(done))),
        table(
            "What was not scored",
            done.failures,
            (
                Column("Silo", "silo"),
                Column("Piece of work", "item"),
                Column("Why", "reason", SENTENCE),
            ),
        ),
        table(
            "Predictions by silo",
            sorted(done.silos, key=lambda one: -one.dead_letters),
            (
                Column("Silo", "silo"),
                Column("Rows scored", "rows", NUMBER),
                Column("Unchanged", "unchanged", NUMBER),
                Column("Dead letters", "dead_letters", NUMBER),
                Column("Why dead", lambda one: in_words(one.reasons), SENTENCE),
                Column("Scored by", lambda one: f"{one.served} {one.model[:12]}"),
                Column("Published", lambda one: "yes" if one.is_published else "no"),
                Column("Place", "path"),
            ),
            "Each silo's predictions lie in its own place; the most dead letters "
            "first. Unchanged rows were scored by an earlier run, from the same file "
            "by the same model. Readers see what is published.",
        ),
    ]
    return Section("predictions", "Predictions", tuple(parts))


def _scored(done: Ledger) -> Iterator[KeyFigure]:
    rows, unchanged = formats.count(done.rows), formats.count(done.unchanged)
    yield KeyFigure("Rows scored", rows, f"{unchanged} of them before, unchanged")
    why = in_words(done.reasons) or "rows that could not be scored"
    yield KeyFigure("Dead letters", formats.count(done.dead_letters), why)
    if done.resumed:
        resumed = formats.count(done.resumed)
        yield KeyFigure("Taken over", resumed, "pieces of work done by an earlier run")
    if done.speed:
        speed = formats.count(round(done.speed.rows_per_second))
        cpu = f"{done.speed.cpu_seconds_per_million:.2f} CPU seconds a million rows"
        yield KeyFigure("Rows a second", speed, cpu)


def version(report: Report) -> Section:
    """Return the versions of what the run stood on, and its settings."""
    values = {
        "python": platform.python_version(),
        **{package: _version(package) for package in PACKAGES},
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


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed as a package"
