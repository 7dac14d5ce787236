"""Compares the figures of two runs: sure changes first, biggest losses before gains.

The interval of a change is that of two independent figures, by squares added
(`components/scoring/intervals.py`). Runs over the same rows are not independent: there
it is wider than need be, so fewer changes count as sure, not more.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from components.dashboard import formats, page
from components.dashboard.page import Page
from components.dashboard.section import (
    NUMBER,
    Cell,
    Column,
    Mood,
    Part,
    Section,
    Text,
    table,
)
from components.payloads.interval import Interval
from components.payloads.table import OVERALL, RANKED_BY, Figure, MetricKey
from components.scoring.intervals import difference, of_figure
from components.scoring.metrics import better
from pipelines.runs import charts
from pipelines.runs.figures import Figures, label

MOST_ROWS = 100  # of each metric other than AUC, by silo, on a page
MOST_BARS = 15
INTERVALS = (
    "Intervals are of 95 %. Worse and better are said only where the whole interval of "
    "the change lies on one side of no change. Where nothing changed that still "
    "happens by chance, in about one of twenty silos. The interval takes both runs' "
    "figures as of different rows; where both were evaluated on the same rows it is "
    "wider than need be, so smaller changes are missed."
)


@dataclasses.dataclass(frozen=True)
class Change:
    """One figure in both runs; None where a run has no such figure."""

    key: MetricKey
    before: Figure | None
    after: Figure | None

    @property
    def is_auc(self) -> bool:
        """Whether it is of the metric by which slices are ranked."""
        return self.key.metric == RANKED_BY

    @property
    def change(self) -> float | None:
        """After minus before; None where either is missing."""
        if not self.before or not self.after:
            return None
        return self.after.number - self.before.number

    @property
    def loss(self) -> float | None:
        """The change for the worse, below 0 for a gain; None where neither is."""
        way = better(self.key.metric)
        return None if self.change is None or not way else -way * self.change

    @property
    def interval(self) -> Interval | None:
        """The 95 % interval of the change; None where a figure has none."""
        before, after = map(of_figure, (self.before, self.after))
        return difference(after, before) if before and after else None

    @property
    def is_sure(self) -> bool:
        """Whether the whole interval lies on one side of no change."""
        interval = self.interval
        return interval is not None and interval.is_sure

    @property
    def reading(self) -> str:
        """`worse` or `better` where that is sure; which run alone has the figure."""
        if self.change is None:
            return "only after" if self.after else "only before"
        if self.loss is None or not self.is_sure:
            return ""
        return "worse" if self.loss > 0 else "better"


def changes(before: Figures, after: Figures) -> list[Change]:
    """Compare two runs.

    Returns:
        A change for each figure of either: those that are surely worse or better,
        then those that may be chance, the biggest losses first in each; then what is
        neither better nor worse by its size, last what only one run has.
    """
    found = [
        Change(key, before.get(key), after.get(key))
        for key in sorted(before.keys() | after.keys(), key=_name)
    ]
    return sorted(found, key=_order)


def render(use_case: str, before: str, after: str, found: Sequence[Change]) -> str:
    """Return the page that compares two runs, given by their ids, as HTML."""
    silos = [change for change in found if change.key.slice.silo]
    aucs = [change for change in silos if change.is_auc]
    groups = [change for change in found if change.key.slice.group]
    overall = [c for c in found if not c.key.slice.silo and not c.key.slice.group]
    head = (
        *map(Text, _summary(before == after, found)),
        Text("All runs", href="../../index.html"),
        Text(INTERVALS, is_soft=True),
    )
    by_silo = (*_losses(aucs), _table("AUC", aucs, SILO), *_others(silos))
    by_group = _table("Groups", groups, *GROUP, METRIC)
    sections = (
        Section("summary", f"{after} against {before}", head, label="Summary"),
        Section("silos", "By silo", by_silo),
        Section("groups", "By group over all silos", (by_group,)),
        Section("overall", "Over all silos", (_table("All metrics", overall, METRIC),)),
    )
    title = f"{use_case}: compare two runs"
    return page.render(Page(title, title, sections))


def _metric(change: Change) -> str:
    of = change.key.slice
    if of.silo or of.group:
        of = OVERALL
    return label(dataclasses.replace(change.key, slice=of))


SILO: Column = Column("Silo", "key.slice.silo")
GROUP: tuple[Column, ...] = (
    Column("Slice", "key.slice.column"),
    Column("Group", "key.slice.group"),
)
METRIC = Column("Metric", _metric)


def _table(
    title: str, found: Sequence[Change], *names: Column, caption: str = ""
) -> Part:
    if not found:
        return Text("Neither run has such figures.")
    return table(title, found, [*names, *COLUMNS], caption)


def _others(silos: Sequence[Change]) -> list[Part]:
    """Return the table of the metrics other than AUC, if there are any."""
    shown: dict[tuple[str, float | None], list[Change]] = {}
    others = [change for change in silos if not change.is_auc]
    for change in others:
        of_metric = shown.setdefault((change.key.metric, change.key.threshold), [])
        if len(of_metric) < MOST_ROWS:
            of_metric.append(change)
    found = [change for of_metric in shown.values() for change in of_metric]
    cut = f"{len(found):,} of {len(others):,}; `fairsilo report diff --json` has all."
    caption = cut if len(found) < len(others) else ""
    title = "Other metrics"
    return [_table(title, found, SILO, METRIC, caption=caption)] if found else []


def _digits(change: Change) -> int:
    """Return the digits behind the point: small figures need more to differ."""
    known = [figure.number for figure in (change.before, change.after) if figure]
    return 5 if all(abs(value) < 0.01 for value in known) else 3


def _figure(change: Change, figure: Figure | None) -> Cell:
    if figure is None:
        return Cell(formats.NONE, "")
    digits, ends = _digits(change), of_figure(figure)
    text = f"{figure.number:.{digits}f}"
    if ends:
        text += f" ({ends.low:.{digits}f} to {ends.high:.{digits}f})"
    return Cell(text, figure.number)


def _signed(change: Change, *values: float | None) -> Cell:
    """Return signed numbers, with one digit more than the figures have."""
    known = [value for value in values if value is not None]
    digits = max(_digits(change), 4)
    text = " to ".join(f"{value:+.{digits}f}" for value in known)
    return Cell(text or formats.NONE, known[0] if known else "")


def _interval_of_change(change: Change) -> Cell:
    found = change.interval
    return _signed(change, found.low, found.high) if found else Cell("", "")


def _reading(change: Change) -> Cell:
    moods: dict[str, Mood] = {"worse": "bad", "better": "good"}
    return Cell(change.reading, mood=moods.get(change.reading, ""))


def _rows(change: Change) -> Cell:
    known = [figure.rows for figure in (change.before, change.after) if figure]
    return Cell(" to ".join(dict.fromkeys(f"{n:,}" for n in known)), known[-1])


COLUMNS: tuple[Column, ...] = (
    Column("Before (95 %)", lambda change: _figure(change, change.before), NUMBER),
    Column("After (95 %)", lambda change: _figure(change, change.after), NUMBER),
    Column("Change", lambda change: _signed(change, change.change), NUMBER),
    Column("95 % of the change", _interval_of_change, NUMBER),
    Column("Reading", _reading),
    Column("Rows", _rows, NUMBER),
)


def _summary(same: bool, found: Sequence[Change]) -> list[str]:
    if same:
        return ["Both are the same run, so nothing differs."]
    aucs = [c for c in found if c.is_auc and c.change is not None]
    silos = [c for c in aucs if c.key.slice.silo]
    lines = []
    for change in aucs:
        if change.key.slice == OVERALL and change.before and change.after:
            ends = _interval_of_change(change).text
            lines.append(
                f"AUC over all rows: {formats.metric(change.before.value)} to "
                f"{formats.metric(change.after.value)}, {change.change:+.4f}"
                f"{ends and f' (95 % {ends})'}."
            )
    if not silos:
        return [*lines, "No silo has an AUC in both runs."]
    worse, better = (
        sum(change.reading == word for change in silos) for word in ("worse", "better")
    )
    return [
        *lines,
        f"Silos in both runs: {len(silos):,}. Surely worse in AUC: {worse:,}; surely "
        f"better: {better:,}.",
    ]


def _losses(aucs: Sequence[Change]) -> list[Part]:
    kinds = {"worse": "bad", "better": "good"}
    rows = [
        (
            change.key.slice.silo,
            change.before.number,
            change.after.number,
            kinds.get(change.reading, "bar"),
        )
        for change in aucs
        if change.before and change.after
    ]
    title = "AUC before (hollow) and after (full); grey may be chance"
    return [charts.dumbbells(title, rows[:MOST_BARS])] if rows else []


def _order(change: Change) -> tuple[int, float]:
    if change.loss is not None:
        return (0 if change.is_sure else 1), -change.loss
    return (3, 0.0) if change.change is None else (2, -abs(change.change))


def _name(key: MetricKey) -> tuple[str, str, str, str, float]:
    of = key.slice
    return of.silo, of.column, of.group, key.metric, key.threshold or 0.0
