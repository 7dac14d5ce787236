"""Compares the figures of two runs: sure changes first, biggest losses before gains.

The interval of a change is that of two independent figures, by squares added
(`components/fairness_evaluator/intervals.py`). Runs over the same rows are not
independent: there it is wider than need be, so it cries wolf less, not more.
`templates/diff.js` does the same for pages.
"""

from __future__ import annotations

import dataclasses

from components.payloads.metrics import better
from components.scoring.intervals import Interval, difference
from pipelines.site.figures import Figure, Figures, Question, Subject


@dataclasses.dataclass(frozen=True)
class Change:
    """One figure in both runs.

    Attributes:
        subject: Whose figure.
        question: Which figure.
        before: In the earlier run; None where that has no such figure.
        after: In the later run; None where that has no such figure.
    """

    subject: Subject
    question: Question
    before: Figure | None
    after: Figure | None

    @property
    def change(self) -> float | None:
        """After minus before; None where either is missing."""
        if self.before is None or self.after is None:
            return None
        return self.after.value - self.before.value

    @property
    def loss(self) -> float | None:
        """The change for the worse, below 0 for a gain; None where neither is."""
        way = better(self.question.metric)
        return None if self.change is None or not way else -way * self.change

    @property
    def interval(self) -> Interval | None:
        """The 95 % interval of the change; None where a figure has none."""
        if self.before is None or self.after is None:
            return None
        before, after = self.before.interval, self.after.interval
        if before is None or after is None:
            return None
        return difference(after, before)

    @property
    def is_sure(self) -> bool:
        """Whether the whole interval lies on one side of no change."""
        interval = self.interval
        return interval is not None and (interval.low > 0 or interval.high < 0)


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
        Change(subject, question, before.get((subject, question)), after.get(key))
        for key in sorted(before.keys() | after.keys(), key=_name)
        for subject, question in [key]
    ]
    return sorted(found, key=_order)


def _order(change: Change) -> tuple[int, float]:
    if change.loss is not None:
        return (0 if change.is_sure else 1), -change.loss
    return (3, 0.0) if change.change is None else (2, -abs(change.change))


def _name(key: tuple[Subject, Question]) -> tuple[Subject, str, float]:
    subject, question = key
    return subject, question.metric, question.threshold or 0.0
