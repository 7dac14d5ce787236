"""What a section of a page consists of: text, tables and charts, not how they look.

`templates/section.html.j2` writes every part, on each page that shows the section.
"""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, Literal, NamedTuple, TypeAlias

from components.dashboard import formats
from components.payloads.findings import Finding, Group
from components.payloads.table import Figure

SHOWN = 50  # rows of a table as HTML, the others as data; unit: rows
Mood: TypeAlias = Literal["", "good", "bad", "waived"]
Kind: TypeAlias = Literal["", "num", "sentence"]
Banner: TypeAlias = Literal["", "blessed", "refused", "plain"]
NUMBER: Kind = "num"  # a column that is set to the right
SENTENCE: Kind = "sentence"  # a wide one


@dataclasses.dataclass(frozen=True)
class Cell:
    """One place of a table."""

    text: str
    sort: float | str | None = None  # else by the text; an empty text stays last
    mood: Mood = ""  # whether it is a verdict, and which
    findings: tuple[Group, ...] = ()  # sentences and hints below
    href: str = ""  # where it links to, below the page's folder

    def to_json(self) -> int | str | list[float | str] | dict[str, Any]:
        """Return the cell as `templates/page.js` reads it, as short as can be."""
        if isinstance(self.sort, int) and self == cell(self.sort):
            return self.sort
        if self.mood or self.findings or self.href:
            return {
                "text": self.text,
                "sort": self.sort,
                "mood": self.mood,
                "findings": [[list(one.sentences), one.hint] for one in self.findings],
            } | ({"href": self.href} if self.href else {})
        return self.text if self.sort is None else [self.text, self.sort]


Content: TypeAlias = Cell | Figure | str | int | None


def cell(content: Content) -> Cell:
    """Return the place of a value: counts and figures sort by their number.

    A figure that is no number, and None, stay last in any order.
    """
    if isinstance(content, Cell):
        return content
    if isinstance(content, str):
        return Cell(content)
    if isinstance(content, int):
        return Cell(formats.count(content), content)
    is_number = content is not None and content.is_number
    sort = float(f"{content.number:.4g}") if content and is_number else ""
    return Cell(formats.cell(content), sort)


def interval(content: Figure | None) -> Cell:
    """Return the place of a figure's interval, sorted by its lower end."""
    text = formats.interval(content)
    low = content.low if content is not None and text else None
    return Cell(text, "" if low is None else float(f"{low:.4g}"))


def sentences(findings: Iterable[Finding | str]) -> tuple[Group, ...]:
    """Return sentences, or what was found, as a cell shows it: without hints."""
    found = tuple(it if isinstance(it, str) else it.sentence for it in findings)
    return (Group("", found),) if found else ()


class Column(NamedTuple):
    """A column: its heading, and what stands there for the item of a row."""

    name: str
    of: Callable[[Any], Content] | str  # a function of the item, or its attribute
    kind: Kind = ""


@dataclasses.dataclass(frozen=True)
class Row:
    """A row; the page shows it when its threshold is chosen, or always."""

    cells: tuple[Cell, ...]
    threshold: float | None = None

    def to_json(self) -> list[Any] | dict[str, Any]:
        """Return the row as `templates/page.js` reads it."""
        cells = [cell.to_json() for cell in self.cells]
        if self.threshold is None:
            return cells
        return {"cells": cells, "threshold": self.threshold}


@dataclasses.dataclass(frozen=True)
class Table:
    """A table of any length, which sorts; one without rows is not written."""

    part: ClassVar[str] = "table"
    title: str
    headings: tuple[tuple[str, Kind], ...]
    rows: tuple[Row, ...]
    caption: str = ""

    @property
    def first(self) -> tuple[Row, ...]:
        """The rows that the template writes."""
        return self.rows[:SHOWN]

    @property
    def rest(self) -> list[Any]:
        """The other rows as data."""
        return [row.to_json() for row in self.rows[SHOWN:]]


