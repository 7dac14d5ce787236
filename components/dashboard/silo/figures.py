"""One silo's own figures, with what each of them means.

All figures here come from the silo's own part of the table; of the others there is a
histogram (`others.py`) and nothing else.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from typing import Any

from components.dashboard.silo.others import Distribution, Others, number
from components.dashboard.silo.words import GAPS, MEASURES, RATES, Measure
from components.payloads.manifest import NEXT
from components.payloads.table import BASELINE, CHANGE, CROSS, Figure, Table

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

    def get(self, metric: str, **place: Any) -> Figure | None:  # noqa: ANN401
        """Return a figure; None where the table has no such slice or metric.

        A slice with too few rows has a figure for its rows only, whose note stands
        for every other metric too.

        Args:
            metric: The metric.
            place: Slice, group, threshold, model and split, as `Table.metric` has.
        """
        found = self.table.metric(metric, silo=self._silo, **place)
        if found is None:
            place.pop("threshold", None)
            found = self.table.metric("rows", silo=self._silo, **place)
            return found if found is not None and found.note else None
        return found

    @functools.cached_property
    def thresholds(self) -> list[float]:
        """The thresholds at which rates were taken, ascending."""
        rate = RATES[0].metric
        found = {f.threshold for f in self.table if f.metric == rate and not f.slice}
        return sorted(at for at in found if at is not None)

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
        return any(number(line.found) is not None for line in self.lines)

    @property
    def following(self) -> list[tuple[Measure, Figure]]:
        """The metrics on the span after, where its labels are known."""
        return self._known(MEASURES, split=NEXT)

    @property
    def own_threshold(self) -> float | None:
        """The threshold that would give it the federation's true positive rate.

        None where none was sought, or where the federation is so small that its rate
        would reveal another silo's.
        """
        return number(self.get("own_threshold")) if self.charts else None

    @property
    def own_rates(self) -> list[tuple[Measure, Figure]]:
        """The rates at that threshold."""
        return self._known(RATES, prefix="own_threshold_")

    @functools.cached_property
    def groups(self) -> list[GroupTable]:
        """Its groups, slice by slice; crossed slices last."""
        by_column: dict[str, set[str]] = {}
        for figure in self.table:
            if figure.group and figure.metric in {"auc", "rows"}:
                by_column.setdefault(figure.slice, set()).add(figure.group)
        shown, left = {}, MAX_GROUPS
        smallest_first = sorted(by_column, key=lambda column: len(by_column[column]))
        for index, column in enumerate(smallest_first):
            ranked = sorted(by_column[column], key=lambda g: self._rank(column, g))
            shown[column] = ranked[: left // (len(by_column) - index)]
            left -= len(shown[column])
        return [
            GroupTable(
                column, tuple(shown[column]), len(by_column[column]), self._gaps(column)
            )
            for column in sorted(by_column, key=lambda name: (name.count(CROSS), name))
        ]

    def _rank(self, column: str, group: str) -> tuple[bool, float, str]:
        """Return the place of a group: by the better end of its interval."""
        auc = self.get("auc", slice=column, group=group)
        value = number(auc)
        if auc is None or value is None:
            return True, 0.0, group
        return False, value if auc.high is None else auc.high, group

    def _gaps(self, column: str) -> tuple[tuple[Measure, Figure], ...]:
        found = []
        for measure in GAPS:
            for at in (None, self.threshold):
                figure = self.get(measure.metric, slice=column, threshold=at)
                if figure is not None and number(figure) is not None:
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
        return [(m, f) for m, f in found if f is not None and number(f) is not None]
