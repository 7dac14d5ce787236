"""One silo's own figures, with what each of them means.

All cells here come from the silo's own part of the table; of the others there is a
histogram (`others.py`) and nothing else.
"""

from __future__ import annotations

import dataclasses

from components.dashboard.silo.others import Distribution, Others
from components.dashboard.silo.words import GAPS, MEASURES, RATES, Measure
from components.payloads.manifest import EVAL, NEXT
from components.payloads.table import (
    BASELINE,
    CHANGE,
    CROSS,
    RANKED_BY,
    ROWS,
    TOO_FEW,
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
        others: How the other silos fare; None where that would tell too much, or
            where the silo has no figure to place among them.
    """

    measure: Measure
    threshold: float | None
    found: Figure
    before: Figure | None
    change: Figure | None
    others: Distribution | None


@dataclasses.dataclass(frozen=True)
class GroupLine:
    """A group inside the silo.

    Attributes:
        name: The group; empty for all groups too small to stand alone.
        rows: Its labelled rows.
        auc: Its AUC, or the note why there is none.
        change: Change in AUC against the baseline.
        calibration: Its calibration error.
        rates: One for each of `RATES`.
    """

    name: str
    rows: int
    auc: Figure | None
    change: Figure | None
    calibration: Figure | None
    rates: tuple[Figure | None, ...]


@dataclasses.dataclass(frozen=True)
class GroupTable:
    """The silo's groups by one slice, the worst AUC first.

    Attributes:
        column: The slice.
        lines: Those that are shown.
        num_groups: Those that there are.
        gaps: How far groups lie apart: measure and figure.
    """

    column: str
    lines: tuple[GroupLine, ...]
    num_groups: int
    gaps: tuple[tuple[Measure, Figure], ...]


@dataclasses.dataclass(frozen=True)
class OwnFigures:
    """What the model does for one silo.

    Attributes:
        lines: Metrics of all its rows.
        rates: Rates at each threshold.
        following: Metrics on the span after, where its labels are known.
        groups: Its groups, slice by slice.
        threshold: Where the groups' rates are taken; None without rates.
        base_rate: The share of its rows with the outcome.
        own_threshold: The threshold that would give it the federation's true
            positive rate; None where none was sought, or the federation is so small
            that its rate would tell another silo's.
        own_rates: The rates at that threshold.
    """

    lines: tuple[Line, ...]
    rates: tuple[Line, ...]
    following: tuple[tuple[Measure, Figure], ...]
    groups: tuple[GroupTable, ...]
    threshold: float | None
    base_rate: Figure | None
    own_threshold: Figure | None
    own_rates: tuple[tuple[Measure, Figure], ...]

    @property
    def has_own(self) -> bool:
        """Whether any metric of all its rows has a figure to place among others."""
        return any(line.found.is_number for line in self.lines)

    @property
    def charts(self) -> list[Line]:
        """The metrics whose distribution is drawn."""
        return [line for line in self.lines if line.others is not None]


def of_silo(own: Table, others: Others, silo: str) -> OwnFigures:
    """Return a silo's figures.

    Args:
        own: The silo's own cells.
        others: The judged silos' histograms.
        silo: Its id.
    """
    of = Slice(silo)
    thresholds = own.thresholds(RATES[0].metric)
    middle = thresholds[len(thresholds) // 2] if thresholds else None
    lines = _lines(own, others, of, MEASURES, [None])
    threshold = own.get(MetricKey("own_threshold", of))
    tells_no_few = any(line.others is not None for line in lines)
    return OwnFigures(
        lines=lines,
        rates=_lines(own, others, of, RATES, thresholds),
        following=_known(own, of, MEASURES, split=NEXT),
        groups=_groups(own, silo, middle),
        threshold=middle,
        base_rate=own.get(MetricKey("base_rate", of)),
        own_threshold=threshold
        if threshold and threshold.is_number and tells_no_few
        else None,
        own_rates=_known(own, of, RATES, prefix="own_threshold_"),
    )


def _lines(
    own: Table,
    others: Others,
    of: Slice,
    measures: tuple[Measure, ...],
    thresholds: list[float] | list[None],
) -> tuple[Line, ...]:
    lines = []
    for threshold in thresholds:
        for measure in measures:
            question = MetricKey(measure.metric, of, threshold=threshold)
            found = own.get(question)
            if found is not None:
                replaced = dataclasses.replace
                lines.append(
                    Line(
                        measure,
                        threshold,
                        found,
                        own.get(replaced(question, model=BASELINE)),
                        own.get(replaced(question, model=CHANGE)),
                        others.of(of.silo, measure.metric, threshold, found),
                    )
                )
    return tuple(lines)


def _known(
    own: Table,
    of: Slice,
    measures: tuple[Measure, ...],
    *,
    prefix: str = "",
    split: str = EVAL,
) -> tuple[tuple[Measure, Figure], ...]:
    found = (
        (measure, own.get(MetricKey(prefix + measure.metric, of, split=split)))
        for measure in measures
    )
    return tuple((m, cell) for m, cell in found if cell is not None and cell.is_number)


def _groups(own: Table, silo: str, threshold: float | None) -> tuple[GroupTable, ...]:
    by_column: dict[str, list[GroupLine]] = {}
    for of in own.slices:
        if of.silo == silo and of.group:
            by_column.setdefault(of.column, []).append(_group(own, of, threshold))
    shown, left = {}, MAX_GROUPS
    smallest_first = sorted(by_column, key=lambda column: len(by_column[column]))
    for index, column in enumerate(smallest_first):
        shown[column] = by_column[column][: left // (len(by_column) - index)]
        left -= len(shown[column])
    return tuple(
        GroupTable(
            column=column,
            lines=tuple(shown[column]),
            num_groups=len(by_column[column]),
            gaps=_gaps(own, Slice(silo, column), threshold),
        )
        for column in sorted(by_column, key=lambda name: (name.count(CROSS), name))
    )


def _group(own: Table, of: Slice, threshold: float | None) -> GroupLine:
    rows = own.get(MetricKey(ROWS, of))
    return GroupLine(
        name="" if of.group == TOO_FEW else of.group,
        rows=rows.rows if rows else 0,
        auc=own.get(MetricKey(RANKED_BY, of)),
        change=own.get(MetricKey(RANKED_BY, of, model=CHANGE)),
        calibration=own.get(MetricKey("calibration_error", of)),
        rates=tuple(
            own.get(MetricKey(rate.metric, of, threshold=threshold)) for rate in RATES
        ),
    )


def _gaps(
    own: Table, of: Slice, threshold: float | None
) -> tuple[tuple[Measure, Figure], ...]:
    found = []
    for measure in GAPS:
        for at in (None, threshold):
            cell = own.get(MetricKey(measure.metric, of, threshold=at))
            if cell is not None and cell.is_number:
                found.append((measure, cell))
                break
    return tuple(found)