def table(
    title: str,
    items: Iterable[Any],
    columns: Iterable[Column],
    caption: str = "",
    threshold: Callable[[Any], float | None] = lambda _: None,
) -> Table:
    """Return a table with one row an item.

    Args:
        title: What it is of.
        items: What the rows are of, what matters most first.
        columns: Its columns; the first names the row.
        caption: How to read it.
        threshold: Returns the threshold of an item's figures, where they have one.
    """
    known = tuple(columns)
    getters = [
        operator.attrgetter(it.of) if isinstance(it.of, str) else it.of for it in known
    ]
    rows = (
        Row(tuple(cell(get(item)) for get in getters), threshold(item))
        for item in items
    )
    headings = tuple((column.name, column.kind) for column in known)
    return Table(title, headings, tuple(rows), caption)


def facts(title: str, values: Mapping[str, str]) -> Table:
    """Return a table of names and values; empty values are left out."""
    return table(
        title,
        [item for item in values.items() if item[1]],
        (
            Column("What", lambda item: item[0]),
            Column("Value", lambda item: item[1], SENTENCE),
        ),
    )


@dataclasses.dataclass(frozen=True)
class Text:
    """A paragraph, or a verdict with its mark; backticks make code."""

    part: ClassVar[str] = "text"
    text: str
    mood: Mood = ""
    is_soft: bool = False
    href: str = ""


@dataclasses.dataclass(frozen=True)
class Bullets:
    """A list of sentences."""

    part: ClassVar[str] = "bullets"
    items: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Note:
    """What a reader must not miss: a sentence, and what follows from it."""

    part: ClassVar[str] = "note"
    title: str
    items: tuple[str, ...]
    kind: Literal["alert", "waiver"] = "alert"


@dataclasses.dataclass(frozen=True)
class KeyFigure:
    """One number with what a reader needs to weigh it."""

    label: str
    value: str
    detail: str = ""
    silo: str = ""


@dataclasses.dataclass(frozen=True)
class KeyFigures:
    """Numbers that stand side by side."""

    part: ClassVar[str] = "figures"
    figures: tuple[KeyFigure, ...]


@dataclasses.dataclass(frozen=True)
class Chart:
    """A chart of `templates/charts.js`, with the table behind it."""

    part: ClassVar[str] = "chart"
    name: str
    title: str
    note: str = ""
    legend: tuple[tuple[str, str], ...] = ()  # marks with what they stand for
    is_table: bool = False  # nothing is drawn, there is only the table


class Label(NamedTuple):
    """A text in a drawing; `anchor` as SVG has it."""

    x: float
    y: float
    text: str
    anchor: Literal["start", "middle", "end"] = "middle"


@dataclasses.dataclass(frozen=True)
class Drawing:
    """A small chart that needs no script: shapes in an SVG 320 wide, 18 below its top.

    Attributes:
        title: Its heading.
        label: What it shows, in a sentence.
        height: Its height.
        shapes: Class (`axis`, `bar`, `own`, `curve`, `good`, `bad`) and path of each.
        labels: Its texts.
        counts: The numbers behind it, name and value; empty where a table has them.
    """

    part: ClassVar[str] = "drawing"
    title: str
    label: str
    height: int
    shapes: tuple[tuple[str, str], ...]
    labels: tuple[Label, ...]
    counts: tuple[tuple[str, str], ...] = ()


@dataclasses.dataclass(frozen=True)
class Code:
    """A text as it is, folded away."""

    part: ClassVar[str] = "code"
    title: str
    text: str


@dataclasses.dataclass(frozen=True)
class View:
    """One of TFMA's fairness views, with what its element is given."""

    part: ClassVar[str] = "view"
    title: str
    note: str  # how many slices it has; empty where it has all
    properties: Mapping[str, object]


Part: TypeAlias = (
    Table | Text | Bullets | Note | KeyFigures | Chart | Drawing | Code | View
)


@dataclasses.dataclass(frozen=True)
class Section:
    """A part of a page under a heading, to which links lead by its id."""

    id: str
    title: str
    parts: tuple[Part, ...]
    banner: Banner = ""  # the verdict at the head of a page
    label: str = ""  # its name in the contents, where that is not the title

    def charts(self) -> list[str]:
        """Return the names of its charts."""
        return [part.name for part in self.parts if isinstance(part, Chart)]

    def views(self) -> list[View]:
        """Return TFMA's views in it."""
        return [part for part in self.parts if isinstance(part, View)]
