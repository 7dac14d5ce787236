"""The few numbers at the head of the page.

Figures over the silos are of those that the gates judged: one of thirty rows, or
one whose data was refused, is neither the worst nor does it widen the gap. Likewise
groups with too little data are left out of the widest gap between groups.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from components.dashboard import formats
from components.dashboard.report import Report
from components.dashboard.run.tables.group_gaps import widest
from components.dashboard.scores import OVER_SILOS, RANKED_BY, Cell, Question, Slice
from components.payloads.manifest import NEXT
from components.payloads.table import BASELINE, CHANGE


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
        label = f"Silos {judged_word(report)}"
        return [*found, KeyFigure(label, _of(report, report.judged))]
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


def judged_word(report: Report) -> str:
    """Return what was done with the silos: `judged`, or `measured` without a gate."""
    return "judged" if report.decision.gates else "measured"


def _of(report: Report, some: Sequence[object]) -> str:
    return f"{formats.count(len(some))} of {formats.count(len(report.silos))}"


def _overall(report: Report, total: Cell | None) -> str:
    if total is None or not total.is_number:
        return "nothing was evaluated"
    between = formats.interval(total)
    parts = [f"95 % interval: {between}"] if between else []
    parts += [total.about] if total.about else []
    before = report.scores.ask(Question(RANKED_BY, model=BASELINE))
    change = report.scores.ask(Question(RANKED_BY, model=CHANGE))
    if change is not None and change.is_number:
        parts.append(_change(change))
    elif before is not None and before.is_number:
        difference = formats.signed(total.number - before.number)
        parts.append(f"{difference} against the baseline")
    return "; ".join(parts)


def _change(change: Cell) -> str:
    text = f"{formats.signed(change.number)} against the baseline"
    if change.low is None or change.high is None:
        return text
    return f"{text} ({formats.signed(change.low)} to {formats.signed(change.high)})"


def _next(after: Cell | None) -> str:
    if after is None or not after.is_number:
        return "its labels are not known"
    return _between(after)


def _worst(report: Report) -> KeyFigure:
    word = judged_word(report)
    label = f"Worst {word} silo (AUC)"
    worst = report.scores.ask(Question(f"worst_{RANKED_BY}", OVER_SILOS))
    if worst is None or not worst.is_number:
        return KeyFigure(label, formats.NONE, f"no {word} silo has an AUC")
    return KeyFigure(label, formats.cell(worst), _between(worst), worst.about)


def _gap(report: Report) -> KeyFigure:
    """Return the gap as the evaluation has it, whose silos the gates judged too."""
    word = judged_word(report)
    label = "Gap between best and worst"
    gap = report.scores.ask(Question(f"gap_{RANKED_BY}", OVER_SILOS))
    if gap is None or not gap.is_number:
        return KeyFigure(label, formats.NONE, f"needs two {word} silos with an AUC")
    parts = (f"AUC of the {word} silos", gap.about, _between(gap))
    return KeyFigure(label, formats.cell(gap), "; ".join(filter(None, parts)))


def _between(content: Cell) -> str:
    between = formats.interval(content)
    return f"95 % interval: {between}" if between else ""


def _losers(report: Report) -> list[KeyFigure]:
    """Return how many silos surely lose against the baseline."""
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
    """Return the widest gap between groups that have enough data, over all silos."""
    if not report.scores.columns:
        return []
    label = "Widest gap between groups (AUC)"
    needed = report.about.minimum_data
    found = [
        (gap, column)
        for column in report.scores.columns
        if (gap := widest(report.scores, column, needed)) is not None
    ]
    if not found:
        return [KeyFigure(label, formats.NONE, "no two groups have enough data")]
    gap, column = max(found, key=lambda item: (item[0].number, item[1]))
    parts = (f"{column}: {gap.about}", _between(gap))
    return [KeyFigure(label, formats.cell(gap), "; ".join(filter(None, parts)))]
