"""The table of group fairness: how far groups lie apart, over all silos and inside.

Each measure at each threshold, with the groups that it lies between, and the
judged silo in which it is worst.
"""

from __future__ import annotations

import dataclasses

from components.dashboard import formats
from components.dashboard.report import Report
from components.dashboard.run.tables.long_tables import (
    Cell,
    Column,
    LongTable,
    Mood,
    Row,
    between,
    figure,
)
from components.dashboard.scores import RANKED_BY, Question, Scores, Slice
from components.dashboard.scores import Cell as Answer
from components.payloads.metrics import is_lower_better
from components.payloads.minimum_data import MinimumData
from components.payloads.table import BASELINE
from components.scoring import intervals
from components.scoring.intervals import Interval

FOUR_FIFTHS = 0.8


@dataclasses.dataclass(frozen=True)
class Measure:
    """A figure over the groups of a slice.

    Attributes:
        metric: Its name in the evaluation's table.
        name: Its name for people.
        asks: What it asks.
    """

    metric: str
    name: str
    asks: str


MEASURES = (
    Measure(
        "demographic_parity_difference",
        "Demographic parity, difference",
        "how far the groups' positive rates lie apart",
    ),
    Measure(
        "demographic_parity_ratio",
        "Demographic parity, ratio",
        "the lowest positive rate over the highest; the 80 % rule asks for 0.8",
    ),
    Measure(
        "equal_opportunity_difference",
        "Equal opportunity",
        "how far the groups' true positive rates lie apart",
    ),
    Measure(
        "equalized_odds_difference",
        "Equalised odds",
        "the larger distance of true and of false positive rates",
    ),
    Measure(
        "predictive_parity_difference",
        "Predictive parity",
        "how far the groups' precision lies apart",
    ),
    Measure(
        "fpr_difference",
        "False positive rate, difference",
        "how far the groups' false positive rates lie apart",
    ),
    Measure(
        "between_groups_theil",
        "Theil index between groups",
        "how unequally the groups benefit; 0 is alike",
    ),
    Measure("auc_gap", "AUC gap", "how far the groups' AUC lies apart"),
    Measure(
        "worst_auc",
        "Worst group, AUC",
        "the lowest AUC of a group",
    ),
    Measure(
        "worst_calibration_error",
        "Worst group, calibration error",
        "the largest distance of score and rate in a group",
    ),
)


def group_gaps(report: Report, judged: str = "judged") -> LongTable | None:
    """Return the table of group fairness; None without groups to compare.

    Args:
        report: What the page says.
        judged: What was done with the silos: `judged`, or `measured` without a gate.
    """
    rows = [
        row
        for column in report.scores.columns
        for measure in MEASURES
        for threshold in (None, *report.scores.thresholds(measure.metric))
        for row in _rows(report, measure, column, threshold)
    ]
    if not rows:
        return None
    baseline = (Column("Baseline", "number"),) if report.scores.has_baseline else ()
    return LongTable(
        "Fairness between groups",
        (
            Column("Measure"),
            Column("Groups of"),
            Column("Threshold", "number"),
            Column("Candidate", "number"),
            Column("95 % interval", "number"),
            Column("Between", "sentence"),
            *baseline,
            Column(f"Worst {judged} silo", "number"),
            Column("Which silo"),
        ),
        tuple(rows),
        f"Over all silos, and the {judged} silo in which the measure is worst. All "
        "groups that have a figure count here; key figures and gates leave out those "
        "with too little data.",
    )


def widest(scores: Scores, column: str, needed: MinimumData) -> Answer | None:
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
        of.group: cell
        for of in scores.slices()
        if of.column == column and not of.silo
        for cell in [scores.ask(Question(RANKED_BY, of))]
        if cell is not None
        and cell.is_number
        and needed.has_enough(cell.rows, cell.positives)
    }
    if len(known) < 2:
        return None
    low = min(sorted(known), key=lambda name: known[name].number)
    high = max(sorted(known), key=lambda name: known[name].number)
    best, worst = known[high], known[low]
    value = best.number - worst.number
    about = (
        f"{high} ({formats.metric(best.number)}) and "
        f"{low} ({formats.metric(worst.number)})"
    )
    rows = best.rows + worst.rows
    higher, lower = _interval(best), _interval(worst)
    if higher is None or lower is None:
        return Answer(value, None, None, rows, "", about)
    gap = intervals.absolute(intervals.difference(higher, lower))
    return Answer(*gap, rows, "", about)


def _interval(content: Answer) -> Interval | None:
    if content.low is None or content.high is None:
        return None
    return Interval(content.number, content.low, content.high)


def _rows(
    report: Report, measure: Measure, column: str, threshold: float | None
) -> list[Row]:
    question = Question(measure.metric, Slice(column=column), threshold=threshold)
    found = report.scores.ask(question)
    if found is None or not found.is_number:
        return []
    before = report.scores.ask(dataclasses.replace(question, model=BASELINE))
    baseline = (figure(before),) if report.scores.has_baseline else ()
    silo, inside = _worst(report, measure, question)
    return [
        Row(
            (
                Cell(measure.name),
                Cell(column),
                Cell("" if threshold is None else f"{threshold:g}", threshold or ""),
                _judged(measure, found),
                between(found),
                Cell(found.about),
                *baseline,
                _judged(measure, inside),
                Cell(silo),
            ),
            threshold,
        )
    ]


def _worst(
    report: Report, measure: Measure, question: Question
) -> tuple[str, Answer | None]:
    """Return the judged silo in which a measure is worst."""
    sign = -1 if is_lower_better(measure.metric) else 1
    answers = [
        (line.member.silo, report.scores.ask(_inside(question, line.member.silo)))
        for line in report.judged
    ]
    known = [(silo, cell) for silo, cell in answers if cell and cell.is_number]
    if not known:
        return ("", None)
    return min(known, key=lambda item: (sign * item[1].number, item[0]))


def _inside(question: Question, silo: str) -> Question:
    return dataclasses.replace(question, of=Slice(silo, question.of.column))


def _judged(measure: Measure, content: Answer | None) -> Cell:
    """Return a figure, with a verdict where the 80 % rule gives one."""
    made = figure(content)
    if (
        measure.metric != "demographic_parity_ratio"
        or content is None
        or not content.is_number
    ):
        return made
    mood: Mood = "good" if content.number >= FOUR_FIFTHS else "bad"
    word = "at least" if mood == "good" else "below"
    return dataclasses.replace(
        made, text=f"{formats.cell(content)}, {word} {FOUR_FIFTHS:g}", mood=mood
    )
