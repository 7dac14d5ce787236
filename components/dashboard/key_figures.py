"""The few numbers at the head of the page."""

from __future__ import annotations

import dataclasses

from components.dashboard import formats
from components.dashboard.report import Report
from components.dashboard.scores import RANKED_BY, Cell, Question
from components.scoring.table import BASELINE
from components.silos.manifest import NEXT


@dataclasses.dataclass(frozen=True)
class KeyFigure:
    """One number with what a reader needs to weigh it.

    Attributes:
        label: What it is.
        value: The number as text, or a dash where there is none.
        detail: Its interval, its comparison or whose it is.
        silo: The silo that it is about, where it is one.
    """

    label: str
    value: str
    detail: str = ""
    silo: str = ""


def key_figures(report: Report) -> list[KeyFigure]:
    """Return the key figures of a run, in the order of the page."""
    total = report.scores.ask(Question(RANKED_BY))
    before = report.scores.ask(Question(RANKED_BY, model=BASELINE))
    after = report.scores.ask(Question(RANKED_BY, split=NEXT))
    return [
        KeyFigure("AUC", formats.cell(total), _compared(total, before)),
        KeyFigure("AUC on the following span", formats.cell(after), _next(after)),
        _worst(report),
        _gap(report),
        KeyFigure(
            "Silos admitted",
            f"{len(report.admitted)} of {len(report.silos)}",
            f"the quorum is {report.quorum}",
        ),
        KeyFigure(
            "Rows scored",
            formats.count(report.ledger.rows),
            f"{report.ledger.status}; dead letters: "
            f"{formats.count(report.ledger.dead_letters)}",
        ),
    ]


def _compared(total: Cell | None, before: Cell | None) -> str:
    if total is None or not total.is_number:
        return "nothing was evaluated"
    between = formats.interval(total)
    parts = [f"95 % interval: {between}"] if between else []
    if before is not None and before.is_number:
        change = formats.signed(total.number - before.number)
        parts.append(f"{change} against the model in service")
    return "; ".join(parts)


def _next(after: Cell | None) -> str:
    if after is None or not after.is_number:
        return "its labels are not known"
    between = formats.interval(after)
    return f"95 % interval: {between}" if between else ""


def _worst(report: Report) -> KeyFigure:
    label = "Worst admitted silo (AUC)"
    if not report.judged:
        return KeyFigure(label, formats.NONE, "no admitted silo has an AUC")
    worst = report.judged[0]
    return KeyFigure(
        label, formats.cell(worst.auc), formats.interval(worst.auc), worst.member.silo
    )


def _gap(report: Report) -> KeyFigure:
    label = "Gap between best and worst"
    values = [line.auc.number for line in report.judged if line.auc is not None]
    if len(values) < 2:
        return KeyFigure(label, formats.NONE, "needs two admitted silos with an AUC")
    detail = f"AUC of {len(values)} admitted silos"
    return KeyFigure(label, formats.metric(values[-1] - values[0]), detail)
