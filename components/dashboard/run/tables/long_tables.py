"""Tables of any length: the first rows as HTML, the rest as data.

The template writes the first rows, so that the page reads without a script.
`templates/page.js` makes the headings sort, and where there are more rows it takes
them from the data beside the table, with a field to search them all.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

from components.dashboard import formats
from components.dashboard import scores as asked
from components.payloads.findings import Group

SHOWN = 50  # rows as HTML; unit: rows
Mood: TypeAlias = Literal["", "good", "bad"]


@dataclasses.dataclass(frozen=True)
class Cell:
    """One place of a table.

    Attributes:
        text: What stands there.
        sort: What it is sorted by where that is not the text; an empty text keeps
            the row last.
        mood: Whether it is a verdict, and which.
        findings: What stands below, each sentence on a line, with the ways out.
    """

    text: str
    sort: float | str | None = None
    mood: Mood = ""
    findings: tuple[Group, ...] = ()

    def to_json(self) -> str | list[float | str] | dict[str, Any]:
        """Return the cell as `templates/page.js` reads it, as short as can be."""
        if self.mood or self.findings:
            return {
                "text": self.text,
                "sort": self.sort,
                "mood": self.mood,
                "findings": [[list(one.sentences), one.hint] for one in self.findings],
            }
        return self.text if self.sort is None else [self.text, self.sort]


@dataclasses.dataclass(frozen=True)
class Column:
    """A column; the first one of a table names the row.

    Attributes:
        name: Its heading.
        kind: `text`, `number` (to the right) or `sentence` (wide).
    """

    name: str
    kind: Literal["text", "number", "sentence"] = "text"


@dataclasses.dataclass(frozen=True)
class Row:
    """A row, at a threshold where its figures are.

    Attributes:
        cells: One for each column.
        threshold: The page shows the row when this threshold is chosen; None
            shows it always.
    """

    cells: tuple[Cell, ...]
    threshold: float | None = None

    def to_json(self) -> list[Any] | dict[str, Any]:
        """Return the row as `templates/page.js` reads it."""
        cells = [cell.to_json() for cell in self.cells]
        if self.threshold is None:
            return cells
        return {"cells": cells, "threshold": self.threshold}


@dataclasses.dataclass(frozen=True)
class LongTable:
    """A table.

    Attributes:
        title: What it is of; names it for screen readers.
        columns: Its columns.
        rows: Its rows, what matters most first.
        caption: How to read it; may be empty.
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    caption: str = ""

    @property
    def first(self) -> Sequence[Row]:
        """The rows that the template writes."""
        return self.rows[:SHOWN]

    @property
    def rest(self) -> list[Any]:
        """The other rows as data."""
        return [row.to_json() for row in self.rows[SHOWN:]]

    @property
    def has_thresholds(self) -> bool:
        """Whether the page shows rows by threshold."""
        return any(row.threshold is not None for row in self.rows)


def figure(content: asked.Cell | None, mood: Mood = "") -> Cell:
    """Return the place of a figure; what is no number stays last in any order."""
    is_number = content is not None and content.is_number
    sort: float | str = content.number if content and is_number else ""
    if isinstance(sort, float):
        sort = float(f"{sort:.4g}")
    return Cell(formats.cell(content), sort, mood if is_number else "")


def between(content: asked.Cell | None) -> Cell:
    """Return the place of a figure's interval, sorted by its lower end."""
    text = formats.interval(content)
    low = content.low if content is not None and text else None
    return Cell(text, "" if low is None else float(f"{low:.4g}"))


def number(value: int) -> Cell:
    """Return the place of a count."""
    return Cell(formats.count(value), value)
