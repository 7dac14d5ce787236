"""The tables of the training: the last round, silo by silo, and who dropped out."""

from __future__ import annotations

from components.dashboard import formats
from components.dashboard.report import Report
from components.dashboard.run.tables.long_tables import (
    Cell,
    Column,
    LongTable,
    Row,
    number,
)


def last_round(report: Report) -> LongTable | None:
    """Return what each silo did in the last round; None where none was run."""
    if not report.run.rounds or not report.run.rounds[-1].silos:
        return None
    parts = sorted(report.run.rounds[-1].silos, key=lambda part: -part.loss_before)
    return LongTable(
        "Silos in the last round",
        (
            Column("Silo"),
            Column("Loss before", "number"),
            Column("Loss after", "number"),
            Column("Examples", "number"),
            Column("Length of its update", "number"),
            Column("Agreement", "number"),
        ),
        tuple(
            Row(
                (
                    Cell(part.silo),
                    Cell(formats.metric(part.loss_before)),
                    Cell(formats.metric(part.loss_after)),
                    number(part.examples),
                    Cell(formats.metric(part.update_norm)),
                    Cell(formats.metric(part.cosine)),
                )
            )
            for part in parts
        ),
        "Highest loss first. Agreement: the cosine between a silo's update and the "
        "merged one.",
    )


def dropped(report: Report) -> LongTable | None:
    """Return who dropped out of which round, and why; None where nobody did."""
    rows = tuple(
        Row((Cell(drop.silo), number(record.round), Cell(drop.reason)))
        for record in report.run.rounds
        for drop in record.dropped
    )
    if not rows:
        return None
    columns = (Column("Silo"), Column("Round", "number"), Column("Why", "sentence"))
    return LongTable("Drop-outs by round", columns, rows)
