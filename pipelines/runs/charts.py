"""Charts of the site as places in an SVG; templates draw them, without a script.

Each stands above a table of the same numbers, so it is hidden from screen readers.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

WIDTH, HEIGHT = 640, 190
LEFT, RIGHT, TOP, BOTTOM = 60, 20, 14, 40
LABEL_WIDTH = 84  # of a run below the axis
Points = Sequence[float | None]


@dataclasses.dataclass(frozen=True)
class Mark:
    """A dot, or a bar from `y` to `y2`.

    Attributes:
        x: Its middle.
        y: Its upper end.
        kind: Class of its style.
        title: What a pointer on it shows.
        y2: Its lower end; of a dot the same as `y`.
        sign: What a dot is drawn as; empty for a circle.
    """

    x: float
    y: float
    kind: str
    title: str
    y2: float
    sign: str = ""


@dataclasses.dataclass(frozen=True)
class Chart:
    """One chart.

    Attributes:
        caption: What it shows.
        marks: Dots and bars.
        lines: Class and points of each line, as SVG has them.
        x_labels: Place and lines of each label below.
        y_labels: Place and text of each label on the left.
        width: Of the SVG.
        height: Of the SVG.
    """

    caption: str
    marks: tuple[Mark, ...] = ()
    lines: tuple[tuple[str, str], ...] = ()
    x_labels: tuple[tuple[float, tuple[str, ...]], ...] = ()
    y_labels: tuple[tuple[float, str], ...] = ()
    width: int = WIDTH
    height: int = HEIGHT


class Axes:
    """Places of runs, left to right, and of values, from the bottom up.

    Args:
        labels: Lines below each run.
        values: All values that are drawn.
        height: Of the SVG.
    """

    def __init__(
        self,
        labels: Sequence[tuple[str, ...]],
        values: Sequence[float],
        height: int = HEIGHT,
    ) -> None:
        self.labels, self.height = labels, height
        self._step = (WIDTH - LEFT - RIGHT) / max(1, len(labels))
        low, high = min(values, default=0.0), max(values, default=0.0)
        raw = (high - low) / 4 or 1.0
        unit = 10.0 ** math.floor(math.log10(raw))
        self.tick = next(t * unit for t in (1, 2, 5, 10) if t * unit >= raw * 0.999)
        self._low = math.floor(low / self.tick + 1e-9) * self.tick
        high = math.ceil(high / self.tick - 1e-9) * self.tick
        self._high = high if high > self._low else self._low + self.tick

    def x(self, place: int) -> float:
        """Return the middle of a run."""
        return round(LEFT + self._step * (place + 0.5), 1)

    def y(self, value: float) -> float:
        """Return the height of a value; y goes down."""
        share = (value - self._low) / (self._high - self._low)
        return round(self.height - BOTTOM - share * (self.height - TOP - BOTTOM), 1)

    def x_labels(self) -> tuple[tuple[float, tuple[str, ...]], ...]:
        """Return as many labels of runs as have room."""
        every = math.ceil(LABEL_WIDTH / self._step)
        return tuple(
            (self.x(n), tuple(map(_cut, label)))
            for n, label in enumerate(self.labels)
            if n % every == 0
        )

    def y_labels(self) -> tuple[tuple[float, str], ...]:
        """Return a label each few values."""
        number = round((self._high - self._low) / self.tick)
        values = (self._low + n * self.tick for n in range(number + 1))
        return tuple((self.y(value), f"{abs(value):.6g}") for value in values)

    def line(self, values: Points, kind: str) -> tuple[str, str]:
        """Return a line through the values that there are."""
        known = [(self.x(n), self.y(v)) for n, v in enumerate(values) if v is not None]
        return kind, " ".join(f"{x:g},{y:g}" for x, y in known)

    def dots(self, values: Points, kind: str, titles: Sequence[str]) -> list[Mark]:
        """Return a dot at each value that there is."""
        return [
            Mark(self.x(n), self.y(v), kind, titles[n], self.y(v))
            for n, v in enumerate(values)
            if v is not None
        ]

    def bars(
        self, lows: Points, highs: Points, kind: str, titles: Sequence[str]
    ) -> list[Mark]:
        """Return a bar from low to high where both are there and differ."""
        return [
            Mark(self.x(n), self.y(high), kind, titles[n], self.y(low))
            for n, (low, high) in enumerate(zip(lows, highs, strict=True))
            if low is not None and high is not None and low != high
        ]

    def chart(
        self, caption: str, marks: Sequence[Mark], *lines: tuple[str, str]
    ) -> Chart:
        """Return a chart with these axes."""
        labels = self.x_labels(), self.y_labels()
        return Chart(caption, tuple(marks), lines, *labels, height=self.height)


def dumbbells(rows: Sequence[tuple[str, float, float, str]]) -> Chart | None:
    """Return two values of each row, from a hollow dot to a full one; None for none.

    Args:
        rows: Name, value before, value after and class of each row, top to bottom.
    """
    if not rows:
        return None
    values = [value for _, before, after, _ in rows for value in (before, after)]
    low, reach = min(values), (max(values) - min(values)) or 1.0

    def place(value: float) -> float:
        return round(200 + (WIDTH - 230) * (value - low) / reach, 1)

    marks, lines, names = [], [], []
    for number, (name, before, after, kind) in enumerate(rows):
        y = 18.0 + 24 * number
        title = f"{name}: {before:.3f} to {after:.3f}"
        lines.append((kind, f"{place(before):g},{y:g} {place(after):g},{y:g}"))
        marks.append(Mark(place(before), y, "hollow", title, y))
        marks.append(Mark(place(after), y, kind, title, y))
        names.append((y, _cut(name, 24)))
    bottom = 24 * len(rows) + 24
    ends = [] if max(values) == low else [(place(max(values)), (f"{max(values):.3f}",))]
    return Chart(
        "Before (hollow) and after (full)",
        tuple(marks),
        tuple(lines),
        ((place(low), (f"{low:.3f}",)), *ends),
        tuple(names),
        height=bottom + 16,
    )


def _cut(name: str, most: int = 12) -> str:
    """Return a long name cut in its middle: names tend to differ at their ends."""
    half = most // 2
    return name if len(name) <= most else f"{name[: half - 1]}…{name[-half:]}"
