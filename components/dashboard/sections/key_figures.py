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


def section(report: Report) -> Section:
    """Return the key figures of a run, or of an evaluation, in the page's order."""
    word = report.judged_word
    worst = report.scores.get(MetricKey(f"worst_{RANKED_BY}", OVER_SILOS))
    gap = report.scores.get(MetricKey(f"gap_{RANKED_BY}", OVER_SILOS))
    found = [
        _figure(
            "AUC", report.scores.get(MetricKey(RANKED_BY)), "nothing was evaluated"
        ),
        dataclasses.replace(
            _figure(f"Worst {word} silo (AUC)", worst, f"no {word} silo has an AUC"),
            silo=worst.about if worst else "",
        ),
        _figure(
            "Gap between best and worst",
            gap,
            f"needs two {word} silos with an AUC",
            f"AUC of the {word} silos",
            gap.about if gap else "",
        ),
    ]
    if change := _change(report):
        found[0] = dataclasses.replace(
            found[0], detail="; ".join(filter(None, (found[0].detail, change)))
        )
    found += [*_losers(report), *_groups(report)]
    after = report.scores.get(MetricKey(RANKED_BY, split=NEXT))
    has_cohort = "cohort" in report.parts
    if not has_cohort:
        found.append(KeyFigure(f"Silos {word}", _of(report, report.judged)))
    if has_cohort or after is not None:
        label = "AUC on the following span"
        found.append(_figure(label, after, "its labels are not known"))
    if has_cohort:
        detail = (
            f"the quorum is {formats.count(report.cohort.quorum)}; "
            f"judged: {formats.count(len(report.judged))}"
        )
        found.append(KeyFigure("Silos admitted", _of(report, report.admitted), detail))
    if "inference_result" in report.parts:
        letters = formats.count(report.ledger.dead_letters)
        detail = f"{report.ledger.status}; dead letters: {letters}"
        rows = formats.count(report.ledger.rows)
        found.append(KeyFigure("Rows scored", rows, detail))
    return Section("figures", "Key figures", (KeyFigures(tuple(found)),))


def _figure(label: str, figure: Figure | None, none: str, *detail: str) -> KeyFigure:
    """Return a figure with its interval, or a dash and why there is `none`."""
    if figure is None or not figure.is_number:
        return KeyFigure(label, formats.NONE, none)
    between = formats.interval(figure)
    parts = (*detail, between and f"95 % interval: {between}")
    return KeyFigure(label, formats.cell(figure), "; ".join(filter(None, parts)))


def _of(report: Report, some: Sequence[object]) -> str:
    return f"{formats.count(len(some))} of {formats.count(len(report.silos))}"


def _change(report: Report) -> str:
    total, before, change = (
        report.scores.get(key)
        for key in (
            MetricKey(RANKED_BY),
            MetricKey(RANKED_BY, model=BASELINE),
            MetricKey(RANKED_BY, model=CHANGE),
        )
    )
    if change is not None and change.is_number:
        between = formats.interval(change, True)
        text = f"{formats.signed(change.number)} against the baseline"
        return f"{text} ({between})" if between else text
    if total and before and total.is_number and before.is_number:
        return f"{formats.signed(total.number - before.number)} against the baseline"
    return ""


def _losers(report: Report) -> list[KeyFigure]:
    """Return how many silos surely lose against the baseline."""
    changes = [
        report.scores.get(MetricKey(RANKED_BY, Slice(line.member.silo), model=CHANGE))
        for line in report.judged
    ]
    known = [change for change in changes if change is not None and change.is_number]
    if not known:
        return []
    surely = sum(c.high is not None and c.high < 0 for c in known)
    lower = sum(c.number < 0 for c in known)
    return [
        KeyFigure(
            "Silos that surely lose",
            f"{formats.count(surely)} of {formats.count(len(known))}",
            "the interval of their change in AUC lies below 0; "
            f"{formats.count(lower)} are lower at all",
        )
    ]


def _groups(report: Report) -> list[KeyFigure]:
    """Return the widest gap between groups that have enough data, over all silos."""
    if not report.scores.columns:
        return []
    found = [
        (gap.number, column, gap)
        for column in report.scores.columns
        if (gap := widest(report.scores, column, report.about.minimum_data))
    ]
    _, column, gap = max(found, key=lambda it: it[:2], default=(0, "", None))
    label, none = "Widest gap between groups (AUC)", "no two groups have enough data"
    return [_figure(label, gap, none, f"{column}: {gap.about}" if gap else "")]


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
        if of.column == column
        and not of.silo
        and (figure := scores.get(MetricKey(RANKED_BY, of)))
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
    higher, lower = map(intervals.of_figure, (best, worst))
    if higher is None or lower is None:
        return gap
    value, below, above = intervals.absolute(intervals.difference(higher, lower))
    return dataclasses.replace(gap, value=value, low=below, high=above)
