"""The few numbers at the head of the page.

Figures over the silos are of those that the gates judged: one of thirty rows, or
one whose data was refused, is neither the worst nor does it widen the gap.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from components.dashboard import formats
from components.dashboard.report import Report
from components.dashboard.scores import OVER_SILOS, RANKED_BY, Cell, Question, Slice
from components.scoring.table import BASELINE, CHANGE
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


def key_figures(report: Report, process: bool = True) -> list[KeyFigure]:
    """Return the key figures of a run, in the order of the page.

    Args:
        report: The run.
        process: Whether there was a run, with a cohort and predictions; else an
            evaluation alone is told.
    """
    total = report.scores.ask(Question(RANKED_BY))
    found = [
        KeyFigure("AUC", formats.cell(total), _overall(report, total)),
        _worst(report),
        _gap(report),
        *_losers(report),
        *_groups(report),
    ]
    if not process:
        return [*found, KeyFigure("Silos judged", _of(report, report.judged))]
    after = report.scores.ask(Question(RANKED_BY, split=NEXT))
    return [
        *found,
        KeyFigure("AUC on the following span", formats.cell(after), _next(after)),
        KeyFigure(
            "Silos admitted",
            _of(report, report.admitted),
            f"the quorum is {formats.count(report.quorum)}; "
            f"judged: {formats.count(len(report.judged))}",
        ),
        KeyFigure(
            "Rows scored",
            formats.count(report.ledger.rows),
            f"{report.ledger.status}; dead letters: "
            f"{formats.count(report.ledger.dead_letters)}",
        ),
    ]


def _of(report: Report, some: Sequence[object]) -> str:
    return f"{formats.count(len(some))} of {formats.count(len(report.silos))}"


def _overall(report: Report, total: Cell | None) -> str:
    if total is None or not total.is_number:
        return "nothing was evaluated"
    between = formats.interval(total)
    parts = [f"95 % interval: {between}"] if between else []
    before = report.scores.ask(Question(RANKED_BY, model=BASELINE))
    change = report.scores.ask(Question(RANKED_BY, model=CHANGE))
    if change is not None and change.is_number:
        parts.append(_change(change))
    elif before is not None and before.is_number:
        difference = formats.signed(total.number - before.number)
        parts.append(f"{difference} against the model in service")
    return "; ".join(parts)


def _change(change: Cell) -> str:
    text = f"{formats.signed(change.number)} against the model in service"
    if change.low is None or change.high is None:
        return text
    return f"{text} ({formats.signed(change.low)} to {formats.signed(change.high)})"


def _next(after: Cell | None) -> str:
    if after is None or not after.is_number:
        return "its labels are not known"
    between = formats.interval(after)
    return f"95 % interval: {between}" if between else ""


def _worst(report: Report) -> KeyFigure:
    label = "Worst judged silo (AUC)"
    judged = {line.member.silo: line.auc for line in report.judged if line.auc}
    if not judged:
        return KeyFigure(label, formats.NONE, "no judged silo has an AUC")
    silo, auc = min(judged.items(), key=lambda item: (item[1].number, item[0]))
    return KeyFigure(label, formats.cell(auc), formats.interval(auc), silo)


def _gap(report: Report) -> KeyFigure:
    label = "Gap between best and worst"
    gap = report.scores.ask(Question(f"gap_{RANKED_BY}", OVER_SILOS))
    values = sorted(line.auc.number for line in report.judged if line.auc is not None)
    if len(values) < 2:
        return KeyFigure(label, formats.NONE, "needs two judged silos with an AUC")
    detail = f"AUC of {formats.count(len(values))} judged silos"
    between = formats.interval(gap)
    if between:
        detail += f"; 95 % interval: {between}"
    return KeyFigure(label, formats.metric(values[-1] - values[0]), detail)


def _losers(report: Report) -> list[KeyFigure]:
    """Return how many silos surely lose against the model in service."""
    changes = [
        report.scores.ask(Question(RANKED_BY, Slice(line.member.silo), model=CHANGE))
        for line in report.judged
    ]
    known = [change for change in changes if change is not None and change.is_number]
    if not known:
        return []
    surely = [c for c in known if c.high is not None and c.high < 0]
    lower = [c for c in known if c.number < 0]
    return [
        KeyFigure(
            "Silos that surely lose",
            f"{formats.count(len(surely))} of {formats.count(len(known))}",
            "the interval of their change in AUC lies below 0; "
            f"{formats.count(len(lower))} are lower at all",
        )
    ]


def _groups(report: Report) -> list[KeyFigure]:
    """Return the widest gap between groups over all silos."""
    asked = [
        (report.scores.ask(Question("auc_gap", Slice(column=column))), column)
        for column in report.scores.columns
    ]
    gaps = [(cell, column) for cell, column in asked if cell and cell.is_number]
    if not gaps:
        return []
    cell, column = max(gaps, key=lambda item: (item[0].number, item[1]))
    detail = f"{column}: {cell.about}" if cell.about else column
    return [KeyFigure("Widest gap between groups (AUC)", formats.cell(cell), detail)]
