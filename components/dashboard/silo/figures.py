"""One silo's own figures, with what each of them means.

All figures here come from the silo's own part of the table; of the others there is a
histogram (`others.py`) and nothing else.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from typing import Any

from components.dashboard.silo.others import Distribution, Others
from components.dashboard.silo.words import GAPS, MEASURES, RATES, Measure
from components.payloads.manifest import NEXT
from components.payloads.table import (
    BASELINE,
    CHANGE,
    Figure,
    MetricKey,
    Slice,
    Table,
)

MAX_GROUPS = 30  # on a page, over all slices; each costs about 500 bytes


@dataclasses.dataclass(frozen=True)
class Line:
    """A metric of the silo.

    Attributes:
        measure: The metric.
        threshold: Of a rate; None for other metrics.
        found: The candidate's figure.
        before: That of the baseline; None without one.
        change: The candidate's minus that, on the same rows.
        others: How the other silos fare; None where that would reveal too much, or
            where the silo has no figure to place among them.
    """

    measure: Measure
    threshold: float | None
    found: Figure
    before: Figure | None
    change: Figure | None
    others: Distribution | None


@dataclasses.dataclass(frozen=True)
class GroupTable:
    """The silo's groups by one slice, the surely worst AUC first.

    Attributes:
        column: The slice.
        groups: Those that are shown.
        num_groups: Those that there are.
        gaps: How far groups lie apart: measure and figure.
    """

    column: str
    groups: tuple[str, ...]
    num_groups: int
    gaps: tuple[tuple[Measure, Figure], ...]


class OwnFigures:
    """What the model does for one silo.

    Args:
        table: The silo's own figures.
        others: The judged silos' histograms.
        silo: Its id.
    """

    def __init__(self, table: Table, others: Others, silo: str) -> None:
        self.table = table
        self._others = others
        self._silo = silo

    def get(
        self,
        metric: str,
        column: str = "",
        group: str = "",
        **key: Any,  # noqa: ANN401
    ) -> Figure | None:
        """Return a figure, as `Table.get` does.

        Args:
            metric: The metric.
            column: The slice's columns; empty for all rows.
            group: Its values; empty for figures over the groups.
            key: Threshold, model and split, as `MetricKey` has them.
        """
        return self.table.get(
            MetricKey(metric, Slice(self._silo, column, group), **key)
        )

    @property
    def thresholds(self) -> list[float]:
        """The thresholds at which rates were taken, ascending."""
        return self.table.thresholds(RATES[0].metric)

    @property
    def threshold(self) -> float | None:
        """Where the groups' rates are taken; None without rates."""
        found = self.thresholds
        return found[len(found) // 2] if found else None

    @functools.cached_property
    def lines(self) -> list[Line]:
        """The metrics of all its rows."""
        return self._lines(MEASURES, [None])

    @functools.cached_property
    def rates(self) -> list[Line]:
        """The rates at each threshold."""
        return self._lines(RATES, self.thresholds)

    @property
    def charts(self) -> list[Line]:
        """The metrics whose distribution over the other silos is drawn."""
        return [line for line in self.lines if line.others is not None]

    @property
    def has_own(self) -> bool:
        """Whether any metric of all its rows has a figure to place among others."""
        return any(line.found.is_number for line in self.lines)

    @property
    def following(self) -> list[tuple[Measure, Figure]]:
        """The metrics on the span after, where its labels are known."""
        return self._known(MEASURES, split=NEXT)

    @property
    def own_threshold(self) -> Figure | None:
        """The threshold that would give it the federation's true positive rate.

        None where none was sought, or where the federation is so small that its rate
        would reveal another silo's.
        """
        found = self.get("own_threshold")
        return found if self.charts and found and found.is_number else None

    @property
    def own_rates(self) -> list[tuple[Measure, Figure]]:
        """The rates at that threshold."""
        return self._known(RATES, prefix="own_threshold_")

    @functools.cached_property
    def groups(self) -> list[GroupTable]:
        """Its groups, slice by slice; crossed slices last."""
        by_column: dict[str, list[str]] = {}
        for of in self.table.slices:
            if of.column:
                by_column.setdefault(of.column, []).append(of.group)
        shown, left = {}, MAX_GROUPS
        smallest_first = sorted(by_column, key=lambda column: len(by_column[column]))
        for index, column in enumerate(smallest_first):
            shown[column] = by_column[column][: left // (len(by_column) - index)]
            left -= len(shown[column])
        return [
            GroupTable(
                column, tuple(shown[column]), len(by_column[column]), self._gaps(column)
            )
            for column in self.table.columns
        ]

    def _gaps(self, column: str) -> tuple[tuple[Measure, Figure], ...]:
        found = []
        for measure in GAPS:
            for at in (None, self.threshold):
                figure = self.get(measure.metric, column, threshold=at)
                if figure is not None and figure.is_number:
                    found.append((measure, figure))
                    break
        return tuple(found)

    def _lines(
        self, measures: Sequence[Measure], thresholds: Sequence[float | None]
    ) -> list[Line]:
        lines = []
        for at in thresholds:
            for measure in measures:
                found = self.get(measure.metric, threshold=at)
                if found is not None:
                    before, change = (
                        self.get(measure.metric, threshold=at, model=model)
                        for model in (BASELINE, CHANGE)
                    )
                    others = self._others.of(self._silo, measure.metric, at, found)
                    lines.append(Line(measure, at, found, before, change, others))
        return lines

    def _known(
        self, measures: Sequence[Measure], *, prefix: str = "", split: str = "eval"
    ) -> list[tuple[Measure, Figure]]:
        found = ((m, self.get(prefix + m.metric, split=split)) for m in measures)
        return [(m, f) for m, f in found if f is not None and f.is_number]
