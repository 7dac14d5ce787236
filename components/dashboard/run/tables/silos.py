"""The tables of silos: what the model does for each, and whom no gate judged."""

from __future__ import annotations

from components.dashboard import formats
from components.dashboard.report import Report, SiloLine
from components.dashboard.run.tables.long_tables import (
    Cell,
    Column,
    LongTable,
    Row,
    between,
    figure,
    number,
)
from components.dashboard.scores import ROWS, Question, Slice
from components.payloads.cohort import Member
from components.payloads.findings import Group, sentences
from components.payloads.manifest import EVAL, TRAIN


def all_silos(report: Report, process: bool) -> LongTable:
    """Return the table of all silos, the surely worst first.

    Args:
        report: What the page says.
        process: Whether there was a run, so that there is more than scores.
    """
    has_gates = bool(report.decision.gates)
    judged = (Column("Judged", "sentence"),) if has_gates else ()
    before = (Column("Baseline", "number"),) if report.scores.has_baseline else ()
    part = (
        Column("Admission", "sentence"),
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
            *judged,
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
        *((_judged(line),) if report.decision.gates else ()),
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
            else Cell("not admitted", mood="bad", findings=_reasons(member)),
            number(member.rows.get(TRAIN, 0)),
            Cell(formats.share(member.share), float(f"{member.share:.4g}")),
            figure(line.next_auc),
            Cell(f"{differs[0]} ({differs[1]:.2f})", float(f"{differs[1]:.4g}"))
            if differs
            else Cell(formats.NONE, ""),
            Cell(formats.size(line.left_bytes), line.left_bytes),
        )
    )


def _judged(line: SiloLine) -> Cell:
    return Cell(f"no: {line.unjudged}" if line.unjudged else "yes")


def rows_apart(report: Report) -> int:
    """Return how many of the silos' rows figures over all silos leave out."""
    total = report.scores.ask(Question(ROWS))
    if total is None:
        return 0
    silos = [report.scores.ask(Question(ROWS, Slice(s))) for s in report.scores.silos]
    return max(0, sum(cell.rows for cell in silos if cell) - total.rows)


def _reasons(member: Member) -> tuple[Group, ...]:
    # The ways out stand in the table of findings.
    return (Group("", sentences(member.reasons)),) if member.reasons else ()


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
