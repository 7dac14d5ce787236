"""Groups of people: how far they lie apart, over all silos and inside each."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from components.dashboard import formats
from components.dashboard.report import Report
from components.dashboard.section import (
    NUMBER,
    SENTENCE,
    Cell,
    Chart,
    Column,
    Part,
    Section,
    Table,
    Text,
    cell,
    interval,
    table,
)
from components.dashboard.sections.silos import about, at, both
from components.payloads.table import BASELINE, Figure, MetricKey, Slice
from components.payloads.table import Table as Scores
from components.scoring.metrics import is_lower_better

FOUR_FIFTHS = 0.8
RATIO = "demographic_parity_ratio"
# Figures over the groups of a slice: name in the table, name for people, its question.
MEASURES = {
    "demographic_parity_difference": (
        "Demographic parity, difference",
        "how far the groups' positive rates lie apart",
    ),
    RATIO: (
        "Demographic parity, ratio",
        "the lowest positive rate over the highest; the 80 % rule asks for 0.8",
    ),
    "equal_opportunity_difference": (
        "Equal opportunity",
        "how far the groups' true positive rates lie apart",
    ),
    "equalized_odds_difference": (
        "Equalised odds",
        "the larger distance of true and of false positive rates",
    ),
    "predictive_parity_difference": (
        "Predictive parity",
        "how far the groups' precision lies apart",
    ),
    "fpr_difference": (
        "False positive rate, difference",
        "how far the groups' false positive rates lie apart",
    ),
    "between_groups_theil": (
        "Theil index between groups",
        "how unequally the groups benefit; 0 is alike",
    ),
    "auc_gap": ("AUC gap", "how far the groups' AUC lies apart"),
    "worst_auc": ("Worst group, AUC", "the lowest AUC of a group"),
    "worst_calibration_error": (
        "Worst group, calibration error",
        "the largest distance of score and rate in a group",
    ),
}


def section(report: Report, max_inside: int = 6000) -> Section:
    """Return the charts and tables of the groups.

    Args:
        report: The run.
        max_inside: Most groups inside silos that the page holds.
    """
    parts: tuple[Part, ...] = (Text("No groups were evaluated."),)
    if report.scores.columns:
        parts = tuple(_parts(report, max_inside))
    return Section("groups", "Groups", parts)


def _parts(report: Report, max_inside: int) -> Iterator[Part]:
    gaps = group_gaps(report)
    yield gaps
    if gaps.rows:
        yield questions()
    yield Chart(
        "groups",
        "Each group over all silos",
        "The dashed line is the candidate over all rows.",
        both(report),
    )
    yield Chart(
        "heat",
        "Groups inside silos",
        "Deeper colour is worse. Of a withheld group a silo discloses only that it has "
        "too few rows, or none; their rows are counted together, as “too few”. Where a "
        "cell is blank there are no rows.",
        (
            ("withheld", "withheld: too few rows"),
            ("undefined", "no such figure, such as of one label only"),
        ),
    )
    number = sum(bool(of.silo and of.column) for of in report.scores.slices)
    note = (
        "First those whose AUC is surely low: by the upper end of the interval, so "
        "that a handful of rows does not lead."
    )
    if number > max_inside:
        note += (
            f" The page holds the first {formats.count(max_inside)} of "
            f"{formats.count(number)} groups; all of them are in the evaluation's "
            "table."
        )
    yield Chart("inside", "Groups inside silos: all figures", note, is_table=True)
    if gaps.rows:
        title = "Fairness between groups inside each silo"
        yield Chart("gaps", title, is_table=True)


def questions() -> Table:
    """Return what each measure asks."""
    columns = (
        Column("Measure", lambda item: item[0]),
        Column("What it asks", lambda item: item[1], SENTENCE),
    )
    return table("What the measures ask", MEASURES.values(), columns)


def group_gaps(report: Report) -> Table:
    """Return how far groups lie apart by each measure, at each threshold."""
    word, keys = report.judged_word, _keys(report.scores, "")
    judged = [line.member.silo for line in report.judged]
    worst = {key: _worst(report.scores, key, judged) for key in keys}

    def which(key: MetricKey) -> str:
        figure = worst[key]
        return figure.silo if figure else ""

    columns = (
        *_columns(report.scores),
        Column(f"Worst {word} silo", lambda it: _checked(it.metric, worst[it]), NUMBER),
        Column("Which silo", which),
    )
    return table(
        "Fairness between groups",
        keys,
        columns,
        f"Over all silos, and the {word} silo in which the measure is worst. All "
        "groups that have a figure count here; key figures and gates leave out those "
        "with too little data.",
        lambda key: key.threshold,
    )


def _worst(scores: Scores, key: MetricKey, silos: Sequence[str]) -> Figure | None:
    inside = (
        scores.get(dataclasses.replace(key, slice=Slice(silo, key.slice.column)))
        for silo in silos
    )
    sign = -1 if is_lower_better(key.metric) else 1
    return min(
        (one for one in inside if one and one.is_number),
        key=lambda one: (sign * one.number, one.silo),
        default=None,
    )


def gaps_inside(scores: Scores, silo: str, threshold: float | None) -> Table:
    """Return how far the groups inside a silo lie apart, at one threshold."""
    keys = [it for it in _keys(scores, silo) if it.threshold in {None, threshold}]
    return table("Fairness between your groups", keys, _columns(scores))


def _keys(scores: Scores, silo: str) -> list[MetricKey]:
    """Return the measures over the groups of each column that have a figure."""
    keys = (
        MetricKey(metric, Slice(silo, column), threshold=threshold)
        for column in scores.columns
        for metric in MEASURES
        for threshold in (None, *scores.thresholds(metric))
    )
    return [key for key in keys if (found := scores.get(key)) and found.is_number]


def _columns(scores: Scores) -> Sequence[Column]:
    get = scores.get
    columns = [
        Column("Measure", lambda key: MEASURES[key.metric][0]),
        Column("Groups of", "slice.column"),
        Column("Threshold", lambda key: at(key.threshold), NUMBER),
        Column("Candidate", lambda key: _checked(key.metric, get(key)), NUMBER),
        Column("95 % interval", lambda key: interval(get(key)), NUMBER),
        Column("Between", lambda key: about(get(key)), SENTENCE),
    ]
    if scores.has_baseline:
        columns.append(
            Column(
                "Baseline",
                lambda key: get(dataclasses.replace(key, model=BASELINE)),
                NUMBER,
            )
        )
    return columns


def _checked(metric: str, figure: Figure | None) -> Cell:
    """Return a figure, with a verdict where the 80 % rule gives one."""
    made = cell(figure)
    if metric != RATIO or figure is None or not figure.is_number:
        return made
    is_good = figure.number >= FOUR_FIFTHS
    word = "at least" if is_good else "below"
    text = f"{made.text}, {word} {FOUR_FIFTHS:g}"
    return dataclasses.replace(made, text=text, mood="good" if is_good else "bad")
