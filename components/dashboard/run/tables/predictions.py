"""The table of where each silo's predictions lie."""

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


def predictions(report: Report) -> LongTable | None:
    """Return where each silo's predictions lie; None where there are none."""
    if not report.ledger.silos:
        return None
    return LongTable(
        "Predictions by silo",
        (
            Column("Silo"),
            Column("Rows", "number"),
            Column("Dead letters", "number"),
            Column("Digest"),
            Column("Place"),
        ),
        tuple(
            Row(
                (
                    Cell(item.silo),
                    number(item.rows),
                    number(item.dead_letters),
                    Cell(formats.short(item.digest)),
                    Cell(item.path),
                )
            )
            for item in report.ledger.silos
        ),
        "Each silo's predictions lie in its own place.",
    )
