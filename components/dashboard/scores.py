"""The tidy table of an evaluation (`payloads/table.py`), as the page asks it.

A cell is one metric of one slice. A slice with too few rows (or only one class)
has a note instead of a value; nothing here turns the note into a number.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Iterable, Iterator

from components.payloads.manifest import EVAL
from components.payloads.metrics import is_lower_better
from components.payloads.table import BASELINE, CANDIDATE, CROSS, SILO, Table

RANKED_BY = "auc"
ROWS = "rows"  # each slice has this cell, also where it has no other


@dataclasses.dataclass(frozen=True)
class Slice:
    """A part of the evaluated rows; all of them when every field is empty.

    Attributes:
        silo: The silo's id; empty for all silos together.
        column: The group column, or several joined by ` x `; empty for all groups;
            `silo_id` for figures over the silos.
        group: The group's value, or values joined alike; empty for figures over
            the groups of `column`.
    """

    silo: str = ""
    column: str = ""
    group: str = ""

    @property
    def family(self) -> tuple[str, ...]:
        """What it is cut by: the silo, then the group column."""
        silo = (SILO,) if self.silo else ()
        return (*silo, *((self.column,) if self.column else ()))

    @property
    def columns(self) -> tuple[str, ...]:
        """The group columns, one by one."""
        return tuple(self.column.split(CROSS)) if self.column else ()


OVERALL = Slice()
OVER_SILOS = Slice(column=SILO)


@dataclasses.dataclass(frozen=True)
class Cell:
    """One metric of one slice.

    Attributes:
        value: The metric; None where there is a note instead.
        low: Lower end of its interval, where it has one.
        high: Upper end.
        rows: Rows in the slice.
        note: Why there is no value, such as `too few`; empty otherwise.
        about: The silo or the groups that it is taken from, such as the worst.
        positives: Of its rows those with the outcome; None where that is not told.
    """

    value: float | None
    low: float | None
    high: float | None
    rows: int
    note: str
    about: str = ""
    positives: int | None = None

    @property
    def is_number(self) -> bool:
        """Whether there is a value to show, finite and without a note."""
        return not self.note and self.value is not None and math.isfinite(self.value)

    @property
    def number(self) -> float:
        """The value.

        Raises:
            ValueError: There is none; `is_number` is false.
        """
        if not self.is_number or self.value is None:
            raise ValueError(f"a cell noted `{self.note}` is not a number")
        return self.value

    def at_best(self, metric: str) -> float:
        """Return the better end of the interval; the value without an interval.

        What is ranked by it leads with what is surely bad, not with what has few
        rows. Lower is worse, whatever the metric.
        """
        if is_lower_better(metric):
            return -(self.number if self.low is None else self.low)
        return self.number if self.high is None else self.high


@dataclasses.dataclass(frozen=True)
class Question:
    """Which cell: metric, slice, model, split and threshold (None: has none)."""

    metric: str
    of: Slice = OVERALL
    model: str = CANDIDATE
    split: str = EVAL
    threshold: float | None = None


class Scores:
    """All cells of an evaluation.

    Args:
        cells: Each cell with the question that it answers; none where nothing was
            evaluated.
    """

    def __init__(self, cells: Iterable[tuple[Question, Cell]]) -> None:
        self._cells = dict(cells)

    def __len__(self) -> int:
        """Return the number of cells."""
        return len(self._cells)

    def __iter__(self) -> Iterator[tuple[Question, Cell]]:
        """Iterate over questions and cells, in the order of the table."""
        return iter(self._cells.items())

    def ask(self, question: Question) -> Cell | None:
        """Return the cell, None where the table has no such slice or metric.

        A slice with too few rows has a cell for its rows only; its note then
        answers every other question too.
        """
        found = self._cells.get(question)
        if found is None:
            rows = dataclasses.replace(question, metric=ROWS, threshold=None)
            found = self._cells.get(rows)
            return found if found is not None and found.note else None
        return found

    @functools.cached_property
    def has_baseline(self) -> bool:
        """Whether a baseline was evaluated too."""
        return any(question.model == BASELINE for question in self._cells)

    def thresholds(self, metric: str) -> list[float]:
        """Return the thresholds at which `metric` was taken, ascending."""
        found = {
            question.threshold
            for question in self._cells
            if question.metric == metric and question.threshold is not None
        }
        return sorted(found)

    @functools.cached_property
    def columns(self) -> tuple[str, ...]:
        """The group columns that slices are cut by, crossed ones last."""
        found = {of.column for of in self._ranked if of.column}
        return tuple(sorted(found, key=column_rank))

    @functools.cached_property
    def silos(self) -> tuple[str, ...]:
        """The silos that were evaluated, sorted."""
        return tuple(
            sorted(of.silo for of in self._ranked if of == Slice(of.silo) and of.silo)
        )

    def slices(self) -> list[Slice]:
        """Return the candidate's slices of the evaluation split.

        The surely worst first: by the better end of the interval of `RANKED_BY`;
        slices without a number last. Ties go by name.
        """
        return list(self._ranked)

    @functools.cached_property
    def _ranked(self) -> tuple[Slice, ...]:
        found = dict.fromkeys(
            question.of
            for question in self._cells
            if (question.model, question.split) == (CANDIDATE, EVAL)
            and question.metric in {RANKED_BY, ROWS}
            and bool(question.of.column) == bool(question.of.group)
        )
        return tuple(sorted(found, key=self._rank))

    def _rank(self, of: Slice) -> tuple[bool, float, str, str, str]:
        cell = self.ask(Question(RANKED_BY, of))
        is_number = cell is not None and cell.is_number
        number = cell.at_best(RANKED_BY) if cell is not None and is_number else 0.0
        return (not is_number, number, of.silo, of.column, of.group)

    def families(self) -> dict[tuple[str, ...], list[Slice]]:
        """Return the slices that have a number by family, the surely worst first.

        Silos come first, then each group column, crossed ones after single ones,
        then the groups inside silos.
        """
        found: dict[tuple[str, ...], list[Slice]] = {}
        for of in self.slices():
            cell = self.ask(Question(RANKED_BY, of))
            if of != OVERALL and cell is not None and cell.is_number:
                found.setdefault(of.family, []).append(of)
        return {family: found[family] for family in sorted(found, key=_family_rank)}


def of_table(table: Table) -> Scores:
    """Return the cells of a table; none where nothing was evaluated."""
    return Scores(
        (
            Question(
                metric=figure.metric,
                of=Slice(figure.silo, figure.slice, figure.group),
                model=figure.model,
                split=figure.split,
                threshold=figure.threshold,
            ),
            Cell(
                figure.value,
                figure.low,
                figure.high,
                figure.rows,
                figure.note,
                figure.about,
                figure.positives,
            ),
        )
        for figure in table
    )


def column_rank(column: str) -> tuple[int, str]:
    """Return the place of a group column: single ones first, then by name."""
    return (column.count(CROSS), column)


def _family_rank(family: tuple[str, ...]) -> tuple[int, bool, tuple[int, str]]:
    return (len(family), family[0] != SILO, column_rank(family[-1]))
