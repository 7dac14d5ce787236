"""The table of what left each silo."""

from __future__ import annotations

from components.dashboard import formats
from components.dashboard.report import Report
from components.dashboard.run.tables.long_tables import Cell, Column, LongTable, Row
from components.payloads.egress import KINDS


def left_silos(report: Report) -> LongTable:
    """Return what left each silo, by kind: count and bytes."""
    lines = sorted(report.silos, key=lambda line: line.member.silo)
    kinds = [kind for kind in KINDS if any(line.left_of(kind) for line in lines)]
    totals = []
    for kind in kinds:
        parts = [part for line in lines if (part := line.left_of(kind))]
        total = sum(part.bytes for part in parts)
        totals.append(_left(sum(part.count for part in parts), total))
    whole = sum(line.left_bytes for line in lines)
    return LongTable(
        "What left the silos",
        (
            Column("Silo"),
            *(Column(kind.capitalize(), "number") for kind in kinds),
            Column("Together", "number"),
        ),
        (
            Row((Cell("All silos"), *totals, Cell(formats.size(whole), whole))),
            *(
                Row(
                    (
                        Cell(line.member.silo),
                        *(
                            _left(part.count, part.bytes)
                            if (part := line.left_of(kind))
                            else Cell(formats.NONE, "")
                            for kind in kinds
                        ),
                        Cell(formats.size(line.left_bytes), line.left_bytes),
                    )
                )
                for line in lines
            ),
        ),
        "How many of each kind, and their size; sorted by size.",
    )


def _left(count: int, size: int) -> Cell:
    return Cell(f"{formats.count(count)} ({formats.size(size)})", size)
