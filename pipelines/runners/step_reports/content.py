"""What the page of a step says, apart from how it looks."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Literal, TypeAlias

from components.dashboard.run.key_figures import KeyFigure
from pipelines.runners.step_reports.figures import Axis, Bar, Training

Mood: TypeAlias = Literal["good", "bad", "plain"]
Metric: TypeAlias = float | int | str | None


@dataclasses.dataclass(frozen=True)
class Mark:
    """A word with a tick or a cross.

    Attributes:
        is_good: Which of both.
        word: The word.
        sentences: What follows below it.
    """

    is_good: bool
    word: str
    sentences: tuple[str, ...] = ()


Cell: TypeAlias = str | tuple[str, ...] | Mark | Bar | None


@dataclasses.dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        name: Its heading.
        kind: `text`, `number` (set to the right) or `sentence` (wide).
        axis: The axis of its bars; None for a column without.
    """

    name: str
    kind: Literal["text", "number", "sentence"] = "text"
    axis: Axis | None = None


@dataclasses.dataclass(frozen=True)
class Table:
    """A table, whatever its length: the page shows its first rows.

    Attributes:
        title: Its heading.
        columns: Its columns; the first one names the row.
        rows: One cell a column, what matters most first.
        note: How to read it; may be empty.
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""

    def without_empty_columns(self) -> Table:
        """Return the table with only those columns that say something."""
        kept = [
            index
            for index, _ in enumerate(self.columns)
            if any(row[index] for row in self.rows)
        ]
        return dataclasses.replace(
            self,
            columns=tuple(self.columns[index] for index in kept),
            rows=tuple(tuple(row[index] for index in kept) for row in self.rows),
        )


@dataclasses.dataclass(frozen=True)
class Chart:
    """The curve of a training.

    Attributes:
        training: Its geometry.
        dropped: Round and number of silos that dropped out of it.
        note: How to read it.
    """

    training: Training
    dropped: tuple[tuple[int, int], ...]
    note: str = ""


@dataclasses.dataclass(frozen=True)
class Content:
    """All that a step says.

    Attributes:
        verdict: What came of it, in a few words.
        mood: Whether that is what was hoped for.
        reasons: Why, each a sentence.
        notices: What a reader must know to trust it, each a sentence.
        figures: The key figures.
        chart: The training's curve; None for other steps.
        tables: The details; those without rows are left out.
        metrics: The figures by name, as the UI lists and compares them; None
            where there is none.
    """

    verdict: str
    mood: Mood = "plain"
    reasons: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    figures: tuple[KeyFigure, ...] = ()
    chart: Chart | None = None
    tables: tuple[Table, ...] = ()
    metrics: Mapping[str, Metric] = dataclasses.field(default_factory=dict)


def facts(title: str, values: Mapping[str, str]) -> Table:
    """Return a table of names and values."""
    columns = (Column("What"), Column("Value", "sentence"))
    return Table(title, columns, tuple(values.items()))


def verb(number: int, one: str, more: str) -> str:
    """Return the form of a word that goes with a number."""
    return one if number == 1 else more
