"""The table of what validation found in the silos' data."""

from __future__ import annotations

from components.dashboard.report import Report
from components.dashboard.run.tables.long_tables import Cell, Column, LongTable, Row
from components.payloads.findings import grouped


def findings(report: Report) -> LongTable | None:
    """Return what validation found, silos that do not train first."""
    found = sorted(
        (line for line in report.silos if line.has_findings),
        key=lambda line: (line.member.admitted, line.member.silo),
    )
    if not found:
        return None
    return LongTable(
        "Validation findings",
        (
            Column("Silo"),
            Column("Admission"),
            Column("Why not", "sentence"),
            Column("Findings that did not keep it out", "sentence"),
        ),
        tuple(
            Row(
                (
                    Cell(line.member.silo),
                    Cell("admitted", mood="good")
                    if line.member.admitted
                    else Cell("quarantined", mood="bad"),
                    Cell("", findings=grouped(line.member.reasons)),
                    Cell("", findings=grouped(line.member.notes)),
                )
            )
            for line in found
        ),
    )
