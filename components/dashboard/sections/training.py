"""How the training went, who dropped out and how the silos were kept apart."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence

from components.dashboard import formats
from components.dashboard.report import Report
from components.dashboard.section import (
    NUMBER,
    SENTENCE,
    Cell,
    Chart,
    Column,
    KeyFigure,
    KeyFigures,
    Note,
    Part,
    Section,
    Table,
    Text,
    facts,
    sentences,
    table,
)
from components.federation.workers import ONE_USER_ID
from components.payloads.model_run import RunRecord, SiloRecord

BEFORE_ROUNDS = "before the first round"


def section(report: Report) -> Section:
    """Return the account of the training."""
    run = report.run
    parts: list[Part] = []
    if run.refusal:
        parts.append(Text(run.refusal, "bad"))
    if run.isolation == ONE_USER_ID:
        elsewhere = (
            "Workers in the silos' own namespaces are kept apart: name them in the "
            "config map fairsilo-silos."
        )
        parts.append(Note(f"Isolation of the silos: {run.isolation}.", (elsewhere,)))
    if run.rounds:
        rounds = formats.verb(len(run.rounds), "round", "rounds")
        number = formats.count(len(run.rounds))
        first, last = run.rounds[0], run.rounds[-1]
        out = formats.count(len(drops(run)))
        figures = (
            KeyFigure(
                "Loss before the last round",
                formats.metric(last.loss_before),
                f"first round: {formats.metric(first.loss_before)}",
            ),
            KeyFigure("Silos in the last round", formats.count(len(last.silos))),
            KeyFigure("Silos that dropped out", out, "of any round"),
        )
        parts.append(Text(f"A model was trained in {number} {rounds}", "good"))
        parts.append(KeyFigures(figures))
    told = [it.loss_before for it in run.rounds if it.loss_before is not None]
    if any(map(math.isfinite, told)):
        note = (
            "Loss of the model that each round started from, over the silos' training "
            "rows; lower is better. Thin lines are silos; ▼ counts those that dropped "
            "out of a round."
        )
        parts.append(Chart("training", "Worst and mean by round", note))
    about = {
        "Algorithm": run.algorithm,
        "How the silos' workers were kept apart": run.isolation,
        "Resumed after round": str(run.resumed_from or ""),
        "Digest of the model": report.card.digest,
    }
    silos = run.rounds[-1].silos if run.rounds else ()
    last_round = table(
        "Silos in the last round",
        sorted(silos, key=lambda it: -(it.loss_before or 0.0)),
        (Column("Silo", "silo"), *record_columns(lambda it: it)),
        f"{'Highest loss first. ' if told else ''}Agreement: the cosine between a "
        "silo's update and the merged one.",
    )
    parts += [facts("About the training", about), last_round, dropped(run)]
    if not drops(run):
        none = "No silo dropped out." if run.rounds else "No round was run."
        parts.append(Text(none))
    return Section("training", "Training", tuple(parts))


def drops(run: RunRecord) -> Mapping[str, list[tuple[str, str]]]:
    """Return when and why each silo dropped out, the most often first."""
    found: dict[str, list[tuple[str, str]]] = {}
    for drop in run.left_out:
        found.setdefault(drop.silo, []).append((BEFORE_ROUNDS, drop.reason))
    for record in run.rounds:
        for drop in record.dropped:
            found.setdefault(drop.silo, []).append((str(record.round), drop.reason))
    return dict(sorted(found.items(), key=lambda item: (-len(item[1]), item[0])))


def _ranges(rounds: Sequence[str]) -> str:
    """Return rounds in their order as people write them: `1 to 3, 7`."""
    numbers = [int(when) for when in rounds if when.isdigit()]
    numbered = itertools.groupby(enumerate(numbers), lambda item: item[1] - item[0])
    runs = [[number for _, number in run] for _, run in numbered]
    words = [when for when in rounds if not when.isdigit()]
    words += [f"{r[0]} to {r[-1]}" if r[1:] else str(r[0]) for r in runs]
    return ", ".join(words)


def dropped(run: RunRecord) -> Table:
    """Return who dropped out of which rounds, and why."""

    def rounds(item: tuple[str, list[tuple[str, str]]]) -> str:
        return _ranges([when for when, _ in item[1]])

    def why(item: tuple[str, list[tuple[str, str]]]) -> Cell:
        return Cell("", findings=sentences(dict.fromkeys(why for _, why in item[1])))

    return table(
        "Silos that dropped out",
        drops(run).items(),
        (
            Column("Silo", lambda item: item[0]),
            Column("Rounds", rounds, SENTENCE),
            Column("Why", why, SENTENCE),
        ),
        "The most often first.",
    )


def record_columns(of: Callable[..., SiloRecord]) -> tuple[Column, ...]:
    """Return what a silo did in a round, of items that `of` finds its record in."""
    return (
        Column("Loss before", lambda it: formats.metric(of(it).loss_before), NUMBER),
        Column("Loss after", lambda it: formats.metric(of(it).loss_after), NUMBER),
        Column("Examples", lambda it: of(it).examples, NUMBER),
        Column(
            "Length of its update",
            lambda it: formats.metric(of(it).update_norm),
            NUMBER,
        ),
        Column("Agreement", lambda it: formats.metric(of(it).cosine), NUMBER),
    )
