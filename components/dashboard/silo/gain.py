"""What the owner of a silo gains: its models, which of them serves it, and why."""

from __future__ import annotations

import functools

from components.dashboard import formats, gains
from components.dashboard.report import Report
from components.dashboard.section import (
    NUMBER,
    Bullets,
    Cell,
    Column,
    Part,
    Section,
    Text,
    table,
)
from components.dashboard.sections import benefit
from components.dashboard.sections.silos import METRICS
from components.dashboard.silo.others import MIN_OTHERS, Others, draw
from components.payloads.benefit import METRICS as COMPARED
from components.payloads.benefit import POOLED, SERVED

NOTHING = (
    "You have no models of your own in this run, so nothing was compared; the "
    "federation's model serves you."
)
MET = "For the model `pooled` your training rows met those of others in one process."
AMONG = (
    "How many other judged silos gain how much, in ranges of 0.01; "
    "\N{BLACK DOWN-POINTING TRIANGLE} marks yours."
)


def section(report: Report, others: Others) -> Section:
    """Return what the silo gains, of a report that holds its own benefit alone."""
    why = report.benefit.refusal
    parts: list[Part] = [Text(f"Nothing was compared: {why}." if why else NOTHING)]
    if report.benefit.silos:
        (own,) = report.benefit.silos
        gained = gains.figure(own, SERVED, gains.GAIN)

        def name(model: str) -> Cell:
            return Cell(model, mood="good" if model == own.served else "")

        def value(metric: str, model: str) -> str:
            return formats.with_interval(gains.figure(own, model, metric))

        def gain(model: str) -> str:
            return formats.with_interval(gains.figure(own, model, gains.GAIN), True)

        columns = (
            Column("Model", name),
            *(
                Column(METRICS[metric], functools.partial(value, metric), NUMBER)
                for metric in COMPARED
            ),
            Column("Gain over alone (AUC)", gain, NUMBER),
        )
        lost = (line.lost for line in report.ledger.silos if line.lost)
        pooled = MET if POOLED in own.figures else ""
        parts = [
            Text(f"The model `{own.served}` serves you."),
            Bullets(tuple(dict.fromkeys((*benefit.why(own), *lost)))),
            Text(f"{benefit.MEANING} {pooled}".strip()),
            table(
                "Your models on your evaluation rows", benefit.models([own]), columns
            ),
        ]
        if among := others.of(gained):
            parts += [Text(AMONG), draw(gained, among)]
        elif gained:
            few = f"Fewer than {MIN_OTHERS} others have a gain: theirs are not shown."
            parts.append(Text(few))
    return Section("benefit", "What you gain", tuple(parts))
