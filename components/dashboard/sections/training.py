"""How the training went, who dropped out and how the silos were kept apart."""

from __future__ import annotations

import math
from collections.abc import Mapping

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
    table,
)
from components.federation.workers import ONE_USER_ID
from components.payloads.findings import Group
from components.payloads.model_run import RunRecord, SiloRecord

BEFORE_ROUNDS = "before the first round"


def section(report: Report) -> Section:
    """Return the account of the training."""
    run = report.run
    parts: list[Part] = []
    if run.refusal:
        parts.append(Text(run.refusal, "bad"))
    if run.isolation == ONE_USER_ID:
        parts.append(
            Note(
                f"Isolation of the silos: {run.isolation}.",
                (
                    "Workers in the silos' own namespaces are kept apart: name them "
                    "in the config map fairsilo-silos.",
                ),
            )
        )
    if run.rounds:
        rounds = formats.verb(len(run.rounds), "round", "rounds")
        number = formats.count(len(run.rounds))
        parts.append(Text(f"A model was trained in {number} {rounds}", "good"))
        parts += [KeyFigures(_figures(run)), *_chart(run)]
    about = {
        "Algorithm": run.algorithm,
        "How the silos' workers were kept apart": run.isolation,
        "Resumed after round": str(run.resumed_from or ""),
        "Digest of the model": report.card.digest,
    }
    parts += [facts("About the training", about), last_round(run), dropped(run)]
    if not drops(run):
        none = "No silo dropped out." if run.rounds else "No round was run."
        parts.append(Text(none))
    return Section("training", "Training", tuple(parts))


def _figures(run: RunRecord) -> tuple[KeyFigure, ...]:
    first, last = run.rounds[0], run.rounds[-1]
    return (
        KeyFigure(
            "Loss before the last round",
            formats.metric(last.loss_before),
            f"first round: {formats.metric(first.loss_before)}",
        ),
        KeyFigure("Silos in the last round", formats.count(len(last.silos))),
        KeyFigure(
            "Silos that dropped out", formats.count(len(drops(run))), "of any round"
        ),
    )


def _chart(run: RunRecord) -> list[Part]:
    if not any(math.isfinite(one.loss_before) for one in run.rounds):
        return []
    note = (
        "Loss of the model that each round started from, over the silos' training "
        "rows; lower is better. Thin lines are silos; ▼ counts those that dropped out "
        "of a round."
    )
    return [Chart("training", "Worst and mean by round", note)]


def drops(run: RunRecord) -> Mapping[str, list[tuple[str, str]]]:
    """Return when and why each silo dropped out, the most often first."""
    found: dict[str, list[tuple[str, str]]] = {}
    for drop in run.left_out:
        found.setdefault(drop.silo, []).append((BEFORE_ROUNDS, drop.reason))
    for record in run.rounds:
        for drop in record.dropped:
            found.setdefault(drop.silo, []).append((str(record.round), drop.reason))
    return dict(sorted(found.items(), key=lambda item: (-len(item[1]), item[0])))


def dropped(run: RunRecord) -> Table:
    """Return who dropped out of which rounds, and why."""

    def why(item: tuple[str, list[tuple[str, str]]]) -> Cell:
        reasons = tuple(dict.fromkeys(reason for _, reason in item[1]))
        return Cell("", findings=(Group("", reasons),))

    return table(
        "Silos that dropped out",
        drops(run).items(),
        (
            Column("Silo", lambda item: item[0]),
            Column(
                "Rounds", lambda item: ", ".join(when for when, _ in item[1]), SENTENCE
            ),
            Column("Why", why, SENTENCE),
        ),
        "The most often first.",
    )


def last_round(run: RunRecord) -> Table:
    """Return what each silo did in the last round, highest loss first."""
    silos = run.rounds[-1].silos if run.rounds else ()
    columns = (
        Column[SiloRecord]("Silo", lambda it: it.silo),
        Column[SiloRecord](
            "Loss before", lambda it: formats.metric(it.loss_before), NUMBER
        ),
        Column[SiloRecord](
            "Loss after", lambda it: formats.metric(it.loss_after), NUMBER
        ),
        Column[SiloRecord]("Examples", lambda it: it.examples, NUMBER),
        Column[SiloRecord](
            "Length of its update", lambda it: formats.metric(it.update_norm), NUMBER
        ),
        Column[SiloRecord]("Agreement", lambda it: formats.metric(it.cosine), NUMBER),
    )
    return table(
        "Silos in the last round",
        sorted(silos, key=lambda it: -it.loss_before),
        columns,
        "Highest loss first. Agreement: the cosine between a silo's update and the "
        "merged one.",
    )
