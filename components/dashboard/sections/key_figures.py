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
from components.dashboard.section import KeyFigure, KeyFigures, Section
from components.payloads.manifest import NEXT
from components.payloads.minimum_data import MinimumData
from components.payloads.table import (
    BASELINE,
    CHANGE,
    OVER_SILOS,
    RANKED_BY,
    Figure,
    MetricKey,
    Slice,
    Table,
)
from components.scoring import intervals
from components.scoring.intervals import Interval


def section(report: Report) -> Section:
    """Return the few numbers at the head of the page."""
    return Section("figures", "Key figures", (KeyFigures(tuple(key_figures(report))),))


def key_figures(report: Report) -> list[KeyFigure]:
    """Return the key figures of a run, or of an evaluation, in the page's order."""
    total = report.scores.get(MetricKey(RANKED_BY))
    found = [
        KeyFigure("AUC", formats.cell(total), _overall(report, total)),
        _worst(report),
        _gap(report),
        *_losers(report),
        *_groups(report),
    ]
    after = report.scores.get(MetricKey(RANKED_BY, split=NEXT))
    if "cohort" not in report.parts:
        label = f"Silos {report.judged_word}"
        found.append(KeyFigure(label, _of(report, report.judged)))
    if "cohort" in report.parts or after is not None:
        label = "AUC on the following span"
        found.append(KeyFigure(label, formats.cell(after), _next(after)))
    if "cohort" in report.parts:
        detail = (
            f"the quorum is {formats.count(report.quorum)}; "
            f"judged: {formats.count(len(report.judged))}"
        )
        found.append(KeyFigure("Silos admitted", _of(report, report.admitted), detail))
    if "inference_result" in report.parts:
        letters = formats.count(report.ledger.dead_letters)
        detail = f"{report.ledger.status}; dead letters: {letters}"
        found.append(
            KeyFigure("Rows scored", formats.count(report.ledger.rows), detail)
        )
    return found


def _of(report: Report, some: Sequence[object]) -> str:
    return f"{formats.count(len(some))} of {formats.count(len(report.silos))}"


def _overall(report: Report, total: Figure | None) -> str:
    if total is None or not total.is_number:
        return "nothing was evaluated"
    between = formats.interval(total)
    parts = [f"95 % interval: {between}"] if between else []
    before = report.scores.get(MetricKey(RANKED_BY, model=BASELINE))
    change = report.scores.get(MetricKey(RANKED_BY, model=CHANGE))
    if change is not None and change.is_number:
        parts.append(_change(change))
    elif before is not None and before.is_number:
        difference = formats.signed(total.number - before.number)
        parts.append(f"{difference} against the baseline")
    return "; ".join(parts)


def _change(change: Figure) -> str:
    text = f"{formats.signed(change.number)} against the baseline"
    if change.low is None or change.high is None:
        return text
    return f"{text} ({formats.signed(change.low)} to {formats.signed(change.high)})"


def _next(after: Figure | None) -> str:
    if after is None or not after.is_number:
        return "its labels are not known"
    return _between(after)


def _worst(report: Report) -> KeyFigure:
    word = report.judged_word
    label = f"Worst {word} silo (AUC)"
    worst = report.scores.get(MetricKey(f"worst_{RANKED_BY}", OVER_SILOS))
    if worst is None or not worst.is_number:
        return KeyFigure(label, formats.NONE, f"no {word} silo has an AUC")
    return KeyFigure(label, formats.cell(worst), _between(worst), worst.about)


def _gap(report: Report) -> KeyFigure:
    """Return the gap as the evaluation has it, whose silos the gates judged too."""
    word = report.judged_word
    label = "Gap between best and worst"
    gap = report.scores.get(MetricKey(f"gap_{RANKED_BY}", OVER_SILOS))
    if gap is None or not gap.is_number:
        return KeyFigure(label, formats.NONE, f"needs two {word} silos with an AUC")
    parts = (f"AUC of the {word} silos", gap.about, _between(gap))
    return KeyFigure(label, formats.cell(gap), "; ".join(filter(None, parts)))


def _between(content: Figure) -> str:
    between = formats.interval(content)
    return f"95 % interval: {between}" if between else ""


def _losers(report: Report) -> list[KeyFigure]:
    """Return how many silos surely lose against the baseline."""
    changes = [
        report.scores.get(MetricKey(RANKED_BY, Slice(line.member.silo), model=CHANGE))
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


def widest(scores: Table, column: str, needed: MinimumData) -> Figure | None:
    """Return how far the AUC of groups over all silos lie apart.

    The evaluation's own `auc_gap` counts every group that has a figure, so that a
    group with three positives would lead. The interval is made as it makes them: by
    squares added, of two groups that were named before.

    Args:
        scores: The evaluation.
        column: The groups' column.
        needed: Groups with less data are left out.

    Returns:
        The figure; None where there are no two such groups.
    """
    known = {
        of.group: figure
        for of in scores.slices
        if of.column == column and not of.silo
        for figure in [scores.get(MetricKey(RANKED_BY, of))]
        if figure is not None
        and figure.is_number
        and needed.has_enough(figure.rows, figure.positives)
    }
    if len(known) < 2:
        return None
    low = min(sorted(known), key=lambda name: known[name].number)
    high = max(sorted(known), key=lambda name: known[name].number)
    best, worst = known[high], known[low]
    gap = dataclasses.replace(
        best,
        metric=f"{RANKED_BY}_gap",
        group="",
        value=best.number - worst.number,
        low=None,
        high=None,
        rows=best.rows + worst.rows,
        about=f"{high} ({formats.metric(best.number)}) and "
        f"{low} ({formats.metric(worst.number)})",
    )
    higher, lower = _interval(best), _interval(worst)
    if higher is None or lower is None:
        return gap
    value, below, above = intervals.absolute(intervals.difference(higher, lower))
    return dataclasses.replace(gap, value=value, low=below, high=above)


def _interval(figure: Figure) -> Interval | None:
    if figure.low is None or figure.high is None:
        return None
    return Interval(figure.number, figure.low, figure.high)
