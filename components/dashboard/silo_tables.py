"""The tables with a row for each silo: its part, what left it, its predictions."""

from __future__ import annotations

from components.dashboard import formats
from components.dashboard.long_tables import (
    Cell,
    Column,
    LongTable,
    Row,
    between,
    figure,
    number,
)
from components.dashboard.report import Report, SiloLine
from components.silos.departures import KINDS
from components.silos.manifest import EVAL, TRAIN


def all_silos(report: Report, process: bool) -> LongTable:
    """Return the table of all silos, the surely worst first.

    Args:
        report: What the page says.
        process: Whether there was a run, so that there is more than scores.
    """
    before = (Column("In service", "number"),) if report.scores.has_baseline else ()
    part = (
        Column("Takes part", "sentence"),
        Column("Rows to train", "number"),
        Column("Share", "number"),
    )
    rest = (
        Column("AUC, following span", "number"),
        Column("Differs most in"),
        Column("Left the silo", "number"),
    )
    return LongTable(
        "All silos",
        (
            Column("Silo"),
            Column("AUC", "number"),
            Column("95 % interval", "number"),
            *before,
            Column("Judged", "sentence"),
            Column("Rows to evaluate", "number"),
            *(part if process else ()),
            *(rest if process else ()),
        ),
        tuple(_silo(report, line, process) for line in report.silos),
        "First the silos whose AUC is surely low: by the upper end of its interval."
        + (
            " Differs most in: its distance to the federation, from 0 (alike) to 1."
            if process
            else ""
        ),
    )


def _silo(report: Report, line: SiloLine, process: bool) -> Row:
    member, differs = line.member, line.differs_in
    cells = (
        Cell(member.silo),
        figure(line.auc),
        between(line.auc),
        *((figure(line.baseline_auc),) if report.scores.has_baseline else ()),
        Cell(f"no: {line.unjudged}" if line.unjudged else "yes"),
        number(member.rows.get(EVAL, 0)),
    )
    if not process:
        return Row(cells)
    admitted = Cell("admitted", mood="good")
    return Row(
        (
            *cells,
            admitted
            if member.admitted
            else Cell("not admitted", mood="bad", sentences=member.reasons),
            number(member.rows.get(TRAIN, 0)),
            Cell(formats.share(member.share), float(f"{member.share:.4g}")),
            figure(line.next_auc),
            Cell(f"{differs[0]} ({differs[1]:.2f})", float(f"{differs[1]:.4g}"))
            if differs
            else Cell(formats.NONE, ""),
            Cell(formats.size(line.left_bytes), line.left_bytes),
        )
    )


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
            Column("Takes part"),
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
                    Cell("", sentences=line.member.reasons),
                    Cell("", sentences=(*line.faults, *line.member.notes)),
                )
            )
            for line in found
        ),
    )


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


def unjudged(report: Report) -> LongTable | None:
    """Return the silos that no gate judged, with the reason; None where all were."""
    reasons = report.decision.unjudged
    if not reasons:
        return None
    return LongTable(
        "Silos that no gate judged",
        (Column("Silo"), Column("Why", "sentence")),
        tuple(Row((Cell(silo), Cell(why))) for silo, why in sorted(reasons.items())),
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
