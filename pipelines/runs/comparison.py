"""Compares the figures of two runs: sure changes first, biggest losses before gains.

The interval of a change is that of two independent figures, by squares added
(`components/scoring/intervals.py`). Runs over the same rows are not independent: there
it is wider than need be, so fewer changes count as sure, not more.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence

from components.dashboard import formats
from components.payloads.table import OVERALL, RANKED_BY, Figure, MetricKey, Slice
from components.scoring.intervals import Interval, difference
from components.scoring.metrics import better
from pipelines.runs import charts, pages
from pipelines.runs.figures import Figures, label

MOST_ROWS = 100  # of a table of another metric than AUC, on a page
MOST_BARS = 15


@dataclasses.dataclass(frozen=True)
class Change:
    """One figure in both runs.

    Attributes:
        key: Which figure.
        before: In the earlier run; None where that has no such figure.
        after: In the later run; None where that has no such figure.
    """

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
        before, after = _value(self.before), _value(self.after)
        return None if before is None or after is None else after - before

    @property
    def loss(self) -> float | None:
        """The change for the worse, below 0 for a gain; None where neither is."""
        way = better(self.key.metric)
        return None if self.change is None or not way else -way * self.change

    @property
    def interval(self) -> Interval | None:
        """The 95 % interval of the change; None where a figure has none."""
        before, after = _interval(self.before), _interval(self.after)
        return difference(after, before) if before and after else None

    @property
    def is_sure(self) -> bool:
        """Whether the whole interval lies on one side of no change."""
        interval = self.interval
        return interval is not None and (interval.low > 0 or interval.high < 0)

    @property
    def reading(self) -> str:
        """`worse` or `better` where that is sure; which run alone has the figure."""
        if self.change is None:
            return "only after" if self.after else "only before"
        if self.loss is None or not self.is_sure:
            return ""
        return "worse" if self.loss > 0 else "better"

    @property
    def rows(self) -> str:
        """Rows behind both figures, for people."""
        known = [f"{figure.rows:,}" for figure in (self.before, self.after) if figure]
        return " to ".join(dict.fromkeys(known))

    @property
    def digits(self) -> int:
        """Digits behind the point: small figures need more of them to differ."""
        values = filter(None, (_value(self.before), _value(self.after)))
        return 5 if all(abs(value) < 0.01 for value in values) else 3


@dataclasses.dataclass(frozen=True)
class Part:
    """The changes of one metric, or of every metric: those that are shown, of `total`.

    `heads` are the names of the first columns.
    """

    title: str
    heads: tuple[str, ...]
    changes: tuple[Change, ...]
    total: int

    def names(self, change: Change) -> tuple[str, ...]:
        """Return the first cells of a change's row."""
        of = change.key.of
        if self.heads == ("Silo",):
            return (of.silo,)
        if self.heads == ("Slice", "Group"):
            return of.column, of.group
        return (label(change.key),)


def changes(before: Figures, after: Figures) -> list[Change]:
    """Compare two runs.

    Args:
        before: The earlier run's figures.
        after: The later run's.

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
    """Return the page that compares two runs, as HTML.

    Args:
        use_case: Name of the use case.
        before: Id of the earlier run.
        after: Id of the later run.
        found: Their changes.
    """
    silos = _parts(found, ("Silo",), lambda s: bool(s.silo))
    overall = [c for c in found if not c.key.of.silo and not c.key.of.group]
    return pages.render(
        "comparison.html.j2",
        use_case=use_case,
        before=before,
        after=after,
        summary=_summary(before == after, found),
        losses=_losses(found),
        overall=Part("Every metric", ("Metric",), tuple(overall), len(overall)),
        silos=silos,
        groups=_parts(found, ("Slice", "Group"), lambda s: bool(s.group)),
    )


def _parts(
    found: Iterable[Change], heads: tuple[str, ...], belongs: Callable[[Slice], bool]
) -> list[Part]:
    by_metric: dict[MetricKey, list[Change]] = {}
    for change in found:
        if belongs(change.key.of):
            metric = dataclasses.replace(change.key, of=OVERALL)
            by_metric.setdefault(metric, []).append(change)
    return [
        Part(
            label(key),
            heads,
            tuple(held[: None if key.metric == RANKED_BY else MOST_ROWS]),
            len(held),
        )
        for key, held in sorted(by_metric.items(), key=lambda item: _metric(item[0]))
    ]


def _summary(same: bool, found: Sequence[Change]) -> list[str]:
    if same:
        return ["Both are the same run, so nothing differs."]
    aucs = [c for c in found if c.is_auc and c.change is not None]
    silos = [c for c in aucs if c.key.of.silo]
    lines = []
    for change in aucs:
        if change.key.of == OVERALL and change.before and change.after:
            interval = change.interval
            sure = (
                f" (95 % {interval.low:+.4f} to {interval.high:+.4f})"
                if interval
                else ""
            )
            lines.append(
                f"AUC over all rows: {formats.metric(change.before.value)} to "
                f"{formats.metric(change.after.value)}, {change.change:+.4f}{sure}."
            )
    if not silos:
        return [*lines, "No silo has an AUC in both runs."]
    counts = {
        word: sum(change.reading == word for change in silos)
        for word in ("worse", "better")
    }
    said = [f"{count or 'none'} surely {word}" for word, count in counts.items()]
    of = f"Of {len(silos):,} silo{'s' if len(silos) > 1 else ''} in both runs"
    return [*lines, f"{of}: {' and '.join(said)} in AUC."]


def _losses(found: Sequence[Change]) -> charts.Chart | None:
    aucs = [c for c in found if c.is_auc and c.key.of.silo]
    shown = [c for c in aucs if c.change is not None][:MOST_BARS]
    return charts.dumbbells(
        [
            (
                change.key.of.silo,
                change.before.value or 0.0,
                change.after.value or 0.0,
                {"worse": "bad", "better": "good"}.get(change.reading, "pale"),
            )
            for change in shown
            if change.before and change.after
        ]
    )


def _value(figure: Figure | None) -> float | None:
    return figure.value if figure else None


def _interval(figure: Figure | None) -> Interval | None:
    if figure is None or figure.value is None:
        return None
    if figure.low is None or figure.high is None:
        return None
    return Interval(figure.value, figure.low, figure.high)


def _order(change: Change) -> tuple[int, float]:
    if change.loss is not None:
        return (0 if change.is_sure else 1), -change.loss
    return (3, 0.0) if change.change is None else (2, -abs(change.change))


def _metric(key: MetricKey) -> tuple[bool, str, float]:
    return key.metric != RANKED_BY, key.metric, key.threshold or 0.0


def _name(key: MetricKey) -> tuple[str, str, str, str, float]:
    of = key.of
    return of.silo, of.column, of.group, key.metric, key.threshold or 0.0
